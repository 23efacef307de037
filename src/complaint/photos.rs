//! Photos of complaints and of visits, taken in and kept.

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::reuse;
use crate::app::{App, PHOTO_BUDGET};
use crate::geo::{Datum, Point, distance_m, to_canonical};
use crate::on_each;
use crate::photo::{self, Depth, PhotoLimits, PhotoProblem, Processed, Refusal, Remark};
use crate::platform::{
    blob::{Blobs, PhotoKeys, Underway},
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::photo as table},
    helper::GivenUp,
    limit::Sender,
    problem::{Code, OnDb, Problem},
    room::Held,
    sealed,
};
use crate::text::shorten;

/// Seconds after which a photo that could not be looked at may be sent again.
const RETRY_AFTER_S: u64 = 5;

/// Letters of a file name kept at most.
const FILE_NAME_LETTERS: usize = 120;

/// Who asks for pixels when no sender does.
const OURSELVES: &str = "ourselves";

/// An uploaded file before anyone looked at it.
#[derive(Debug)]
pub struct Upload {
    /// `photo`, or a visit's `far`, `near`, `reference`.
    pub role: String,
    /// The name the client gave; never used as a path.
    pub file_name: Option<String>,
    /// The bytes; `None` when there were more than allowed, which were not kept.
    pub bytes: Option<Bytes>,
    /// The room they hold until the photo was looked at.
    pub held: Held,
}

/// A photo after it was looked at: taken in and stored as blobs, or refused for itself.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its id, if it is kept.
    pub id: Id,
    /// Role.
    pub role: String,
    /// The client's file name, cut and cleaned.
    pub file_name: Option<String>,
    /// Bytes received.
    pub size_bytes: i64,
    /// What came of it.
    pub result: Result<Processed, Unkept>,
    /// Holds its blobs until its row is written, when they were stored.
    pub underway: Option<Underway>,
}

/// Why a photo is not kept.
#[derive(Debug, Clone)]
pub enum Unkept {
    /// For what it is.
    Photo(PhotoProblem),
    /// The complaint has as many as it may; nobody looked at it.
    NoRoom,
}

impl Unkept {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Photo(problem) => problem.code(),
            Self::NoRoom => TOO_MANY_PHOTOS,
        }
    }
}

/// Why a good photo is not kept: the complaint has as many as it may.
pub const TOO_MANY_PHOTOS: &str = "too_many_photos";

/// A photo as its sender sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoView {
    /// Id; absent when it was not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// `kept`, or `refused` with a problem.
    pub status: String,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// `photo`, `far`, `near` or `reference`.
    pub role: String,
    /// The file name as sent, for the client to tell its photos apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Whether there are public copies; an AVIF is kept but only sealed.
    pub viewable: bool,
    /// What was odd about a photo that is kept: `end_missing` (the mark at the picture's end),
    /// `exif_unsound` (part of what it tells about itself was left out), `trailer` (bytes behind
    /// the picture, which public copies leave out).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Looks at photos on the bounded pool and stores the good ones' blobs, one after another: a
/// submission costs the memory of one photo at work beside its own bytes, which go as each is
/// stored, and leaves the pool to others between two of them. Blobs are content addressed: when the
/// transaction after this fails, what was stored is merely unused; [`super::stored::settle`] removes it.
///
/// # Errors
/// 503 when the blob store does not take them; a refused photo is no error.
pub async fn take_in(app: &App, uploads: Vec<Upload>) -> Result<Vec<Taken>, Problem> {
    take_in_where(app, uploads, &HashSet::new()).await
}

/// The same but for those, by their places, for which there is no room: nothing of them is stored.
///
/// # Errors
/// As [`take_in`].
pub async fn take_in_where(
    app: &App,
    uploads: Vec<Upload>,
    no_room: &HashSet<usize>,
) -> Result<Vec<Taken>, Problem> {
    let mut taken = Vec::with_capacity(uploads.len());
    for (at, upload) in uploads.into_iter().enumerate() {
        taken.push(take_one(app, upload, no_room.contains(&at)).await?);
    }
    Ok(taken)
}

fn limits(app: &App) -> PhotoLimits {
    let limits = app.profile.rules.limits;
    PhotoLimits {
        bytes: limits.photo_bytes,
        pixels: limits.photo_pixels,
    }
}

