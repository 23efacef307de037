//! What every register does when it is called.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, Route, web};
use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    Item, Standing, Term,
    standing::{Unchecked, View, sound},
};
use crate::account::Staff;
use crate::app::App;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime},
    http::{Answer, Body, IdempotencyKey, Null, Preconditions, Query, says_something, versioned},
    problem::{Code, OnDb as _, Problem},
};
use crate::privacy::Scope;
use crate::record::{self, Event, Recorded, RegisterEvent, local};

/// Steps of a history shown at most.
const SHOWN_MAX: i64 = 1000;

/// Fields to change: one that is absent stays, null clears it.
type Changes = Unchecked<Map<String, Value>>;

/// What happened to an item of a register.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegisterStep {
    /// What.
    event: RegisterEvent,
    /// User name of who did it.
    by: String,
    /// Why, where somebody said it.
    reason: Option<String>,
    /// When.
    at: DateTime<FixedOffset>,
    /// The fields that were changed.
    fields: Vec<String>,
    /// What stood in them before; fields that are sealed are left out.
    was: BTreeMap<String, Value>,
}

/// What happened to an item of a register, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegisterHistory {
    /// The steps.
    items: Vec<RegisterStep>,
}

/// Why an item is lifted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LiftBody {
    /// Why; kept in the record.
    #[validate(
        length(min = 4, max = 500, message = "has 4 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 4, max_length = 500)]
    reason: String,
}

impl RegisterStep {
    fn of(step: Recorded) -> Option<Self> {
        let mut events = RegisterEvent::ALL.iter();
        let event = *events.find(|event| event.as_str() == step.event)?;
        let mut detail = step.detail.0;
        let mut part = |name: &str| detail.get_mut(name).map(Value::take).unwrap_or_default();
        Some(Self {
            event,
            by: step.actor_name,
            reason: step.reason,
            at: local(step.at),
            fields: serde_json::from_value(part("fields")).unwrap_or_default(),
            was: serde_json::from_value(part("was")).unwrap_or_default(),
        })
    }
}

pub(super) fn to_list<T: Item>() -> Route {
    web::to(list::<T>)
}

pub(super) fn to_get<T: Item>() -> Route {
    web::to(get::<T>)
}

pub(super) fn to_create<T: Item>() -> Route {
    web::to(create::<T>)
}

pub(super) fn to_change<T: Item>() -> Route {
    web::to(change::<T>)
}

pub(super) fn to_lift<T: Item>() -> Route {
    web::to(lift::<T>)
}

pub(super) fn to_history<T: Item>() -> Route {
    web::to(history::<T>)
}

async fn list<T: Item>(
    app: web::Data<App>,
    staff: Staff,
    filters: Query<T::Filters>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    app.profile
        .known_filters(None, T::street(&filters.0))
        .map_err(|(name, why)| Problem::bad_parameter(name, why))?;
    let (paging, after) = T::paging(&filters.0).page::<Id>(&request)?;
    let keys = app.keys.clone();
    let rows = app
        .db
        .read(move |conn| {
            let slice = (after, paging.limit + 1);
            T::page(conn, &keys, &Scope::of(&staff), &filters.0, slice)
        })
        .await?;
    let page = paging.of(rows, |one| one.id, View::of::<T>);
    Ok(page.into_response(&request))
}

/// An item the caller sees, by the id in the path.
fn visible<T: Item>(
    conn: &mut Connection,
    keys: &Keys,
    staff: &Staff,
    id: &str,
) -> Result<Standing<T::Body>, Problem> {
    let id: uuid::Uuid = id.parse().map_err(|_| Problem::not_found())?;
    T::find(conn, keys, &Scope::of(staff), Id(id))?.ok_or_else(Problem::not_found)
}

async fn get<T: Item>(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let keys = app.keys.clone();
    let one = app
        .db
        .read(move |conn| visible::<T>(conn, &keys, &staff, &path))
        .await?;
    versioned(one.version, &View::of::<T>(one))
}

async fn create<T: Item>(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<Unchecked<T::Body>>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let Unchecked(mut body) = value;
            let placed = sound::<T>(&mut body, &shared.profile)?;
            let mut one = Standing::begin(body, placed, now);
            one.of = T::matter(conn, &one.body)?;
            let begun = T::begin(conn, &one, &shared.profile)?;
            one.keys = begun.keys;
            one.term = T::HELD.then(|| Term {
                by: staff.id,
                by_name: staff.username.clone(),
                until: begun.lasts.map(|lasts| UtcTime(now + lasts)),
                lifted: None,
            });
            T::insert(conn, &shared.keys, &one)?;
            let actor = staff.actor();
            let reason = T::reason(&one.body);
            let event = Event::of(RegisterEvent::Add, one.id, &actor).because(&shared.keys, reason);
            note::<T>(conn, &one, RegisterEvent::Add, event, now)?;
            Answer::created(format!("{}/{}", T::PATH, one.id), &View::of::<T>(one))
        })
        .await?;
    Ok(answer.into_response())
}

