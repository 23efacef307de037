//! An event sent again: a phone may retry blindly, but an id names one event for ever.

use diesel::prelude::*;

use super::queries::VisitRow;
use crate::account::Staff;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::verification_event},
    problem::{Code, OnDb, Problem},
    sealed,
};

/// What the phone itself said of an event; what we found out about it is left aside.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub(super) struct Said {
    pub kind: String,
    pub officer_id: Id,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub datum: Option<String>,
    pub accuracy_m: Option<f64>,
    pub reason: Option<String>,
    pub result: Option<String>,
    pub notes: Option<String>,
    pub device_time: UtcTime,
}

impl Said {
    /// The two databases keep instants to the microsecond.
    fn is_as_stored(&self, stored: &Self) -> bool {
        let micros = |said: &Self| said.device_time.0.timestamp_micros();
        micros(self) == micros(stored)
            && Self {
                device_time: stored.device_time,
                ..self.clone()
            } == *stored
    }
}

/// Whether the officer's event is there already, whatever became of the visit meanwhile. Its id
/// under another kind, or another officer's, is a mistake; so is its id with other content, which
/// would be lost if it counted as the first.
pub(super) fn is_known(
    conn: &mut Connection,
    keys: &Keys,
    staff: &Staff,
    row: &VisitRow,
    client_id: &str,
    said: &Said,
) -> Result<bool, Problem> {
    let found: Option<(Id, Said)> = verification_event::table
        .filter(verification_event::verification_id.eq(row.id))
        .filter(verification_event::client_id.eq(client_id))
        .select((
            verification_event::id,
            (
                verification_event::kind,
                verification_event::officer_id,
                verification_event::raw_lon,
                verification_event::raw_lat,
                verification_event::datum,
                verification_event::accuracy_m,
                verification_event::reason,
                verification_event::result,
                verification_event::notes,
                verification_event::device_time,
            ),
        ))
        .first(conn)
        .optional()
        .or_fault("look for an event")?;
    let found = found.map(|(id, stored)| Said {
        notes: stored
            .notes
            .and_then(|notes| sealed::NOTES.open_text(keys, id.0.as_bytes(), notes)),
        reason: stored
            .reason
            .and_then(|reason| sealed::ELSEWHERE.open_text(keys, id.0.as_bytes(), reason)),
        ..stored
    });
    match found {
        None => Ok(false),
        Some(known) if said.is_as_stored(&known) => Ok(true),
        Some(known) if known.kind == said.kind && known.officer_id == staff.id => {
            Err(Problem::because(
                Code::IdempotencyConflict,
                format!(
                    "client_id {client_id} was sent with other content; a correction is a new event with an id of its own"
                ),
            ))
        }
        Some(known) => Err(Problem::because(
            Code::AlreadyExists,
            format!("client_id {client_id} is a {} already", known.kind),
        )),
    }
}
