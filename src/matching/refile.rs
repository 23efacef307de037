//! Filing all complaints anew, after an update that changed how they are filed.

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use serde::{Deserialize, Serialize};

use super::queries;
use crate::app::App;
use crate::platform::{
    db::Connection,
    jobs::{self, Job, in_batches},
    problem::Problem,
};

/// Files all complaints anew for matching.
#[derive(Debug, Serialize, Deserialize)]
pub struct RefileFacts {}

impl Job for RefileFacts {
    type App = App;
    const NAME: &'static str = "refile_facts";

    async fn run(self, app: &web::Data<App>, _now: DateTime<Utc>) -> Result<(), Problem> {
        let keys = app.keys.clone();
        in_batches(&app.db, move |conn, after| {
            queries::refile_after(conn, &keys, after).map(|(_, last)| last)
        })
        .await
    }
}

/// Plans it when there are complaints and none is filed.
///
/// # Errors
/// What the database answers.
pub fn plan(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<()> {
    if queries::nothing_is_filed(conn)? {
        jobs::plan(conn, &RefileFacts {}, now, now)?;
    }
    Ok(())
}
