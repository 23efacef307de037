//! Pictures that were sent before: cropped little, scaled, re-encoded, mirrored or turned. It is
//! evidence that somebody looks at, and decides nothing.

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use serde::{Deserialize, Serialize};

use super::{intake, queries};
use crate::app::App;
use crate::photo::{PerceptualHash, SAME_PICTURE_BITS};
use crate::platform::{
    db::{Connection, Id},
    jobs::Job,
    problem::{OnDb, Problem},
};

/// A picture that was sent with something else as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    /// The subjects' own picture.
    pub own: Id,
    /// The other picture.
    pub other: Id,
    /// What the other belongs to.
    pub subject: Id,
    /// Bits in which the two differ: 0 to 31 of 256.
    pub distance: u32,
}

/// The pictures of these subjects that others have as well, however they were turned.
///
/// # Errors
/// What the database answers.
pub fn near(conn: &mut Connection, subjects: &[Id]) -> QueryResult<Vec<Near>> {
    let mut found = Vec::new();
    for (own, hash) in queries::hashes_of(conn, subjects)? {
        let turned = hash.turned();
        for (other, subject, their) in queries::pictures_near(conn, subjects, &hash)? {
            let distance = turned.iter().map(|own| own.distance(&their)).min();
            let distance = distance.filter(|bits| *bits <= SAME_PICTURE_BITS);
            found.extend(distance.map(|distance| Near {
                own,
                other,
                subject,
                distance,
            }));
        }
    }
    Ok(found)
}

/// Files photos that came before there was an index, in the order of their ids; planned by a
/// migration, once. Those that are filed already, and those whose copies are lost, are passed over;
/// so it may run again.
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
            .read(move |conn| queries::unfiled(conn, after).or_fault("list photos"))
            .await?;
        let Some((last, ..)) = rows.last() else {
            return Ok(());
        };
        after = *last;
        let mut telling = Vec::new();
        for (id, sha256, hash) in rows {
            if let Ok(hash) = hash.parse::<PerceptualHash>()
                && intake::is_telling(app, &sha256).await?
            {
                telling.push((id, hash));
            }
        }
        app.db
            .write(move |conn| queries::file(conn, &telling).or_fault("file photos"))
            .await?;
    }
}
