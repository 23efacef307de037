//! The photos a complaint has, as they are read from the database, shown and served.

use actix_web::{HttpResponse, http::header};
use diesel::prelude::*;

use super::photos::PhotoView;
use crate::platform::{
    blob::{Blobs, PhotoKeys},
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::photo as table},
    problem::Problem,
    sealed,
};
use crate::privacy::Words;

/// A stored photo, as far as serving it needs.
#[derive(Debug, Clone, Queryable)]
pub struct StoredPhoto {
    /// Id.
    pub id: Id,
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
    /// Media type of the original.
    pub media_type: Option<String>,
    /// When it was taken.
    pub taken_at: Option<UtcTime>,
    /// Metres between EXIF position and claimed place.
    pub distance_m: Option<f64>,
    /// Whether there are public copies.
    pub has_derivatives: bool,
    /// The visit it belongs to, if any.
    pub verification_id: Option<Id>,
    /// Codes of what was odd about it, with commas between.
    pub remarks: Option<String>,
}

impl StoredPhoto {
    /// As its sender sees it.
    #[must_use]
    pub fn view(self) -> PhotoView {
        let kept = self.status == "kept";
        PhotoView {
            id: kept.then_some(self.id),
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
}

impl StoredPhoto {
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

/// A complaint's photos, oldest first.
///
/// # Errors
/// What the database answers.
pub fn of_complaint(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
) -> QueryResult<Vec<StoredPhoto>> {
    let rows = rows_of(conn, complaint)?.into_iter();
    let opened = rows.map(|row| StoredPhoto {
        file_name: row
            .file_name
            .and_then(|name| sealed::FILE_NAME.open_text(keys, row.id.0.as_bytes(), name)),
        ..row
    });
    Ok(opened.collect())
}

/// The same with the files' names as they are stored, sealed.
///
/// # Errors
/// What the database answers.
pub fn rows_of(conn: &mut Connection, complaint: Id) -> QueryResult<Vec<StoredPhoto>> {
    table::table
        .filter(table::complaint_id.eq(complaint))
        .order(table::id.asc())
        .select((
            table::id,
            table::role,
            table::status,
            table::problem,
            table::file_name,
            table::sha256,
            table::media_type,
            table::taken_at,
            table::distance_m,
            table::has_derivatives,
            table::verification_id,
            table::remarks,
        ))
        .load(conn)
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
pub async fn serve(
    blobs: &Blobs,
    photo: &StoredPhoto,
    copy: Copy,
) -> Result<HttpResponse, Problem> {
    if photo.status != "kept" || (copy != Copy::Original && !photo.has_derivatives) {
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
