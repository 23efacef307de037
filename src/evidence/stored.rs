//! What is stored of photos before their rows are written, and taken away again when they are not.

use std::collections::HashSet;

use actix_web::web;
use bytes::Bytes;
use diesel::prelude::*;

use super::{
    album::KEPT,
    intake::{Taken, Upload},
};
use crate::app::App;
use crate::photo::content_hash;
use crate::platform::{
    blob::Underway,
    db::{Connection, schema::evidence},
    http::Answer,
    problem::{OnDb, Problem},
};

/// The SHA-256, in hex, of each upload's content; none of one that was too large to be kept.
///
/// # Errors
/// A fault when no thread is to be had.
pub async fn hashes_of(uploads: &[Upload]) -> Result<Vec<Option<String>>, Problem> {
    let contents: Vec<_> = uploads.iter().map(|u| u.bytes.clone()).collect();
    let hash = |content: Option<Bytes>| content.map(|bytes| content_hash(&bytes));
    web::block(move || contents.into_iter().map(hash).collect())
        .await
        .map_err(|e| Problem::fault(format!("hash photos: {e}")))
}

/// Which contents, by their hashes, are kept with something.
///
/// # Errors
/// A fault when the database fails.
pub fn kept_among(conn: &mut Connection, photos: &[String]) -> Result<HashSet<String>, Problem> {
    let kept: Vec<String> = evidence::table
        .filter(evidence::sha256.eq_any(photos))
        .filter(evidence::status.eq(KEPT))
        .select(evidence::sha256)
        .load(conn)
        .or_fault("look for photos")?;
    Ok(kept.into_iter().collect())
}

/// The photos a request stored, to be held until its rows are written.
#[must_use]
pub fn of(taken: &[Taken]) -> Vec<Underway> {
    taken.iter().filter_map(|t| t.underway.clone()).collect()
}

/// After the write: what was stored and is referred to by nobody goes. What a write whose end is
/// not known stored is left to the night.
pub async fn settle(app: &App, stored: Vec<Underway>, outcome: &Result<Answer, Problem>) {
    let unknown = |problem: &Problem| problem.code().status() >= 500;
    if stored.is_empty() || outcome.as_ref().is_err_and(unknown) {
        return;
    }
    let kept = async |photos: Vec<String>| {
        let looked_up = move |conn: &mut Connection| kept_among(conn, &photos);
        app.db.read(looked_up).await
    };
    if let Err(problem) = app.blobs.remove_unused(stored, kept).await {
        tracing::warn!("photos that were refused are left to the night: {problem}");
    }
}
