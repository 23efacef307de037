//! What an import will bring, told before anything is stored: nobody finds a queue full of old matters
//! in the morning without having been asked.

use std::fmt;

use chrono::NaiveDate;

use super::{
    Complaints,
    before::{self, Before},
    dates::When,
    mapping::Plan,
    row::Row,
    taken::{Taken, taken},
};
use crate::app::App;
use crate::complaint::clocks;
use crate::district::{Profile, calendar::date_of};
use crate::platform::db::Id;
use crate::triage::past::Standing;

/// What a file's rows are by their own words. Which of them are known already is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foresight {
    /// Rows that were read.
    pub rows: usize,
    /// Those that cannot be taken in as they are.
    pub bad: usize,
    /// Those whose handling has ended.
    pub ended: usize,
    /// Those that were answered and have not ended.
    pub answered: usize,
    /// Those without an end or an answer.
    pub open: usize,
    /// Those of the open that have a duty whose last day is over.
    pub overdue: usize,
    /// Those of the open that were received before the bound.
    pub older: usize,
    /// The bound.
    pub open_since: NaiveDate,
    /// Whether rows received before the bound of which nothing says what became of them come in closed.
    pub close_older: bool,
}

/// Reads a file and tells what its rows are.
///
/// # Errors
/// When the file cannot be read or a name that was said is unknown.
pub fn foresee(app: &App, options: &Complaints) -> anyhow::Result<Foresight> {
    let now = app.now();
    let plan = Plan::of(options, &app.profile, now)?;
    let mut table = options.table(&plan)?;
    let when = When {
        now,
        offset: plan.offset,
    };
    let mut foreseen = Foresight {
        rows: 0,
        bad: 0,
        ended: 0,
        answered: 0,
        open: 0,
        overdue: 0,
        older: 0,
        open_since: plan.open_since,
        close_older: plan.close_older,
    };
    while let Some(line) = table.next(&when)? {
        foreseen.rows += 1;
        let told = line.row.and_then(|(row, _)| told(&plan, &row, &when));
        match told {
            Ok((before, taken)) => foreseen.count(&app.profile, &before, &taken, date_of(now)),
            Err(_) => foreseen.bad += 1,
        }
    }
    Ok(foreseen)
}

fn told(plan: &Plan, row: &Row, when: &When) -> Result<(Before, Taken), String> {
    let taken = taken(plan, row, when.now)?;
    let received = (taken.received_at, taken.grains.received_at);
    let before = before::of(plan, row, received, None, when.now)?;
    Ok((before, taken))
}

impl Foresight {
    fn count(&mut self, profile: &Profile, before: &Before, taken: &Taken, today: NaiveDate) {
        let standing = before.past.standing;
        if standing.has_ended() {
            self.ended += 1;
            return;
        }
        if standing == Standing::Answered {
            self.answered += 1;
            return;
        }
        self.open += 1;
        self.older += usize::from(before.history);
        let received_on = date_of(taken.received_at);
        let clocks = clocks::of_new(profile, &taken.body.channel, Id::new(), received_on);
        let duties = clocks.iter().filter(|clock| clock.is_duty());
        let days = duties.map(|clock| clock.due_on);
        // Of what was accepted the answer is still owed, which is due last.
        let due_on = match standing {
            Standing::Accepted => days.max(),
            _ => days.min(),
        };
        self.overdue += usize::from(due_on.is_some_and(|day| day < today));
    }
}

impl fmt::Display for Foresight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rows,
            bad,
            ended,
            answered,
            open,
            overdue,
            older,
            open_since,
            ..
        } = self;
        write!(
            f,
            "{rows} rows in the file: {ended} ended, {answered} answered, {open} open, of them {overdue} overdue; {bad} \
             cannot be taken in as they are"
        )?;
        if *older > 0 {
            write!(
                f,
                "\n{older} of the open were received before {open_since} (--open-since): they stand in the list \
                 `imported_overdue` and behind all others in the queue. With --close-older those of which nothing says \
                 what became of them come in closed, as history whose end nobody knows"
            )?;
        }
        Ok(())
    }
}