/// Looks at a sender's photo in a process of its own, of which only so many work at once. One whose
/// pixels would cost more than a photo may is looked at once more without them, and kept as it is;
/// one that is too costly even so is refused for itself.
async fn look_at(
    app: &App,
    sender: &Sender,
    photo: &Bytes,
) -> Result<Result<Processed, PhotoProblem>, Problem> {
    let limits = limits(app);
    if let Err(problem) = photo::at_sight(photo, limits) {
        return Ok(Err(problem));
    }
    let garbled = |e: photo::wire::Garbled| Problem::fault(e.to_string());
    let mut turn = app.photo_turns.wait(sender).await?;
    let mut spent = Duration::ZERO;
    for depth in [Depth::Pixels, Depth::Structure] {
        let question = photo::wire::question(limits, depth).map_err(garbled)?;
        match app.photo_decoders.ask(&question, photo).await {
            Ok(answered) => {
                turn.costs(spent + answered.cpu);
                return photo::wire::read_answer(&answered.answer).map_err(garbled);
            }
            Err(GivenUp::TooCostly) => spent += PHOTO_BUDGET.cpu,
            Err(GivenUp::Unavailable(why)) => {
                tracing::error!("no photo can be looked at: {why}");
                return Err(Problem::unavailable(
                    "photos cannot be looked at just now",
                    RETRY_AFTER_S,
                ));
            }
        }
    }
    Ok(Err(PhotoProblem::TooCostly))
}

async fn take_one(app: &App, upload: Upload, no_room: bool) -> Result<Taken, Problem> {
    let limits = limits(app);
    let size_bytes = upload
        .bytes
        .as_ref()
        .map_or(0, |b| i64::try_from(b.len()).unwrap_or(i64::MAX));
    let mut underway = None;
    let result = match upload.bytes {
        _ if no_room => Err(Unkept::NoRoom),
        None => Err(Unkept::Photo(PhotoProblem::TooManyBytes(limits.bytes))),
        Some(bytes) => {
            let sender = upload.held.sender().cloned();
            let sender = sender.unwrap_or_else(|| Sender::from(OURSELVES));
            let result = look_at(app, &sender, &bytes).await?;
            if let Ok(processed) = &result {
                underway = Some(app.blobs.underway(&processed.sha256).await);
                store_blobs(&app.blobs, processed, bytes).await?;
            }
            result.map_err(Unkept::Photo)
        }
    };
    let file_name = upload
        .file_name
        .map(|name| clean_name(&name))
        .filter(|n| !n.is_empty());
    Ok(Taken {
        id: Id::new(),
        role: upload.role,
        file_name,
        size_bytes,
        result,
        underway,
    })
}

/// A file name is only shown; it keeps its letters but nothing that could be a path or a control.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    shorten(
        &last.chars().filter(|c| !c.is_control()).collect::<String>(),
        FILE_NAME_LETTERS,
    )
}

/// Whether a stored photo's picture tells anything by its hash; a copy that is lost tells nothing.
///
/// # Errors
/// 503 when the blob store does not answer.
pub(super) async fn is_telling(app: &App, sha256: &str) -> Result<bool, Problem> {
    let copy = match app.blobs.get(&PhotoKeys::of(sha256).large).await {
        Ok(copy) => copy,
        Err(lost) if lost.code() == Code::PhotoLost => return Ok(false),
        Err(problem) => return Err(problem),
    };
    let ourselves = Sender::from(OURSELVES);
    let derived = look_at(app, &ourselves, &copy).await?.ok();
    Ok(derived
        .and_then(|p| p.derived)
        .is_some_and(|derived| derived.telling))
}

async fn store_blobs(blobs: &Blobs, processed: &Processed, original: Bytes) -> Result<(), Problem> {
    let keys = PhotoKeys::of(&processed.sha256);
    let mut all = vec![(keys.original.as_str(), original)];
    if let Some(derived) = &processed.derived {
        all.push((&keys.large, Bytes::from(derived.large.clone())));
        all.push((&keys.small, Bytes::from(derived.small.clone())));
    }
    blobs.put_all(all).await
}

impl Taken {
    /// The refusal when the photo was sent on its own.
    ///
    /// # Errors
    /// 413, 415 or 422 when it was not kept.
    pub fn or_refuse(&self) -> Result<(), Problem> {
        let problem = match &self.result {
            Err(Unkept::Photo(problem)) => *problem,
            Ok(_) | Err(Unkept::NoRoom) => return Ok(()),
        };
        let code = match problem.refusal() {
            Refusal::TooLarge => Code::PhotoTooLarge,
            Refusal::UnsupportedType => Code::UnsupportedPhotoType,
            Refusal::Unreadable => Code::PhotoUnreadable,
        };
        Err(Problem::because(code, problem.to_string()))
    }

    /// Told to its sender when the complaint keeps as many photos as it may already.
    #[must_use]
    pub fn beyond_limit(&self) -> PhotoView {
        PhotoView {
            status: "refused".to_owned(),
            problem: Some(TOO_MANY_PHOTOS.to_owned()),
            viewable: false,
            ..self.view(None)
        }
    }

    fn view(&self, id: Option<Id>) -> PhotoView {
        let problem = self.result.as_ref().err().map(|p| p.code().to_owned());
        PhotoView {
            id,
            status: if problem.is_none() { "kept" } else { "refused" }.to_owned(),
            problem,
            role: self.role.clone(),
            file_name: self.file_name.clone(),
            viewable: self.result.as_ref().is_ok_and(|p| p.derived.is_some()),
            remarks: self.remarks().map(|r| r.code().to_owned()).collect(),
        }
    }

