//! Filing what was found, from phones on bad networks as well.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use utoipa::ToSchema;

use super::{
    body::{CheckedFind, FindBody},
    queries::{self, NewFind},
    views::{FindView, view_of},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    intake,
    routes::{JsonPart, read_submission, with_photos},
    submission::{self, Door, Prepared},
};
use crate::district::FIND;
use crate::evidence::stored;
use crate::platform::{
    db::Connection,
    http::{Answer, DeviceNow, IdempotencyKey, MAX_JSON_BYTES},
    limit::Limited,
    problem::{OnDb, Problem},
};
use crate::verification::dispatch::on_the_spot;

/// The part of a form that tells of a find.
const FIND_PART: JsonPart = JsonPart {
    name: "find",
    bytes: MAX_JSON_BYTES,
};

/// What staff find in the course of their duties is of the plan's fourth class (监管执法发现).
const SOURCE_CLASS: &str = "enforcement";

/// The multipart form of a find, for the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the schema derive alone")]
pub struct FindForm {
    /// The find, as JSON.
    find: FindBody,
    /// Up to nine photos.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    photo: Vec<String>,
    /// Scans, PDF files, sound and video, kept sealed; they count among the photos.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    file: Vec<String>,
}

/// Files what the caller found (巡查发现): a clue for the brigade to study. It is no petition: nobody is
/// told or answered, it has no clocks and no tracking code, and counts no person. How it came to light
/// follows from who files it: grid officers and streets `grassroots` (基层摸), sections, the station
/// and the brigade `own_check` (本级查). The same `client_id` of the same person is the same find, and
/// answers the first with 200; with other content it is refused (409). A photo that cannot be taken is
/// listed with its problem. A member of staff may file as many in an hour as an address may submit
/// (429).
#[utoipa::path(post, path = "/api/v1/finds", tag = "finds", operation_id = "report_find",
    params(("Device-Now" = Option<DateTime<Utc>>, Header, description = "What the device's clock shows as it sends; what it claims is corrected by the difference to ours")),
    request_body(content((FindBody = "application/json"), (FindForm = "multipart/form-data"))),
    responses((status = 201, body = FindView), (status = 200, description = "The same find again: the first, as it stands", body = FindView),
        (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn report_find(
    app: web::Data<App>,
    staff: Staff,
    (key, device): (IdempotencyKey, DeviceNow),
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    // Photos take their time to come; the device's clock was read before them.
    let now = app.now();
    let offset = device.offset(now);
    let sent = read_submission::<FindBody>(&app, FIND_PART, &request, payload).await?;
    let (body, content) = (sent.body, sent.fingerprint);
    if let Some(answer) = key.kept_answer(&app.db, content).await? {
        return Ok(answer.into_response());
    }
    let (shared, asking, client_id) = (app.clone(), staff.clone(), body.client_id.clone());
    let known = app
        .db
        .read(move |conn| first_of(conn, &shared, &asking, &client_id, content))
        .await?;
    if let Some(first) = known {
        return Ok(first.into_response());
    }
    // A phone that sends again what is here already is answered, however many it sent.
    app.limits.take(Limited::Find, &staff.id.to_string())?;
    let found = body.check(&app.profile, &staff, offset, now)?;
    let prepared = prepare(&app, &staff, &found, now);
    let prepared = with_photos(&app, prepared, sent.uploads).await?;
    let kept = stored::of(&prepared.photos);
    let shared = app.clone();
    let answer = key
        .write_once(&app.db, content, now, move |conn| {
            let told = Told {
                body: &body,
                found: &found,
                prepared: &prepared,
                content,
                offset,
            };
            store(conn, &shared, &staff, &told, now)
        })
        .await;
    stored::settle(&app, kept, &answer).await;
    let answer = answer?;
    app.metrics.count("finds_taken_in");
    Ok(answer.into_response())
}

/// A find as it is filed.
struct Told<'a> {
    body: &'a FindBody,
    found: &'a CheckedFind,
    prepared: &'a Prepared,
    content: [u8; 32],
    offset: Option<TimeDelta>,
}

fn prepare(app: &App, staff: &Staff, found: &CheckedFind, now: DateTime<Utc>) -> Prepared {
    let door = Door {
        channel: FIND.to_owned(),
        external_no: None,
        service: None,
        source_class: Some(SOURCE_CLASS.to_owned()),
        received_at: now,
        object_id: None,
        resident: None,
        resident_keys: Vec::new(),
        sender: None,
        sender_before: Vec::new(),
        self_filed: false,
        actor: staff.actor(),
    };
    let (checked, others, photos) = (found.checked.clone(), Vec::new(), Vec::new());
    submission::prepare(&app.profile, &app.keys, checked, door, others, photos)
}

/// The answer to a find that was filed before.
fn first_of(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    client_id: &str,
    content: [u8; 32],
) -> Result<Option<Answer>, Problem> {
    let first = queries::sent_before(conn, staff.id, client_id, content)?;
    let Some(id) = first else {
        return Ok(None);
    };
    let row = queries::by_id(conn, id).or_fault("load a find")?;
    let view = view_of(conn, app, staff, row)?;
    Answer::ok(&FindView {
        already_received: true,
        ..view
    })
    .map(Some)
}

fn store(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    told: &Told<'_>,
    now: DateTime<Utc>,
) -> Result<Answer, Problem> {
    let Told {
        body,
        found,
        prepared,
        content,
        offset,
    } = told;
    let new = NewFind {
        complaint: prepared.report.id.into(),
        found_by: staff.id,
        client_id: &body.client_id,
        content: *content,
        clue_channel: body.clue_channel.as_str(),
        street: found.street.as_deref(),
        seen_at: found.seen_at,
        device_time: body.device_time,
        offset: *offset,
    };
    if !queries::keep(conn, &new).or_fault("keep a find")? {
        let first = first_of(conn, app, staff, &body.client_id, *content)?;
        return first.ok_or_else(|| Problem::fault("a find is there and is not"));
    }
    let stored = intake::store(conn, &app.profile, &app.keys, prepared, now)?;
    if body.visit == Some(true) {
        on_the_spot(conn, app, staff, &stored.row, found.seen_at, now)?;
    }
    let row = queries::by_id(conn, stored.row.id).or_fault("load a find")?;
    let view = view_of(conn, app, staff, row)?;
    Answer::created(format!("/api/v1/finds/{}", view.summary.number), &view)
}
