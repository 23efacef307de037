//! Complaints as staff see them: by role, by place, with the reporter hidden from all without need.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    case, clocks, parts,
    petitioners::{self, Standing},
    queries::{self, ComplaintRow},
    remarks::{on_new_facts, on_representatives},
    returned::NOT_COMPLETED,
    subjects,
    tracking::SizeQuery,
    undoable, upstream,
    views::{
        ComplaintSummary, ComplaintView, DeadlineView, PlaceView, ReporterView, SupplementView,
    },
    wishes::{self, WishesView},
};
use crate::account::{Role, Staff};
use crate::app::App;
use crate::evidence::{
    album::{self, Copy, Stored},
    queries as evidence,
};
use crate::ledger::supplements::{self, SupplementRow};
use crate::matching::Rule;
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint, complaint_place},
    },
    http::{Query, versioned},
    problem::{OnDb, Problem},
};
use crate::privacy::{Need, Scope, Words, secrecy};
use crate::record::{self, ComplaintEvent, Event, local};
use crate::text::mask_phone;

/// Roles that read complaints.
pub const READERS: &[Role] = &[
    Role::Office,
    Role::SteeringGroup,
    Role::Leader,
    Role::Brigade,
    Role::Section,
    Role::Station,
    Role::PartyOffice,
    Role::Street,
    Role::GridOfficer,
];

/// Links of a complaint to its entry.
pub const LINKS: [&str; 4] = ["own", "suspected", "provisional", "confirmed"];

/// Checks a filter by link.
///
/// # Errors
/// 400 for a link there is none of.
pub fn check_link(link: Option<&str>) -> Result<(), Problem> {
    if link.is_none_or(|link| LINKS.contains(&link)) {
        return Ok(());
    }
    let message = "is `own`, `suspected`, `provisional` or `confirmed`";
    Err(Problem::bad_parameter("link", message))
}

/// Loads a complaint the caller may see. What is outside their scope is not there for them.
///
/// # Errors
/// 404 when there is none for this caller.
pub fn visible(
    conn: &mut Connection,
    staff: &Staff,
    number: &str,
) -> Result<ComplaintRow, Problem> {
    complaint::table
        .inner_join(complaint_place::table)
        .filter(complaint::number.eq(number))
        .filter(Scope::of(staff).complaints())
        .select(ComplaintRow::as_select())
        .first(conn)
        .optional()
        .or_fault("load a complaint")?
        .ok_or_else(Problem::not_found)
}

