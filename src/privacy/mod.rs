//! Who reads what of others' words and places: masked copies for roles without need, made with all
//! that is known of those who petition, and the part of the district a role looks after.

mod scope;
pub mod secrecy;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

pub use scope::{Condition, Listed, Placed, Reach, Scope, sees_hidden, shown_entries};
pub use secrecy::Need;

use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue,
        schema::{
            complaint, complaint_part, complaint_text, former_petitioner, match_verdict,
            petitioner, resident,
        },
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::text::{KnownPeople, KnownPerson, mask};

/// The kind of a petitioner who reports; others signed, or are spoken for.
pub const REPORTER: &str = "reporter";

/// A petitioner as sealed; what else stands there is not looked at.
#[derive(Deserialize)]
struct Sealed {
    name: Option<String>,
    phone: Option<String>,
    id_number: Option<String>,
    #[serde(default)]
    more_phones: Vec<String>,
    unread_phone: Option<String>,
    unread_id_number: Option<String>,
}

impl Sealed {
    /// The same person once for each number they left, read or not.
    fn known(self) -> Vec<KnownPerson> {
        KnownPerson::each(
            self.name,
            self.more_phones
                .into_iter()
                .chain(self.phone)
                .chain(self.unread_phone),
            self.id_number.into_iter().chain(self.unread_id_number),
        )
    }
}

/// Something known of who is behind a complaint.
enum Fact {
    Person(KnownPerson),
    Code(String),
}

/// What is known of those who petition in these complaints and in the letters they were split
/// from: names, numbers, the phone a resident signed in by, addresses, tracking codes; also of those who
/// were corrected or withdrawn since, because the words may name them. Somebody whose data
/// cannot be opened is not known, and holds up nobody.
///
/// # Errors
/// A fault when the database fails.
pub fn known_of(
    conn: &mut Connection,
    keys: &Keys,
    complaints: &[Id],
) -> Result<KnownPeople, Problem> {
    let facts = facts_of(conn, keys, complaints)?;
    Ok(made_known(facts.values().flatten()))
}

fn made_known<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> KnownPeople {
    let mut known = KnownPeople::default();
    for fact in facts {
        match fact {
            Fact::Person(person) => known.add(person),
            Fact::Code(code) => known.add_code(code),
        }
    }
    known
}

/// What is known behind each complaint and each letter one of them was split from, in four
/// queries however many there are.
fn facts_of(
    conn: &mut Connection,
    keys: &Keys,
    complaints: &[Id],
) -> Result<HashMap<Id, Vec<Fact>>, Problem> {
    let mut all = complaints.to_vec();
    all.extend(
        letters_of(conn, complaints)?
            .into_iter()
            .map(|(_, letter)| letter),
    );
    all.sort_unstable();
    all.dedup();
    let mut facts: HashMap<Id, Vec<Fact>> = HashMap::new();
    type Row = (Id, Id, Option<Vec<u8>>);
    let rows: Vec<Row> = petitioner::table
        .filter(petitioner::complaint_id.eq_any(&all))
        .select((petitioner::complaint_id, petitioner::id, petitioner::sealed))
        .load(conn)
        .or_fault("load petitioners")?;
    let former: Vec<Row> = former_petitioner::table
        .filter(former_petitioner::complaint_id.eq_any(&all))
        .select((
            former_petitioner::complaint_id,
            former_petitioner::id,
            former_petitioner::sealed,
        ))
        .load(conn)
        .or_fault("load former petitioners")?;
    let rows = rows.into_iter().map(|row| (sealed::PETITIONER, row));
    let former = former.into_iter();
    let former = former.map(|row| (sealed::FORMER_PETITIONER, row));
    for (column, (complaint, id, bytes)) in rows.chain(former) {
        let opened = bytes.and_then(|bytes| column.open(keys, id.0.as_bytes(), &bytes).ok());
        let person = opened.and_then(|plain| serde_json::from_slice::<Sealed>(&plain).ok());
        if let Some(person) = person {
            let behind = facts.entry(complaint).or_default();
            behind.extend(person.known().into_iter().map(Fact::Person));
        }
    }
    type Filed = (Id, String, Option<(Id, Option<Vec<u8>>)>, Option<String>);
    let filed: Vec<Filed> = complaint::table
        .left_join(resident::table)
        .left_join(complaint_text::table)
        .filter(complaint::id.eq_any(&all))
        .select((
            complaint::id,
            complaint::tracking_code,
            (resident::id, resident::sealed_phone).nullable(),
            complaint_text::address.nullable(),
        ))
        .load(conn)
        .or_fault("load codes, residents and addresses")?;
    for (complaint, code, signed_in, address) in filed {
        let address = address
            .and_then(|stored| sealed::ADDRESS.open_text(keys, complaint.0.as_bytes(), stored));
        let phone = signed_in
            .and_then(|(id, bytes)| {
                sealed::RESIDENT_PHONE
                    .open(keys, id.0.as_bytes(), &bytes?)
                    .ok()
            })
            .and_then(|plain| String::from_utf8(plain).ok());
        let behind = facts.entry(complaint).or_default();
        behind.push(Fact::Code(code));
        behind.push(Fact::Person(KnownPerson {
            phone,
            address,
            ..KnownPerson::default()
        }));
    }
    Ok(facts)
}