    fn remarks(&self) -> impl Iterator<Item = Remark> {
        self.result.iter().flat_map(|p| p.remarks.iter().copied())
    }
}

/// Stores photos' rows. The same file again in the same role is the photo that is there already.
/// A refused photo leaves a row as well, so that the brigade sees that something was sent.
///
/// # Errors
/// What the database answers.
pub fn insert(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    verification: Option<Id>,
    taken: &[Taken],
    claimed: Option<Point>,
    now: DateTime<Utc>,
) -> Result<Vec<PhotoView>, Problem> {
    taken
        .iter()
        .map(|photo| {
            let mut row = columns(photo, complaint, verification, claimed, now);
            row.file_name = match &photo.file_name {
                Some(name) => {
                    Some(sealed::FILE_NAME.seal_text(keys, photo.id.0.as_bytes(), name)?)
                }
                None => None,
            };
            let added = on_each!(conn, |c| diesel::insert_into(table::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(c))
            .or_fault("insert a photo")?;
            let derived = photo.result.as_ref().ok().and_then(|p| p.derived.as_ref());
            if let Some(derived) = derived.filter(|d| added > 0 && d.telling) {
                reuse::index(conn, photo.id, &derived.hash).or_fault("file a picture")?;
            }
            let Ok(processed) = &photo.result else {
                return Ok(photo.view(None));
            };
            let id = table::table
                .filter(table::complaint_id.eq(complaint))
                .filter(table::sha256.eq(&processed.sha256))
                .filter(table::role.eq(&photo.role))
                .select(table::id)
                .first::<Id>(conn)
                .or_fault("load a photo")?;
            Ok(photo.view(Some(id)))
        })
        .collect()
}

#[derive(Insertable, Clone)]
#[diesel(table_name = table)]
struct NewPhoto {
    id: Id,
    complaint_id: Id,
    verification_id: Option<Id>,
    role: String,
    status: String,
    problem: Option<String>,
    file_name: Option<String>,
    sha256: String,
    media_type: Option<String>,
    size_bytes: i64,
    width: Option<i32>,
    height: Option<i32>,
    perceptual_hash: Option<String>,
    taken_at: Option<UtcTime>,
    device_clock: Option<String>,
    orientation: Option<i32>,
    device: Option<String>,
    distance_m: Option<f64>,
    has_derivatives: bool,
    created_at: UtcTime,
    remarks: Option<String>,
}

fn columns(
    photo: &Taken,
    complaint_id: Id,
    verification_id: Option<Id>,
    claimed: Option<Point>,
    now: DateTime<Utc>,
) -> NewPhoto {
    let kept = photo.result.as_ref().ok();
    let facts = kept.map(|p| &p.facts);
    let gps = facts.and_then(|f| f.gps);
    let side = |n: Option<u32>| n.and_then(|n| i32::try_from(n).ok());
    NewPhoto {
        id: photo.id,
        complaint_id,
        verification_id,
        role: photo.role.clone(),
        status: if kept.is_some() { "kept" } else { "refused" }.to_owned(),
        problem: photo.result.as_ref().err().map(|p| p.code().to_owned()),
        file_name: None,
        // A refused file has no content of ours; its own id keeps its row apart.
        sha256: kept.map_or_else(|| photo.id.to_string(), |p| p.sha256.clone()),
        media_type: kept.map(|p| p.media_type.as_str().to_owned()),
        size_bytes: photo.size_bytes,
        width: side(kept.and_then(|p| p.width)),
        height: side(kept.and_then(|p| p.height)),
        perceptual_hash: kept
            .and_then(|p| p.derived.as_ref())
            .map(|d| d.hash.to_string()),
        taken_at: facts.and_then(|f| f.taken_at).map(UtcTime),
        device_clock: facts.and_then(|f| f.device_clock).map(|c| c.to_string()),
        orientation: facts.and_then(|f| f.orientation).map(i32::from),
        device: facts.and_then(|f| f.device.clone()),
        // Evidence, never a blocker.
        distance_m: gps
            .zip(claimed)
            .map(|((lon, lat), claimed)| distance_m(to_canonical(Datum::Wgs84, lon, lat), claimed)),
        has_derivatives: kept.is_some_and(|p| p.derived.is_some()),
        created_at: UtcTime(now),
        remarks: Some(
            photo
                .remarks()
                .map(Remark::code)
                .collect::<Vec<_>>()
                .join(","),
        )
        .filter(|remarks| !remarks.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::clean_name;

    /// D13: names are shown, never used.
    #[test]
    fn names_are_harmless() {
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("C:\\x\\照片 1.jpg"), "照片 1.jpg");
        assert_eq!(clean_name("a\r\nb"), "ab");
        assert_eq!(clean_name(&"长".repeat(500)).chars().count(), 120);
    }
}
