//! How the reporter of a complaint can be told something.

use super::{
    filer::Filer,
    parts, petitioners,
    queries::{self, ComplaintRow},
};
use crate::app::App;
use crate::notice::queries as notices;
use crate::platform::{
    db::{Connection, Id},
    problem::{OnDb, Problem},
};
use crate::record::NoticeState;

/// How somebody is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// By text message, at this number.
    Text(String),
    /// On the page that their query code opens: they left nothing else.
    Page,
    /// By staff: they left a number that takes no messages, or a name alone.
    ByHand,
    /// Not at all: nobody signed, and nobody was given a query code (信访工作条例23条, 生态环境信访工作办法17条).
    Nobody,
}

/// How the reporter of a complaint is reached, and whether they have its query code.
#[derive(Debug, Clone)]
pub struct Reporter {
    /// How.
    pub reach: Reach,
    /// Whether the code is theirs: they filed it themselves, or were sent it.
    pub has_code: bool,
}

impl Reporter {
    /// Of a complaint.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub fn of(conn: &mut Connection, app: &App, row: &ComplaintRow) -> Result<Self, Problem> {
        let has_code = has_code(conn, row)?;
        let signers = petitioners::load(conn, &app.keys, row.id)?;
        let people = signers.into_iter().map(|signer| signer.person);
        let phones = people.flat_map(|person| person.phone.into_iter().chain(person.more_phones));
        let phones: Vec<String> = phones.collect();
        let mobile = phones.iter().find(|phone| takes_messages(phone)).cloned();
        let reach = match mobile.filter(|_| app.gateway.is_there()) {
            Some(phone) => Reach::Text(phone),
            None if !phones.is_empty() => Reach::ByHand,
            None if has_code => Reach::Page,
            None if row.anonymous => Reach::Nobody,
            None => Reach::ByHand,
        };
        Ok(Self { reach, has_code })
    }
}

fn takes_messages(phone: &str) -> bool {
    phone.len() == 11 && phone.starts_with('1')
}

/// Whether the reporter has the query code: whoever filed was shown it, that of a letter's further matter
/// with the letter's; a message may have brought it.
///
/// # Errors
/// A fault when the database fails.
pub fn has_code(conn: &mut Connection, row: &ComplaintRow) -> Result<bool, Problem> {
    let letter = parts::letter_of(conn, row.id).or_fault("load the letter")?;
    let filed = match letter {
        Some(number) => queries::by_number(conn, &number).or_fault("load the letter")?,
        None => None,
    };
    let filed: Id = filed.map_or(row.id, |letter| letter.id);
    let filer = Filer::of(conn, filed).or_fault("look for who filed")?;
    if filer.is_some_and(|filer| filer.is_reporter()) {
        return Ok(true);
    }
    let told = notices::of(conn, "complaint", &[row.id]).or_fault("look for notices")?;
    let went = [NoticeState::Sent, NoticeState::Delivered];
    let brought = |notice: &notices::NoticeRow| notice.with_code && went.contains(&notice.state);
    Ok(told.iter().any(brought))
}
