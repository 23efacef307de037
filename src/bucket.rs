//! Whose bucket this is, asked until it answers. A bucket that does not answer keeps nobody from
//! complaining, but photos are put off until it said that it is this installation's; and one that
//! is found to be another's is told by an alarm and takes no photos, whenever that is found.

use std::time::Duration;

use actix_web::web;
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::platform::{
    blob::Place,
    marks::{self, Mismatch},
    problem::OnDb as _,
};

/// How long a start waits for the answer; a bucket that says soon that it is another's refuses it.
const START_WAIT: Duration = Duration::from_secs(2);

/// How long one question may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// The pause until it is asked again what it did not answer, or not well.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// The pause until it is asked whether it is still ours.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Asks the bucket once, briefly, and marks it on a first start. A folder was asked when the
/// application was built.
///
/// # Errors
/// Why it is not this installation's, when it says so in time.
pub async fn at_start(app: &App) -> Result<(), Mismatch> {
    let Some(bucket) = bucket_of(app) else {
        return Ok(());
    };
    match timeout(START_WAIT, ask(app, &bucket)).await {
        Ok(Err(refusal)) if !is_silence(&refusal) => Err(refusal),
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => {
            tracing::error!(
                "s3://{bucket} does not answer: complaints are taken, and photos are put off until it says whose it is"
            );
            Ok(())
        }
    }
}

/// Asks until it answers, and looks now and then whether it is still ours, until the process ends.
pub async fn watch(app: web::Data<App>) {
    let Some(bucket) = bucket_of(&app) else {
        return;
    };
    loop {
        let pause = if app.blobs.is_ours() {
            LOOK_AGAIN
        } else {
            ASK_AGAIN
        };
        sleep(pause).await;
        match timeout(ANSWER_WAIT, ask(&app, &bucket)).await {
            Ok(Err(refusal)) if !is_silence(&refusal) => {
                app.blobs.bucket_said(Err(&refusal.to_string()));
            }
            // What is silent now was ours before, or is not known yet: it stays so.
            Ok(_) | Err(_) => {}
        }
    }
}

/// Asks whose the bucket is, and keeps that it is ours, in the database too.
async fn ask(app: &App, bucket: &str) -> Result<(), Mismatch> {
    let id = app.installation.id.to_string();
    let marked = app.installation.marked || app.blobs.is_ours();
    marks::agree_bucket(&app.blobs, &id, marked, bucket).await?;
    if !marked {
        let said = app
            .db
            .write(|c| marks::say_marked(c).or_fault("mark"))
            .await;
        said.map_err(|p| {
            let reason = p.internal().unwrap_or_default().to_owned();
            Mismatch::Unusable("the database".to_owned(), reason)
        })?;
    }
    app.blobs.bucket_said(Ok(()));
    Ok(())
}

fn bucket_of(app: &App) -> Option<String> {
    let settings = &app.settings;
    match Place::of(settings.blob_url.as_deref(), &settings.data_dir) {
        Ok(Place::Bucket(bucket)) => Some(bucket),
        Ok(Place::Folder(_)) | Err(_) => None,
    }
}

/// Whether it said nothing, which may pass.
fn is_silence(refusal: &Mismatch) -> bool {
    matches!(refusal, Mismatch::Unusable(..) | Mismatch::Database(_))
}
