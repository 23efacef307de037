//! A lost tracking code, sent again to the phone the complaint was filed with. Whoever asks is
//! answered the same, whatever is found: looking for it is work after the answer, so that neither
//! the answer nor its time tells who complained. The log and the queue hold blind indexes alone.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    own::{Asked, filed_with},
    petitioners::phone_of_filer,
    queries::ComplaintRow,
    senders::Proven,
};
use crate::account::{
    caller::Address,
    queries::residents_by_phone,
    resident_routes::{PHONE_KEY, mobile},
};
use crate::app::App;
use crate::district::{
    NoticeChannel, NoticeEvent, Profile,
    calendar::{date_of, shanghai},
};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::code_recovery},
    gateway::{Message, NoGateway},
    http::Body,
    jobs::{self, Job},
    limit::Limited,
    problem::{ItemCode, OnDb, Problem},
};

/// Letters a number has at most.
const NUMBER_LETTERS: usize = 32;

/// The answer to everybody.
const ANSWER: &str = "如该手机号曾用于反映问题，查询码将以短信发送至该手机。";

/// Times a day a phone is sent its codes, however many servers are asked.
const OF_A_PHONE_PER_DAY: i64 = 3;

/// Complaints filed with a phone that are looked at for those whose codes are sent.
const LOOKED_AT: i64 = 100;

/// Days for which it is kept that codes were sent.
const KEPT_DAYS: i64 = 30;

/// A phone whose tracking codes are lost.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryRequest {
    /// The mobile number of mainland China that was left when filing, in any spelling.
    #[validate(length(min = 1, max = 64, message = "has 1 to 64 letters"))]
    #[schema(min_length = 1, max_length = 64)]
    pub phone: String,
    /// Number of the complaint, where it is known: its code alone is sent.
    #[validate(length(max = 32, message = "has 32 letters at most"))]
    #[schema(max_length = 32)]
    pub number: Option<String>,
    /// The day it was filed, in Asia/Shanghai, where it is known: codes of that day alone are sent.
    #[serde(default, deserialize_with = "crate::platform::http::dates::maybe_day")]
    pub filed_on: Option<NaiveDate>,
}

impl std::fmt::Debug for RecoveryRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryRequest(***)")
    }
}

/// The answer to whoever lost a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryAccepted {
    /// What to tell them, in Chinese; the same whatever was found.
    pub words: &'static str,
}

/// Sends lost tracking codes again, by text message, to the phone the complaints were filed with: the
/// latest few, or those of a number or a day. Always 202 with the same words, whether anything was
/// found or not. Limited by phone, by address and in all (429). 503 `no_text_messages` where no text
/// messages are sent.
#[utoipa::path(post, path = "/api/v1/tracking-code/recovery", tag = "tracking", operation_id = "recover_code",
    request_body = RecoveryRequest,
    responses((status = 202, body = RecoveryAccepted), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn recover_code(
    app: web::Data<App>,
    address: Address,
    body: Body<RecoveryRequest>,
) -> Result<HttpResponse, Problem> {
    if !app.gateway.is_there() {
        return Err(NoGateway::refusal());
    }
    let asked = body.value;
    let phone = mobile(&asked.phone)?;
    let number = asked.number.as_deref().map(str::trim);
    if number.is_some_and(|number| !is_number(number)) {
        let message = "is a complaint's number, such as GL20261124-0007";
        return Err(Problem::invalid("number", ItemCode::Unknown, message));
    }
    let phone_keys = app.keys.blind_indexes(PHONE_KEY, &phone);
    let phone_key = app.keys.blind_index(PHONE_KEY, &phone);
    app.limits.take(Limited::Recovery, &address.0)?;
    app.limits.take(Limited::RecoveryPhone, &phone_key)?;
    app.limits.take(Limited::RecoveryInAll, "all")?;
    let work = SendCodes {
        recovery: Id::new(),
        phone_keys,
        number: number.map(str::to_owned),
        filed_on: asked.filed_on,
    };
    let now = app.now();
    app.db
        .write(move |conn| {
            jobs::enqueue(conn, &work, now, now).or_fault("queue what was asked for")
        })
        .await?;
    Ok(HttpResponse::Accepted().json(RecoveryAccepted { words: ANSWER }))
}

/// Whether a text can be a complaint's number: what is queued holds no words of anybody's.
fn is_number(text: &str) -> bool {
    let Some((day, serial)) = text.split_once('-') else {
        return false;
    };
    let opens = day.chars().any(|c| c.is_ascii_uppercase());
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let counts = !serial.is_empty() && serial.bytes().all(|b| b.is_ascii_digit());
    text.len() <= NUMBER_LETTERS && opens && day.chars().all(is_plain) && counts
}

/// Texts the phone that was asked for, where something was filed with it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendCodes {
    /// Its own id: what was sent under it is not sent again.
    recovery: Id,
    /// The phone's blind indexes.
    phone_keys: Vec<String>,
    /// The one complaint that was asked for.
    number: Option<String>,
    /// The one day that was asked for.
    filed_on: Option<NaiveDate>,
}

