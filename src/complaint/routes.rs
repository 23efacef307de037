//! The public doors: what an app needs to draw its form, submitting, similar matters, and the
//! door for staff and other systems.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Border, Checked, ComplaintBody, IntakeBody, Person, PetitionerKind, check_person},
    intake::{self, Door, Prepared, Stored},
    machine::MACHINE,
    multipart::{self, PartLimits, Parts},
    photos,
    queries::{self, ComplaintRow},
    views::{ComplaintSummary, DeadlineView, Receipt, SimilarView, local, similar},
};
use crate::account::{
    Caller, Resident, Staff,
    caller::{Address, MaybeCaller},
    queries::phone_key_of,
};
use crate::app::App;
use crate::district::{Limits, Profile};
use crate::geo::{Datum, distance_m};
use crate::matching::{self, Explained, Report};
use crate::photo::MediaType;
use crate::platform::{
    db::{Connection, Id, schema::complaint},
    http::{Answer, Body, IdempotencyKey, Page, PageQuery, Query, idempotency::fingerprint_of},
    limit::Limited,
    problem::{Item, OnDb, Problem},
};
use crate::record::Actor;

/// Persons on one petition at most; longer lists come as several petitions.
const MAX_PETITIONERS: usize = 500;

/// A street of the district.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreetView {
    /// Nine-digit code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A category to choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryView {
    /// Code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// A first-level category and what is under it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryGroupView {
    /// Code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Its categories.
    pub categories: Vec<CategoryView>,
}

/// What an app needs to draw its form.
#[derive(Debug, Serialize, ToSchema)]
pub struct DistrictView {
    /// Division code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Categories, two levels.
    pub categories: Vec<CategoryGroupView>,
    /// Streets.
    pub streets: Vec<StreetView>,
    /// What a complaint may carry.
    pub limits: Limits,
    /// Datums accepted; a position without one is refused.
    pub datums: Vec<&'static str>,
    /// Photo types accepted.
    pub photo_types: Vec<&'static str>,
}

/// What an app needs to draw its form: categories, streets, limits, datums, photo types.
#[utoipa::path(get, path = "/api/v1/district", tag = "complaints", operation_id = "get_district", security(()),
    responses((status = 200, body = DistrictView), (status = "default", response = crate::server::AnyProblem)))]
pub async fn get_district(app: web::Data<App>) -> HttpResponse {
    let profile = &app.profile;
    let categories_of = |coarse: &str| {
        profile
            .categories
            .iter()
            .filter(|c| c.enabled && c.coarse == coarse)
            .map(|c| CategoryView {
                code: c.code.clone(),
                zh: c.zh.clone(),
                en: c.en.clone(),
            })
            .collect()
    };
    HttpResponse::Ok().json(DistrictView {
        code: profile.rules.code.clone(),
        name: profile.rules.name.clone(),
        categories: profile
            .coarse
            .iter()
            .map(|c| CategoryGroupView {
                code: c.code.clone(),
                zh: c.zh.clone(),
                en: c.en.clone(),
                categories: categories_of(&c.code),
            })
            .collect(),
        streets: profile
            .streets
            .iter()
            .map(|s| StreetView {
                code: s.code.clone(),
                name: s.name.clone(),
            })
            .collect(),
        limits: profile.rules.limits,
        datums: Datum::ALL.map(Datum::as_str).to_vec(),
        photo_types: MediaType::ALL.map(MediaType::as_str).to_vec(),
    })
}

/// The multipart form of a submission, for the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the schema derive alone")]
pub struct SubmissionForm {
    /// The complaint, as JSON.
    complaint: ComplaintBody,
    /// Up to nine photos.
    #[schema(value_type = Vec<String>, format = Binary)]
    photo: Vec<String>,
}

