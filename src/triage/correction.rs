//! Correcting what a complaint was filed as: category, place, object, words, time, demand, channel,
//! upstream number, and who petitions. Several facts are corrected at once and judged once.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    claims,
    correction_body::{Checked, CorrectionBody},
    corrections::CORRECT,
    replies,
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    amendment,
    body::{SourceClass, check_times},
    channel,
    discovery::Discovery,
    first_record, locks,
    person::trimmed,
    place::{self, Placed},
    queries::{self, ComplaintRow, RankRow},
    rank, recount,
    rejudge::{self, Cause},
    remasking, replaced, signers, terms,
    upstream::{self, Upstream},
    views::ComplaintSummary,
};
use crate::district::FIND;
use crate::geo::RawPosition;
use crate::ledger::queries as ledger;
use crate::matching;
use crate::platform::{
    db::Connection,
    http::{Answer, Body, IdempotencyKey, Preconditions},
    problem::{Code, Item, ItemCode, OnDb, Problem},
    sealed,
};
use crate::privacy;
use crate::record::{self, ComplaintState, EntryState, Event, machine::Trait};
use crate::text::{KnownPeople, KnownPerson};
use crate::verification::relocation;

/// A corrected complaint.
#[derive(Debug, Serialize, ToSchema)]
pub struct Corrected {
    /// What lists show, after the correction.
    #[serde(flatten)]
    pub summary: ComplaintSummary,
    /// The new version, also the `ETag` to send next.
    pub version: i32,
}

/// Corrects a complaint, in one fact or several. The values replaced are kept (D45), see
/// `GET …/corrections`; the reporter reads what was corrected, and goes on reading the first words. Another
/// category, time or channel brings its own rank; another category ends a claim on it (D33). Clocks follow
/// the channel. What it may be a duplicate of is judged again; the answer to that question stays a named
/// person's. A name that was added is masked at once wherever the complaint is read without need. 409
/// names the complaint that has an upstream number already, and what to do first with one that has ended.
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
            if let Some(Some(number)) = &value.external_no {
                matching::queries::lock_upstream(conn, number).or_fault("lock the number")?;
            }
            let row = locks::by_number(conn, &path)?;
            conditions.require(row.version)?;
            claims::require_not_held_by_other(conn, row.id, staff.id, now)?;
            let checked = value.check(&shared.profile)?;
            may_be_corrected(&row, &value)?;
            let correction = Correction {
                app: &shared,
                staff: &staff,
                body: &value,
                now,
            };
            let row = correction.make(conn, &row, &checked)?;
            Answer::ok(&Corrected {
                version: row.version,
                summary: ComplaintSummary::of(&shared.profile, &row),
            })
        })
        .await?;
    Ok(answer.into_response())
}

/// What has ended is corrected when it is taken up again: its numbers are told by now, and its documents
/// are out.
fn may_be_corrected(row: &ComplaintRow, body: &CorrectionBody) -> Result<(), Problem> {
    if !row.state.is(Trait::Ended) {
        return is_of_a_complaint(row, body);
    }
    let first = match row.state {
        ComplaintState::Closed => "reopen it first",
        ComplaintState::Archived => "what is archived stays as it is",
        ComplaintState::Withdrawn => "its reporter took it back",
        _ => "take the decision back first",
    };
    let state = row.state.as_str();
    let why = format!("state is `{state}`; `correct` is not possible from it: {first}");
    Err(Problem::because(Code::WrongState, why))
}

/// What staff found themselves came by no channel, and nobody petitions in it.
fn is_of_a_complaint(row: &ComplaintRow, body: &CorrectionBody) -> Result<(), Problem> {
    let of_complaints = [
        ("channel", body.channel.is_some()),
        ("external_no", body.external_no.is_some()),
        ("persons", !body.persons.is_empty()),
    ];
    let given = of_complaints.iter().filter(|(_, given)| *given);
    let given = given.filter(|_| row.channel == FIND);
    let items: Vec<Item> = given
        .map(|(field, _)| {
            let why = "is of complaints alone; this was found by staff";
            Item::new(field, ItemCode::Refused, why)
        })
        .collect();
    if items.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid_items(items))
    }
}

