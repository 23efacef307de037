//! The door for staff and other systems: hotline, platform, letters, visits, superiors.

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::ToSchema;

use super::{
    body::{Border, Checked, IntakeBody, SourceClass},
    person::{Checking, Person, PetitionerKind, Question, check_person},
    routes::{JsonPart, read_submission, store_and_answer, with_photos},
    submission::{self, Door, Prepared},
    views::Receipt,
};
use crate::account::{Role, Staff, queries::files_under};
use crate::app::App;
use crate::platform::{
    db::{Connection, Id},
    http::{IdempotencyKey, dates::first_instant},
    problem::{Code, Item, ItemCode, OnDb, Problem},
};
use crate::record::Actor;

/// Persons on one petition at most; longer lists come as several petitions.
const MAX_PETITIONERS: usize = 500;

/// Bytes of an intake's JSON at most: five hundred petitioners with all that may be said of each, in
/// Chinese, each letter written as it is or as `\uXXXX`.
pub const INTAKE_JSON_BYTES: usize = 2 * 1024 * 1024;

/// The multipart form of an intake, for the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the schema derive alone")]
pub struct IntakeForm {
    /// The intake, as JSON.
    intake: IntakeBody,
    /// Up to nine photos: scans of a letter, pictures that came with a transfer.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    photo: Vec<String>,
    /// Scans, PDF files, sound and video, kept sealed; they count among the photos.
    #[schema(value_type = Vec<String>, format = Binary, required = false, max_items = 9)]
    file: Vec<String>,
}

/// Takes a complaint in from another channel, with photos where there are some. The same channel
/// and upstream number is the same complaint (R0): its first record is answered with 200.
#[utoipa::path(post, path = "/api/v1/intake", tag = "complaints", operation_id = "create_intake",
    request_body(content((IntakeBody = "application/json"), (IntakeForm = "multipart/form-data"))),
    responses((status = 201, body = Receipt), (status = 200, description = "Received before (R0)", body = Receipt),
        (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn take_in(
    app: web::Data<App>,
    staff: Staff,
    key: IdempotencyKey,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let part = JsonPart {
        name: "intake",
        bytes: INTAKE_JSON_BYTES,
    };
    let sent = read_submission::<IntakeBody>(&app, part, &request, payload).await?;
    if let Some(answer) = key.kept_answer(&app.db, sent.fingerprint).await? {
        return Ok(answer.into_response());
    }
    let fingerprint = sent.fingerprint;
    let mut draft = check_intake(&app, sent.body, staff.actor())?;
    if staff.role == Role::Service {
        let (id, channel) = (staff.id, draft.door.channel.clone());
        app.db
            .read(move |conn| check_channel(conn, id, &channel))
            .await?;
        draft.door.service = Some(staff.id);
    }
    let prepared = with_photos(&app, draft.prepare(&app), sent.uploads).await?;
    store_and_answer(&app, key, fingerprint, prepared).await
}

/// A service files under its own channels alone: the numbers of others are not its to ask for.
fn check_channel(conn: &mut Connection, service: Id, channel: &str) -> Result<(), Problem> {
    if files_under(conn, service, channel).or_fault("load channels")? {
        return Ok(());
    }
    let detail =
        format!("this account does not file under {channel}; `dengwen staff channels` binds it");
    Err(Problem::because(Code::Forbidden, detail))
}

/// A checked complaint from another channel, before its photos were looked at.
pub struct Draft {
    checked: Checked,
    door: Door,
    others: Vec<(PetitionerKind, Person)>,
}

impl Draft {
    /// What could not be read of those who petition.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.checked.questions
    }

    /// Ready to be stored, without photos.
    #[must_use]
    pub fn prepare(self, app: &App) -> Prepared {
        let Self {
            checked,
            door,
            others,
        } = self;
        submission::prepare(&app.profile, &app.keys, checked, door, others, Vec::new())
    }
}

/// Checks a complaint from another channel; used by the import as well.
///
/// # Errors
/// 422 with one item for each field that is not valid.
pub fn check_intake(app: &App, body: IntakeBody, actor: Actor) -> Result<Draft, Problem> {
    let profile = &app.profile;
    let now = app.now();
    let channel = profile.channel(&body.channel).ok_or_else(|| {
        let known = profile
            .channels
            .iter()
            .map(|c| c.code.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        Problem::invalid(
            "channel",
            ItemCode::UnknownChannel,
            format!("is one of {known}"),
        )
    })?;
    // A row of a table without such numbers is known by its own id.
    let is_row = actor == Actor::Import;
    if channel.needs_external_no && body.external_no.is_none() && !is_row {
        let message = "is required for this channel: it keeps the same complaint from coming twice";
        return Err(Problem::invalid("external_no", ItemCode::Required, message));
    }
    if body.source_class == Some(SourceClass::CentralProvincial) && body.external_no.is_none() {
        let message = "is required for what comes from the centre or the province";
        return Err(Problem::invalid("external_no", ItemCode::Required, message));
    }
    if body.received_at.is_some_and(|at| at > now) {
        return Err(Problem::invalid(
            "received_at",
            ItemCode::InTheFuture,
            "has not happened yet",
        ));
    }
    if body.received_at.is_some_and(|at| at < first_instant()) {
        return Err(Problem::invalid(
            "received_at",
            ItemCode::TooEarly,
            "is of the year 2000 or later",
        ));
    }
    let mut items = Vec::new();
    if body.petitioners.len() > MAX_PETITIONERS {
        items.push(Item::new(
            "petitioners",
            ItemCode::TooMany,
            format!("has {MAX_PETITIONERS} persons at most"),
        ));
    }
    let mut asked: Vec<Question> = Vec::new();
    let mut checking = Checking {
        area_code: profile.rules.area_code.as_deref(),
        items: &mut items,
        questions: &mut asked,
    };
    let others: Vec<(PetitionerKind, Person)> = body
        .petitioners
        .iter()
        .enumerate()
        .filter_map(|(at, p)| {
            let location = format!("petitioners[{at}].person");
            let person = check_person(&p.person, &location, &mut checking)?;
            Some((p.kind, person))
        })
        .collect();
    if !items.is_empty() {
        return Err(Problem::invalid_items(items));
    }
    let mut checked = body
        .complaint
        .check(profile, now, Border::Open)
        .map_err(nested)?;
    for question in &mut checked.questions {
        question.location = format!("complaint.{}", question.location);
    }
    checked.questions.append(&mut asked);
    let door = Door {
        channel: body.channel,
        external_no: body.external_no,
        service: None,
        source_class: body.source_class.map(|class| class.as_str().to_owned()),
        received_at: body.received_at.unwrap_or(now),
        object_id: body.object_id,
        resident: None,
        resident_keys: Vec::new(),
        sender: None,
        sender_before: Vec::new(),
        self_filed: false,
        actor,
    };
    Ok(Draft {
        checked,
        door,
        others,
    })
}

/// Fields of the complaint inside an intake body are told with their whole path.
fn nested(problem: Problem) -> Problem {
    let items = problem.items().iter().map(|item| Item {
        location: format!("complaint.{}", item.location),
        ..item.clone()
    });
    Problem::invalid_items(items.collect())
}
