//! Those who petition: what is sent about them, and its checked form.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::matching::people::REPRESENTED;
use crate::platform::{
    http::is_blank,
    problem::{Item, ItemCode},
};
use crate::text::{IdentityText, PhoneText, normalise, phone::says_none};

/// Letters a name has at most.
const NAME_LETTERS: usize = 50;

/// Who reports. Kept sealed, and never shown to a role without need.
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReporterBody {
    /// Name.
    #[validate(length(max = 50, message = "has 50 letters at most"))]
    #[schema(max_length = 50)]
    pub name: Option<String>,
    /// A phone number in any spelling, several or with an extension. One that cannot be read does
    /// not refuse the complaint: the receipt asks for it again under `questions`.
    #[validate(length(max = 200, message = "has 200 letters at most"))]
    #[schema(max_length = 200, examples("138 0013 8000", "(0591)8765-4321 转 8012"))]
    pub phone: Option<String>,
    /// Number of an identity card, a permit or a passport in any spelling. One that cannot be read
    /// or has a wrong check letter is asked for again under `questions`.
    #[validate(length(max = 200, message = "has 200 letters at most"))]
    #[schema(max_length = 200)]
    pub id_number: Option<String>,
}

impl std::fmt::Debug for ReporterBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReporterBody(***)")
    }
}

/// A wish of secrecy (保密).
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecrecyBody {
    /// Whether who reports is to be known to the named posts of the district alone.
    pub requested: bool,
    /// Why, in the reporter's words. Kept sealed, and read by the named posts alone.
    #[validate(length(max = 200, message = "has 200 letters at most"))]
    #[schema(max_length = 200)]
    pub words: Option<String>,
}

impl std::fmt::Debug for SecrecyBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecrecyBody(***)")
    }
}

/// What a reporter wishes of who they are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// 保密.
    pub secrecy: bool,
    /// Why, in their words.
    pub words: Option<String>,
    /// Whether they may be named to the unit that handles the matter.
    pub naming_consent: bool,
}

impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wish(***)")
    }
}

impl Wish {
    /// With what was said anew; what was not said stays. Whoever asks for secrecy is named to nobody.
    #[must_use]
    pub fn said(self, secrecy: Option<SecrecyBody>, naming_consent: Option<bool>) -> Self {
        let (asks, words) = match secrecy {
            None => (self.secrecy, self.words),
            Some(said) => (said.requested, said.words.filter(|words| !is_blank(words))),
        };
        Self {
            secrecy: asks,
            words: words.filter(|_| asks),
            naming_consent: naming_consent.unwrap_or(self.naming_consent) && !asks,
        }
    }
}

/// One more person on a petition.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PetitionerBody {
    /// How they take part.
    pub kind: PetitionerKind,
    /// Who they are.
    #[validate(nested)]
    pub person: ReporterBody,
}

/// How somebody takes part in a petition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PetitionerKind {
    /// 联名人.
    JointSigner,
    /// 被代理人: who reports beside them is their agent, and none of those who petition.
    Represented,
}

impl PetitionerKind {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JointSigner => "joint_signer",
            Self::Represented => REPRESENTED,
        }
    }
}

/// A person whose data was checked and brought to normal form.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Name.
    pub name: Option<String>,
    /// Phone in its normal form, see [`crate::text::phone`].
    pub phone: Option<String>,
    /// Identity number in its normal form, see [`IdentityText`].
    pub id_number: Option<String>,
    /// Further phones they left, in normal form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_phones: Vec<String>,
    /// What they left for a phone, where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_phone: Option<String>,
    /// What they left for an identity number, where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_id_number: Option<String>,
}

/// What stands in the field of a name where nobody signs, beside the words for nothing at all.
const NOBODYS_NAMES: [&str; 12] = [
    "群众",
    "市民",
    "居民",
    "业主",
    "热心市民",
    "热心群众",
    "匿名市民",
    "匿名群众",
    "匿名举报人",
    "来电人",
    "投诉人",
    "举报人",
];

/// Forms of address: with a surname alone they tell nobody from a neighbour.
const FORMS_OF_ADDRESS: [&str; 10] = [
    "先生", "女士", "小姐", "太太", "同志", "老师", "师傅", "阿姨", "大爷", "业主",
];

impl Person {
    /// Whether they signed with a name, whatever it tells.
    #[must_use]
    pub fn is_named(&self) -> bool {
        let name = self.name.as_deref().map(normalise).unwrap_or_default();
        !says_none(&name) && !NOBODYS_NAMES.contains(&name.as_str())
    }

    /// The normal form of their name, where it is one that tells people of one matter apart: a whole
    /// one, without the remark that stands behind it in brackets.
    #[must_use]
    pub fn telling_name(&self) -> Option<String> {
        let name = self.name.as_deref().filter(|_| self.is_named())?;
        let name = name.split(['(', '（', '[', '【']).next().unwrap_or(name);
        let name = normalise(name);
        let is_whole =
            name.chars().count() > 1 && !FORMS_OF_ADDRESS.iter().any(|form| name.contains(form));
        is_whole.then_some(name)
    }