/// A correction, and who makes it.
struct Correction<'a> {
    app: &'a App,
    staff: &'a Staff,
    body: &'a CorrectionBody,
    now: DateTime<Utc>,
}

impl Correction<'_> {
    fn make(
        &self,
        conn: &mut Connection,
        row: &ComplaintRow,
        checked: &Checked,
    ) -> Result<ComplaintRow, Problem> {
        let Self { app, body, now, .. } = *self;
        let mut before = body.before(conn, &app.keys, row)?;
        if !checked.persons.is_empty() {
            let undo = signers::correct(conn, &app.keys, row, &checked.persons, now)?;
            before.insert("persons".to_owned(), json!(undo));
        }
        let mut known = privacy::known_of(conn, &app.keys, &[row.id])?;
        known.add(&KnownPerson {
            address: body.address.clone().flatten(),
            ..KnownPerson::default()
        });
        let mut detail = Map::from_iter([("fields".to_owned(), json!(body.fields()))]);
        self.words(conn, row, &known)?;
        self.upstream(conn, row, &known, &mut detail)?;
        self.times(conn, row)?;
        if body.location.is_some() {
            self.place(conn, row, checked.position)?;
        }
        self.category(conn, row, &mut detail)?;
        if body.category.is_some()
            || body.channel.is_some()
            || body.occurred_at.is_some()
            || body.occurred_until.is_some()
        {
            self.rank(conn, row)?;
        }
        if !checked.persons.is_empty() || body.address.is_some() {
            remasking::again(conn, &app.keys, row.id)?;
            replies::mask_again(conn, &app.keys, row.id)?;
        }
        terms::file(conn, &app.keys, row.id, None)?;
        amendment::count_version(conn, row.id, now).or_fault("count the version")?;
        let before = replaced::seal(&app.keys, row.id, &Value::Object(before))?;
        detail.insert("before".to_owned(), json!(before));
        let actor = self.staff.actor();
        let event = Event::of(CORRECT, row.id, &actor)
            .because(&app.keys, Some(&body.reason))
            .with(Value::Object(detail));
        record::append(conn, &event, now).or_fault("record")?;
        self.judge(conn, row)?;
        recount::entry(conn, &app.profile, row.entry_id, now)?;
        queries::by_id(conn, row.id).or_fault("load the complaint")
    }

    fn words(
        &self,
        conn: &mut Connection,
        row: &ComplaintRow,
        known: &KnownPeople,
    ) -> Result<(), Problem> {
        let Self { app, body, .. } = self;
        let masked = |words: &Option<String>| words.as_deref().map(|a| known.mask(a).text);
        let description = body.description.as_ref().and_then(Option::as_deref);
        let description = description.and_then(trimmed);
        if description.is_some() {
            let text = queries::text_of(conn, row.id).or_fault("load the text")?;
            let id = row.id.0.as_bytes();
            if sealed::DESCRIPTION
                .open_text(&app.keys, id, text.description)
                .is_none()
            {
                let why = "no key given opens the first words, and they must stay; start with the key that does";
                return Err(Problem::because(Code::GuardFailed, why));
            }
        }
        let words = amendment::Words {
            description: description
                .as_deref()
                .map(|words| (words, known.mask(words).text)),
            premises: body.premises.as_ref(),
            address: body.address.as_ref().map(|a| (a, masked(a))),
            object_id: body.object_id.as_ref(),
        };
        amendment::set_words(conn, &app.keys, row.id, words)?;
        if let Some(demand) = &body.demand {
            amendment::set_demand(conn, row.id, demand.as_deref())
                .or_fault("correct the demand")?;
        }
        Ok(())
    }

    /// Channel and upstream number, of which each may need the other; and the number's form, which
    /// follows from who petitions.
    fn upstream(
        &self,
        conn: &mut Connection,
        row: &ComplaintRow,
        known: &KnownPeople,
        detail: &mut Map<String, Value>,
    ) -> Result<(), Problem> {
        let Self { app, body, now, .. } = self;
        if body.channel.is_none() && body.external_no.is_none() && body.persons.is_empty() {
            return Ok(());
        }
        let text = queries::text_of(conn, row.id).or_fault("load the text")?;
        let text = text.opened(&app.keys, row.id);
        let stands = upstream::read(row.external_no.clone(), text.external_no);
        let number = match &body.external_no {
            Some(number) => number.as_deref().and_then(trimmed),
            None => stands,
        };
        let code = body.channel.clone().flatten();
        let code = code.unwrap_or_else(|| row.channel.clone());
        let channel = app.profile.channel(&code);
        let central = SourceClass::CentralProvincial.as_str();
        let is_needed = channel.is_some_and(|channel| channel.needs_external_no)
            || row.source_class.as_deref() == Some(central);
        // What came without one before it was required is not held to it by another correction.
        let is_asked = body.channel.is_some() || body.external_no.is_some();
        if is_asked && is_needed && number.is_none() {
            let why = "is required for this channel: it keeps the same complaint from coming twice";
            return Err(Problem::invalid("external_no", ItemCode::Required, why));
        }
        if let Some(number) = number.as_deref().filter(|_| is_asked) {
            self.must_be_free(conn, row, &code, number)?;
        }
        if code != row.channel {
            let discovery = Discovery::of(&app.profile, &code, &self.staff.actor());
            amendment::set_channel(conn, row.id, &code, discovery)
                .or_fault("correct the channel")?;
            channel::follow(conn, &app.profile, row, &code, *now)
                .or_fault("have the clocks follow")?;
            let moved = json!({ "from": row.channel, "to": code });
            detail.insert("channel".to_owned(), moved);
        }
        if body.external_no.is_some() || number.is_some() {
            let id = row.id.0.as_bytes();
            let number = number.as_deref();
            let number = number.map(|no| Upstream::of(&app.keys, id, known, no));
            let number = number.transpose()?;
            amendment::set_number(conn, row.id, number.as_ref()).or_fault("correct the number")?;
        }
        Ok(())
    }

    /// A number is one complaint's of its channel.
    fn must_be_free(
        &self,
        conn: &mut Connection,
        row: &ComplaintRow,
        channel: &str,
        number: &str,
    ) -> Result<(), Problem> {
        let keys = &self.app.keys;
        let found = first_record::by_upstream_number(conn, keys, channel, number);
        let other = found.or_fault("look for the number")?;
        let Some(other) = other.filter(|other| *other != row.id) else {
            return Ok(());
        };
        let other = queries::by_id(conn, other).or_fault("load the other complaint")?;
        let why = format!(
            "complaint {} came by {channel} under this number; one of the two is wrong",
            other.number
        );
        Err(Problem::because(Code::AlreadyExists, why))
    }

    fn times(&self, conn: &mut Connection, row: &ComplaintRow) -> Result<(), Problem> {
        let (from, until) = (self.body.occurred_at, self.body.occurred_until);
        if from.is_none() && until.is_none() {
            return Ok(());
        }
        let from = from.unwrap_or_else(|| row.occurred_at.map(|at| at.0));
        let until = until.unwrap_or_else(|| row.occurred_until.map(|at| at.0));
        let mut items = Vec::new();
        check_times(from, until, self.now, &mut items);
        if !items.is_empty() {
            return Err(Problem::invalid_items(items));
        }
        amendment::set_times(conn, row.id, (from, until))
            .map(|_| ())
            .or_fault("correct the time")
    }

    fn place(
        &self,
        conn: &mut Connection,
        row: &ComplaintRow,
        position: Option<RawPosition>,
    ) -> Result<(), Problem> {
        let Self {
            app, staff, now, ..
        } = self;
        let before = queries::place_of(conn, row.id).or_fault("load the place")?;
        let placed = Placed::of(&app.profile, position);
        // Flags may have changed with those who petition.
        let fresh = queries::by_id(conn, row.id).or_fault("load the complaint")?;
        place::put(conn, &fresh, position, &placed).or_fault("change the place")?;
        let grid = before.grid_code.as_deref();
        relocation::follow_place(conn, app, staff, row, grid, *now)?;
        let entry = ledger::by_id(conn, row.entry_id).or_fault("load the entry")?;
        if entry.lead_complaint_id == Some(row.id) && entry.state == EntryState::Clue {
            let (street, grid) = (placed.street.as_deref(), placed.grid.as_deref());
            ledger::set_place(conn, entry.id, placed.point, street, grid)
                .or_fault("change the entry's place")?;
        }
        Ok(())
    }

    fn category(
        &self,
        conn: &mut Connection,
        row: &ComplaintRow,
        detail: &mut Map<String, Value>,
    ) -> Result<(), Problem> {
        let code = self.body.category.clone().flatten();
        let code = code.filter(|code| *code != row.category);
        let category = code.and_then(|code| self.app.profile.open_category(&code));
        let Some(category) = category else {
            return Ok(());
        };
        let moved = json!({ "from": row.category, "to": category.code });
        detail.insert("category".to_owned(), moved);
        amendment::set_category(conn, row.id, category).or_fault("change the category")?;
        let entry = ledger::by_id(conn, row.entry_id).or_fault("load the entry")?;
        if entry.lead_complaint_id == Some(row.id) && entry.state == EntryState::Clue {
            ledger::set_category(conn, entry.id, &category.code, &category.coarse)
                .or_fault("change the entry's category")?;
        }
        claims::release(conn, row.id).or_fault("release the claim")?;
        Ok(())
    }

    /// The risk follows from category and time, and the rank from the risk, the channel and its clocks.
    fn rank(&self, conn: &mut Connection, row: &ComplaintRow) -> Result<(), Problem> {
        let profile = &self.app.profile;
        let row = queries::by_id(conn, row.id).or_fault("load the complaint")?;
        let Some(category) = profile.category(&row.category) else {
            return Ok(());
        };
        let entry = ledger::by_id(conn, row.entry_id).or_fault("load the entry")?;
        let occurred = row.occurred_at.map(|from| {
            let until = row.occurred_until.unwrap_or(from);
            (from.0, until.0)
        });
        let risk = profile.risk_of(category, occurred);
        let changed = RankRow {
            risk,
            ..row.ranked()
        };
        let queue_rank = rank::rank_of(profile, &changed, entry.distinct_reporters, self.now);
        amendment::set_rank(conn, row.id, risk, queue_rank)
            .map(|_| ())
            .or_fault("rank the complaint")
    }

    /// Files the complaint by its facts as they are now, and judges it by them where nobody decided on its
    /// link: one that stands alone is asked about, a provisional link is named by its rule.
    fn judge(&self, conn: &mut Connection, row: &ComplaintRow) -> Result<(), Problem> {
        let Self { app, now, .. } = *self;
        if row.hidden {
            return Ok(());
        }
        let corrected = queries::by_id(conn, row.id).or_fault("load the complaint")?;
        matching::queries::refile(conn, &app.keys, row.id)?;
        if rejudge::may_be_judged(&corrected) {
            rejudge::judge_again(conn, app, &corrected, Cause::Correction, now)
        } else if corrected.link == "provisional" {
            rejudge::refine_link(conn, app, &corrected, Cause::Correction, now)
        } else {
            Ok(())
        }
    }
}