/// Files a complaint. No account is needed. A photo that cannot be taken never sinks the complaint:
/// it is listed with its problem. Send an `Idempotency-Key` and retry blindly.
#[utoipa::path(post, path = "/api/v1/complaints", tag = "complaints", operation_id = "create_complaint", security(()),
    request_body(content((ComplaintBody = "application/json"), (SubmissionForm = "multipart/form-data"))),
    params(("Idempotency-Key" = Option<String>, Header, description = "Any unique text; the same key and body get the first answer again")),
    responses((status = 201, body = Receipt), (status = 200, description = "The same submission again (R0): its first record", body = Receipt),
        (status = "default", response = crate::server::AnyProblem)))]
pub async fn submit(
    app: web::Data<App>,
    caller: MaybeCaller,
    address: Address,
    key: IdempotencyKey,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let parts = read_submission(&app, &request, payload).await?;
    let json = parts
        .json
        .ok_or_else(|| Problem::invalid("complaint", "required", "is the JSON part"))?;
    let body: Body<ComplaintBody> = Body::parse(&json)?;
    let photo_bytes = parts
        .uploads
        .iter()
        .map(|u| u.bytes.as_deref().unwrap_or_default());
    let fingerprint = fingerprint_of(std::iter::once(json.as_ref()).chain(photo_bytes));
    if let Some(answer) = key.kept_answer(&app.db, fingerprint).await? {
        return Ok(answer.into_response());
    }
    app.limits.take(Limited::Submit, &address.0)?;
    let now = app.now();
    let checked = body.value.check(&app.profile, now, Border::Strict)?;
    let resident = resident_of(&app, caller).await?;
    if let Some((_, phone_key)) = &resident {
        app.limits.take(Limited::Submit, phone_key)?;
    }
    let door = Door {
        channel: "app".to_owned(),
        external_no: None,
        source_class: None,
        received_at: now,
        object_id: None,
        resident,
        sender: Some(app.keys.blind_index("address", &address.0)),
        actor: Actor::Reporter,
    };
    let taken = photos::take_in(&app, parts.uploads).await?;
    let prepared = intake::prepare(&app.profile, &app.keys, checked, door, Vec::new(), taken);
    store_and_answer(&app, key, fingerprint, prepared).await
}

async fn read_submission(
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Parts, Problem> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let mut raw = payload.into_inner();
    if content_type.is_some_and(|v| v.to_ascii_lowercase().starts_with("multipart/form-data")) {
        let limits = app.profile.rules.limits;
        let limits = PartLimits {
            json: "complaint",
            roles: &["photo"],
            photos: limits.photos,
            photo_bytes: limits.photo_bytes,
        };
        return multipart::read(request, &mut raw, limits).await;
    }
    let json = crate::platform::http::read_json(request, &mut raw).await?;
    Ok(Parts {
        json: Some(json),
        uploads: Vec::new(),
    })
}

async fn resident_of(app: &App, caller: MaybeCaller) -> Result<Option<(Id, String)>, Problem> {
    let Some(Caller::Resident(Resident { id, .. })) = caller.0 else {
        return Ok(None);
    };
    let phone_key = app
        .db
        .read(move |c| phone_key_of(c, id).or_fault("load resident"))
        .await?;
    Ok(Some((id, phone_key)))
}

async fn store_and_answer(
    app: &web::Data<App>,
    key: IdempotencyKey,
    fingerprint: [u8; 32],
    prepared: Prepared,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let stored = intake::store(conn, &shared.profile, &shared.keys, &prepared, now)?;
            answer(conn, &shared.profile, &prepared.report, stored)
        })
        .await?;
    app.metrics.count("complaints_taken_in");
    Ok(answer.into_response())
}

fn answer(
    conn: &mut Connection,
    profile: &Profile,
    report: &Report,
    stored: Stored,
) -> Result<Answer, Problem> {
    let Stored {
        row,
        photos,
        verdict,
        first_record,
        ..
    } = stored;
    let deadlines = queries::deadlines_of(conn, row.id).or_fault("load clocks")?;
    let receipt = Receipt {
        state_name: MACHINE.label(&row.state),
        similar: if first_record {
            Vec::new()
        } else {
            similar_open(conn, profile, report, &verdict.candidates)?
        },
        deadlines: deadlines.into_iter().map(DeadlineView::from).collect(),
        photos,
        received_at: local(row.received_at),
        already_received: first_record,
        number: row.number,
        tracking_code: row.tracking_code,
        state: row.state,
    };
    if first_record {
        return Answer::ok(&receipt);
    }
    let location = format!("/api/v1/tracking/{}", receipt.tracking_code);
    Answer::created(location, &receipt)
}

