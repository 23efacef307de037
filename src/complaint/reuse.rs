//! Pictures that were sent before: cropped little, scaled, re-encoded, mirrored or turned. It is
//! evidence that somebody looks at, and decides nothing.
//!
//! A picture's hash of 256 bits stands in the index as 16 bands of 16 bits. Two hashes that differ
//! in at most 31 bits have a band in which they differ in one at most, so the bands themselves and
//! their neighbours of one bit find every one of them.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{photos, staff_routes::visible};
use crate::account::Staff;
use crate::app::App;
use crate::on_each;
use crate::photo::{PerceptualHash, SAME_PICTURE_BITS};
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint, photo, photo_band},
    },
    jobs::Job,
    problem::{OnDb, Problem},
};

/// Bits of a band.
const BAND_BITS: u32 = 16;

/// Keys asked for at once.
const KEYS_AT_ONCE: usize = 500;

/// Candidates looked at for one picture: a band that is everybody's tells nothing.
const CANDIDATES_MAX: usize = 2000;

/// Reuses told at most.
const TOLD_MAX: usize = 100;

/// A picture that was sent elsewhere as well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct ReusedPhoto {
    /// The complaint's own photo.
    pub photo: Id,
    /// Number of the complaint that carries the other.
    pub number: String,
    /// The other photo.
    pub other: Id,
    /// Bits in which the two differ: 0 to 31 of 256.
    pub distance: u32,
}

/// A complaint's pictures that were sent elsewhere as well.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReusedPhotos {
    /// The closest first.
    pub items: Vec<ReusedPhoto>,
}

/// Files a picture under its bands.
///
/// # Errors
/// What the database answers.
pub fn index(conn: &mut Connection, id: Id, hash: &PerceptualHash) -> QueryResult<usize> {
    let rows: Vec<_> = (0..)
        .zip(hash.bands())
        .map(|(band, bits)| {
            (
                photo_band::key.eq(key(band, bits)),
                photo_band::photo_id.eq(id),
            )
        })
        .collect();
    on_each!(conn, |c| diesel::insert_into(photo_band::table)
        .values(rows)
        .execute(c))
}

/// Photos looked at in one go by [`FilePhotos`].
const BATCH: i64 = 20;

/// Files photos that came before there was an index; planned by a migration, once. Those that are
/// filed already, and those whose copies are lost, are passed over; so it may run again.
#[derive(Debug, Serialize, Deserialize)]
pub struct FilePhotos {}

impl Job for FilePhotos {
    type App = App;
    const NAME: &'static str = "file_photos";

    async fn run(self, app: &web::Data<App>, _now: DateTime<Utc>) -> Result<(), Problem> {
        file_older(app).await
    }
}

async fn file_older(app: &App) -> Result<(), Problem> {
    let mut after = Id(uuid::Uuid::nil());
    loop {
        let rows = app
            .db
            .read(move |conn| unfiled(conn, after).or_fault("list photos"))
            .await?;
        let Some((last, ..)) = rows.last() else {
            return Ok(());
        };
        after = *last;
        let mut telling = Vec::new();
        for (id, sha256, hash) in rows {
            if let Ok(hash) = hash.parse::<PerceptualHash>()
                && photos::is_telling(app, &sha256).await?
            {
                telling.push((id, hash));
            }
        }
        app.db
            .write(move |conn| {
                let filed = telling.iter().map(|(id, hash)| index(conn, *id, hash));
                filed
                    .collect::<QueryResult<Vec<_>>>()
                    .or_fault("file photos")
            })
            .await?;
    }
}

fn unfiled(conn: &mut Connection, after: Id) -> QueryResult<Vec<(Id, String, String)>> {
    let filed = photo_band::table.filter(photo_band::photo_id.eq(photo::id));
    photo::table
        .filter(photo::id.gt(after))
        .filter(photo::has_derivatives.eq(true))
        .filter(not(exists(filed)))
        .order(photo::id.asc())
        .limit(BATCH)
        .select((
            photo::id,
            photo::sha256,
            photo::perceptual_hash.assume_not_null(),
        ))
        .load(conn)
}

fn key(band: i32, bits: u16) -> i32 {
    (band << BAND_BITS) | i32::from(bits)
}

/// The keys under which every hash within reach of this one, or of its mirror images, has a row.
fn keys_near(hash: &PerceptualHash) -> BTreeSet<i32> {
    let bands = hash
        .turned()
        .into_iter()
        .flat_map(|turned| (0..).zip(turned.bands()));
    bands
        .flat_map(|(band, bits)| {
            let neighbours = (0..BAND_BITS).map(move |bit| bits ^ (1 << bit));
            neighbours.chain([bits]).map(move |bits| key(band, bits))
        })
        .collect()
}

/// The pictures of a complaint that were sent with others as well, however they were turned.
#[utoipa::path(get, path = "/api/v1/complaints/{number}/reused-photos", tag = "complaints", operation_id = "list_reused_photos",
    params(("number" = String, Path)),
    responses((status = 200, body = ReusedPhotos), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_reused_photos(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let items = app
        .db
        .read(move |conn| {
            let row = visible(conn, &staff, &path)?;
            reused(conn, row.id).or_fault("look for reused photos")
        })
        .await?;
    Ok(HttpResponse::Ok().json(ReusedPhotos { items }))
}

fn reused(conn: &mut Connection, complaint: Id) -> QueryResult<Vec<ReusedPhoto>> {
    let own: Vec<(Id, Option<String>)> = photo::table
        .inner_join(photo_band::table)
        .filter(photo::complaint_id.eq(complaint))
        .select((photo::id, photo::perceptual_hash))
        .distinct()
        .load(conn)?;
    let mut found = Vec::new();
    for (id, hash) in own {
        let Some(hash) = hash.and_then(|text| text.parse::<PerceptualHash>().ok()) else {
            continue;
        };
        let turned = hash.turned();
        for (other, (number, their)) in candidates(conn, complaint, &hash)? {
            let distance = turned.iter().map(|own| own.distance(&their)).min();
            found.extend(
                distance
                    .filter(|bits| *bits <= SAME_PICTURE_BITS)
                    .map(|distance| ReusedPhoto {
                        photo: id,
                        number,
                        other,
                        distance,
                    }),
            );
        }
    }
    found.sort_by(|a, b| a.distance.cmp(&b.distance).then_with(|| a.cmp(b)));
    found.truncate(TOLD_MAX);
    Ok(found)
}

/// Pictures of other complaints that share a band, or almost.
fn candidates(
    conn: &mut Connection,
    complaint: Id,
    hash: &PerceptualHash,
) -> QueryResult<HashMap<Id, (String, PerceptualHash)>> {
    let keys: Vec<i32> = keys_near(hash).into_iter().collect();
    let mut found = HashMap::new();
    for keys in keys.chunks(KEYS_AT_ONCE) {
        let left = CANDIDATES_MAX.saturating_sub(found.len());
        let rows: Vec<(Id, String, Option<String>)> = photo::table
            .inner_join(photo_band::table)
            .inner_join(complaint::table)
            .filter(photo_band::key.eq_any(keys))
            .filter(photo::complaint_id.ne(complaint))
            .filter(complaint::hidden.eq(false))
            .select((photo::id, complaint::number, photo::perceptual_hash))
            .distinct()
            .limit(i64::try_from(left).unwrap_or(i64::MAX))
            .load(conn)?;
        found.extend(
            rows.into_iter()
                .filter_map(|(id, number, hash)| Some((id, (number, hash?.parse().ok()?)))),
        );
    }
    Ok(found)
}
