//! Idempotency keys: a phone may retry blindly.
//!
//! The key's row is written in the same transaction as the effect, so there is no moment in which
//! one exists without the other. The same key and body get the first answer again; the same key
//! with another body is a 409; of two at once one waits for the other and repeats its answer.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Answer;
use crate::on_each;
use crate::platform::db::{Connection, Database, JsonValue, UtcTime, schema::idempotency};
use crate::platform::{
    crypto::Keys,
    problem::{Code, OnDb, Problem},
    sealed,
};

/// Letters an `Idempotency-Key` may have.
pub const MAX_KEY_LETTERS: usize = 128;

/// How long an answer is repeated.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// Who sends, put into the request by the sign-in guard; keys of different callers never meet.
#[derive(Debug, Clone)]
pub struct CallerScope(pub String);

/// The request's idempotency key, scoped to its caller, method and path.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    key: Option<String>,
    scope: String,
    keys: Keys,
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(keys) = request.app_data::<web::Data<Keys>>() else {
            return ready(Err(Problem::fault("no keys to seal answers with")));
        };
        let keys = keys.as_ref().clone();
        let caller = request
            .extensions()
            .get::<CallerScope>()
            .map_or_else(|| "public".to_owned(), |scope| scope.0.clone());
        let scope = format!("{caller} {} {}", request.method(), request.path());
        let key = match request.headers().get("idempotency-key") {
            None => None,
            Some(value) => match value.to_str().map(str::trim) {
                Ok(key) if (1..=MAX_KEY_LETTERS).contains(&key.len()) => Some(key.to_owned()),
                _ => {
                    return ready(Err(Problem::because(
                        Code::MalformedRequest,
                        format!(
                            "Idempotency-Key is 1 to {MAX_KEY_LETTERS} visible ASCII letters; a UUID is good"
                        ),
                    )));
                }
            },
        };
        ready(Ok(Self { key, scope, keys }))
    }
}

impl IdempotencyKey {
    /// Whether the client sent a key.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.key.is_some()
    }

    /// The answer kept for this key, so that a retry need not do costly work before its write.
    ///
    /// # Errors
    /// 409 when the key was used with another body.
    pub async fn kept_answer(
        &self,
        db: &Database,
        fingerprint: [u8; 32],
    ) -> Result<Option<Answer>, Problem> {
        let Some(key) = self.key.clone() else {
            return Ok(None);
        };
        let (scope, keys) = (self.scope.clone(), self.keys.clone());
        db.read(move |conn| kept(conn, &keys, &scope, &key, &fingerprint))
            .await
    }

    /// Runs `effect` once in a write transaction and answers its result, or repeats the answer
    /// of an earlier run. `now` is the time of the request.
    ///
    /// # Errors
    /// 409 when the key was used with another body; what `effect` answers. A refused effect
    /// leaves the key free, so that the client may mend the request and use it again.
    pub async fn write_once<F>(
        self,
        db: &Database,
        fingerprint: [u8; 32],
        now: DateTime<Utc>,
        effect: F,
    ) -> Result<Answer, Problem>
    where
        F: FnOnce(&mut Connection) -> Result<Answer, Problem> + Send + 'static,
    {
        let Self { key, scope, keys } = self;
        db.write(move |conn| {
            let Some(key) = key else { return effect(conn) };
            if !reserve(conn, &scope, &key, &fingerprint, now)
                .or_fault("reserve idempotency key")?
            {
                return kept(conn, &keys, &scope, &key, &fingerprint)?.ok_or_else(|| {
                    Problem::unavailable("an idempotency key without an answer", 1)
                });
            }
            let answer = effect(conn)?;
            keep(conn, &keys, (&scope, &key), &answer)?;
            Ok(answer)
        })
        .await
    }
}

/// A fingerprint of several parts, for bodies that are not one JSON text.
#[must_use]
pub fn fingerprint_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Forgets keys older than [`KEPT`]. Run by a job.
///
/// # Errors
/// What the database answers.
pub fn forget_old(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(idempotency::table.filter(idempotency::created_at.lt(UtcTime(now - KEPT))))
        .execute(conn)
}

fn reserve(
    conn: &mut Connection,
    scope: &str,
    key: &str,
    fingerprint: &[u8; 32],
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let row = (
        idempotency::scope.eq(scope),
        idempotency::key.eq(key),
        idempotency::fingerprint.eq(fingerprint.as_slice()),
        idempotency::created_at.eq(UtcTime(now)),
    );
    let inserted = on_each!(conn, |c| diesel::insert_into(idempotency::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

fn kept(
    conn: &mut Connection,
    keys: &Keys,
    scope: &str,
    key: &str,
    fingerprint: &[u8; 32],
) -> Result<Option<Answer>, Problem> {
    type Row = (Vec<u8>, Option<i32>, Option<String>, Option<JsonValue>);
    let row: Option<Row> = idempotency::table
        .find((scope, key))
        .select((
            idempotency::fingerprint,
            idempotency::status,
            idempotency::location,
            idempotency::body,
        ))
        .first(conn)
        .optional()
        .or_fault("load idempotency key")?;
    let Some((first, status, location, body)) = row else {
        return Ok(None);
    };
    if first != fingerprint {
        return Err(Problem::because(
            Code::IdempotencyConflict,
            "this Idempotency-Key was sent before with another body; use a new key for a new request",
        ));
    }
    let status = status.and_then(|s| u16::try_from(s).ok());
    let body = body.map(|b| opened(keys, scope, key, b.0)).transpose()?;
    Ok(status.map(|status| Answer {
        status,
        location,
        body,
    }))
}

/// A kept answer, opened; one from before answers were sealed is as it stands.
fn opened(keys: &Keys, scope: &str, key: &str, stored: Value) -> Result<Value, Problem> {
    let Value::String(text) = stored else {
        return Ok(stored);
    };
    let plain = sealed::ANSWER
        .open_text(keys, &sealed::answer_id(scope, key), text)
        .ok_or_else(|| {
            Problem::because(
                Code::IdempotencyConflict,
                "what was answered under this Idempotency-Key cannot be read any more; look whether it was done, and use a new key",
            )
        })?;
    serde_json::from_str(&plain).map_err(|e| Problem::fault(format!("a kept answer: {e}")))
}

/// Keeps an answer, sealed: tracking codes and words of reporters stand in it.
fn keep(
    conn: &mut Connection,
    keys: &Keys,
    (scope, key): (&str, &str),
    answer: &Answer,
) -> Result<(), Problem> {
    let seal = |body: &Value| {
        sealed::ANSWER.seal_text(keys, &sealed::answer_id(scope, key), &body.to_string())
    };
    let body = answer.body.as_ref().map(seal).transpose()?;
    diesel::update(idempotency::table.find((scope, key)))
        .set((
            idempotency::status.eq(i32::from(answer.status)),
            idempotency::location.eq(&answer.location),
            idempotency::body.eq(body.map(|text| JsonValue(Value::String(text)))),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("keep the answer")
}