impl Job for SendCodes {
    type App = App;
    const NAME: &'static str = "send_tracking_codes";

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        if !app.gateway.is_there() {
            return Ok(());
        }
        let shared = app.clone();
        let phone_key = self.phone_keys.first().cloned().unwrap_or_default();
        let recovery = self.recovery;
        let found = app
            .db
            .read(move |conn| self.message(conn, &shared.profile, &shared.keys, now))
            .await?;
        let Some((phone, text)) = found else {
            return Ok(());
        };
        let message = Message {
            id: recovery.0,
            channel: NoticeChannel::Sms.as_str(),
            event: NoticeEvent::CodeResent.as_str(),
            to: phone,
            text,
        };
        app.gateway.send(&message, now).await?;
        app.db
            .write(move |conn| {
                keep_sent(conn, recovery, &phone_key, now).or_fault("keep that codes were sent")
            })
            .await
    }
}

impl SendCodes {
    /// The phone to text to, and what.
    fn message(
        &self,
        conn: &mut Connection,
        profile: &Profile,
        keys: &Keys,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, String)>, Problem> {
        if was_sent(conn, self.recovery, &self.phone_keys, now).or_fault("look what was sent")? {
            return Ok(None);
        }
        let asked = Asked {
            number: self.number.as_deref(),
            received: self.filed_on.and_then(day_of),
            before: None,
            most: LOOKED_AT,
        };
        let filed = filed_with(conn, &self.phone_keys, asked).or_fault("look what was filed")?;
        // Whoever signed in by another phone filed it, whatever number they left.
        let theirs = residents_by_phone(conn, &self.phone_keys).or_fault("load residents")?;
        let most = usize::try_from(profile.rules.privacy.recovered_codes).unwrap_or_default();
        let own = |row: &ComplaintRow| row.resident_id.is_none_or(|by| theirs.contains(&by));
        let filed: Vec<ComplaintRow> = filed.into_iter().filter(own).take(most).collect();
        let Some(latest) = filed.first() else {
            return Ok(None);
        };
        let phone = self.phone_of(conn, keys, latest)?;
        Ok(phone.map(|phone| (phone, words(&filed))))
    }

    fn phone_of(
        &self,
        conn: &mut Connection,
        keys: &Keys,
        row: &ComplaintRow,
    ) -> Result<Option<String>, Problem> {
        let left = phone_of_filer(conn, keys, row.id, &self.phone_keys)?;
        match (left, row.resident_id) {
            (None, Some(resident)) => Ok(Proven::by(conn, keys, resident)?.phone),
            (left, _) => Ok(left),
        }
    }
}

/// The instants a day of the district begins and ends at.
fn day_of(day: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let begin = day.and_time(NaiveTime::MIN).and_local_timezone(shanghai());
    let begin = begin.single()?.to_utc();
    Some((begin, begin.checked_add_signed(TimeDelta::days(1))?))
}

/// The message: codes and numbers, and nothing of any matter, for phones are read by others.
fn words(filed: &[ComplaintRow]) -> String {
    let each = filed.iter().map(|row| {
        let day = date_of(row.received_at.0).format("%-m月%-d日");
        format!("{day} {} 查询码 {}", row.number, row.tracking_code)
    });
    let each = each.collect::<Vec<String>>().join("；");
    format!("【登闻】{each}。请勿告诉他人；非本人操作请忽略。")
}

/// Whether these were sent, or the phone got as many as it may in a day.
fn was_sent(
    conn: &mut Connection,
    id: Id,
    phone_keys: &[String],
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let sent: Option<Id> = code_recovery::table
        .find(id)
        .select(code_recovery::id)
        .first(conn)
        .optional()?;
    let lately: i64 = code_recovery::table
        .filter(code_recovery::phone_key.eq_any(phone_keys))
        .filter(code_recovery::sent_at.gt(UtcTime(now - TimeDelta::days(1))))
        .count()
        .get_result(conn)?;
    Ok(sent.is_some() || lately >= OF_A_PHONE_PER_DAY)
}

/// Keeps that codes were sent, and forgets what was sent long ago.
fn keep_sent(
    conn: &mut Connection,
    id: Id,
    phone_key: &str,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let old = code_recovery::sent_at.lt(UtcTime(now - TimeDelta::days(KEPT_DAYS)));
    diesel::delete(code_recovery::table.filter(old)).execute(conn)?;
    let row = (
        code_recovery::id.eq(id),
        code_recovery::phone_key.eq(phone_key),
        code_recovery::sent_at.eq(UtcTime(now)),
    );
    crate::on_each!(conn, |c| diesel::insert_into(code_recovery::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_no_words_in_it() {
        assert!(is_number("GL20261124-0007"));
        for other in [
            "",
            "-",
            "GL-",
            "20261124-0007",
            "GL2026 1124-7",
            "林-7",
            "GL-7x",
        ] {
            assert!(!is_number(other), "{other}");
        }
        assert!(!is_number(&format!("GL{}-1", "1".repeat(40))));
    }

    #[test]
    fn a_day_is_the_districts() {
        let (from, until) = day_of("2026-11-24".parse().unwrap()).unwrap();
        assert_eq!(from.to_rfc3339(), "2026-11-23T16:00:00+00:00");
        assert_eq!(until.to_rfc3339(), "2026-11-24T16:00:00+00:00");
    }
}
