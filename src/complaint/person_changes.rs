//! What is corrected of those who petition: somebody added, corrected, or withdrawn who signed by
//! mistake.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::person::{Checking, Person, Question, ReporterBody, check_person};
use crate::matching::people::REPRESENTED;
use crate::platform::{
    db::Id,
    http::{Patch, given},
    problem::{Item, ItemCode},
};
use crate::privacy::REPORTER;

/// How somebody stands on a petition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignerKind {
    /// 反映人.
    Reporter,
    /// 联名人.
    JointSigner,
    /// 被代理人: who reports is their agent, and none of those who petition.
    Represented,
}

impl SignerKind {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reporter => REPORTER,
            Self::JointSigner => "joint_signer",
            Self::Represented => REPRESENTED,
        }
    }
}

/// One person to be added, corrected, withdrawn or put back as they were. Of somebody who is corrected a
/// field that is absent stays, and null clears it.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChangeBody {
    /// Who, by the id in the complaint's `reporters`. Without one, somebody is added.
    pub id: Option<Id>,
    /// How they stand on the petition; required to add somebody.
    pub kind: Option<SignerKind>,
    /// Name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 50)]
    pub name: Patch,
    /// Phones, in any spelling. One that cannot be read is kept and asked for again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub phone: Patch,
    /// Number of an identity card, a permit or a passport, in any spelling.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub id_number: Patch,
    /// True withdraws them: they signed by mistake.
    #[serde(default)]
    pub withdrawn: bool,
    /// Puts them back as they were before a correction, by the id that `GET …/corrections` names; without
    /// `id`, somebody who was withdrawn.
    pub former: Option<Id>,
}

impl std::fmt::Debug for PersonChangeBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonChangeBody(***)")
    }
}

/// Letters of a phone or an identity number at most.
const NUMBER_LETTERS: usize = 200;

/// What is said of somebody, as far as it is said.
#[derive(Clone, Default)]
pub(super) struct Said {
    pub(super) kind: Option<SignerKind>,
    person: Person,
    name: bool,
    phone: bool,
    id_number: bool,
}

impl Said {
    /// Somebody with what is said of them.
    pub(super) fn of(&self, mut person: Person) -> Person {
        let said = self.person.clone();
        if self.name {
            person.name = said.name;
        }
        if self.phone {
            person.phone = said.phone;
            person.more_phones = said.more_phones;
            person.unread_phone = said.unread_phone;
        }
        if self.id_number {
            person.id_number = said.id_number;
            person.unread_id_number = said.unread_id_number;
        }
        person
    }
}

/// A change of those who petition, checked as far as it can be without them.
#[derive(Clone)]
pub(super) enum Change {
    Add(Said),
    Correct(Id, Said),
    Withdraw(Id),
    /// Back as they were, in the place of this person or beside those who stand there.
    PutBack(Option<Id>, Id),
}

/// Checked changes, and what is asked again of those they are about.
#[derive(Clone, Default)]
pub struct PersonChanges {
    pub(super) changes: Vec<Change>,
    pub(super) questions: Vec<Question>,
}

impl PersonChanges {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Checks changes; what is wrong with them is added to the items.
    #[must_use]
    pub fn check(
        bodies: &[PersonChangeBody],
        area_code: Option<&str>,
        items: &mut Vec<Item>,
    ) -> Self {
        let mut questions = Vec::new();
        let mut checking = Checking {
            area_code,
            items,
            questions: &mut questions,
        };
        let changes = bodies.iter().enumerate().filter_map(|(at, body)| {
            let location = format!("persons[{at}]");
            body.check(&location, &mut checking)
        });
        let changes = changes.collect();
        Self { changes, questions }
    }
}

