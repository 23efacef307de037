//! What is read in a day, and by whom.

use super::Names;
use crate::work::lists::WorkList;

/// Something that somebody reads again and again.
pub(super) struct Reading {
    /// User name.
    pub(super) who: String,
    pub(super) path: String,
    /// Full pages of the list before the one that is read.
    pub(super) pages_before: usize,
}

/// Full pages before a page that lies deep in a list.
const DEEP: usize = 9;

/// Rows in a full page.
pub(super) const FULL: usize = 200;

impl Reading {
    fn of(who: &str, path: impl Into<String>) -> Self {
        Self {
            who: who.to_owned(),
            path: path.into(),
            pages_before: 0,
        }
    }

    fn deep(who: &str, path: &str) -> Self {
        Self {
            pages_before: DEEP,
            ..Self::of(who, path)
        }
    }

    /// The path with a further parameter.
    pub(super) fn with(&self, parameter: &str) -> String {
        let sign = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{sign}{parameter}", self.path)
    }
}

/// All of it.
pub(super) fn all(names: &Names) -> Vec<Reading> {
    let mut all = work(names);
    all.extend(queue(names));
    all.extend(complaints(names));
    all.extend(entries(names));
    all.extend(handovers(names));
    all.extend(visits(names));
    all
}

fn work(names: &Names) -> Vec<Reading> {
    let mut all = vec![
        Reading::of(&names.brigade, "/work"),
        Reading::of(&names.office, "/work"),
        Reading::of(&names.officer, "/work"),
    ];
    for list in WorkList::ALL {
        let path = format!("/work/{}", list.as_str());
        all.push(Reading::of(&names.brigade, path));
    }
    for filter in [
        "overdue=true".to_owned(),
        format!("street={}", names.street_code),
        format!("grid={}", names.grid_code),
        format!("category={}", names.rare_category),
    ] {
        all.push(Reading::of(
            &names.brigade,
            format!("/work/replies_due?{filter}"),
        ));
    }
    all.push(Reading::deep(&names.brigade, "/work/replies_due"));
    all.push(Reading::deep(&names.brigade, "/work/sent_elsewhere"));
    for list in [WorkList::VisitsOnTheWay, WorkList::VisitsOverdue] {
        let path = format!("/work/{}", list.as_str());
        all.push(Reading::of(&names.officer, path));
    }
    all
}

fn queue(names: &Names) -> Vec<Reading> {
    let path = "/triage/queue";
    let mut all = vec![
        Reading::of(&names.brigade, path),
        Reading::of(&names.brigade, format!("{path}?limit={FULL}")),
        Reading::deep(&names.brigade, path),
        Reading::of(&names.office, path),
    ];
    for filter in [
        "state=screening".to_owned(),
        "link=provisional".to_owned(),
        format!("street={}", names.street_code),
        format!("category={}", names.rare_category),
    ] {
        all.push(Reading::of(&names.brigade, format!("{path}?{filter}")));
    }
    all
}

fn complaints(names: &Names) -> Vec<Reading> {
    let path = "/complaints";
    let everybody = [
        &names.brigade,
        &names.leader,
        &names.section,
        &names.street,
        &names.quiet_street,
        &names.officer,
    ];
    let mut all: Vec<Reading> = everybody.map(|who| Reading::of(who, path)).into();
    all.push(Reading::deep(&names.brigade, path));
    for filter in [
        "state=closed".to_owned(),
        "state=accepted".to_owned(),
        "link=provisional".to_owned(),
        "hidden=true".to_owned(),
        format!("street={}", names.street_code),
        format!("street={}&state=returned", names.street_code),
        format!("category={}", names.rare_category),
        format!("category={}&state=returned", names.rare_category),
    ] {
        all.push(Reading::of(&names.brigade, format!("{path}?{filter}")));
    }
    for who in [
        &names.leader,
        &names.street,
        &names.quiet_street,
        &names.officer,
    ] {
        all.push(Reading::of(who, format!("{path}?state=returned")));
    }
    all
}

fn entries(names: &Names) -> Vec<Reading> {
    let path = "/entries";
    let everybody = [
        &names.brigade,
        &names.leader,
        &names.street,
        &names.quiet_street,
    ];
    let mut all: Vec<Reading> = everybody.map(|who| Reading::of(who, path)).into();
    all.push(Reading::deep(&names.brigade, path));
    for filter in [
        "state=listed".to_owned(),
        "state=proposed".to_owned(),
        "strong_concern=true".to_owned(),
        format!("street={}", names.street_code),
        format!("category={}", names.rare_category),
    ] {
        all.push(Reading::of(&names.brigade, format!("{path}?{filter}")));
    }
    let listed = format!("{path}?state=listed");
    all.push(Reading::of(&names.street, listed));
    all
}

fn handovers(names: &Names) -> Vec<Reading> {
    let path = "/handovers";
    vec![
        Reading::of(&names.brigade, path),
        Reading::of(&names.brigade, format!("{path}?state=sent")),
        Reading::of(&names.department, path),
        Reading::of(&names.department, format!("{path}?state=signed")),
        Reading::deep(&names.department, path),
    ]
}

fn visits(names: &Names) -> Vec<Reading> {
    let officers = [&names.officer, &names.quiet_officer];
    let paths = ["/verifications/mine", "/verifications/day"];
    let each = officers.into_iter();
    each.flat_map(|who| paths.map(|path| Reading::of(who, path)))
        .collect()
}