    /// Whether a number of theirs says that they are another than somebody of their name.
    #[must_use]
    pub const fn contradicts(&self, other: &Self) -> bool {
        (self.phone.is_some() && other.phone.is_some())
            || (self.id_number.is_some() && other.id_number.is_some())
    }

    /// With all that is said of them in another place.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        let known: Vec<String> = self
            .phone
            .iter()
            .chain(&self.more_phones)
            .cloned()
            .collect();
        let told = other.phone.into_iter().chain(other.more_phones);
        let mut new = told.filter(|phone| !known.contains(phone));
        self.phone = self.phone.or_else(|| new.next());
        self.more_phones.extend(new);
        self.name = self.name.or(other.name);
        self.id_number = self.id_number.or(other.id_number);
        self.unread_phone = self.unread_phone.or(other.unread_phone);
        self.unread_id_number = self.unread_id_number.or(other.unread_id_number);
        self
    }

    /// The phone, or what stands in its place.
    #[must_use]
    pub fn phone_as_told(&self) -> Option<&str> {
        self.phone.as_deref().or(self.unread_phone.as_deref())
    }

    /// The identity number, or what stands in its place.
    #[must_use]
    pub fn id_number_as_told(&self) -> Option<&str> {
        let read = self.id_number.as_deref();
        read.or(self.unread_id_number.as_deref())
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(***)")
    }
}

/// What a complaint stands with and somebody should say again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionCode {
    /// The phone could not be read.
    UnreadablePhone,
    /// The phone is a service's that everybody calls, such as 12345.
    NotAPersonsPhone,
    /// The identity number could not be read, or its check letter is wrong.
    UnreadableIdNumber,
}

impl QuestionCode {
    /// What the reporter is asked.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::UnreadablePhone => "联系电话无法识别，请在补充说明中重新提供",
            Self::NotAPersonsPhone => "所留电话为公共服务号码，请在补充说明中提供本人电话",
            Self::UnreadableIdNumber => "证件号码无法识别，请在补充说明中重新提供",
        }
    }
}

/// A question about a field, as it is kept with the complaint: where and what, nothing of the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The field in the body it was sent in, such as `reporter.phone`.
    pub location: String,
    /// What is asked.
    pub code: QuestionCode,
}

/// Somebody's data as it is checked: `items` refuses, `questions` does not.
pub(super) struct Checking<'a> {
    /// Area code of the district, for numbers without theirs.
    pub area_code: Option<&'a str>,
    /// What refuses the body.
    pub items: &'a mut Vec<Item>,
    /// What it stands with.
    pub questions: &'a mut Vec<Question>,
}

impl Checking<'_> {
    fn ask(&mut self, location: &str, field: &str, code: QuestionCode) {
        self.questions.push(Question {
            location: format!("{location}.{field}"),
            code,
        });
    }
}

/// Checks a person; one without any data is nobody.
pub(super) fn check_person(
    body: &ReporterBody,
    location: &str,
    checking: &mut Checking<'_>,
) -> Option<Person> {
    let name = body.name.as_deref().and_then(trimmed);
    if let Some(name) = &name {
        let field = format!("{location}.name");
        too_long(&field, name, NAME_LETTERS, checking.items);
    }
    let mut person = Person {
        name,
        ..Person::default()
    };
    if let Some(text) = &body.phone {
        let unread = match PhoneText::read(text, checking.area_code) {
            PhoneText::None => None,
            PhoneText::Numbers(numbers) => {
                let mut numbers = numbers.into_iter();
                person.phone = numbers.next();
                person.more_phones = numbers.collect();
                None
            }
            PhoneText::Service => Some(QuestionCode::NotAPersonsPhone),
            PhoneText::Unread => Some(QuestionCode::UnreadablePhone),
        };
        if let Some(code) = unread {
            person.unread_phone = trimmed(text);
            checking.ask(location, "phone", code);
        }
    }
    if let Some(text) = &body.id_number {
        match IdentityText::read(text) {
            IdentityText::None => {}
            IdentityText::Number(number) => person.id_number = Some(number),
            IdentityText::Unread => {
                person.unread_id_number = trimmed(text);
                checking.ask(location, "id_number", QuestionCode::UnreadableIdNumber);
            }
        }
    }
    (person != Person::default()).then_some(person)
}

/// A text without the space around it, where there is one.
pub fn trimmed(text: &str) -> Option<String> {
    (!is_blank(text)).then(|| text.trim().to_owned())
}

