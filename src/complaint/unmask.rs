//! Looking behind the mask: who reported, in full, for a purpose and a reason, and never unseen.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{petitioners, reason::says_why, staff_routes::visible};
use crate::account::Staff;
use crate::app::App;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{person_search, unmasking},
    },
    http::{Answer, Body},
    problem::{Code, OnDb, Problem},
    sealed,
};
use crate::privacy::secrecy;
use crate::record::{self, AccountEvent, ComplaintEvent, Event};
use crate::text::mask_phone;

/// Reporters one member of staff may look behind in an hour: more than any case work needs.
const IN_AN_HOUR: i64 = 20;

/// And in a day.
const IN_A_DAY: i64 = 60;

/// From so many in an hour on, each raises an alarm.
const ALARM_AT: i64 = 10;

/// What reporters are looked behind for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnmaskPurpose {
    /// 联系反映人核实情况.
    Contact,
    /// 送达文书、告知办理情况.
    Deliver,
    /// 核对是否同一人.
    Identify,
    /// 保护反映人.
    Protect,
    /// 依法协助调查.
    LegalRequest,
}

impl UnmaskPurpose {
    /// All purposes.
    pub const ALL: [Self; 5] = [
        Self::Contact,
        Self::Deliver,
        Self::Identify,
        Self::Protect,
        Self::LegalRequest,
    ];

    /// The name of a purpose in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Deliver => "deliver",
            Self::Identify => "identify",
            Self::Protect => "protect",
            Self::LegalRequest => "legal_request",
        }
    }

    const fn zh(self) -> &'static str {
        match self {
            Self::Contact => "联系反映人核实情况",
            Self::Deliver => "送达文书、告知办理情况",
            Self::Identify => "核对是否同一人",
            Self::Protect => "保护反映人",
            Self::LegalRequest => "依法协助调查",
        }
    }

    pub(super) fn name_of(code: &str) -> &'static str {
        Self::ALL
            .iter()
            .find(|purpose| purpose.as_str() == code)
            .map_or("", |purpose| purpose.zh())
    }
}

/// Why a reporter must be known.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmaskBody {
    /// What for.
    pub purpose: UnmaskPurpose,
    /// The reason in words: which step of the case needs the person. 「工作需要」 and 「查看一下」 say
    /// nothing. Kept in the record.
    #[validate(
        length(min = 6, max = 500, message = "has 6 to 500 letters"),
        custom(function = "says_why")
    )]
    #[schema(min_length = 6, max_length = 500)]
    pub reason: String,
}

/// A person in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct FullPerson {
    /// `reporter`, `joint_signer`, `represented`.
    pub kind: String,
    /// Name.
    pub name: Option<String>,
    /// Phone; where it could not be read, as it was told.
    pub phone: Option<String>,
    /// Further phones that were left.
    pub more_phones: Vec<String>,
    /// Identity number, all but its ends hidden.
    pub id_number: Option<String>,
    /// Present and true when who they are is sealed under a key that is lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub unreadable: bool,
}

/// Those who signed, in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct FullPeople {
    /// In the petition's order.
    pub reporters: Vec<FullPerson>,
}

