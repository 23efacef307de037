//! Correcting what a complaint was filed as: its category, place, object, address, demand.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    claims,
    corrections::{self, CORRECT},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    amendment,
    body::{Border, LocationBody, check_demand, check_location},
    locks,
    place::{self, Placed},
    queries::{self, ComplaintRow, RankRow},
    rank, recount,
    rejudge::{self, Cause},
    views::ComplaintSummary,
};
use crate::geo::RawPosition;
use crate::ledger::queries as ledger;
use crate::matching;
use crate::platform::{
    crypto::Keys,
    db::Connection,
    http::{Answer, Body, IdempotencyKey, Preconditions, says_something},
    problem::{Item, ItemCode, OnDb, Problem},
};
use crate::privacy;
use crate::record::{self, EntryState, Event, machine::Trait};
use crate::text::KnownPerson;
use crate::verification::relocation;

/// A field of a patch that may be absent (leave it), null (clear it) or a value (D42).
type Patch<T = String> = Option<Option<T>>;

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Patch<T>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// What to correct. A field that is absent stays as it is; null clears it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionBody {
    /// Category code; cannot be cleared.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, max_length = 64)]
    pub category: Patch,
    /// Where it is (D46); street, grid, open visits and what it may be a duplicate of follow from it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<LocationBody>)]
    pub location: Patch<LocationBody>,
    /// The shop, site or company complained of.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100)]
    pub premises: Patch,
    /// Address in words.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub address: Patch,
    /// Registered id of the object.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub object_id: Patch,
    /// What the reporter wants.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub demand: Patch,
    /// Why; kept in the record.
    #[validate(
        length(min = 2, max = 500, message = "has 2 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 2, max_length = 500)]
    pub reason: String,
}

impl CorrectionBody {
    /// Checks the fields; answers the position, where one was given.
    fn check(&self, app: &App) -> Result<Option<RawPosition>, Problem> {
        let mut items = Vec::new();
        let position = self
            .location
            .flatten()
            .and_then(|l| check_location(l, &app.profile, Border::Open, &mut items));
        let limits = app.profile.rules.limits;
        match &self.category {
            Some(None) => items.push(Item::new(
                "category",
                ItemCode::Required,
                "cannot be cleared",
            )),
            Some(Some(code)) if app.profile.open_category(code).is_none() => {
                let message = "is not a category of this district; see GET /api/v1/district";
                items.push(Item::new("category", ItemCode::UnknownCategory, message));
            }
            _ => {}
        }
        let lengths = [
            ("premises", &self.premises, limits.premises_letters),
            ("address", &self.address, limits.address_letters),
            ("object_id", &self.object_id, 64),
            ("demand", &self.demand, 64),
        ];
        for (field, value, most) in lengths {
            let Some(Some(text)) = value else { continue };
            if text.trim().is_empty() {
                items.push(Item::new(
                    field,
                    ItemCode::Empty,
                    "is a text, or null to clear it",
                ));
            } else if text.chars().count() > most {
                let message = format!("has {most} letters at most");
                items.push(Item::new(field, ItemCode::TooLong, message));
            }
        }
        if let Some(Some(code)) = &self.demand {
            check_demand(&app.profile, Some(code.trim()), &mut items);
        }
        if items.is_empty() {
            Ok(position)
        } else {
            Err(Problem::invalid_items(items))
        }
    }

    /// The fields that were given, for the record; no words of the reporter's.
    fn fields(&self) -> Vec<&'static str> {
        [
            ("category", &self.category),
            ("premises", &self.premises),
            ("address", &self.address),
            ("object_id", &self.object_id),
            ("demand", &self.demand),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|_| name))
        .chain(self.location.as_ref().map(|_| "location"))
        .collect()
    }

    /// What the given fields hold before the correction.
    fn before(
        &self,
        conn: &mut Connection,
        keys: &Keys,
        row: &ComplaintRow,
    ) -> Result<Value, Problem> {
        let text = queries::text_of(conn, row.id).or_fault("load the text")?;
        let text = text.opened(keys, row.id);
        let place = queries::place_of(conn, row.id).or_fault("load the place")?;
        let fields = self.fields().into_iter().map(|field| {
            let value = match field {
                "category" => json!(row.category),
                "premises" => json!(text.premises),
                "address" => json!(text.address),
                "object_id" => json!(text.object_id),
                "demand" => json!(row.demand),
                _ => place::as_sent(&place),
            };
            (field.to_owned(), value)
        });
        Ok(Value::Object(fields.collect()))
    }
}

/// A corrected complaint.
#[derive(Debug, Serialize, ToSchema)]
pub struct Corrected {
    /// What lists show, after the correction.
    #[serde(flatten)]
    pub summary: ComplaintSummary,
    /// The new version, also the `ETag` to send next.
    pub version: i32,
}