impl PersonChangeBody {
    fn check(&self, location: &str, checking: &mut Checking<'_>) -> Option<Change> {
        let says = self.name.is_some() || self.phone.is_some() || self.id_number.is_some();
        let mut refuse = |field: &str, code: ItemCode, why: &str| {
            let at = format!("{location}.{field}");
            checking.items.push(Item::new(&at, code, why));
            None
        };
        match (self.withdrawn, self.former, self.id) {
            (true, Some(_), _) => {
                return refuse("former", ItemCode::Refused, "goes without `withdrawn`");
            }
            (true, None, None) => {
                return refuse("id", ItemCode::Required, "says who is withdrawn");
            }
            (true, None, Some(_)) | (false, Some(_), _) if says || self.kind.is_some() => {
                let why = "goes without what is said of them anew";
                let field = if self.withdrawn {
                    "withdrawn"
                } else {
                    "former"
                };
                return refuse(field, ItemCode::Refused, why);
            }
            (true, None, Some(id)) => return Some(Change::Withdraw(id)),
            (false, Some(former), id) => return Some(Change::PutBack(id, former)),
            (false, None, None) if self.kind.is_none() => {
                let why = "says how somebody who is added stands on the petition";
                return refuse("kind", ItemCode::Required, why);
            }
            (false, None, Some(_)) if !says && self.kind.is_none() => {
                return refuse("id", ItemCode::Unchanged, "is corrected in nothing");
            }
            (false, None, _) => {}
        }
        for (field, text) in [("phone", &self.phone), ("id_number", &self.id_number)] {
            let letters = text.iter().flatten().map(|text| text.chars().count());
            if letters.sum::<usize>() > NUMBER_LETTERS {
                return refuse(field, ItemCode::TooLong, "has 200 letters at most");
            }
        }
        let told = ReporterBody {
            name: self.name.clone().flatten(),
            phone: self.phone.clone().flatten(),
            id_number: self.id_number.clone().flatten(),
        };
        let person = check_person(&told, location, checking);
        let said = Said {
            kind: self.kind,
            person: person.clone().unwrap_or_default(),
            name: self.name.is_some(),
            phone: self.phone.is_some(),
            id_number: self.id_number.is_some(),
        };
        match self.id {
            Some(id) => Some(Change::Correct(id, said)),
            None if person.is_none() => {
                let at = format!("{location}.name");
                let why = "says who is added, where neither a phone nor a number does";
                checking.items.push(Item::new(&at, ItemCode::Required, why));
                None
            }
            None => Some(Change::Add(said)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(body: Value) -> (PersonChanges, Vec<String>) {
        let body: PersonChangeBody = serde_json::from_value(body).unwrap();
        let mut items = Vec::new();
        let changes = PersonChanges::check(&[body], Some("0591"), &mut items);
        let told = items.iter();
        let told = told.map(|item| format!("{} {}", item.location, item.code.as_str()));
        (changes, told.collect())
    }

    #[test]
    fn a_change_says_who_and_what() {
        let id = Id::new();
        for (body, wrong) in [
            (json!({}), "persons[0].kind required"),
            (
                json!({ "kind": "joint_signer" }),
                "persons[0].name required",
            ),
            (json!({ "id": id }), "persons[0].id unchanged"),
            (json!({ "withdrawn": true }), "persons[0].id required"),
            (
                json!({ "id": id, "withdrawn": true, "name": "林" }),
                "persons[0].withdrawn refused",
            ),
            (
                json!({ "id": id, "former": id, "kind": "reporter" }),
                "persons[0].former refused",
            ),
        ] {
            let (changes, items) = check(body);
            assert!(changes.is_empty());
            assert_eq!(items, [wrong]);
        }
        for body in [
            json!({ "id": id, "withdrawn": true }),
            json!({ "former": id }),
            json!({ "id": id, "name": null }),
            json!({ "kind": "represented", "name": "林秀英" }),
        ] {
            let (changes, items) = check(body);
            assert!(!changes.is_empty() && items.is_empty());
        }
    }

    #[test]
    fn what_is_not_said_stays() {
        let before = Person {
            name: Some("林秀英".to_owned()),
            phone: Some("13800000001".to_owned()),
            more_phones: vec!["13800000002".to_owned()],
            ..Person::default()
        };
        let (changes, _) = check(json!({ "id": Id::new(), "phone": "139 0000 0003" }));
        let Some(Change::Correct(_, said)) = changes.changes.first() else {
            panic!("a correction");
        };
        let after = said.of(before);
        assert_eq!(after.name.as_deref(), Some("林秀英"));
        assert_eq!(after.phone.as_deref(), Some("13900000003"));
        assert!(after.more_phones.is_empty());
    }
}
