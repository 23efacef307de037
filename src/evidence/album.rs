//! What there is, shown and served.

use actix_web::{HttpResponse, http::header};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Kind, SubjectKind};
use crate::platform::{
    blob::{Blobs, PhotoKeys},
    db::{Id, UtcTime, schema::evidence},
    problem::Problem,
};
use crate::privacy::Words;

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
    /// What it is; absent of a refused file that is nothing known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub kind: Option<Kind>,
    /// `photo`, `far`, `near`, `reference` or `file`.
    pub role: String,
    /// The file name as sent, for the client to tell its photos apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Whether there are public copies; an AVIF, and whatever is no photo, is kept but only sealed.
    pub viewable: bool,
    /// What was odd about a photo that is kept: `end_missing` (the mark at the picture's end),
    /// `exif_unsound` (part of what it tells about itself was left out), `trailer` (bytes behind
    /// the picture, which public copies leave out).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Status of what is kept.
pub(super) const KEPT: &str = "kept";

/// Status of what was refused and stays listed.
pub(super) const REFUSED: &str = "refused";

/// A piece of evidence as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = evidence)]
pub struct Stored {
    /// Id.
    pub id: Id,
    /// The kind of what it belongs to.
    pub subject_kind: String,
    /// The id of what it belongs to.
    pub subject_id: Id,
    /// What it is; `None` of a refused file that is nothing known.
    pub kind: Option<String>,
    /// Role.
    pub role: String,
    /// `kept` or `refused`.
    pub status: String,
    /// Problem code.
    pub problem: Option<String>,
    /// File name.
    pub file_name: Option<String>,
    /// SHA-256, hex.
    pub sha256: String,
    /// When it was taken.
    pub taken_at: Option<UtcTime>,
    /// Metres between EXIF position and claimed place.
    pub distance_m: Option<f64>,
    /// The device, by what the file says.
    pub device: Option<String>,
    /// Whether there are public copies.
    pub has_derivatives: bool,
    /// Codes of what was odd about it, with commas between.
    pub remarks: Option<String>,
    /// Its sender's own id of the upload it came with.
    pub upload_id: Option<String>,
    /// When it reached us.
    pub created_at: UtcTime,
    /// The device's clock when it was captured, by what its sender says.
    pub device_time: Option<UtcTime>,
    /// By how many milliseconds our clock was ahead of the device's when it was sent.
    pub clock_offset_ms: Option<i64>,
}

impl Stored {
    /// Whether it is kept, and not merely listed as refused.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.status == KEPT
    }

    fn kind(&self) -> Option<Kind> {
        let mut kinds = Kind::ALL.iter().copied();
        kinds.find(|kind| self.kind.as_deref() == Some(kind.as_str()))
    }

    /// Whether it is a photo that is kept.
    #[must_use]
    pub fn is_photo(&self) -> bool {
        self.is_kept() && self.kind() == Some(Kind::Photo)
    }

    /// Whether it is a sound recording or a video that is kept.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.is_kept() && matches!(self.kind(), Some(Kind::Sound | Kind::Video))
    }

    /// When it was captured, by the device: what the file says of itself, or its sender.
    #[must_use]
    pub fn claimed_at(&self) -> Option<UtcTime> {
        self.taken_at.or(self.device_time)
    }

    /// The visit it belongs to, if it does.
    #[must_use]
    pub fn visit(&self) -> Option<Id> {
        (self.subject_kind == SubjectKind::Verification.as_str()).then_some(self.subject_id)
    }

    /// As its sender sees it.
    #[must_use]
    pub fn view(self) -> PhotoView {
        PhotoView {
            id: self.is_kept().then_some(self.id),
            kind: self.kind(),
            status: self.status,
            problem: self.problem,
            role: self.role,
            file_name: self.file_name,
            viewable: self.has_derivatives,
            remarks: self
                .remarks
                .iter()
                .flat_map(|r| r.split(','))
                .map(str::to_owned)
                .collect(),
        }
    }

    /// As whoever holds the complaint's code sees it.
    #[must_use]
    pub fn view_by_code(self, words: &Words) -> PhotoView {
        let view = self.view();
        PhotoView {
            file_name: words.maybe(view.file_name),
            ..view
        }
    }

    /// As staff see it. Senders name their files after persons and phones, so the name is for
    /// roles with need alone.
    #[must_use]
    pub fn view_for(self, with_need: bool) -> PhotoView {
        let view = self.view();
        PhotoView {
            file_name: view.file_name.filter(|_| with_need),
            ..view
        }
    }
}

/// Which copy of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// Long edge 1600 px.
    Large,
    /// Long edge 400 px.
    Small,
    /// The sealed original.
    Original,
}

/// Serves a photo. Copies are shown; an original is only ever downloaded.
///
/// # Errors
/// 404 when there is no such copy, 503 when the blob store does not answer or has lost it.
pub async fn serve(blobs: &Blobs, photo: &Stored, copy: Copy) -> Result<HttpResponse, Problem> {
    if !photo.is_kept() || (copy != Copy::Original && !photo.has_derivatives) {
        return Err(Problem::not_found());
    }
    let keys = PhotoKeys::of(&photo.sha256);
    let (key, media_type, disposition) = match copy {
        Copy::Large => (keys.large, "image/jpeg", "inline"),
        Copy::Small => (keys.small, "image/jpeg", "inline"),
        Copy::Original => (keys.original, "application/octet-stream", "attachment"),
    };
    // A copy never changes and shows no metadata; the original is nobody's to keep.
    let kept = match copy {
        Copy::Large | Copy::Small => "private, max-age=86400, immutable",
        Copy::Original => "no-store",
    };
    let bytes = blobs.get(&key).await?;
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, kept))
        .body(bytes))
}
