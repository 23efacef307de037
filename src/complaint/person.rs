//! Those who petition: what is sent about them, and its checked form.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::account::resident_routes::parse_mobile;
use crate::platform::{http::is_blank, problem::Item};

/// Who reports. Kept sealed, and never shown to a role without need.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReporterBody {
    /// Name.
    pub name: Option<String>,
    /// Mobile number of mainland China, or a landline with area code.
    pub phone: Option<String>,
    /// 居民身份证 number, 18 letters.
    pub id_number: Option<String>,
}

impl std::fmt::Debug for ReporterBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReporterBody(***)")
    }
}

/// One more person on a petition.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PetitionerBody {
    /// How they take part.
    pub kind: PetitionerKind,
    /// Who they are.
    pub person: ReporterBody,
}

/// How somebody takes part in a petition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PetitionerKind {
    /// 联名人.
    JointSigner,
    /// 被代理人.
    Represented,
}

impl PetitionerKind {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JointSigner => "joint_signer",
            Self::Represented => "represented",
        }
    }
}

/// A person whose data was checked and brought to normal form.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
pub struct Person {
    /// Name.
    pub name: Option<String>,
    /// Phone, digits only.
    pub phone: Option<String>,
    /// Identity number, upper case.
    pub id_number: Option<String>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(***)")
    }
}

/// Checks a person; one without any data is nobody.
pub(super) fn check_person(
    body: ReporterBody,
    location: &str,
    items: &mut Vec<Item>,
) -> Option<Person> {
    let name = body.name.as_deref().and_then(trimmed);
    if let Some(name) = &name {
        too_long(&format!("{location}.name"), name, 50, items);
    }
    let phone = body.phone.as_deref().and_then(trimmed).and_then(|text| {
        let parsed = parse_mobile(&text).or_else(|| parse_landline(&text));
        if parsed.is_none() {
            let message = "is an 11-digit mobile number or a landline with area code";
            items.push(Item::new(
                &format!("{location}.phone"),
                "not_a_phone",
                message,
            ));
        }
        parsed
    });
    let id_number = body
        .id_number
        .as_deref()
        .and_then(trimmed)
        .and_then(|text| {
            let upper = text.to_ascii_uppercase();
            if !is_identity_number(&upper) {
                let message = "is an 18-letter identity number with a right check letter";
                items.push(Item::new(
                    &format!("{location}.id_number"),
                    "not_an_id_number",
                    message,
                ));
                return None;
            }
            Some(upper)
        });
    let person = Person {
        name,
        phone,
        id_number,
    };
    (person != Person::default()).then_some(person)
}

fn parse_landline(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let landline = (10..=12).contains(&digits.len())
        && digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit());
    landline.then_some(digits)
}

/// The check letter of GB 11643-1999.
fn is_identity_number(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10X98765432";
    let Some((digits, last)) = text.as_bytes().split_last_chunk::<1>() else {
        return false;
    };
    let sum: u32 = digits
        .iter()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b.wrapping_sub(b'0')) * w)
        .sum();
    digits.len() == 17
        && digits.iter().all(u8::is_ascii_digit)
        && CHECK.get(sum as usize % 11) == last.first()
}

pub(super) fn trimmed(text: &str) -> Option<String> {
    (!is_blank(text)).then(|| text.trim().to_owned())
}

pub(super) fn too_long(location: &str, text: &str, letters: usize, items: &mut Vec<Item>) {
    if text.chars().count() > letters {
        items.push(Item::new(
            location,
            "too_long",
            format!("has {letters} letters at most"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers_have_a_check_letter() {
        assert!(is_identity_number("11010519491231002X"));
        assert!(!is_identity_number("110105194912310021"));
        assert!(!is_identity_number("1101051949123100"));
    }

    #[test]
    fn a_person_without_data_is_nobody() {
        let nobody = ReporterBody {
            name: Some(" ".to_owned()),
            phone: None,
            id_number: None,
        };
        assert_eq!(check_person(nobody, "reporter", &mut Vec::new()), None);
    }
}
