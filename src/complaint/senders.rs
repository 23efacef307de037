//! The abuse list (D8): a blocked sender gets the answer everybody gets, and what they send stays
//! hidden. Somebody named puts a sender on the list, says why, and may take them off again.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    locks,
    petitioners::REPORTER,
    queries::{self, ComplaintRow},
};
use crate::account::{Staff, queries::phone_of, resident_routes::PHONE_KEY};
use crate::app::App;
use crate::district::Abuse;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{complaint, complaint_sender, petitioner, sender_block, sender_block_key, staff},
    },
    http::{Answer, Body, IdempotencyKey, Page, PageQuery, Query, says_something},
    problem::{Code, ItemCode, OnDb, Problem},
    sealed,
};
use crate::record::{self, ComplaintEvent, Event, local};

/// For how long the blind index of a sending address is kept, so that an anonymous sender can
/// still be blocked when the brigade reads what they sent.
const SENDER_KEPT_DAYS: i64 = 30;

/// The phone a resident proved to be theirs by signing in.
#[derive(Debug, Clone)]
pub struct Proven {
    /// Its blind indexes, by present and former keys.
    pub keys: Vec<String>,
    /// The phone, unless its key is lost.
    pub phone: Option<String>,
}

impl Proven {
    /// By a resident.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub fn by(conn: &mut Connection, keys: &Keys, resident: Id) -> Result<Self, Problem> {
        let (phone_key, sealed) = phone_of(conn, resident).or_fault("load resident")?;
        let phone = sealed.and_then(|bytes| {
            let plain = sealed::RESIDENT_PHONE.open(keys, resident.0.as_bytes(), &bytes);
            String::from_utf8(plain.ok()?).ok()
        });
        let indexes = |phone: &String| keys.blind_indexes(PHONE_KEY, phone);
        let mut keys = phone.as_ref().map_or_else(Vec::new, indexes);
        if !keys.contains(&phone_key) {
            keys.push(phone_key);
        }
        Ok(Self { keys, phone })
    }
}

