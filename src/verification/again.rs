//! An event sent again: a phone may retry blindly, but an id names one event for ever.

use diesel::prelude::*;

use super::{
    queries::{self, VisitRow},
    uploads::{CheckInBody, FindingsBody},
};
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
    kind: String,
    officer_id: Id,
    lon: Option<f64>,
    lat: Option<f64>,
    datum: Option<String>,
    accuracy_m: Option<f64>,
    reason: Option<String>,
    result: Option<String>,
    notes: Option<String>,
    device_time: UtcTime,
}

impl Said {
    /// A check-in as it would be stored.
    pub(super) fn at_check_in(staff: &Staff, body: &CheckInBody) -> Self {
        Self {
            kind: "check_in".to_owned(),
            officer_id: staff.id,
            lon: Some(body.lon),
            lat: Some(body.lat),
            datum: Some(body.datum.to_string()),
            accuracy_m: body.accuracy_m,
            reason: body.reason.clone(),
            result: None,
            notes: None,
            device_time: UtcTime(body.device_time),
        }
    }

    /// Findings as they would be stored.
    pub(super) fn in_findings(staff: &Staff, body: &FindingsBody) -> Self {
        Self {
            kind: "findings".to_owned(),
            officer_id: staff.id,
            lon: None,
            lat: None,
            datum: None,
            accuracy_m: None,
            reason: None,
            result: Some(body.result.as_str().to_owned()),
            notes: Some(body.notes.clone()),
            device_time: UtcTime(body.device_time),
        }
    }

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
    queries::may_upload(staff, row)?;
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
