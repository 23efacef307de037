//! What is sent, looked at and stored as blobs, before its rows are written.

use std::{collections::HashSet, time::Duration};

use actix_web::web;
use bytes::Bytes;

use super::{
    Kind,
    album::{KEPT, PhotoView, REFUSED},
    file::{self, FILE, FileProblem},
};
use crate::app::{App, PHOTO_BUDGET};
use crate::photo::{self, Depth, PhotoLimits, PhotoProblem, Processed, Refusal, Remark};
use crate::platform::{
    blob::{Blobs, PhotoKeys, Underway},
    db::Id,
    helper::GivenUp,
    limit::Sender,
    problem::{Code, ItemCode, Problem},
    room::Held,
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
    /// `photo`, or a visit's `far`, `near`, `reference`; or [`FILE`].
    pub role: String,
    /// The name the client gave; never used as a path.
    pub file_name: Option<String>,
    /// The bytes; `None` when there were more than allowed, which were not kept.
    pub bytes: Option<Bytes>,
    /// The room they hold until the photo was looked at.
    pub held: Held,
}

/// An upload after it was looked at: taken in and stored as blobs, or refused for itself.
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
    pub result: Result<Kept, Unkept>,
    /// Holds its blobs until its row is written, when they were stored.
    pub underway: Option<Underway>,
}

/// What was taken in.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What it is.
    pub kind: Kind,
    /// Its media type.
    pub media_type: &'static str,
    /// SHA-256 of the original, hex.
    pub sha256: String,
    /// What was found of a picture.
    pub picture: Option<Processed>,
}

impl Kept {
    fn photo(picture: Processed) -> Self {
        Self {
            kind: Kind::Photo,
            media_type: picture.media_type.as_str(),
            sha256: picture.sha256.clone(),
            picture: Some(picture),
        }
    }

    /// A picture of a document.
    fn scan(picture: Processed) -> Self {
        Self {
            kind: Kind::Scan,
            ..Self::photo(picture)
        }
    }
}

/// Why an upload is not kept.
#[derive(Debug, Clone)]
pub enum Unkept {
    /// A photo for what it is.
    Photo(PhotoProblem),
    /// A file for what it is.
    File(FileProblem),
    /// The complaint has as many as it may; nobody looked at it.
    NoRoom,
}

impl Unkept {
    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Photo(problem) => problem.code(),
            Self::File(problem) => problem.code(),
            Self::NoRoom => TOO_MANY_PHOTOS,
        }
    }
}

/// Why a good photo is not kept: the complaint has as many as it may.
pub const TOO_MANY_PHOTOS: &str = "too_many_photos";

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

/// How a photo is looked at: one whose pixels would cost more than a photo may is looked at once more
/// without them, and kept as it is.
const SHOWN: &[Depth] = &[Depth::Pixels, Depth::Structure];

/// How a picture is looked at that is kept sealed only.
const SEALED: &[Depth] = &[Depth::Structure];

