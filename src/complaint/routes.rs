//! The public doors: submitting, and what is similar already.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    body::{Border, Checked, ComplaintBody},
    clocks,
    disposition::is_form,
    first_record, intake,
    multipart::{self, PartLimits, Parts},
    remarks::on_representatives,
    senders::Proven,
    similar::{self, SimilarView},
    submission::{self, Door, Prepared, Stored},
    views::{DeadlineView, QuestionView, Receipt},
};
use crate::account::{
    Caller, Resident,
    caller::{Address, MaybeCaller, sender_of},
};
use crate::app::App;
use crate::district::Profile;
use crate::evidence::{
    file::{FILE, most_bytes_of_any},
    intake::{Upload, take_in_where},
    stored,
};
use crate::geo::cell;
use crate::matching::{Outcome, Report};
use crate::platform::{
    db::{Connection, Id},
    http::{
        Answer, Body, IdempotencyKey, MAX_JSON_BYTES, Null, idempotency::fingerprint_of,
        media_type, read_json,
    },
    limit::{Limited, Sender},
    problem::{ItemCode, OnDb, Problem},
};
use crate::record::{Actor, local};

/// The multipart form of a submission, for the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the schema derive alone")]
pub struct SubmissionForm {
    /// The complaint, as JSON.
    complaint: ComplaintBody,
    /// Up to nine photos.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    photo: Vec<String>,
    /// Scans, PDF files, sound and video, kept sealed; they count among the photos.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    file: Vec<String>,
}