/// Complaints of one entry whose reporters are looked for at most.
const OF_A_MATTER: i64 = 1_000;

/// The complaints of entries, and the entry of each.
struct Matters {
    entry_of: HashMap<Id, Id>,
    members: HashMap<Id, Vec<Id>>,
}

/// Which entry each complaint is in, and the complaints of each entry. Two queries however many
/// there are.
fn matters_of(conn: &mut Connection, complaints: &[Id]) -> Result<Matters, Problem> {
    let entry_of: HashMap<Id, Id> = complaint::table
        .filter(complaint::id.eq_any(complaints))
        .select((complaint::id, complaint::entry_id))
        .load::<(Id, Id)>(conn)
        .or_fault("load entries")?
        .into_iter()
        .collect();
    let entries: BTreeSet<Id> = entry_of.values().copied().collect();
    let most = OF_A_MATTER.saturating_mul(i64::try_from(entries.len()).unwrap_or(i64::MAX));
    let rows: Vec<(Id, Id)> = complaint::table
        .filter(complaint::entry_id.eq_any(entries))
        .select((complaint::entry_id, complaint::id))
        .limit(most)
        .load(conn)
        .or_fault("load who complained of the same")?;
    let mut members: HashMap<Id, Vec<Id>> = HashMap::new();
    for (entry, complaint) in rows {
        members.entry(entry).or_default().push(complaint);
    }
    Ok(Matters { entry_of, members })
}

/// Complaints and verdicts read at most to tell what complaints were compared with.
const COMPARED: i64 = 1_000;

/// A candidate of a kept verdict; what else is kept of it is not looked at.
#[derive(Deserialize)]
struct Candidate {
    candidate: Uuid,
}

/// What each complaint was compared with, whether they came together or not: the one it is
/// suspected to repeat, and the candidates of its kept verdicts. Two queries however many there are.
fn compared_with(
    conn: &mut Connection,
    complaints: &[Id],
) -> Result<HashMap<Id, BTreeSet<Id>>, Problem> {
    let mut compared: HashMap<Id, BTreeSet<Id>> = HashMap::new();
    let repeats: Vec<(Id, Option<Id>)> = complaint::table
        .filter(complaint::id.eq_any(complaints))
        .select((complaint::id, complaint::repeat_of))
        .limit(COMPARED)
        .load(conn)
        .or_fault("load what complaints repeat")?;
    for (one, named) in repeats {
        compared.entry(one).or_default().extend(named);
    }
    let verdicts: Vec<(Id, JsonValue)> = match_verdict::table
        .filter(match_verdict::complaint_id.eq_any(complaints))
        .select((match_verdict::complaint_id, match_verdict::evidence))
        .limit(COMPARED)
        .load(conn)
        .or_fault("load verdicts")?;
    for (complaint, JsonValue(evidence)) in verdicts {
        let candidates: Vec<Candidate> = serde_json::from_value(evidence).unwrap_or_default();
        let candidates = candidates.into_iter().map(|c| Id(c.candidate));
        compared.entry(complaint).or_default().extend(candidates);
    }
    Ok(compared)
}

/// The letters complaints were split from.
fn letters_of(conn: &mut Connection, complaints: &[Id]) -> Result<Vec<(Id, Id)>, Problem> {
    complaint_part::table
        .filter(complaint_part::complaint_id.eq_any(complaints))
        .select((complaint_part::complaint_id, complaint_part::letter_id))
        .load(conn)
        .or_fault("load letters")
}

/// The masked copy of new words about a complaint, to be stored beside them.
///
/// # Errors
/// A fault when the database fails.
pub fn masked(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    text: &str,
) -> Result<String, Problem> {
    Ok(known_of(conn, keys, &[complaint])?.mask(text).text)
}