pub(super) fn too_long(location: &str, text: &str, letters: usize, items: &mut Vec<Item>) {
    if text.chars().count() > letters {
        items.push(Item::new(
            location,
            ItemCode::TooLong,
            format!("has {letters} letters at most"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, phone: &str, id_number: &str) -> (Option<Person>, Vec<Question>) {
        let body = ReporterBody {
            name: Some(name.to_owned()),
            phone: Some(phone.to_owned()),
            id_number: Some(id_number.to_owned()),
        };
        let (mut items, mut questions) = (Vec::new(), Vec::new());
        let mut checking = Checking {
            area_code: Some("0591"),
            items: &mut items,
            questions: &mut questions,
        };
        let person = check_person(&body, "reporter", &mut checking);
        assert!(items.is_empty());
        (person, questions)
    }

    #[test]
    fn a_person_without_data_is_nobody() {
        assert_eq!(check(" ", "未留", "\u{200b}"), (None, Vec::new()));
    }

    #[test]
    fn what_cannot_be_read_is_kept_and_asked_for() {
        let (person, questions) = check("林", "1.38001E+10", "110105194912310021");
        let person = person.unwrap();
        assert_eq!(
            (person.phone.as_deref(), person.id_number.as_deref()),
            (None, None)
        );
        assert_eq!(person.phone_as_told(), Some("1.38001E+10"));
        assert_eq!(person.id_number_as_told(), Some("110105194912310021"));
        let asked: Vec<&str> = questions.iter().map(|q| q.location.as_str()).collect();
        assert_eq!(asked, ["reporter.phone", "reporter.id_number"]);
        let (person, questions) = check("", "12345", "");
        assert_eq!(person.unwrap().unread_phone.as_deref(), Some("12345"));
        assert_eq!(questions[0].code, QuestionCode::NotAPersonsPhone);
    }

    #[test]
    fn all_numbers_are_kept_the_first_is_called() {
        let (person, questions) = check("", "0591-8765 4321 / 13800138000", "110105491231002");
        let person = person.unwrap();
        assert_eq!(person.phone.as_deref(), Some("059187654321"));
        assert_eq!(person.more_phones, ["13800138000"]);
        assert_eq!(person.id_number.as_deref(), Some("11010519491231002X"));
        assert!(questions.is_empty());
    }

    #[test]
    fn a_name_tells_people_apart_or_says_nothing() {
        let named = |name: &str| Person {
            name: Some(name.to_owned()),
            ..Person::default()
        };
        for (name, telling) in [
            ("林秀英", Some("林秀英")),
            (" 林 秀英（3栋业主代表）", Some("林秀英")),
            ("Wang Wei", Some("wangwei")),
            ("林", None),
            ("林先生", None),
        ] {
            assert_eq!(named(name).telling_name().as_deref(), telling, "{name}");
            assert!(named(name).is_named(), "{name}");
        }
        for nobody in ["匿名", "不详", "热心市民", "无"] {
            let nobody = named(nobody);
            assert!(!nobody.is_named() && nobody.telling_name().is_none());
        }
    }

    #[test]
    fn numbers_of_one_kind_contradict_and_others_add_up() {
        let person = |phone: &str, id: &str| Person {
            name: Some("林秀英".to_owned()),
            phone: Some(phone).filter(|p| !p.is_empty()).map(str::to_owned),
            id_number: Some(id).filter(|i| !i.is_empty()).map(str::to_owned),
            ..Person::default()
        };
        assert!(!person("1", "").contradicts(&person("", "")));
        assert!(!person("1", "").contradicts(&person("", "2")));
        assert!(person("1", "").contradicts(&person("3", "")));
        assert!(person("", "2").contradicts(&person("", "4")));
        let whole = person("1", "").with(person("3", "2"));
        assert_eq!(
            (whole.phone.as_deref(), whole.id_number.as_deref()),
            (Some("1"), Some("2"))
        );
        assert_eq!(whole.more_phones, ["3"]);
        assert_eq!(
            person("", "").with(person("3", "")).phone.as_deref(),
            Some("3")
        );
    }

    /// Persons sealed before these fields were there are read.
    #[test]
    fn an_earlier_person_is_read() {
        let text = "{\"name\":null,\"phone\":\"13800138000\",\"id_number\":null}";
        let person: Person = serde_json::from_str(text).unwrap();
        assert_eq!(person.phone.as_deref(), Some("13800138000"));
        assert_eq!(serde_json::to_string(&person).unwrap(), text);
    }

    fn asked(requested: bool, words: &str) -> Option<SecrecyBody> {
        Some(SecrecyBody {
            requested,
            words: Some(words.to_owned()),
        })
    }

    #[test]
    fn what_is_not_said_stays_and_secrecy_stands_over_consent() {
        let none = Wish::default();
        let named = none.clone().said(None, Some(true));
        assert_eq!((named.secrecy, named.naming_consent), (false, true));
        let secret = named.said(asked(true, "怕报复"), None);
        assert_eq!((secret.secrecy, secret.naming_consent), (true, false));
        assert_eq!(secret.words.as_deref(), Some("怕报复"));
        assert_eq!(secret.clone().said(None, Some(true)), secret);
        assert_eq!(secret.said(asked(false, "不必了"), None), none);
        assert_eq!(none.clone().said(asked(true, " "), None).words, None);
    }
}
