//! Sessions: a short access token and a refresh token that changes at every use.
//!
//! A refresh token works once. One that comes a second time was stolen or is a replay, so the
//! whole session ends (reuse detection). But an answer may get lost on its way to a phone: the
//! token just exchanged brings new tokens once more within [`LOST_ANSWER`], as long as those it
//! brought first were not exchanged. Those it brought first are void from then on, access token
//! and all: whoever shows one shows that two hold the session, and it ends.

pub mod queries;
pub mod routes;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use queries::{NewSession, SessionRow};

use super::queries as accounts;
use crate::platform::{
    crypto::{ACCESS_TOKEN_LIFE, Keys, Subject, hash_token, new_opaque_token},
    db::{Connection, Id},
    problem::{Code, OnDb, Problem},
};

/// How long a refresh token may lie unused.
pub const REFRESH_LIFE: TimeDelta = TimeDelta::days(14);

/// How long after its exchange a refresh token may come again from a lost answer.
pub const LOST_ANSWER: TimeDelta = TimeDelta::seconds(30);

/// The tokens of a session.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer`; valid for `expires_in` seconds.
    pub access_token: String,
    /// For one call of `/sessions/refresh`, within 14 days.
    pub refresh_token: String,
    /// Seconds the access token is valid.
    pub expires_in: i64,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// At a member of staff's sign-in: keep it on the device and send it with the user name's next
    /// sign-in. A known device is not barred by others' wrong passwords.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_token: Option<String>,
}

/// Opens a session for an account on a device.
pub(super) fn open(
    conn: &mut Connection,
    keys: &Keys,
    kind: Subject,
    subject: Id,
    device: String,
    now: DateTime<Utc>,
) -> Result<Tokens, Problem> {
    let first = NewSession {
        subject_kind: name_of(kind),
        subject_id: subject,
        family_id: Id::new(),
        parent_id: None,
        device,
        opened_at: now,
    };
    issue(conn, keys, kind, &first, now)
}

fn name_of(kind: Subject) -> &'static str {
    match kind {
        Subject::Staff => "staff",
        Subject::Resident => "resident",
    }
}

/// What became of a refresh token. A reused one must end its session, so it is no error inside
/// the transaction, which would undo just that.
pub(super) enum Refreshed {
    Tokens(Tokens),
    Refused,
    Disabled,
}

/// What a refresh token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It was not used yet.
    First,
    /// It comes again from a lost answer: what it brought first is void.
    Again,
    /// Somebody else holds the session too.
    Replay,
    /// It is past its time.
    Late,
}

/// Decides on a refresh token. `branched`: tokens it brought were exchanged themselves.
fn use_of(row: &SessionRow, branched: bool, now: DateTime<Utc>) -> Use {
    match row.used_at {
        _ if row.revoked_at.is_some() => Use::Replay,
        _ if row.expires_at.0 <= now => Use::Late,
        None => Use::First,
        Some(used) if now - used.0 <= LOST_ANSWER && !branched => Use::Again,
        Some(_) => Use::Replay,
    }
}

/// Exchanges a refresh token for new tokens of the same session.
pub(super) fn refresh(
    conn: &mut Connection,
    keys: &Keys,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Refreshed, Problem> {
    let found = queries::take_by_hash(conn, &hash_token(token)).or_fault("load session")?;
    let Some(row) = found else {
        return Ok(Refreshed::Refused);
    };
    let kind = if row.subject_kind == "staff" {
        Subject::Staff
    } else {
        Subject::Resident
    };
    if kind == Subject::Staff {
        let staff = accounts::staff_by_id(conn, row.subject_id).or_fault("load staff")?;
        if staff.is_none_or(|s| s.disabled) {
            return Ok(Refreshed::Disabled);
        }
    }
    let branched = queries::has_used_child(conn, row.id).or_fault("look for a branch")?;
    match use_of(&row, branched, now) {
        Use::First => {
            queries::mark_used(conn, row.id, now).or_fault("use session")?;
        }
        Use::Again => {
            queries::void_children(conn, row.id, now).or_fault("void a lost answer")?;
        }
        Use::Late => return Ok(Refreshed::Refused),
        Use::Replay => {
            if queries::revoke(conn, row.family_id, now).or_fault("revoke session")? > 0 {
                tracing::warn!(session = %row.family_id, "a refresh token came twice; its session was ended");
            }
            return Ok(Refreshed::Refused);
        }
    }
    let next = NewSession {
        subject_kind: name_of(kind),
        subject_id: row.subject_id,
        family_id: row.family_id,
        parent_id: Some(row.id),
        device: row.device,
        opened_at: row.opened_at.0,
    };
    issue(conn, keys, kind, &next, now).map(Refreshed::Tokens)
}

impl Refreshed {
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused)
    }

    pub(super) fn into_result(self) -> Result<Tokens, Problem> {
        match self {
            Self::Tokens(tokens) => Ok(tokens),
            Self::Disabled => Err(Problem::because(
                Code::AccountDisabled,
                "keep what you captured and ask your office; nothing was changed",
            )),
            Self::Refused => Err(Problem::because(
                Code::BadCredentials,
                "the refresh token is not valid any more; sign in again",
            )),
        }
    }
}

fn issue(
    conn: &mut Connection,
    keys: &Keys,
    kind: Subject,
    new: &NewSession,
    now: DateTime<Utc>,
) -> Result<Tokens, Problem> {
    let (refresh_token, hash) = new_opaque_token();
    let row =
        queries::insert(conn, new, &hash, now + REFRESH_LIFE, now).or_fault("insert session")?;
    Ok(Tokens {
        access_token: keys.access_token(new.subject_id.0, kind, new.family_id.0, row.0, now)?,
        refresh_token,
        expires_in: ACCESS_TOKEN_LIFE.num_seconds(),
        token_type: "Bearer",
        device_token: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::UtcTime;

    #[test]
    fn a_token_is_used_once_and_once_more_from_a_lost_answer() {
        let now = Utc::now();
        let fresh = SessionRow {
            id: Id::new(),
            subject_kind: "staff".to_owned(),
            subject_id: Id::new(),
            family_id: Id::new(),
            refresh_hash: Vec::new(),
            created_at: UtcTime(now),
            expires_at: UtcTime(now + REFRESH_LIFE),
            used_at: None,
            revoked_at: None,
            parent_id: None,
            device: String::new(),
            opened_at: UtcTime(now),
        };
        let used = SessionRow {
            used_at: Some(UtcTime(now)),
            ..fresh.clone()
        };
        let voided = SessionRow {
            revoked_at: Some(UtcTime(now)),
            ..fresh.clone()
        };
        let soon = now + LOST_ANSWER;
        assert_eq!(use_of(&fresh, false, now), Use::First);
        assert_eq!(use_of(&fresh, false, now + REFRESH_LIFE), Use::Late);
        assert_eq!(use_of(&used, false, soon), Use::Again);
        assert_eq!(use_of(&used, true, soon), Use::Replay);
        let late = soon + TimeDelta::microseconds(1);
        assert_eq!(use_of(&used, false, late), Use::Replay);
        assert_eq!(use_of(&voided, false, now), Use::Replay);
    }
}
