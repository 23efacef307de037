//! Telling a reporter by text message that something happened.

use actix_web::web;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{petitioners, queries};
use crate::app::App;
use crate::on_each;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::notice},
    jobs::Job,
    problem::{OnDb, Problem},
};

/// Texts the first petitioner who left a mobile number. The message names no matter: phones are
/// read by others.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyReporter {
    /// What the notice is about.
    complaint: Id,
    /// The notice's own id: what was sent under it is not sent again. Those queued by releases
    /// before there was one get theirs when they are read.
    #[serde(default)]
    notice: Id,
}

impl NotifyReporter {
    /// A new notice about a complaint.
    #[must_use]
    pub fn of(complaint: Id) -> Self {
        Self {
            complaint,
            notice: Id::new(),
        }
    }
}

impl Job for NotifyReporter {
    type App = App;
    const NAME: &'static str = "notify_reporter";

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        let Self { complaint, notice } = self;
        if !app.sms.is_there() {
            return Ok(());
        }
        let keys = app.keys.clone();
        let found = app
            .db
            .read(move |conn| {
                if was_sent(conn, notice).or_fault("look for a notice")? {
                    return Ok(None);
                }
                message(conn, &keys, complaint)
            })
            .await?;
        let Some((phone, text)) = found else {
            return Ok(());
        };
        app.sms.send(&phone, &text)?;
        app.db
            .write(move |conn| {
                keep_sent(conn, notice, complaint, now).or_fault("keep that a notice was sent")
            })
            .await
    }
}

/// The number to text to, and what.
fn message(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
) -> Result<Option<(String, String)>, Problem> {
    let row = queries::by_id(conn, complaint).or_fault("load a complaint")?;
    for signer in petitioners::load(conn, keys, complaint)? {
        let person = signer.person;
        let mut phones = person.phone.into_iter().chain(person.more_phones);
        if let Some(phone) = phones.find(|p| p.len() == 11 && p.starts_with('1')) {
            let text = format!(
                "【登闻】您的信访件 {} 状态：{}。凭查询码查看详情。",
                row.number,
                row.state.label()
            );
            return Ok(Some((phone, text)));
        }
    }
    Ok(None)
}

fn was_sent(conn: &mut Connection, id: Id) -> QueryResult<bool> {
    let sent: Option<Id> = notice::table
        .find(id)
        .select(notice::id)
        .first(conn)
        .optional()?;
    Ok(sent.is_some())
}

fn keep_sent(conn: &mut Connection, id: Id, complaint: Id, now: DateTime<Utc>) -> QueryResult<()> {
    let row = (
        notice::id.eq(id),
        notice::complaint_id.eq(complaint),
        notice::sent_at.eq(UtcTime(now)),
    );
    on_each!(conn, |c| diesel::insert_into(notice::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))
    .map(|_| ())
}