/// Shows who reported, in full. Every call is recorded with its purpose and reason, and none is
/// answered from an idempotency key: the answer is never kept. The office reads who looked, and so
/// does the reporter; twenty in an hour or sixty in a day are enough (429). Whoever asks for secrecy
/// (保密) is shown to the named posts of the profile alone (403 that names them).
#[utoipa::path(post, path = "/api/v1/complaints/{number}/reporter/unmask", tag = "complaints", operation_id = "unmask_reporter",
    params(("number" = String, Path)), request_body = UnmaskBody,
    responses((status = 200, body = FullPeople), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn unmask_reporter(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    body: Body<UnmaskBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let (answer, alarm) = app
        .db
        .write(move |conn| {
            let row = visible(conn, &staff, &path)?;
            secrecy::admit(conn, &shared.profile, staff.role, row.id)?;
            let look = Look::begin(conn, &staff, now)?;
            let UnmaskBody { purpose, reason } = &body.value;
            let alarm = look.alarm;
            look.note(conn, &shared.keys, &[row.id], *purpose, reason)?;
            let reporters = petitioners::load(conn, &shared.keys, row.id)?
                .into_iter()
                .map(|signer| FullPerson {
                    phone: signer.person.phone_as_told().map(str::to_owned),
                    more_phones: signer.person.more_phones.clone(),
                    id_number: signer.person.id_number_as_told().map(mask_phone),
                    name: signer.person.name,
                    unreadable: signer.unreadable,
                    kind: signer.kind,
                })
                .collect();
            Ok((Answer::ok(&FullPeople { reporters })?, alarm))
        })
        .await
        .inspect_err(|problem| refused(&app, problem))?;
    looked(&app, alarm);
    Ok(answer.into_response())
}

/// Counts a look that was more than the measure, or at whom the caller may not look.
pub fn refused(app: &App, problem: &Problem) {
    if matches!(problem.code(), Code::TooManyRequests | Code::Forbidden) {
        app.metrics.count("unmaskings_refused");
    }
}

/// Counts a look, and tells the operator of one that is of very many.
pub fn looked(app: &App, alarm: bool) {
    app.metrics.count("unmaskings");
    if alarm {
        app.metrics.count("unmasking_alarms");
        tracing::warn!(
            "a member of staff looks behind many masks; see GET /api/v1/unmaskings?alarm=true"
        );
    }
}

/// When somebody looked since a time, oldest first: behind the mask of a complaint, or for the
/// complaints of a person, which is one look however many there are.
fn looks_since(
    conn: &mut Connection,
    staff: Id,
    since: DateTime<Utc>,
) -> Result<Vec<UtcTime>, Problem> {
    let mut looks: Vec<UtcTime> = unmasking::table
        .filter(unmasking::staff_id.eq(staff))
        .filter(unmasking::at.gt(UtcTime(since)))
        .filter(unmasking::search_id.is_null())
        .order(unmasking::at.asc())
        .limit(IN_A_DAY)
        .select(unmasking::at)
        .load(conn)
        .or_fault("count unmaskings")?;
    let searches: Vec<UtcTime> = person_search::table
        .filter(person_search::staff_id.eq(staff))
        .filter(person_search::at.gt(UtcTime(since)))
        .order(person_search::at.asc())
        .limit(IN_A_DAY)
        .select(person_search::at)
        .load(conn)
        .or_fault("count searches for persons")?;
    looks.extend(searches);
    looks.sort_by_key(|at| at.0);
    Ok(looks)
}

/// Enough is enough: the oldest look that counts says when the next may be.
fn check_measure(hour: &[UtcTime], day: &[UtcTime], now: DateTime<Utc>) -> Result<(), Problem> {
    let full = |looks: &[UtcTime], most: i64, span: TimeDelta| {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let oldest = looks.len().checked_sub(most).and_then(|at| looks.get(at))?;
        Some((oldest.0 + span - now).num_seconds().max(1).unsigned_abs())
    };
    let wait = full(hour, IN_AN_HOUR, TimeDelta::hours(1))
        .into_iter()
        .chain(full(day, IN_A_DAY, TimeDelta::days(1)))
        .max();
    match wait {
        Some(seconds) => Err(Problem::too_many(seconds)),
        None => Ok(()),
    }
}

/// A look behind masks that is within the measure.
pub struct Look<'a> {
    who: &'a Staff,
    now: DateTime<Utc>,
    /// Of a person whose complaints are looked for: the search.
    search: Option<Id>,
    /// Whether it is one of very many in an hour.
    pub alarm: bool,
}