/// Files a complaint. No account is needed. A photo that cannot be taken never sinks the complaint:
/// it is listed with its problem. Send an `Idempotency-Key` and retry blindly.
#[utoipa::path(post, path = "/api/v1/complaints", tag = "complaints", operation_id = "create_complaint",
    request_body(content((ComplaintBody = "application/json"), (SubmissionForm = "multipart/form-data"))),
    responses((status = 201, body = Receipt), (status = 200, description = "The same submission again (R0): its first record", body = Receipt),
        (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn submit(
    app: web::Data<App>,
    caller: MaybeCaller,
    address: Address,
    sender: Sender,
    key: IdempotencyKey,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    app.limits.take(Limited::Submit, &sender)?;
    let sent = read_submission::<ComplaintBody>(&app, COMPLAINT, &request, payload).await?;
    let fingerprint = sent.fingerprint;
    if let Some(answer) = key.kept_answer(&app.db, fingerprint).await? {
        app.limits.give_back(Limited::Submit, &sender);
        return Ok(answer.into_response());
    }
    let now = app.now();
    let mut checked = sent.body.check(&app.profile, now, Border::Strict)?;
    let signed_in = resident_of(&app, caller).await?;
    if let Some(SignedIn { phone, .. }) = &signed_in {
        // Notices go to the phone the resident signed in by, unless they name another.
        let reporter = checked.reporter.get_or_insert_default();
        reporter.phone = reporter.phone.take().or_else(|| phone.clone());
    }
    let resident = signed_in.as_ref().map(|s| s.id);
    let indexes = |known: String| app.keys.blind_indexes("address", &known);
    let mut senders = address.0.known().map_or_else(Vec::new, indexes).into_iter();
    let door = Door {
        channel: "app".to_owned(),
        external_no: None,
        service: None,
        source_class: None,
        received_at: now,
        object_id: None,
        resident,
        resident_keys: signed_in.map_or_else(Vec::new, |s| s.phone_keys),
        sender: senders.next(),
        sender_before: senders.collect(),
        self_filed: true,
        actor: Actor::Reporter,
    };
    let (others, photos) = (Vec::new(), Vec::new());
    let prepared = submission::prepare(&app.profile, &app.keys, checked, door, others, photos);
    let prepared = with_photos(&app, prepared, sent.uploads).await?;
    store_and_answer(&app, key, fingerprint, prepared).await
}

/// A submission as it was sent: a JSON body, or one among the parts of a form with photos.
pub struct Sent<T> {
    /// The parsed and validated body.
    pub body: T,
    /// The photos, not looked at yet.
    pub uploads: Vec<Upload>,
    /// Of everything sent, for the idempotency key.
    pub fingerprint: [u8; 32],
}

/// The part of a form that holds a submission's body.
#[derive(Debug, Clone, Copy)]
pub struct JsonPart {
    /// Its name.
    pub name: &'static str,
    /// Bytes it may have, as a part or as the whole body.
    pub bytes: usize,
}

/// A resident's own complaint.
const COMPLAINT: JsonPart = JsonPart {
    name: "complaint",
    bytes: MAX_JSON_BYTES,
};

/// Reads a submission.
///
/// # Errors
/// What is wrong with the body, its parts or its fields; 503 while there is no room for uploads.
pub async fn read_submission<T: DeserializeOwned + Validate>(
    app: &App,
    json: JsonPart,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Sent<T>, Problem> {
    let mut raw = payload.into_inner();
    let parts = if media_type(request).as_deref().is_some_and(is_form) {
        let limits = app.profile.rules.limits;
        let limits = PartLimits {
            json: json.name,
            json_bytes: json.bytes,
            roles: &["photo", FILE],
            photos: limits.photos,
            photo_bytes: limits.photo_bytes,
            file_bytes: most_bytes_of_any(limits),
        };
        let visit = app.upload_room.enter(&sender_of(request))?;
        multipart::read(request, &mut raw, limits, &visit).await?
    } else {
        Parts {
            json: Some(read_json(request, &mut raw, json.bytes).await?),
            uploads: Vec::new(),
        }
    };
    let bytes = parts
        .json
        .ok_or_else(|| Problem::invalid(json.name, ItemCode::Required, "is the JSON part"))?;
    let Body { value, fingerprint } = Body::<T>::parse(&bytes, Null::IsAbsence)?;
    let photos = parts
        .uploads
        .iter()
        .map(|u| u.bytes.as_deref().unwrap_or_default());
    let fingerprint = fingerprint_of(std::iter::once(fingerprint.as_slice()).chain(photos));
    Ok(Sent {
        body: value,
        uploads: parts.uploads,
        fingerprint,
    })
}

/// The resident who is signed in.
struct SignedIn {
    id: Id,
    phone_keys: Vec<String>,
    phone: Option<String>,
}

async fn resident_of(
    app: &web::Data<App>,
    caller: MaybeCaller,
) -> Result<Option<SignedIn>, Problem> {
    let Some(Caller::Resident(Resident { id, .. })) = caller.0 else {
        return Ok(None);
    };
    let shared = app.clone();
    let Proven { keys, phone } = app
        .db
        .read(move |conn| Proven::by(conn, &shared.keys, id))
        .await?;
    Ok(Some(SignedIn {
        id,
        phone_keys: keys,
        phone,
    }))
}

/// Takes a submission's photos in, but for those its first record has no room for.
///
/// # Errors
/// A fault when the database or the store of photos fails.
pub async fn with_photos(
    app: &web::Data<App>,
    prepared: Prepared,
    uploads: Vec<Upload>,
) -> Result<Prepared, Problem> {
    if uploads.is_empty() {
        return Ok(prepared);
    }
    let hashes = stored::hashes_of(&uploads).await?;
    let (shared, foreseen) = (app.clone(), prepared.clone());
    let no_room = app
        .db
        .read(move |conn| {
            first_record::without_room(conn, &shared.keys, &shared.profile, foreseen, &hashes)
        })
        .await?;
    let taken = take_in_where(app, uploads, &no_room).await?;
    Ok(prepared.with_photos(taken))
}

pub(super) async fn store_and_answer(
    app: &web::Data<App>,
    key: IdempotencyKey,
    fingerprint: [u8; 32],
    prepared: Prepared,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let kept = stored::of(&prepared.photos);
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let stored = intake::store(conn, &shared.profile, &shared.keys, &prepared, now)?;
            let verdict = &stored.verdict;
            let model = &verdict.model;
            shared.metrics.matching(model, drift_event(verdict.outcome));
            answer(conn, &shared.profile, &prepared.report, stored)
        })
        .await;
    stored::settle(app, kept, &answer).await;
    let answer = answer?;
    app.metrics.count("complaints_taken_in");
    Ok(answer.into_response())
}

/// What is counted of a verdict. Held against what officers say, it shows when a model no longer
/// fits what comes in.
const fn drift_event(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::SameSubmission => "same_submission",
        Outcome::Attached => "attached",
        Outcome::Provisional => "provisional",
        Outcome::Suspected => "suspected",
        Outcome::Related => "related",
        Outcome::New => "new",
    }
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
        first_record,
        tells_code,
        ..
    } = stored;
    let deadlines = clocks::of_handling(conn, row.id).or_fault("load clocks")?;
    let receipt = Receipt {
        state_name: row.state.label(),
        // Whatever matching found by words: its silence would tell of them too.
        similar: if first_record {
            Vec::new()
        } else {
            similar::open_near(conn, profile, report)?
        },
        deadlines: deadlines.into_iter().map(DeadlineView::from).collect(),
        photos,
        questions: QuestionView::of(row.questions()),
        remarks: on_representatives(profile, &row.channel, row.person_count)
            .into_iter()
            .collect(),
        received_at: local(row.received_at),
        already_received: first_record,
        number: row.number,
        tracking_code: tells_code.then(|| row.tracking_code.clone()),
        state: row.state,
    };
    if first_record {
        return Answer::ok(&receipt);
    }
    Answer::created(format!("/api/v1/tracking/{}", row.tracking_code), &receipt)
}

