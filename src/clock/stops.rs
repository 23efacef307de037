//! What makes clocks stand still or end later, as stored.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::reckoning::{self, Extension, Longer, Suspension};
use super::rows::ClockRow;
use crate::district::{Calendar, Due, Term, calendar::date_of};
use crate::platform::db::{
    Connection, Id, UtcTime,
    schema::{clock_extension, clock_suspension},
};

/// What made clocks stand still or end later.
pub(super) struct Stops {
    suspensions: HashMap<Id, Vec<Suspension>>,
    extensions: HashMap<Id, Vec<Extension>>,
}

type ExtensionRow = (Id, Option<i32>, Option<NaiveDate>, UtcTime);

impl Stops {
    pub(super) fn of(conn: &mut Connection, clocks: &[Id]) -> QueryResult<Self> {
        let rows: Vec<(Id, NaiveDate, Option<NaiveDate>)> = clock_suspension::table
            .filter(clock_suspension::clock_id.eq_any(clocks))
            .select((
                clock_suspension::clock_id,
                clock_suspension::from_on,
                clock_suspension::until_on,
            ))
            .load(conn)?;
        let mut suspensions: HashMap<Id, Vec<Suspension>> = HashMap::new();
        for (clock, from, until) in rows {
            let suspension = Suspension { from, until };
            suspensions.entry(clock).or_default().push(suspension);
        }
        let rows: Vec<ExtensionRow> = clock_extension::table
            .filter(clock_extension::clock_id.eq_any(clocks))
            .order(clock_extension::id.asc())
            .select((
                clock_extension::clock_id,
                clock_extension::amount,
                clock_extension::until_on,
                clock_extension::at,
            ))
            .load(conn)?;
        let mut stops = Self {
            suspensions,
            extensions: HashMap::new(),
        };
        for (clock, amount, until_on, at) in rows {
            let more = amount.and_then(|more| u32::try_from(more).ok());
            if let Some(longer) = until_on.map(Longer::Until).or(more.map(Longer::By)) {
                stops.extend(clock, date_of(at.0), longer);
            }
        }
        Ok(stops)
    }

    /// With one extension more.
    pub(super) fn extend(&mut self, clock: Id, on: NaiveDate, longer: Longer) {
        let extension = Extension { on, longer };
        self.extensions.entry(clock).or_default().push(extension);
    }

    /// When a clock ends by a term.
    pub(super) fn due(&self, calendar: &Calendar, row: &ClockRow, term: &Term) -> Due {
        let suspensions = self.suspensions.get(&row.id).map(Vec::as_slice);
        let extensions = self.extensions.get(&row.id).map(Vec::as_slice);
        reckoning::due(
            calendar,
            row.started_on,
            &term.rule,
            suspensions.unwrap_or_default(),
            extensions.unwrap_or_default(),
        )
    }
}

/// Ends the suspension of a clock that stands still.
pub(super) fn end_suspension(
    conn: &mut Connection,
    row: &ClockRow,
    today: NaiveDate,
) -> QueryResult<()> {
    let Some(since) = row.suspended_on else {
        return Ok(());
    };
    let open = clock_suspension::table
        .filter(clock_suspension::clock_id.eq(row.id))
        .filter(clock_suspension::until_on.is_null());
    // A clock set back ends no suspension before it began.
    diesel::update(open)
        .set(clock_suspension::until_on.eq(today.max(since)))
        .execute(conn)?;
    Ok(())
}
