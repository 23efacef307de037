//! The page of roles: for each who calls, a first day that can be lived.

use std::{collections::BTreeSet, path::Path};

use dengwen::{
    account::{Access, Role},
    operations::TABLE,
};
use reqwest::Method;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Caller {
    Anonymous,
    Resident,
    Staff(&'static str),
}

impl Caller {
    fn all() -> BTreeSet<Self> {
        let staff = Role::ALL.iter().map(|role| Self::Staff(role.as_str()));
        staff.chain([Self::Anonymous, Self::Resident]).collect()
    }

    fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|caller| caller.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Resident => "resident",
            Self::Staff(name) => name,
        }
    }

    /// Whether the guard lets them call it.
    fn may(self, access: Access) -> bool {
        match (access, self) {
            (Access::Public, _)
            | (Access::OwnSessions, Self::Resident | Self::Staff(_))
            | (Access::Resident, Self::Resident)
            | (Access::OwnAccount, Self::Staff(_)) => true,
            (Access::Staff(roles), Self::Staff(name)) => {
                name == Role::Admin.as_str() || roles.iter().any(|role| role.as_str() == name)
            }
            _ => false,
        }
    }
}

/// Paragraphs that each section has, and the one in which calls are named that are not to be made.
const PARTS: [&str; 3] = ["**Reads.**", "**Decides.**", NEVER];
const NEVER: &str = "**Never sees.**";

/// What stands in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The call that a piece of code names, if it names one.
fn call(code: &str) -> Option<(Method, &str)> {
    let (method, path) = code.split_once(' ')?;
    let method: Method = method.parse().ok()?;
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let path = path.split('?').next()?;
    (known.contains(&method) && path.starts_with('/')).then_some((method, path))
}

/// What is wrong with a call, if anything is: a path there is none of, a caller who may not, or, under
/// what they never see, one who may.
fn fault(caller: Caller, named: &str, never: bool) -> Option<String> {
    let (method, path) = call(named)?;
    let route = TABLE
        .iter()
        .find(|route| route.method.as_str() == method.as_str() && route.path == path);
    let who = caller.name();
    let Some(route) = route else {
        return Some(format!("{who}: there is no `{named}`"));
    };
    match (caller.may(route.operation.access), never) {
        (false, false) => Some(format!("{who} may not call `{named}`")),
        (true, true) => Some(format!("{who} may call `{named}`, and never sees it")),
        _ => None,
    }
}

/// What is wrong with a section.
fn faults(caller: Caller, section: &str) -> Vec<String> {
    let who = caller.name();
    let mut faults = Vec::new();
    for part in PARTS {
        if section.matches(part).count() != 1 {
            faults.push(format!("{who} has no {part}, or two"));
        }
    }
    let (told, never) = section.split_once(NEVER).unwrap_or((section, ""));
    let (day, _) = told.split_once("**Reads.**").unwrap_or((told, ""));
    if code(day).filter_map(call).count() < 2 {
        faults.push(format!("{who} has no first day"));
    }
    faults.extend(code(told).filter_map(|named| fault(caller, named, false)));
    // A way there is but for a reason on record is told in brackets, where what is hidden is told.
    faults.extend(code(never).filter_map(|named| {
        let on_record = named == "POST /api/v1/complaints/{number}/reporter/unmask";
        fault(caller, named, !on_record)
    }));
    let stories: Vec<(&str, &str)> = code(never)
        .filter(|named| call(named).is_none())
        .filter_map(|named| named.split_once("::"))
        .collect();
    if stories.is_empty() {
        faults.push(format!("{who}: no story watches what they never see"));
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration");
    for (file, story) in stories {
        let text = std::fs::read_to_string(tests.join(format!("{file}.rs"))).unwrap_or_default();
        if !text.contains(&format!("fn {story}(")) {
            faults.push(format!("{who}: there is no story {file}::{story}"));
        }
    }
    faults
}

/// Every role has its section, every call in it exists and is the role's to make, or is not where it is
/// told what they never see; and what is never seen is watched by stories.
#[test]
fn each_role_has_its_first_day() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/roles.md")).unwrap();
    let mut sections = page.split("\n## ");
    let before = sections.next().unwrap();
    let mut wrong: Vec<String> = code(before)
        .filter_map(|named| fault(Caller::Staff("enterprise"), named, false))
        .collect();
    let mut seen = BTreeSet::new();
    for section in sections {
        let name = code(section).next().unwrap_or_default();
        let Some(caller) = Caller::named(name) else {
            wrong.push(format!("`{name}` is nobody who calls"));
            continue;
        };
        assert!(seen.insert(caller), "{name} twice");
        wrong.extend(faults(caller, section));
    }
    let missing: Vec<&str> = Caller::all()
        .difference(&seen)
        .map(|caller| caller.name())
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "have no section");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The check sees what it is to see.
#[test]
fn a_wrong_first_day_is_seen() {
    let street = Caller::Staff("street");
    let sound = "`street`\n1. `GET /api/v1/complaints` and `GET /api/v1/entries`\n**Reads.** x\n**Decides.** x\n\
        **Never sees.** `GET /api/v1/jobs`, by `access::every_role_at_every_operation`";
    assert_eq!(faults(street, sound), Vec::<String>::new());
    for (from, to) in [
        ("GET /api/v1/entries", "GET /api/v1/entry"),
        ("GET /api/v1/entries", "POST /api/v1/intake"),
        ("GET /api/v1/entries", "entries"),
        ("GET /api/v1/jobs", "GET /api/v1/complaints"),
        ("every_role_at", "no_role_at"),
        ("access::", ""),
        ("**Decides.**", ""),
    ] {
        let wrong = faults(street, &sound.replace(from, to));
        assert_eq!(wrong.len(), 1, "{from}: {wrong:?}");
    }
}
