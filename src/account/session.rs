//! Sessions: a short access token and a refresh token that changes at every use.
//!
//! A refresh token works once. One that comes a second time was stolen or is a replay, so the
//! whole session ends (reuse detection). But an answer may get lost on its way to a phone: the
//! token just exchanged brings new tokens once more within [`LOST_ANSWER`], as long as those it
//! brought first were not exchanged, which shows that they never arrived.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::queries::{self, NewSession};
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
}

/// Opens a session for an account.
pub(super) fn open(
    conn: &mut Connection,
    keys: &Keys,
    kind: Subject,
    subject: Id,
    now: DateTime<Utc>,
) -> Result<Tokens, Problem> {
    issue(conn, keys, kind, subject, Id::new(), now)
}

/// What became of a refresh token. A reused one must end its session, so it is no error inside
/// the transaction, which would undo just that.
pub(super) enum Refreshed {
    Tokens(Tokens),
    Refused,
    Disabled,
}

/// Exchanges a refresh token for new tokens of the same session.
pub(super) fn refresh(
    conn: &mut Connection,
    keys: &Keys,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Refreshed, Problem> {
    let found = queries::session_by_hash(conn, &hash_token(token)).or_fault("load session")?;
    let Some(row) = found else {
        return Ok(Refreshed::Refused);
    };
    let kind = if row.subject_kind == "staff" {
        Subject::Staff
    } else {
        Subject::Resident
    };
    if kind == Subject::Staff {
        let staff = queries::staff_by_id(conn, row.subject_id).or_fault("load staff")?;
        if staff.is_none_or(|s| s.disabled) {
            return Ok(Refreshed::Disabled);
        }
    }
    if row.revoked_at.is_some() || row.expires_at.0 <= now {
        return Ok(Refreshed::Refused);
    }
    let first_use = queries::use_session(conn, row.id, now).or_fault("use session")? == 1;
    if !first_use && !is_lost_answer(conn, &row, now).or_fault("look for a lost answer")? {
        tracing::warn!(session = %row.family_id, "a refresh token came twice; its session was ended");
        queries::revoke_family(conn, row.family_id, now).or_fault("revoke session")?;
        return Ok(Refreshed::Refused);
    }
    issue(conn, keys, kind, row.subject_id, row.family_id, now).map(Refreshed::Tokens)
}

/// Whether a token that was exchanged comes again because the answer was lost.
fn is_lost_answer(
    conn: &mut Connection,
    row: &queries::SessionRow,
    now: DateTime<Utc>,
) -> diesel::QueryResult<bool> {
    match row.used_at {
        Some(used) if now - used.0 <= LOST_ANSWER => {
            queries::was_refreshed_since(conn, row, used).map(|refreshed| !refreshed)
        }
        // Two at the same moment: the other one was first.
        None => Ok(true),
        Some(_) => Ok(false),
    }
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
    subject: Id,
    family: Id,
    now: DateTime<Utc>,
) -> Result<Tokens, Problem> {
    let (refresh_token, refresh_hash) = new_opaque_token();
    let new = NewSession {
        subject_kind: match kind {
            Subject::Staff => "staff",
            Subject::Resident => "resident",
        },
        subject_id: subject,
        family_id: family,
        refresh_hash,
        expires_at: now + REFRESH_LIFE,
    };
    queries::insert_session(conn, new, now).or_fault("insert session")?;
    Ok(Tokens {
        access_token: keys.access_token(subject.0, kind, family.0, now)?,
        refresh_token,
        expires_in: ACCESS_TOKEN_LIFE.num_seconds(),
        token_type: "Bearer",
    })
}