impl<'a> Look<'a> {
    /// At who reported one complaint.
    ///
    /// # Errors
    /// 429 when somebody looked too often, a fault when the database fails.
    pub fn begin(
        conn: &mut Connection,
        who: &'a Staff,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let looks = looks_since(conn, who.id, now - TimeDelta::hours(1))?;
        let today = looks_since(conn, who.id, now - TimeDelta::days(1))?;
        check_measure(&looks, &today, now)?;
        let alarm = i64::try_from(looks.len()).unwrap_or(i64::MAX) + 1 >= ALARM_AT;
        Ok(Self {
            who,
            now,
            search: None,
            alarm,
        })
    }

    /// For the complaints of a person. It counts as one, whether there are any or not.
    ///
    /// # Errors
    /// As [`Look::begin`].
    pub fn search(
        conn: &mut Connection,
        who: &'a Staff,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let look = Self::begin(conn, who, now)?;
        let id = Id::new();
        diesel::insert_into(person_search::table)
            .values((
                person_search::id.eq(id),
                person_search::staff_id.eq(who.id),
                person_search::at.eq(UtcTime(now)),
            ))
            .execute(conn)
            .or_fault("note a search for a person")?;
        Ok(Self {
            search: Some(id),
            ..look
        })
    }

    /// Notes what was looked at, and for what: in the list of looks and in the histories of the
    /// complaints; of a search, in that of the account too, whatever was found.
    ///
    /// # Errors
    /// A fault when the database or the cipher fails.
    pub fn note(
        self,
        conn: &mut Connection,
        keys: &Keys,
        complaints: &[Id],
        purpose: UnmaskPurpose,
        reason: &str,
    ) -> Result<(), Problem> {
        let Self { who, now, .. } = self;
        let actor = who.actor();
        for complaint in complaints {
            let id = Id::new();
            let sealed = sealed::UNMASKING_REASON.seal_text(keys, id.0.as_bytes(), reason)?;
            diesel::insert_into(unmasking::table)
                .values((
                    unmasking::id.eq(id),
                    unmasking::complaint_id.eq(complaint),
                    unmasking::staff_id.eq(who.id),
                    unmasking::role.eq(who.role.as_str()),
                    unmasking::purpose.eq(purpose.as_str()),
                    unmasking::reason.eq(sealed),
                    unmasking::alarm.eq(self.alarm),
                    unmasking::at.eq(UtcTime(now)),
                    unmasking::search_id.eq(self.search),
                ))
                .execute(conn)
                .or_fault("note an unmasking")?;
            let event = Event::of(ComplaintEvent::UnmaskReporter, *complaint, &actor)
                .because(keys, Some(reason))
                .with(json!({ "purpose": purpose.as_str() }));
            record::append(conn, &event, now).or_fault("record")?;
        }
        if self.search.is_some() {
            let event = Event::of(AccountEvent::SearchPerson, who.id, &actor)
                .because(keys, Some(reason))
                .with(json!({ "purpose": purpose.as_str(), "found": complaints.len() }));
            record::append(conn, &event, now).or_fault("record")?;
        }
        if self.alarm {
            let event = Event::of(AccountEvent::UnmaskAlarm, who.id, &actor);
            record::append(conn, &event, now).or_fault("record")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_look_says_when_the_next_may_be() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(10);
        let looks = |count: i64, every: TimeDelta| -> Vec<UtcTime> {
            (0..count)
                .rev()
                .map(|i| UtcTime(now - every * i32::try_from(i).unwrap()))
                .collect()
        };
        let few = looks(IN_AN_HOUR - 1, TimeDelta::minutes(1));
        assert!(check_measure(&few, &few, now).is_ok());
        let many = looks(IN_AN_HOUR, TimeDelta::minutes(1));
        let refused = check_measure(&many, &many, now).unwrap_err();
        assert_eq!(refused.retry_after_s(), Some(41 * 60));
        let day = looks(IN_A_DAY, TimeDelta::minutes(20));
        assert!(check_measure(&[], &day, now).is_err());
    }
}