/// A complaint with all that became of it. Reporters are shown, masked, to the brigade and the
/// office alone, and where one asks for secrecy (保密) to the named posts of the profile; streets and grid officers see those of their own place with masked words.
#[utoipa::path(get, path = "/api/v1/complaints/{number}", tag = "complaints", operation_id = "get_complaint",
    params(("number" = String, Path)),
    responses((status = 200, body = ComplaintView, headers(("ETag"))), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_complaint(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let view = app
        .db
        .read(move |conn| {
            let row = visible(conn, &staff, &path)?;
            view(conn, &shared, &staff, row, now)
        })
        .await?;
    versioned(view.version, &view)
}

fn view(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: ComplaintRow,
    now: DateTime<Utc>,
) -> Result<ComplaintView, Problem> {
    let text = queries::text_of(conn, row.id).or_fault("load the text")?;
    let text = text.opened(&app.keys, row.id);
    let place = queries::place_of(conn, row.id).or_fault("load the place")?;
    let deadlines = clocks::of_handling(conn, row.id).or_fault("load clocks")?;
    let subjects = subjects::of_complaints(conn, &[row.id]).or_fault("load visits")?;
    let stored = evidence::of(conn, &app.keys, &subjects).or_fault("load photos")?;
    let entry = queries::entry_number_of(conn, row.entry_id).or_fault("load the entry")?;
    let letter = parts::letter_of(conn, row.id).or_fault("load the letter")?;
    let further = parts::of_letter(conn, row.id).or_fault("load parts")?;
    let supplements = supplements::of(conn, &[row.id]).or_fault("load supplements")?;
    let need = Need::of(staff.role, &app.profile);
    let words = Words::about(conn, &app.keys, need, &[row.id])?;
    let reporters = if words.with_need() {
        Some(masked_people(conn, app, row.id)?)
    } else {
        None
    };
    let wish = wishes::of(conn, &app.keys, row.id)?;
    let case = case::of_complaint(conn, &app.keys, &app.profile, &row, &stored, &words)?;
    let undo =
        undoable::view(conn, &app.profile, staff, &row, now).or_fault("look what can be undone")?;
    let acknowledged = row.listed("acknowledged_similar");
    let supplements = supplements.into_iter().map(|s| s.opened(&app.keys));
    let supplements: Vec<SupplementRow> = supplements.collect();
    let rule = row.link_rule.as_deref().and_then(Rule::named);
    let plain = supplements.iter().filter(|s| !s.new_facts);
    let told = plain
        .map(|s| s.text.as_str())
        .chain([text.description.as_str()]);
    let too_many = on_representatives(&app.profile, &row.channel, row.person_count);
    let remarks = too_many
        .into_iter()
        .chain(on_new_facts(rule, told))
        .collect();
    Ok(ComplaintView {
        summary: ComplaintSummary::of(&app.profile, &row),
        version: row.version,
        description: words.stored(text.description, text.description_masked),
        address: words.maybe_stored(text.address, text.address_masked),
        premises: words.maybe(text.premises),
        object_id: words.maybe(text.object_id),
        place: PlaceView::from(place),
        occurred_at: row.occurred_at.map(local),
        occurred_until: row.occurred_until.map(local),
        wants_reopening: row.has_flag("wants_reopening"),
        acknowledged_similar: acknowledged.into_iter().map(|n| words.text(n)).collect(),
        not_completed: row.has_flag(NOT_COMPLETED),
        demand: words.maybe(row.demand),
        procedure: row.procedure,
        external_no: words.maybe(upstream::read(row.external_no, text.external_no)),
        source_class: row.source_class,
        anonymous: row.anonymous,
        person_count: row.person_count,
        remarks,
        deadlines: deadlines.into_iter().map(DeadlineView::from).collect(),
        photos: stored
            .into_iter()
            .map(|photo| photo.view_for(words.with_need()))
            .collect(),
        supplements: supplements
            .into_iter()
            .map(|s| SupplementView::of(s, &words))
            .collect(),
        hidden: row.hidden,
        entry,
        letter,
        parts: further.into_iter().map(|part| part.number).collect(),
        reporters,
        undo,
        secrecy_words: wish.words.clone().filter(|_| need == Need::Everybody),
        wishes: WishesView::from(&wish),
        case,
    })
}

fn masked_people(conn: &mut Connection, app: &App, id: Id) -> Result<Vec<ReporterView>, Problem> {
    let hidden = |name: String| {
        let first: String = name.chars().take(1).collect();
        format!("{first}**")
    };
    let standing = petitioners::standing(conn, &app.keys, id)?.into_iter();
    let views = standing.map(|Standing { id, signer, .. }| ReporterView {
        id,
        kind: signer.kind,
        name: signer.person.name.map(hidden),
        phone: signer.person.phone.map(|p| mask_phone(&p)),
        unreadable: signer.unreadable,
    });
    Ok(views.collect())
}

/// A photo of a complaint, or of a visit that answers it, by the id in a path.
fn find_photo(conn: &mut Connection, complaint: Id, id: &str) -> Result<Stored, Problem> {
    let subjects = subjects::of_complaints(conn, &[complaint]).or_fault("load visits")?;
    evidence::find(conn, &subjects, id)
}

/// A photo's copy, for staff.
#[utoipa::path(get, path = "/api/v1/complaints/{number}/photos/{photo_id}", tag = "complaints", operation_id = "get_complaint_photo",
    params(("number" = String, Path), ("photo_id" = String, Path), SizeQuery),
    responses((status = 200, description = "The picture", content_type = "image/jpeg", body = crate::platform::http::FileBytes), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_photo(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<(String, String)>,
    query: Query<SizeQuery>,
) -> Result<HttpResponse, Problem> {
    let (number, photo_id) = path.into_inner();
    let copy = query.0.copy()?;
    let photo = app
        .db
        .read(move |conn| {
            let row = visible(conn, &staff, &number)?;
            find_photo(conn, row.id, &photo_id)
        })
        .await?;
    album::serve(&app.blobs, &photo, copy).await
}

/// The sealed original, with its metadata; only downloaded, and each time recorded. What a reporter
/// sent who asks for secrecy is for the named posts alone (403): it may tell where they live.
#[utoipa::path(get, path = "/api/v1/complaints/{number}/photos/{photo_id}/original", tag = "complaints", operation_id = "get_photo_original",
    params(("number" = String, Path), ("photo_id" = String, Path)),
    responses((status = 200, description = "The file as received", content_type = "application/octet-stream", body = crate::platform::http::FileBytes), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_original(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (number, photo_id) = path.into_inner();
    let (shared, now) = (app.clone(), app.now());
    let photo = app
        .db
        .write(move |conn| {
            let row = visible(conn, &staff, &number)?;
            let photo = find_photo(conn, row.id, &photo_id)?;
            if photo.subject_id == row.id {
                secrecy::admit(conn, &shared.profile, staff.role, row.id)?;
            }
            let actor = staff.actor();
            let event = Event::of(ComplaintEvent::ReadOriginal, row.id, &actor)
                .with(json!({ "photo": photo.id }));
            record::append(conn, &event, now).or_fault("record")?;
            Ok(photo)
        })
        .await?;
    album::serve(&app.blobs, &photo, Copy::Original).await
}
