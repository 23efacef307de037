//! An item of work, as a row shows it, whatever it is.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    asked::Asked,
    lists::{WorkList, WorkSubject},
};
use crate::district::Profile;
use crate::platform::{db::Id, named::named};

/// Letters of a text that a row shows.
const FIRST_LETTERS: usize = 60;

named! {
    /// Why a reporter was not told yet.
    pub enum Untold {
        /// A message is on its way, and nobody has reported on it.
        Underway "underway",
        /// A message failed for good: tell them otherwise.
        Failed "failed",
        /// A letter came back.
        CameBack "came_back",
        /// They left a number, and no message goes there: call them.
        ToCall "to_call",
        /// They left no number: post it or hand it over.
        ToPost "to_post",
    }
}

/// An item of a list of work.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkItem {
    /// What it is.
    pub subject: WorkSubject,
    /// Id of the visit, of one.
    pub visit: Option<Id>,
    /// Number of the complaint; of a visit the one it was ordered for.
    pub number: String,
    /// Number of the ledger entry it belongs to.
    pub entry: String,
    /// State in Chinese.
    pub state_name: &'static str,
    /// Category code; of a visit its entry's.
    pub category: String,
    /// Category in Chinese.
    pub category_name: String,
    /// Street code; of a visit its entry's.
    pub street: Option<String>,
    /// Street's name.
    pub street_name: Option<String>,
    /// Grid code.
    pub grid: Option<String>,
    /// The list it stands in: what it waits for.
    pub list: WorkList,
    /// The list in Chinese.
    pub list_name: &'static str,
    /// The day since which it waits for that.
    pub since: NaiveDate,
    /// The last day of the duty that runs; absent while none does.
    pub due_on: Option<NaiveDate>,
    /// Working days from tomorrow to that day: 0 on it, below 0 by those that have gone since.
    pub working_days_left: Option<i64>,
    /// Whether that day is over.
    pub overdue: bool,
    /// Who holds it: user name of a visit's officer or of who claimed a complaint, name of the unit it
    /// was sent to. Absent while nobody does.
    pub held_by: Option<String>,
    /// Why its reporter was not told yet, in the list of notices alone.
    pub untold: Option<Untold>,
    /// The first words of the complaint; masked for roles without need.
    pub words: String,
}

/// The first words of a text, on one line.
pub(super) fn first_words(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(FIRST_LETTERS) {
        words.truncate(at);
        words.push('…');
    }
    words
}

/// What a row says of the duty that runs.
pub(super) struct DueSoon {
    pub(super) on: Option<NaiveDate>,
    pub(super) working_days_left: Option<i64>,
    pub(super) overdue: bool,
}

impl DueSoon {
    /// Of a row's last day, where its duty runs.
    pub(super) fn of(
        profile: &Profile,
        asked: &Asked,
        due_on: Option<NaiveDate>,
        runs: bool,
    ) -> Self {
        let on = due_on.filter(|_| runs);
        let left = |day| profile.calendar.working_days_between(asked.today, day);
        Self {
            on,
            working_days_left: on.map(left),
            overdue: on.is_some_and(|day| day < asked.today),
        }
    }
}

/// A street's name, where the profile still knows it.
pub(super) fn street_name(profile: &Profile, code: Option<&str>) -> Option<String> {
    let street = code.and_then(|code| profile.street(code));
    street.map(|street| street.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_the_first_words() {
        assert_eq!(first_words(" 楼下\n油烟 "), "楼下 油烟");
        assert_eq!(first_words(&"烟".repeat(60)), "烟".repeat(60));
        assert_eq!(
            first_words(&"烟".repeat(61)),
            format!("{}…", "烟".repeat(60))
        );
        assert_eq!(first_words(""), "");
    }
}