/// Corrects a complaint. The values replaced are kept (D45), see `GET …/corrections`. Another category brings its own risk, so the place in the queue is made
/// anew, a claim on it ends (D33), and what it may be a duplicate of is judged again; the answer
/// to that question stays a named person's. Clocks go by channel and procedure and stay.
#[utoipa::path(patch, path = "/api/v1/complaints/{number}", tag = "triage", operation_id = "correct_complaint",
    params(("number" = String, Path), ("If-Match" = String, Header, description = "ETag read")), request_body = CorrectionBody,
    responses((status = 200, body = Corrected), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn correct_complaint(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<CorrectionBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_number(conn, &path)?;
            conditions.require(row.version)?;
            claims::require_not_held_by_other(conn, row.id, staff.id, now)?;
            let position = value.check(&shared)?;
            if row.state.is(Trait::Ended) {
                return Err(Problem::wrong_state(row.state.as_str(), "correct"));
            }
            let row = correct(conn, &shared, &staff, &row, &value, position, now)?;
            Answer::ok(&Corrected {
                version: row.version,
                summary: ComplaintSummary::of(&shared.profile, &row),
            })
        })
        .await?;
    Ok(answer.into_response())
}

fn correct(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    body: &CorrectionBody,
    position: Option<RawPosition>,
    now: DateTime<Utc>,
) -> Result<ComplaintRow, Problem> {
    let before = corrections::seal(&app.keys, row.id, &body.before(conn, &app.keys, row)?)?;
    let mut known = privacy::known_of(conn, &app.keys, &[row.id])?;
    known.add(&KnownPerson {
        address: body.address.clone().flatten(),
        ..KnownPerson::default()
    });
    let masked = |address: &Option<String>| address.as_deref().map(|a| known.mask(a).text);
    let words = amendment::Words {
        premises: body.premises.as_ref(),
        address: body.address.as_ref().map(|a| (a, masked(a))),
        object_id: body.object_id.as_ref(),
    };
    amendment::set_words(conn, &app.keys, row.id, words)?;
    if let Some(demand) = &body.demand {
        amendment::set_demand(conn, row.id, demand.as_deref()).or_fault("correct the demand")?;
    }
    if body.location.is_some() {
        change_place(conn, app, staff, row, position, now)?;
    }
    let mut detail = Map::from_iter([
        ("fields".to_owned(), json!(body.fields())),
        ("before".to_owned(), json!(before)),
    ]);
    if let Some(Some(code)) = &body.category
        && *code != row.category
    {
        let moved: Value = json!({ "from": row.category, "to": code });
        detail.insert("category".to_owned(), moved);
        change_category(conn, app, row, code, now)?;
        claims::release(conn, row.id).or_fault("release the claim")?;
    }
    amendment::count_version(conn, row.id, now).or_fault("count the version")?;
    let actor = staff.actor();
    let event = Event::of(CORRECT, row.id, &actor)
        .because(&app.keys, Some(&body.reason))
        .with(Value::Object(detail));
    record::append(conn, &event, now).or_fault("record")?;
    let corrected = queries::by_id(conn, row.id).or_fault("load the complaint")?;
    matching::queries::refile(conn, &app.keys, row.id)?;
    if rejudge::may_be_judged(&corrected) {
        rejudge::judge_again(conn, app, &corrected, Cause::Correction, now)?;
    }
    recount::entry(conn, &app.profile, row.entry_id, now)?;
    queries::by_id(conn, row.id).or_fault("load the complaint")
}

fn change_place(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &ComplaintRow,
    position: Option<RawPosition>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let before = queries::place_of(conn, row.id).or_fault("load the place")?;
    let placed = Placed::of(&app.profile, position);
    place::put(conn, row, position, &placed).or_fault("change the place")?;
    let grid = before.grid_code.as_deref();
    relocation::follow_place(conn, app, staff, row, grid, now)?;
    let entry = ledger::by_id(conn, row.entry_id).or_fault("load the entry")?;
    if entry.lead_complaint_id == Some(row.id) && entry.state == EntryState::Clue {
        let (street, grid) = (placed.street.as_deref(), placed.grid.as_deref());
        ledger::set_place(conn, entry.id, placed.point, street, grid)
            .or_fault("change the entry's place")?;
    }
    Ok(())
}

fn change_category(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    code: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some(category) = app.profile.open_category(code) else {
        return Ok(());
    };
    let entry = ledger::by_id(conn, row.entry_id).or_fault("load the entry")?;
    let occurred = row.occurred_at.map(|from| {
        let until = row.occurred_until.unwrap_or(from);
        (from.0, until.0)
    });
    let risk = app.profile.risk_of(category, occurred);
    let changed = RankRow {
        risk,
        ..row.ranked()
    };
    let queue_rank = rank::rank_of(&app.profile, &changed, entry.distinct_reporters, now);
    amendment::set_category(conn, row, category, risk, queue_rank)
        .or_fault("change the category")?;
    if entry.lead_complaint_id == Some(row.id) && entry.state == EntryState::Clue {
        ledger::set_category(conn, entry.id, &category.code, &category.coarse)
            .or_fault("change the entry's category")?;
    }
    Ok(())
}