async fn change<T: Item>(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<Changes>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let before = visible::<T>(conn, &shared.keys, &staff, &path)?;
            conditions.require(before.version)?;
            let mut body: T::Body = changed(&before.body, value)?;
            let placed = sound::<T>(&mut body, &shared.profile)?;
            let Some((event, detail)) = difference::<T>(&before.body, &body)? else {
                return Answer::ok(&View::of::<T>(before));
            };
            let one = before.change(body, placed, now);
            if !T::update(conn, &shared.keys, &one, before.version)? {
                // Somebody else's change was committed since it was read.
                let present = visible::<T>(conn, &shared.keys, &staff, &path)?;
                conditions.require(present.version)?;
                return Err(Problem::unavailable(
                    "an item moved while it was changed",
                    1,
                ));
            }
            let actor = staff.actor();
            let said = Event::of(event, one.id, &actor).with(detail);
            note::<T>(conn, &one, event, said, now)?;
            Answer::ok(&View::of::<T>(one))
        })
        .await?;
    Ok(answer.into_response())
}

async fn lift<T: Item>(
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
            let before = visible::<T>(conn, &shared.keys, &staff, &path)?;
            let (read, is_lifted) = (before.version, before.held()?.lifted.is_some());
            let one = before.lift(staff.id, now);
            if is_lifted || !T::lift(conn, &one, read)? {
                return Err(Problem::because(Code::Gone, "it was lifted already"));
            }
            let actor = staff.actor();
            let said = Event::of(RegisterEvent::Lift, one.id, &actor)
                .because(&shared.keys, Some(&value.reason));
            note::<T>(conn, &one, RegisterEvent::Lift, said, now)?;
            Answer::ok(&View::of::<T>(one))
        })
        .await?;
    Ok(answer.into_response())
}

/// Writes a step into an item's history, and into that of what the item is of.
fn note<T: Item>(
    conn: &mut Connection,
    one: &Standing<T::Body>,
    event: RegisterEvent,
    said: Event<'_>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    if let Some((of, (told, detail))) = one.of.zip(T::told(event, one.id)) {
        let mut told = Event::of(told, of, said.actor).with(detail);
        told.reason = said.reason;
        record::append(conn, &told, now).or_fault("record")?;
    }
    record::append(conn, &said.in_register(T::NAME), now).or_fault("record")
}

/// A body with some of its fields replaced, read as a new one is.
fn changed<B: Serialize + DeserializeOwned>(body: &B, changes: Changes) -> Result<B, Problem> {
    let mut fields = fields_of(body)?;
    fields.extend(changes.0);
    let bytes = serde_json::to_vec(&fields).map_err(unwritable)?;
    let Unchecked(body) = Body::parse(&bytes, Null::IsAbsence)?.value;
    Ok(body)
}

fn fields_of(body: &impl Serialize) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(body).map_err(unwritable)? {
        Value::Object(fields) => Ok(fields),
        other => Err(Problem::fault(format!("a body that is no object: {other}"))),
    }
}

fn unwritable(error: serde_json::Error) -> Problem {
    Problem::fault(format!("cannot write a body: {error}"))
}

/// What a change is, and what the history keeps of it: the fields, and what stood in those that are
/// not sealed. Nothing, when it changes nothing.
fn difference<T: Item>(
    before: &T::Body,
    after: &T::Body,
) -> Result<Option<(RegisterEvent, Value)>, Problem> {
    let (before, after) = (fields_of(before)?, fields_of(after)?);
    let differs = |(field, was): &(String, Value)| after.get(field) != Some(was);
    let was: Vec<_> = before.into_iter().filter(differs).collect();
    if was.is_empty() {
        return Ok(None);
    }
    let fields: Vec<String> = was.iter().map(|(field, _)| field.clone()).collect();
    let is_withdrawn = after.get("withdrawn") == Some(&json!(true));
    let event = if is_withdrawn && fields.iter().any(|field| field == "withdrawn") {
        RegisterEvent::Withdraw
    } else {
        RegisterEvent::Change
    };
    let open = was
        .into_iter()
        .filter(|(field, _)| !T::SEALED.contains(&field.as_str()));
    let was: Map<String, Value> = open.collect();
    Ok(Some((event, json!({ "fields": fields, "was": was }))))
}

async fn history<T: Item>(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let keys = app.keys.clone();
    let steps = app
        .db
        .read(move |conn| {
            let one = visible::<T>(conn, &keys, &staff, &path)?;
            record::history(conn, &keys, one.id, SHOWN_MAX).or_fault("load the history")
        })
        .await?;
    let items = steps.into_iter().filter_map(RegisterStep::of).collect();
    Ok(HttpResponse::Ok().json(RegisterHistory { items }))
}