/// Who sends, as the abuse list looks at them. All are told by blind indexes.
#[derive(Debug, Clone)]
pub enum Sender<'a> {
    /// A resident who signed in, by the phone they proved.
    Proven(&'a [String]),
    /// Somebody who proved nothing, by whom they name as themselves and the address they send from.
    Claimed(Vec<&'a String>),
    /// Petitioners whose words the office or another system brought in, each by what is said of
    /// them.
    Brought(Vec<&'a [String]>),
}

/// Whether a sender is on the list.
///
/// Whoever proved a number is hit by a block on just that number, made for something that was sent
/// with the number proved as well. Nobody else's claim to the number, nobody behind the same
/// address and no other name in the report can silence them. Whoever proved nothing is hit by any
/// block on a person they name or on the address they send from. What others brought in is hidden
/// when every petitioner is blocked for what they sent with their number proved: a list of signers
/// is not silenced by one of them, nor a letter by a number somebody typed elsewhere.
///
/// # Errors
/// What the database answers.
pub fn is_blocked(
    conn: &mut Connection,
    sender: &Sender<'_>,
    person_days: i64,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    // Blocks of persons from before they ended by themselves end as if made today.
    let since = UtcTime(now - TimeDelta::days(person_days));
    let live = sender_block_key::table
        .inner_join(sender_block::table)
        .filter(sender_block::lifted_at.is_null())
        .filter(
            sender_block::expires_at
                .gt(UtcTime(now))
                .or(sender_block::expires_at
                    .is_null()
                    .and(sender_block::created_at.gt(since))),
        );
    match sender {
        Sender::Proven(keys) => {
            let own = live
                .filter(sender_block_key::key.eq_any(*keys))
                .filter(sender_block_key::proven.eq(true));
            diesel::select(diesel::dsl::exists(own)).get_result(conn)
        }
        Sender::Claimed(keys) => {
            let named = live.filter(sender_block_key::key.eq_any(keys.iter().copied()));
            diesel::select(diesel::dsl::exists(named)).get_result(conn)
        }
        Sender::Brought(petitioners) => {
            let blocked: HashSet<String> = live
                .filter(sender_block_key::key.eq_any(petitioners.iter().copied().flatten()))
                .filter(sender_block_key::proven.eq(true))
                .select(sender_block_key::key)
                .load(conn)?
                .into_iter()
                .collect();
            let is_hit = |keys: &&[String]| keys.iter().any(|key| blocked.contains(key));
            Ok(!petitioners.is_empty() && petitioners.iter().all(is_hit))
        }
    }
}

/// Keeps the blind index of the address a complaint came from.
///
/// # Errors
/// What the database answers.
pub fn remember(
    conn: &mut Connection,
    complaint: Id,
    key: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(complaint_sender::table)
        .values((
            complaint_sender::complaint_id.eq(complaint),
            complaint_sender::key.eq(key),
            complaint_sender::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// Forgets addresses past their time.
///
/// # Errors
/// What the database answers.
pub fn forget_old(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let until = now - TimeDelta::days(SENDER_KEPT_DAYS);
    let old = complaint_sender::table.filter(complaint_sender::created_at.lt(UtcTime(until)));
    diesel::delete(old).execute(conn)
}

/// Whom to block, and why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockBody {
    /// Number of a complaint by that sender.
    #[validate(length(min = 1, max = 32, message = "is a complaint's number"))]
    #[schema(min_length = 1, max_length = 32)]
    pub number: String,
    /// Why; kept in the record.
    #[validate(
        length(min = 4, max = 500, message = "has 4 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 4, max_length = 500)]
    pub reason: String,
}

/// A block. Whom it hits is told by a complaint of theirs, never by name or address.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockView {
    /// Id, to lift it by.
    pub id: Id,
    /// Number of the complaint it was made for.
    pub number: String,
    /// Why.
    pub reason: String,
    /// User name of who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<FixedOffset>,
    /// When it was lifted.
    pub lifted_at: Option<DateTime<FixedOffset>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<FixedOffset>>,
}

type BlockRow = (
    Id,
    String,
    String,
    String,
    UtcTime,
    Option<UtcTime>,
    Option<UtcTime>,
);

impl BlockView {
    fn of(keys: &Keys, row: BlockRow) -> Self {
        let (id, number, reason, created_by, created_at, lifted_at, expires_at) = row;
        Self {
            id,
            number,
            reason: sealed::BLOCK_REASON.read_text(keys, id.0.as_bytes(), reason),
            created_by,
            created_at: local(created_at),
            lifted_at: lifted_at.map(local),
            expires_at: expires_at.map(local),
        }
    }
}

/// Blocks the sender of a complaint, for as long as the profile says: who reports, and nobody who
/// signed with them. Of somebody who is not known
/// the address is blocked, within thirty days after the complaint came and for some days only:
/// others send from it as well. A block for what came without the phone proved never hits who
/// proves it by signing in, nor what the office or another system takes in. What a blocked sender sends from now on is taken as ever, hidden, and
/// looked at within a working day.
#[utoipa::path(post, path = "/api/v1/sender-blocks", tag = "complaints", operation_id = "block_sender",
    request_body = BlockBody,
    responses((status = 201, body = BlockView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn block_sender(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<BlockBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let abuse = shared.profile.rules.abuse;
            let row = queries::by_number(conn, &value.number)
                .or_fault("load a complaint")?
                .ok_or_else(|| {
                    Problem::invalid("number", ItemCode::Unknown, "is no complaint's number")
                })?;
            let id = insert(conn, &shared.keys, &row, &staff, &value.reason, abuse, now)?;
            let actor = staff.actor();
            let event = Event::of(ComplaintEvent::BlockSender, row.id, &actor)
                .because(&shared.keys, Some(&value.reason))
                .with(json!({ "block": id }));
            record::append(conn, &event, now).or_fault("record")?;
            let view = BlockView::of(&shared.keys, find(conn, id)?);
            Answer::created(format!("/api/v1/sender-blocks/{id}"), &view)
        })
        .await?;
    Ok(answer.into_response())
}

fn insert(
    conn: &mut Connection,
    sealing: &Keys,
    complaint: &ComplaintRow,
    staff: &Staff,
    reason: &str,
    abuse: Abuse,
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let mut keys = reporters_keys(conn, complaint.id).or_fault("load the reporter")?;
    let days = if keys.is_empty() {
        abuse.address_block_days
    } else {
        abuse.person_block_days
    };
    let proven = match complaint.resident_id {
        Some(resident) => Some(phone_of(conn, resident).or_fault("load resident")?.0),
        None => None,
    };
    if keys.is_empty() {
        let address: Option<String> = complaint_sender::table
            .find(complaint.id)
            .select(complaint_sender::key)
            .first(conn)
            .optional()
            .or_fault("load the sender")?;
        keys.extend(address);
    }
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Err(Problem::because(
            Code::GuardFailed,
            "nothing is known of who sent this complaint, or no longer",
        ));
    }
    let id = Id::new();
    let sealed = sealed::BLOCK_REASON.seal_text(sealing, id.0.as_bytes(), reason)?;
    diesel::insert_into(sender_block::table)
        .values((
            sender_block::id.eq(id),
            sender_block::complaint_id.eq(complaint.id),
            sender_block::reason.eq(sealed),
            sender_block::created_by.eq(staff.id),
            sender_block::created_at.eq(UtcTime(now)),
            sender_block::expires_at.eq(UtcTime(now + TimeDelta::days(days))),
        ))
        .execute(conn)
        .or_fault("insert a block")?;
    for key in keys {
        diesel::insert_into(sender_block_key::table)
            .values((
                sender_block_key::proven.eq(proven.as_deref() == Some(key.as_str())),
                sender_block_key::key.eq(key),
                sender_block_key::block_id.eq(id),
            ))
            .execute(conn)
            .or_fault("insert a block's key")?;
    }
    Ok(id)
}

/// The blind indexes of who reports. Those who signed with them, or whom they speak for, sent nothing.
fn reporters_keys(conn: &mut Connection, complaint: Id) -> QueryResult<Vec<String>> {
    let found: Vec<JsonValue> = petitioner::table
        .filter(petitioner::complaint_id.eq(complaint))
        .filter(petitioner::kind.eq(REPORTER))
        .select(petitioner::person_keys)
        .load(conn)?;
    let keys = found
        .into_iter()
        .map(|JsonValue(keys)| serde_json::from_value::<Vec<String>>(keys).unwrap_or_default());
    Ok(keys.flatten().collect())
}

fn find(conn: &mut Connection, id: Id) -> Result<BlockRow, Problem> {
    sender_block::table
        .inner_join(complaint::table)
        .inner_join(staff::table)
        .filter(sender_block::id.eq(id))
        .select((
            sender_block::id,
            complaint::number,
            sender_block::reason,
            staff::username,
            sender_block::created_at,
            sender_block::lifted_at,
            sender_block::expires_at,
        ))
        .first(conn)
        .optional()
        .or_fault("load a block")?
        .ok_or_else(Problem::not_found)
}

/// The blocks, newest first, lifted ones among them.
#[utoipa::path(get, path = "/api/v1/sender-blocks", tag = "complaints", operation_id = "list_sender_blocks",
    params(PageQuery),
    responses((status = 200, body = Page<BlockView>), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_sender_blocks(
    app: web::Data<App>,
    _staff: Staff,
    query: Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, after) = query.0.page::<Id>(&request)?;
    let rows: Vec<BlockRow> = app
        .db
        .read(move |conn| {
            let mut rows = sender_block::table
                .inner_join(complaint::table)
                .inner_join(staff::table)
                .order(sender_block::id.desc())
                .limit(paging.limit + 1)
                .select((
                    sender_block::id,
                    complaint::number,
                    sender_block::reason,
                    staff::username,
                    sender_block::created_at,
                    sender_block::lifted_at,
                    sender_block::expires_at,
                ))
                .into_boxed();
            if let Some(id) = after {
                rows = rows.filter(sender_block::id.lt(id));
            }
            rows.load(conn).or_fault("list blocks")
        })
        .await?;
    let page = paging.of(rows, |row| row.0, |row| BlockView::of(&app.keys, row));
    Ok(page.into_response(&request))
}

/// Why a block ends.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftBody {
    /// Why; kept in the record.
    #[validate(
        length(min = 4, max = 500, message = "has 4 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 4, max_length = 500)]
    pub reason: String,
}

/// Lifts a block. What was hidden meanwhile stays hidden; what comes from now on does not.
#[utoipa::path(post, path = "/api/v1/sender-blocks/{id}/lifting", tag = "complaints", operation_id = "lift_sender_block",
    params(("id" = String, Path)), request_body = LiftBody,
    responses((status = 200, body = BlockView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn lift_sender_block(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    key: IdempotencyKey,
    body: Body<LiftBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let id: uuid::Uuid = path.parse().map_err(|_| Problem::not_found())?;
            let id = Id(id);
            let (_, number, ..) = find(conn, id)?;
            let row = locks::by_number(conn, &number)?;
            let (.., lifted_at, _) = find(conn, id)?;
            if lifted_at.is_some() {
                return Err(Problem::because(Code::Gone, "the block was lifted already"));
            }
            diesel::update(sender_block::table.find(id))
                .set((
                    sender_block::lifted_by.eq(staff.id),
                    sender_block::lifted_at.eq(UtcTime(now)),
                ))
                .execute(conn)
                .or_fault("lift a block")?;
            let actor = staff.actor();
            let event = Event::of(ComplaintEvent::LiftSenderBlock, row.id, &actor)
                .because(&shared.keys, Some(&value.reason))
                .with(json!({ "block": id }));
            record::append(conn, &event, now).or_fault("record")?;
            Answer::ok(&BlockView::of(&shared.keys, find(conn, id)?))
        })
        .await?;
    Ok(answer.into_response())
}