/// Similar open matters.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarList {
    /// The nearest class first, five at most.
    pub similar: Vec<SimilarView>,
}

/// What is already open nearby, each matter once, so that an app can offer to follow it (`POST
/// /api/v1/matters/{code}/follow` with its `matter`) or to be one more voice: file with `same_as` and the
/// number or the `matter` shown here. Takes the same body as filing; stores nothing, and of all it says the place
/// and the category alone are looked at: without a place nothing is named. Distances are told in
/// classes, to the near edge of a cell.
#[utoipa::path(post, path = "/api/v1/complaints/similar", tag = "complaints", operation_id = "find_similar",
    request_body(content((ComplaintBody = "application/json"), (SubmissionForm = "multipart/form-data"))),
    responses((status = 200, body = SimilarList), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn find_similar(
    app: web::Data<App>,
    caller: MaybeCaller,
    sender: Sender,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    app.limits.take(Limited::Similar, &sender)?;
    let sent = read_submission::<ComplaintBody>(&app, COMPLAINT, &request, payload).await?;
    let now = app.now();
    // The person is left out: nobody may learn here what a phone number has reported.
    let checked = Checked {
        reporter: None,
        ..sent.body.check(&app.profile, now, Border::Strict)?
    };
    if caller.0.is_none() {
        // One place cannot be asked about from many addresses without end either.
        let place = checked.point.and_then(cell);
        let place = place.map_or_else(|| "nowhere".to_owned(), |cell| cell.to_string());
        app.limits.take(Limited::SimilarPlace, &place)?;
    }
    let door = Door {
        channel: "app".to_owned(),
        external_no: None,
        service: None,
        source_class: None,
        received_at: now,
        object_id: None,
        resident: None,
        resident_keys: Vec::new(),
        sender: None,
        sender_before: Vec::new(),
        self_filed: true,
        actor: Actor::Reporter,
    };
    let prepared = submission::prepare(
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
        .read(move |conn| similar::open_near(conn, &shared.profile, &prepared.report))
        .await?;
    Ok(HttpResponse::Ok().json(SimilarList { similar }))
}