/// Open matters among the candidates that may be the same, best first.
fn similar_open(
    conn: &mut Connection,
    profile: &Profile,
    report: &Report,
    candidates: &[Explained],
) -> Result<Vec<SimilarView>, Problem> {
    let likely: Vec<&Explained> = candidates
        .iter()
        .filter(|c| c.vetoes.is_empty() && c.score >= profile.rules.matching.lower)
        .collect();
    let ids: Vec<Id> = likely.iter().map(|c| c.candidate.into()).collect();
    let loaded = matching::queries::load_candidates(conn, &ids).or_fault("load similar matters")?;
    Ok(likely
        .into_iter()
        .filter_map(|explained| {
            let old = loaded.iter().find(|c| c.report.id == explained.candidate)?;
            let metres = report
                .place
                .zip(old.report.place)
                .map(|(a, b)| distance_m(a.point, b.point));
            let report = &old.report;
            old.closed_at.is_none().then(|| {
                similar(
                    profile,
                    explained,
                    report.category.clone(),
                    report.received_at,
                    metres,
                )
            })
        })
        .take(profile.rules.limits.similar_shown)
        .collect())
}

/// Similar open matters.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarList {
    /// Best first, five at most.
    pub similar: Vec<SimilarView>,
}

/// What is already open nearby, so that an app can offer to follow it before filing. Stores nothing.
#[utoipa::path(post, path = "/api/v1/complaints/similar", tag = "complaints", operation_id = "find_similar", security(()),
    request_body = ComplaintBody,
    responses((status = 200, body = SimilarList), (status = "default", response = crate::server::AnyProblem)))]
pub async fn find_similar(
    app: web::Data<App>,
    address: Address,
    body: Body<ComplaintBody>,
) -> Result<HttpResponse, Problem> {
    app.limits.take(Limited::Submit, &address.0)?;
    let now = app.now();
    // The person is left out: nobody may learn here what a phone number has reported.
    let checked = Checked {
        reporter: None,
        ..body.value.check(&app.profile, now, Border::Strict)?
    };
    let door = Door {
        channel: "app".to_owned(),
        external_no: None,
        source_class: None,
        received_at: now,
        object_id: None,
        resident: None,
        sender: None,
        actor: Actor::Reporter,
    };
    let prepared = intake::prepare(
        &app.profile,
        &app.keys,
        checked,
        door,
        Vec::new(),
        Vec::new(),
    );
    let shared = app.clone();
    let similar = app
        .db
        .read(move |conn| {
            let report = &prepared.report;
            let verdict = matching::queries::verdict_for(conn, report, &shared.profile)?;
            similar_open(conn, &shared.profile, report, &verdict.candidates)
        })
        .await?;
    Ok(HttpResponse::Ok().json(SimilarList { similar }))
}

/// Takes a complaint in from another channel. The same channel and upstream number is the same
/// complaint (R0): its first record is answered with 200.
#[utoipa::path(post, path = "/api/v1/intake", tag = "complaints", operation_id = "create_intake",
    request_body = IntakeBody,
    responses((status = 201, body = Receipt), (status = 200, description = "Received before (R0)", body = Receipt),
        (status = "default", response = crate::server::AnyProblem)))]
pub async fn take_in(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    body: Body<IntakeBody>,
) -> Result<HttpResponse, Problem> {
    let fingerprint = body.fingerprint;
    let prepared = prepare_intake(&app, body.value, staff.actor())?;
    store_and_answer(&app, key, fingerprint, prepared).await
}

