//! The reporter's way back, by tracking code: follow, add photos.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    clocks,
    disposition::is_form,
    first_record::{PHOTOS_TIMES, new_among, room_left},
    locks,
    multipart::{self, PartLimits},
    notice_views, parts,
    queries::{self, ComplaintRow, ReplyRow, reporter_event},
    replaced,
    timeline::timeline,
    told, unread,
    views::{DeadlineView, PartView, QuestionView, ReplyView, TrackedDecision, TrackingView},
    visits,
    wishes::{self, WishesView},
};
use crate::account::{
    Caller,
    caller::{Address, MaybeCaller, sender_of},
};
use crate::app::App;
use crate::clock::kinds::OBJECTION;
use crate::district::{NoticeChannel, Profile};
use crate::evidence::{
    Said, Source, Subject, UploadQuery,
    album::{self, Copy, PhotoView, Stored},
    file::{FILE, most_bytes_of_any},
    intake::{self, Upload},
    queries::{self as evidence, Arrival},
    stored,
};
use crate::geo::Point;
use crate::ledger::queries as ledger;
use crate::matching;
use crate::platform::{
    db::{Connection, Id},
    http::{Answer, IdempotencyKey, Query, idempotency::fingerprint_of, media_type},
    ids::parse_tracking_code,
    limit::{Limited, Sender},
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::privacy::{Need, Words};
use crate::record::{self, Actor, ComplaintEvent, ComplaintState, local, machine::Trait};

/// Rows of a history shown at most.
const TIMELINE_MAX: i64 = 500;

/// The code of a path, or the same 404 an unknown one gets; each costs the address an attempt.
pub fn code_of(app: &App, address: &Address, typed: &str) -> Result<String, Problem> {
    parse_tracking_code(typed).ok_or_else(|| unknown(app, address))
}

fn unknown(app: &App, address: &Address) -> Problem {
    match app.limits.take(Limited::UnknownCode, &address.0) {
        Ok(()) => Problem::not_found(),
        Err(too_many) => too_many,
    }
}

/// Turns a 404 of the database into one that costs an attempt.
pub fn counted(app: &App, address: &Address, problem: Problem) -> Problem {
    if problem.code() == Code::NotFound {
        unknown(app, address)
    } else {
        problem
    }
}

/// Follows a complaint. Whoever has the code sees this, so it holds no contact data. A reporter who waits to
/// be told what was decided is told by reading it here; staff who look are not taken for them.
#[utoipa::path(get, path = "/api/v1/tracking/{code}", tag = "tracking", operation_id = "get_tracking",
    params(("code" = String, Path, description = "Tracking code")),
    responses((status = 200, body = TrackingView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn track(
    app: web::Data<App>,
    address: Address,
    caller: MaybeCaller,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let code = code_of(&app, &address, &path)?;
    let shared = app.clone();
    let now = app.now();
    let (view, awaited) = app
        .db
        .read(move |conn| {
            let row = queries::by_tracking_code(conn, &code).or_fault("load a complaint")?;
            let row = row.ok_or_else(Problem::not_found)?;
            let awaited = told::is_awaited(conn, &row)?.then_some(row.id);
            Ok((view(conn, &shared, row, now)?, awaited))
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    let read_in = match caller.0 {
        None => Some(NoticeChannel::Page),
        Some(Caller::Resident(_)) => Some(NoticeChannel::App),
        Some(Caller::Staff(_)) => None,
    };
    if let Some((id, channel)) = awaited.zip(read_in) {
        let shared = app.clone();
        let kept = app
            .db
            .write(move |conn| told::read(conn, &shared, id, channel, now))
            .await;
        // The page is theirs to read whatever becomes of our note; the next reading is noted again.
        if let Err(problem) = kept {
            tracing::warn!("cannot keep that a reporter was told: {problem}");
        }
    }
    Ok(HttpResponse::Ok().json(view))
}

fn view(
    conn: &mut Connection,
    app: &App,
    row: ComplaintRow,
    now: DateTime<Utc>,
) -> Result<TrackingView, Problem> {
    let (profile, keys) = (&app.profile, &app.keys);
    let words = Words::about(conn, keys, Need::Nobody, &[row.id])?;
    let deadlines = clocks::of_handling(conn, row.id).or_fault("load clocks")?;
    let text = queries::text_of(conn, row.id).or_fault("load the text")?;
    let history = record::history(conn, keys, row.id, TIMELINE_MAX).or_fault("load the history")?;
    let replies = queries::replies_of(conn, row.id).or_fault("load replies")?;
    let stored = evidence::of(conn, keys, &[row.id]).or_fault("load photos")?;
    let entry = ledger::by_id(conn, row.entry_id).or_fault("load the entry")?;
    let decisions = queries::decisions_of(conn, keys, row.id).or_fault("load decisions")?;
    let may_rate = row.state == ComplaintState::Replied && may_rate(conn, profile, &replies, now)?;
    let parts = parts::of_letter(conn, row.id).or_fault("load parts")?;
    let procedure = row.procedure.as_deref().and_then(|p| profile.procedure(p));
    let redress = procedure.and_then(|p| p.redress.clone());
    let visits = visits::tracked(conn, &row).or_fault("load visits")?;
    let former = replaced::former_words(conn, keys, row.id).or_fault("load corrections")?;
    let first = former.into_iter().next();
    let wish = wishes::of(conn, keys, row.id)?;
    let notices = notice_views::tracked(conn, keys, row.id)?;
    Ok(TrackingView {
        wishes: WishesView::from(&wish),
        visits,
        parts: parts
            .into_iter()
            .map(|part| PartView::of(profile, part))
            .collect(),
        state_name: row.state.label(),
        category_name: profile.category_name(&row.category),
        description: words.text(text.description_masked),
        first_description: words.maybe(first),
        corrections: replaced::tracked(conn, row.id).or_fault("load corrections")?,
        received_at: local(row.received_at),
        // Sending it back upstream is between offices.
        deadlines: deadlines
            .into_iter()
            .filter(|clock| clock.kind != OBJECTION.name)
            .map(DeadlineView::from)
            .collect(),
        timeline: timeline(history),
        decisions: decisions
            .into_iter()
            .map(|d| TrackedDecision::of(profile, d, &words))
            .collect(),
        notices,
        replies: replies
            .into_iter()
            .map(|reply| reply.opened(keys))
            .map(|r| ReplyView {
                redress: redress.clone().filter(|_| r.kind == "final"),
                kind: r.kind,
                document_name: profile
                    .document(&r.document)
                    .map_or("", |d| &d.name)
                    .to_owned(),
                document: r.document,
                text: words.addressed(r.text),
                at: local(r.created_at),
            })
            .collect(),
        photos: stored
            .into_iter()
            .map(|photo| photo.view_by_code(&words))
            .collect(),
        // A provisional link is nobody's business yet; whoever is hidden sees their own as everyone.
        reports_on_the_matter: if row.link == "provisional" {
            1
        } else {
            entry.complaint_count.max(1)
        },
        questions: QuestionView::of(row.questions()),
        may_rate,
        may_add: row.state.is(Trait::TakesEvidence),
        number: row.number,
        state: row.state,
        category: row.category,
    })
}

/// Whether the last reply is young enough and not rated yet.
fn may_rate(
    conn: &mut Connection,
    profile: &Profile,
    replies: &[ReplyRow],
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let open = TimeDelta::days(profile.rules.rating.open_days);
    match replies.iter().rev().find(|r| r.kind == "final") {
        Some(reply) if now - reply.created_at.0 <= open => queries::is_rated(conn, reply.id)
            .map(|rated| !rated)
            .or_fault("load the rating"),
        _ => Ok(false),
    }
}

/// Which copy of a photo.
#[derive(Debug, Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SizeQuery {
    /// Long edge in pixels: 1600 (the default) or 400.
    pub size: Option<u32>,
}

impl SizeQuery {
    /// The copy asked for.
    ///
    /// # Errors
    /// 400 for another size.
    pub fn copy(&self) -> Result<Copy, Problem> {
        match self.size {
            None | Some(1600) => Ok(Copy::Large),
            Some(400) => Ok(Copy::Small),
            Some(_) => Err(Problem::bad_parameter("size", "is 1600 or 400")),
        }
    }
}

/// A photo of a followed complaint, without its metadata.
#[utoipa::path(get, path = "/api/v1/tracking/{code}/photos/{photo_id}", tag = "tracking", operation_id = "get_tracked_photo",
    params(("code" = String, Path), ("photo_id" = String, Path), SizeQuery),
    responses((status = 200, description = "The picture", content_type = "image/jpeg", body = crate::platform::http::FileBytes), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_tracked_photo(
    app: web::Data<App>,
    address: Address,
    path: web::Path<(String, String)>,
    query: Query<SizeQuery>,
) -> Result<HttpResponse, Problem> {
    let (typed, photo_id) = path.into_inner();
    let copy = query.0.copy()?;
    let code = code_of(&app, &address, &typed)?;
    let photo = app
        .db
        .read(move |conn| {
            let row = queries::by_tracking_code(conn, &code).or_fault("load a complaint")?;
            let row = row.ok_or_else(Problem::not_found)?;
            evidence::find(conn, &[row.id], &photo_id)
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    album::serve(&app.blobs, &photo, copy).await
}

/// Photos that were added.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoList {
    /// Each photo sent.
    pub photos: Vec<PhotoView>,
}

/// Photos on their own, for the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the schema derive alone")]
pub struct PhotoForm {
    /// One photo or several.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    photo: Vec<String>,
    /// Scans, PDF files, sound and video, kept sealed; they count among the photos.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    file: Vec<String>,
}

/// Adds photos. The same file again is the photo that is there already. A photo that cannot be
/// taken is refused with 413, 415 or 422; sent with others, the good ones are kept.
#[utoipa::path(post, path = "/api/v1/tracking/{code}/photos", tag = "tracking", operation_id = "add_photos",
    params(("code" = String, Path), UploadQuery),
    request_body(content((PhotoForm = "multipart/form-data"), (crate::platform::http::FileBytes = "image/*"),
        (crate::platform::http::FileBytes = "audio/*"), (crate::platform::http::FileBytes = "video/*"), (crate::platform::http::FileBytes = "application/pdf"))),
    responses((status = 201, body = PhotoList), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn add_photos(
    app: web::Data<App>,
    (address, sender): (Address, Sender),
    path: web::Path<String>,
    query: Query<UploadQuery>,
    key: IdempotencyKey,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let code = code_of(&app, &address, &path)?;
    app.limits.take(Limited::Submit, &sender)?;
    let known = code.clone();
    app.db
        .read(move |conn| {
            let row = queries::by_tracking_code(conn, &known).or_fault("load a complaint")?;
            may_add(&row.ok_or_else(Problem::not_found)?)
        })
        .await
        .map_err(|problem| counted(&app, &address, problem))?;
    let uploads = read_photos(&app, &request, payload, &["photo", FILE]).await?;
    let bytes = uploads
        .iter()
        .map(|u| u.bytes.as_deref().unwrap_or_default());
    let fingerprint = fingerprint_of(bytes);
    if let Some(answer) = key.kept_answer(&app.db, fingerprint).await? {
        return Ok(answer.into_response());
    }
    let hashes = stored::hashes_of(&uploads).await?;
    let (shared, known) = (app.clone(), code.clone());
    app.db
        .read(move |conn| {
            let row = queries::by_tracking_code(conn, &known).or_fault("load a complaint")?;
            let row = row.ok_or_else(Problem::not_found)?;
            has_room(conn, &shared.profile, row.id, &hashes)
        })
        .await?;
    let taken = intake::take_in(&app, uploads).await?;
    if let [only] = taken.as_slice() {
        only.or_refuse()?;
    }
    let (shared, now) = (app.clone(), app.now());
    let kept = stored::of(&taken);
    let said = Said::from(query.0);
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = locks::by_code(conn, &code)?;
            may_add(&row)?;
            let sent = taken.iter().map(|t| t.result.as_ref().ok());
            let hashes: Vec<_> = sent.map(|p| p.map(|p| p.sha256.clone())).collect();
            has_room(conn, &shared.profile, row.id, &hashes)?;
            let place = queries::place_of(conn, row.id).or_fault("load the place")?;
            let claimed = place
                .lon
                .zip(place.lat)
                .map(|(lon, lat)| Point { lon, lat });
            let arrival = Arrival {
                subject: Subject::complaint(row.id),
                source: Source::Reporter,
                uploaded_by: None,
                said,
                claimed,
                at: now,
            };
            if let Some(known) = evidence::known(conn, &shared.keys, &arrival, &taken)? {
                let photos = known.into_iter().map(Stored::view).collect();
                return Answer::created(format!("/api/v1/tracking/{code}"), &PhotoList { photos });
            }
            let photos = evidence::insert(conn, &shared.keys, &arrival, &taken)?;
            if !row.hidden {
                matching::queries::refile(conn, &shared.keys, row.id)?;
            }
            let event = reporter_event(&row, ComplaintEvent::AddPhotos)
                .with(json!({ "count": photos.len() }));
            record::append(conn, &event, now).or_fault("record")?;
            unread::came(conn, row.id, row.state, &Actor::Reporter, now)
                .or_fault("have it read")?;
            Answer::created(format!("/api/v1/tracking/{code}"), &PhotoList { photos })
        })
        .await;
    stored::settle(&app, kept, &answer).await;
    Ok(answer?.into_response())
}

/// Refuses photos, by the hashes of their contents, that are more than a complaint keeps.
fn has_room(
    conn: &mut Connection,
    profile: &Profile,
    complaint: Id,
    hashes: &[Option<String>],
) -> Result<(), Problem> {
    let kept = evidence::rows_of(conn, &[complaint]).or_fault("load photos")?;
    if new_among(&kept, hashes).len() <= room_left(profile, &kept) {
        return Ok(());
    }
    let limit = profile.rules.limits.photos * PHOTOS_TIMES;
    Err(Problem::invalid(
        "photo",
        ItemCode::TooManyPhotos,
        format!("a complaint keeps {limit} photos at most"),
    ))
}

pub(super) fn may_add(row: &ComplaintRow) -> Result<(), Problem> {
    if row.state.is(Trait::TakesEvidence) {
        return Ok(());
    }
    Err(Problem::wrong_state(row.state.as_str(), "add evidence"))
}

/// Media types of a raw body that is a file and no photo to be shown.
const RAW_FILES: [&str; 3] = ["audio/", "video/", "application/pdf"];

/// One raw picture as the body, which gets the first role, or one raw file, or multipart parts named
/// by the roles.
///
/// # Errors
/// 415 for a body of another kind, and what reading a multipart body refuses.
pub async fn read_photos(
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
    roles: &[&str],
) -> Result<Vec<Upload>, Problem> {
    let first = roles.first().copied().unwrap_or_default();
    let limits = app.profile.rules.limits;
    let mut raw = payload.into_inner();
    let visit = app.upload_room.enter(&sender_of(request))?;
    let media_type = media_type(request).unwrap_or_default();
    if !is_form(&media_type) {
        // What it is, its content says: cameras' apps and scripts name it loosely or not at all.
        let named_loosely = matches!(media_type.as_str(), "" | "application/octet-stream");
        let is_file = RAW_FILES.iter().any(|some| media_type.starts_with(some));
        if !named_loosely && !is_file && !media_type.starts_with("image/") {
            return Err(Problem::because(
                Code::UnsupportedMediaType,
                "send multipart/form-data, or one picture as image/*, or one file as audio/*, video/* or application/pdf",
            ));
        }
        let role = if is_file { FILE } else { first };
        let (bytes, held) = multipart::read_raw(request, &mut raw, (role, limits), &visit).await?;
        return Ok(vec![Upload {
            role: role.to_owned(),
            file_name: None,
            bytes: Some(bytes),
            held,
        }]);
    }
    let part_limits = PartLimits {
        json: "",
        json_bytes: 0,
        roles,
        photos: limits.photos,
        photo_bytes: limits.photo_bytes,
        file_bytes: most_bytes_of_any(limits),
    };
    let parts = multipart::read(request, &mut raw, part_limits, &visit).await?;
    if parts.uploads.is_empty() {
        let message = format!("send at least one photo as {}", roles.join(", "));
        return Err(Problem::invalid(first, ItemCode::Required, message));
    }
    Ok(parts.uploads)
}