/// What is known of who is behind each group of complaints.
fn behind(
    conn: &mut Connection,
    keys: &Keys,
    groups: &HashMap<Id, BTreeSet<Id>>,
) -> Result<HashMap<Id, KnownPeople>, Problem> {
    let all: BTreeSet<Id> = groups.values().flatten().copied().collect();
    let all: Vec<Id> = all.into_iter().collect();
    let letters: HashMap<Id, Id> = letters_of(conn, &all)?.into_iter().collect();
    // Somebody is behind many groups: what is known of each is made ready once.
    let known: HashMap<Id, KnownPeople> = facts_of(conn, keys, &all)?
        .into_iter()
        .map(|(id, facts)| (id, made_known(&facts)))
        .collect();
    let behind = groups.iter().map(|(group, people)| {
        let behind = people
            .iter()
            .flat_map(|id| [Some(id), letters.get(id)])
            .flatten()
            .filter_map(|id| known.get(id));
        (*group, behind.collect())
    });
    Ok(behind.collect())
}

/// Words as somebody may read them.
#[derive(Debug)]
pub enum Words {
    /// As they were written: whoever is behind them is theirs to know.
    Full,
    /// As they were written, but for what is known of others, who ask for secrecy.
    Beside(KnownPeople),
    /// Masked with all that is known.
    Masked(KnownPeople),
}