/// Checks a complaint from another channel; used by the import as well.
///
/// # Errors
/// 422 with one item for each field that is not valid.
pub fn prepare_intake(app: &App, body: IntakeBody, actor: Actor) -> Result<Prepared, Problem> {
    let profile = &app.profile;
    let now = app.now();
    let channel = profile.channel(&body.channel).ok_or_else(|| {
        let known = profile
            .channels
            .iter()
            .map(|c| c.code.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        Problem::invalid("channel", "unknown_channel", format!("is one of {known}"))
    })?;
    if channel.needs_external_no && body.external_no.is_none() {
        let message = "is required for this channel: it keeps the same complaint from coming twice";
        return Err(Problem::invalid("external_no", "required", message));
    }
    if body.received_at.is_some_and(|at| at > now) {
        return Err(Problem::invalid(
            "received_at",
            "in_the_future",
            "has not happened yet",
        ));
    }
    let mut items = Vec::new();
    if body.petitioners.len() > MAX_PETITIONERS {
        items.push(Item::new(
            "petitioners",
            "too_many",
            format!("has {MAX_PETITIONERS} persons at most"),
        ));
    }
    let others: Vec<(PetitionerKind, Person)> = body
        .petitioners
        .into_iter()
        .enumerate()
        .filter_map(|(at, p)| {
            let person = check_person(p.person, &format!("petitioners[{at}].person"), &mut items)?;
            Some((p.kind, person))
        })
        .collect();
    if !items.is_empty() {
        return Err(Problem::invalid_items(items));
    }
    let checked = body
        .complaint
        .check(profile, now, Border::Open)
        .map_err(nested)?;
    let door = Door {
        channel: body.channel,
        external_no: body.external_no,
        source_class: body.source_class,
        received_at: body.received_at.unwrap_or(now),
        object_id: body.object_id,
        resident: None,
        sender: None,
        actor,
    };
    Ok(intake::prepare(
        profile,
        &app.keys,
        checked,
        door,
        others,
        Vec::new(),
    ))
}

/// Fields of the complaint inside an intake body are told with their whole path.
fn nested(problem: Problem) -> Problem {
    let items = problem.items().iter().map(|item| Item {
        location: format!("complaint.{}", item.location),
        ..item.clone()
    });
    Problem::invalid_items(items.collect())
}

/// A page of one's own complaints.
#[derive(Debug, Serialize, Deserialize)]
struct OwnKey(Id);

/// A resident's own complaint, with its code.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnComplaint {
    /// What lists show.
    #[serde(flatten)]
    pub summary: ComplaintSummary,
    /// The code to follow it by.
    pub tracking_code: String,
}

/// The complaints a signed-in resident filed, newest first.
#[utoipa::path(get, path = "/api/v1/residents/me/complaints", tag = "residents", operation_id = "list_own_complaints",
    params(PageQuery),
    responses((status = 200, body = Page<OwnComplaint>), (status = "default", response = crate::server::AnyProblem)))]
pub async fn own_complaints(
    app: web::Data<App>,
    resident: Resident,
    query: Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    use diesel::prelude::*;
    let limit = query.0.limit();
    let after: Option<OwnKey> = query.0.after()?;
    let rows: Vec<ComplaintRow> = app
        .db
        .read(move |conn| {
            let mut rows = complaint::table
                .filter(complaint::resident_id.eq(resident.id))
                .order(complaint::id.desc())
                .limit(limit + 1)
                .select(ComplaintRow::as_select())
                .into_boxed();
            if let Some(OwnKey(id)) = after {
                rows = rows.filter(complaint::id.lt(id));
            }
            rows.load(conn).or_fault("list own complaints")
        })
        .await?;
    let profile = app.profile.clone();
    let page = Page::of(
        rows,
        limit,
        |row| OwnKey(row.id),
        |row| OwnComplaint {
            summary: ComplaintSummary::of(&profile, &row),
            tracking_code: row.tracking_code,
        },
    );
    Ok(page.into_response(&request))
}