/// Looks at a sender's picture in a process of its own, of which only so many work at once. One that
/// is too costly at every depth is refused for itself.
async fn look_at(
    app: &App,
    sender: &Sender,
    photo: &Bytes,
    depths: &[Depth],
) -> Result<Result<Processed, PhotoProblem>, Problem> {
    let limits = limits(app);
    if let Err(problem) = photo::at_sight(photo, limits) {
        return Ok(Err(problem));
    }
    let garbled = |e: photo::wire::Garbled| Problem::fault(e.to_string());
    let mut turn = app.photo_turns.wait(sender).await?;
    let mut spent = Duration::ZERO;
    for depth in depths {
        let question = photo::wire::question(limits, *depth).map_err(garbled)?;
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

/// What a file is, by how it begins; a picture among them is looked at as far as its structure goes.
async fn look_at_file(
    app: &App,
    sender: &Sender,
    bytes: &Bytes,
) -> Result<Result<Kept, FileProblem>, Problem> {
    let Some((kind, media_type)) = file::sniff(bytes) else {
        let seen = look_at(app, sender, bytes, SEALED).await?;
        return Ok(seen.map(Kept::scan).map_err(FileProblem::from));
    };
    let most = file::most_bytes(kind, app.profile.rules.limits);
    if bytes.len() > most {
        return Ok(Err(FileProblem::TooManyBytes(most)));
    }
    let content = bytes.clone();
    let sha256 = web::block(move || photo::content_hash(&content))
        .await
        .map_err(|e| Problem::fault(format!("hash a file: {e}")))?;
    Ok(Ok(Kept {
        kind,
        media_type,
        sha256,
        picture: None,
    }))
}

/// What an upload is whose bytes are there.
async fn look(app: &App, upload: &Upload, bytes: &Bytes) -> Result<Result<Kept, Unkept>, Problem> {
    let sender = upload.held.sender().cloned();
    let sender = sender.unwrap_or_else(|| Sender::from(OURSELVES));
    if upload.role == FILE {
        let seen = look_at_file(app, &sender, bytes).await?;
        return Ok(seen.map_err(Unkept::File));
    }
    let seen = look_at(app, &sender, bytes, SHOWN).await?;
    Ok(seen.map(Kept::photo).map_err(Unkept::Photo))
}

/// Why an upload is not kept of which there were more bytes than any may have.
fn too_many_bytes(app: &App, role: &str) -> Unkept {
    let limits = app.profile.rules.limits;
    if role == FILE {
        Unkept::File(FileProblem::TooManyBytes(file::most_bytes_of_any(limits)))
    } else {
        Unkept::Photo(PhotoProblem::TooManyBytes(limits.photo_bytes))
    }
}

async fn take_one(app: &App, upload: Upload, no_room: bool) -> Result<Taken, Problem> {
    let bytes = upload.bytes.clone();
    let size_bytes = bytes
        .as_ref()
        .map_or(0, |b| i64::try_from(b.len()).unwrap_or(i64::MAX));
    let mut underway = None;
    let result = match bytes {
        _ if no_room => Err(Unkept::NoRoom),
        None => Err(too_many_bytes(app, &upload.role)),
        Some(bytes) => {
            let seen = look(app, &upload, &bytes).await?;
            if let Ok(kept) = &seen {
                underway = Some(app.blobs.underway(&kept.sha256).await);
                store_blobs(&app.blobs, kept, bytes).await?;
            }
            seen
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
    let derived = look_at(app, &ourselves, &copy, SHOWN).await?.ok();
    Ok(derived
        .and_then(|p| p.derived)
        .is_some_and(|derived| derived.telling))
}

async fn store_blobs(blobs: &Blobs, kept: &Kept, original: Bytes) -> Result<(), Problem> {
    let keys = PhotoKeys::of(&kept.sha256);
    let mut all = vec![(keys.original.as_str(), original)];
    if let Some(derived) = kept.picture.as_ref().and_then(|p| p.derived.as_ref()) {
        all.push((&keys.large, Bytes::from(derived.large.clone())));
        all.push((&keys.small, Bytes::from(derived.small.clone())));
    }
    blobs.put_all(all).await
}

impl Taken {
    /// The refusal when it was sent on its own.
    ///
    /// # Errors
    /// 413, 415 or 422 when it was not kept.
    pub fn or_refuse(&self) -> Result<(), Problem> {
        match &self.result {
            Ok(_) | Err(Unkept::NoRoom) => Ok(()),
            Err(Unkept::Photo(problem)) => {
                let code = match problem.refusal() {
                    Refusal::TooLarge => Code::PhotoTooLarge,
                    Refusal::UnsupportedType => Code::UnsupportedPhotoType,
                    Refusal::Unreadable => Code::PhotoUnreadable,
                };
                Err(Problem::because(code, problem.to_string()))
            }
            Err(Unkept::File(problem)) => {
                let code = match problem {
                    FileProblem::TooManyBytes(_) => Code::BodyTooLarge,
                    FileProblem::UnsupportedType => Code::UnsupportedMediaType,
                    FileProblem::Picture(_) => Code::PhotoUnreadable,
                    FileProblem::Empty => {
                        return Err(Problem::invalid(FILE, ItemCode::Empty, problem.to_string()));
                    }
                };
                Err(Problem::because(code, problem.to_string()))
            }
        }
    }

    /// Told to its sender when the complaint keeps as many photos as it may already.
    #[must_use]
    pub fn beyond_limit(&self) -> PhotoView {
        PhotoView {
            status: REFUSED.to_owned(),
            problem: Some(TOO_MANY_PHOTOS.to_owned()),
            viewable: false,
            ..self.view(None)
        }
    }

    /// As its sender sees it; the id is that of its row, which may have been there before.
    pub(super) fn view(&self, id: Option<Id>) -> PhotoView {
        let problem = self.result.as_ref().err().map(|p| p.code().to_owned());
        PhotoView {
            id,
            status: if problem.is_none() { KEPT } else { REFUSED }.to_owned(),
            problem,
            kind: self.kind(),
            role: self.role.clone(),
            file_name: self.file_name.clone(),
            viewable: self.picture().is_some_and(|p| p.derived.is_some()),
            remarks: self.remarks().map(|r| r.code().to_owned()).collect(),
        }
    }

    /// What it is, or was sent as.
    pub(super) fn kind(&self) -> Option<Kind> {
        match &self.result {
            Ok(kept) => Some(kept.kind),
            Err(_) => (self.role != FILE).then_some(Kind::Photo),
        }
    }

    /// What was found of it, if it is a picture that is kept.
    pub(super) fn picture(&self) -> Option<&Processed> {
        self.result.as_ref().ok().and_then(|k| k.picture.as_ref())
    }

    pub(super) fn remarks(&self) -> impl Iterator<Item = Remark> {
        self.picture()
            .into_iter()
            .flat_map(|p| p.remarks.iter().copied())
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