impl Words {
    /// For somebody who reads about these complaints. Their words and staff's name neighbours who
    /// complained of the same too, so whoever is behind their entries is known, and whoever is behind
    /// a complaint they were compared with.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub fn about(
        conn: &mut Connection,
        keys: &Keys,
        need: Need,
        complaints: &[Id],
    ) -> Result<Self, Problem> {
        let one = Id(Uuid::nil());
        let groups = HashMap::from([(one, complaints.to_vec())]);
        let mut words = Self::about_matters(conn, keys, need, &groups)?;
        words
            .remove(&one)
            .ok_or_else(|| Problem::fault("no words about complaints"))
    }

    /// The same for somebody who reads about several things at once, each with complaints of its own.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub fn about_matters(
        conn: &mut Connection,
        keys: &Keys,
        need: Need,
        groups: &HashMap<Id, Vec<Id>>,
    ) -> Result<HashMap<Id, Self>, Problem> {
        match need {
            Need::Everybody => Ok(groups.keys().map(|group| (*group, Self::Full)).collect()),
            Need::Nobody => Self::masked_about(conn, keys, groups),
            Need::InTheOpen => Self::in_the_open(conn, keys, groups),
        }
    }

    /// For somebody from whom those who ask for secrecy are kept: what is about them is masked, and
    /// what is about their neighbours tells nothing of them.
    fn in_the_open(
        conn: &mut Connection,
        keys: &Keys,
        groups: &HashMap<Id, Vec<Id>>,
    ) -> Result<HashMap<Id, Self>, Problem> {
        let complaints: Vec<Id> = groups.values().flatten().copied().collect();
        let secret = secrecy::among(conn, &complaints)?;
        let is_secret = |about: &Vec<Id>| about.iter().any(|id| secret.contains(id));
        let (kept, open): (HashMap<Id, Vec<Id>>, HashMap<Id, Vec<Id>>) = groups
            .iter()
            .map(|(group, about)| (*group, about.clone()))
            .partition(|(_, about)| is_secret(about));
        let complaints: Vec<Id> = open.values().flatten().copied().collect();
        let beside = secrecy::beside(conn, &complaints)?;
        let people = open.into_iter().map(|(group, about)| {
            let secret = about.iter().filter_map(|id| beside.get(id));
            (group, secret.flatten().copied().collect())
        });
        let mut words = Self::hiding(conn, keys, &people.collect())?;
        if !kept.is_empty() {
            words.extend(Self::masked_about(conn, keys, &kept)?);
        }
        Ok(words)
    }

    /// Words in full but for what is known of who is behind the complaints of each group; where there
    /// are none, in full.
    fn hiding(
        conn: &mut Connection,
        keys: &Keys,
        groups: &HashMap<Id, BTreeSet<Id>>,
    ) -> Result<HashMap<Id, Self>, Problem> {
        let (some, none): (HashMap<Id, BTreeSet<Id>>, HashMap<Id, BTreeSet<Id>>) = groups
            .iter()
            .map(|(group, people)| (*group, people.clone()))
            .partition(|(_, people)| !people.is_empty());
        let mut words: HashMap<Id, Self> =
            none.into_keys().map(|group| (group, Self::Full)).collect();
        if !some.is_empty() {
            let known = behind(conn, keys, &some)?.into_iter();
            words.extend(known.map(|(group, known)| (group, Self::Beside(known))));
        }
        Ok(words)
    }

    fn masked_about(
        conn: &mut Connection,
        keys: &Keys,
        groups: &HashMap<Id, Vec<Id>>,
    ) -> Result<HashMap<Id, Self>, Problem> {
        let complaints: Vec<Id> = groups.values().flatten().copied().collect();
        let compared = compared_with(conn, &complaints)?;
        let Matters { entry_of, members } = matters_of(conn, &complaints)?;
        let people = groups.iter().map(|(group, complaints)| {
            let entries: BTreeSet<&Id> = complaints
                .iter()
                .filter_map(|id| entry_of.get(id))
                .collect();
            let neighbours = entries.into_iter().filter_map(|entry| members.get(entry));
            let others = complaints.iter().filter_map(|id| compared.get(id));
            let behind = neighbours.flatten().chain(others.flatten());
            (*group, complaints.iter().chain(behind).copied().collect())
        });
        Self::knowing(conn, keys, &people.collect())
    }

    /// Words masked with what is known of who is behind each group of complaints.
    fn knowing(
        conn: &mut Connection,
        keys: &Keys,
        groups: &HashMap<Id, BTreeSet<Id>>,
    ) -> Result<HashMap<Id, Self>, Problem> {
        let known = behind(conn, keys, groups)?.into_iter();
        Ok(known
            .map(|(group, known)| (group, Self::Masked(known)))
            .collect())
    }

    /// For somebody who reads about several things at once, each with complaints of its own.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub fn about_each(
        conn: &mut Connection,
        keys: &Keys,
        groups: &HashMap<Id, Vec<Id>>,
    ) -> Result<HashMap<Id, Self>, Problem> {
        if groups.is_empty() {
            return Ok(HashMap::new());
        }
        let complaints: Vec<Id> = groups.values().flatten().copied().collect();
        let compared = compared_with(conn, &complaints)?;
        let people = groups.iter().map(|(group, complaints)| {
            let others = complaints.iter().filter_map(|id| compared.get(id));
            let others = others.flatten().copied();
            (*group, complaints.iter().copied().chain(others).collect())
        });
        Self::knowing(conn, keys, &people.collect())
    }

    /// Whether who reported is theirs to know: nothing is masked but what is known of others.
    #[must_use]
    pub const fn with_need(&self) -> bool {
        !matches!(self, Self::Masked(_))
    }

    /// A text.
    #[must_use]
    pub fn text(&self, text: String) -> String {
        match self {
            Self::Full => text,
            Self::Beside(others) => others.hide(&text),
            Self::Masked(known) => known.mask(&text).text,
        }
    }

    /// A text where there is one.
    #[must_use]
    pub fn maybe(&self, text: Option<String>) -> Option<String> {
        text.map(|text| self.text(text))
    }

    /// A text that is stored with its masked copy. The copy is looked at again: more may be known
    /// than when it was made.
    #[must_use]
    pub fn stored(&self, full: String, masked: String) -> String {
        self.text(if self.with_need() { full } else { masked })
    }

    /// The same where there may be none.
    #[must_use]
    pub fn maybe_stored(&self, full: Option<String>, masked: Option<String>) -> Option<String> {
        self.maybe(if self.with_need() { full } else { masked })
    }

    /// An office's words to the reporter, for whoever holds the code: they stand as they were
    /// written, but for what is known of the person they address, of who else complained of the
    /// matter, and of who is behind a complaint it was compared with.
    #[must_use]
    pub fn addressed(&self, text: String) -> String {
        match self {
            Self::Full => text,
            Self::Beside(known) | Self::Masked(known) => known.hide(&text),
        }
    }

    /// What a history keeps beside a step. Ids, numbers and codes stand; sealed values, which
    /// nobody reads, are left out.
    #[must_use]
    pub fn detail(&self, detail: Value) -> Value {
        if matches!(self, Self::Full) {
            return detail;
        }
        match detail {
            Value::String(text) if is_plain_mark(&text) => Value::String(text),
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.detail(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .filter(|(name, value)| self.with_need() || !(name == "before" && is_sealed(value)))
                .map(|(name, value)| (name, self.detail(value)))
                .collect(),
            other => other,
        }
    }
}

/// An id, or the number of a complaint or entry.
fn is_plain_mark(text: &str) -> bool {
    let numbered = text.split_once('-').is_some_and(|(head, tail)| {
        head.starts_with(|c: char| c.is_ascii_uppercase())
            && head.len() <= 12
            && tail.len() <= 10
            && tail.bytes().all(|b| b.is_ascii_digit() || b == b'-')
            && mask(text).found.is_empty()
    });
    numbered || Uuid::parse_str(text).is_ok()
}

/// Base64 of a sealed value: longer than any state or code.
fn is_sealed(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() > 40)
}
