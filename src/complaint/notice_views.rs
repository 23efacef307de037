//! Notices, as clients see them: staff what became of each, the reporter what they were told.

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use utoipa::ToSchema;

use crate::district::{NoticeChannel, NoticeEvent};
use crate::notice::queries::{self as notices, NoticeRow};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id},
    problem::{OnDb, Problem},
};
use crate::privacy::Words;
use crate::record::{NoticeState, local};
use crate::text::mask_phone;

/// A notice, as staff see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoticeView {
    /// Id, by which a gateway reports on it.
    pub id: Id,
    /// What was told.
    pub event: NoticeEvent,
    /// In Chinese.
    pub event_name: &'static str,
    /// How.
    pub channel: NoticeChannel,
    /// In Chinese.
    pub channel_name: &'static str,
    /// State. One that was posted is `sent`, and `came_back` when it did.
    pub state: NoticeState,
    /// State in Chinese.
    pub state_name: &'static str,
    /// Phone with its middle hidden, of a message; absent for roles without need.
    pub to: Option<String>,
    /// The wording's version, of what the software words.
    pub wording: Option<i32>,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it did not arrive; masked for roles without need.
    pub reason: Option<String>,
    /// What shows that it was given: words of who told, or what a gateway calls it; masked for roles
    /// without need.
    pub proof: Option<String>,
    /// Id of the document, scan or recording that shows it.
    pub evidence: Option<Id>,
    /// User name of who told, of what staff did.
    pub recorded_by: Option<String>,
    /// When it was made.
    pub made_at: DateTime<FixedOffset>,
    /// When a gateway or the post took it.
    pub sent_at: Option<DateTime<FixedOffset>>,
    /// Since when its reporter counts as told by it; absent while they do not.
    pub told_at: Option<DateTime<FixedOffset>>,
}

impl NoticeView {
    fn of(row: NoticeRow, recorded_by: Option<String>, words: &Words) -> Self {
        let (event, channel) = (row.told(), row.channel());
        let to = row.recipient.filter(|_| words.with_need());
        Self {
            id: row.id,
            event,
            event_name: event.label(),
            channel,
            channel_name: channel.label(),
            state: row.state,
            state_name: row.state.label(),
            to: to.map(|phone| mask_phone(&phone)),
            wording: row.wording,
            attempts: row.attempts,
            reason: words.maybe(row.reason),
            proof: words.maybe(row.proof),
            evidence: row.evidence_id,
            recorded_by,
            made_at: local(row.created_at),
            sent_at: row.sent_at.map(local),
            told_at: row.told_at.map(local),
        }
    }
}

/// The notices about a complaint, the oldest first.
///
/// # Errors
/// A fault when the database fails.
pub fn of_complaint(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    words: &Words,
) -> Result<Vec<NoticeView>, Problem> {
    let rows = notices::of(conn, "complaint", &[complaint]).or_fault("load notices")?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut tellers = notices::tellers(conn, complaint).or_fault("load who told")?;
    let views = rows.into_iter().map(|row| {
        let teller = tellers.remove(&row.id);
        NoticeView::of(row.opened(keys), teller, words)
    });
    Ok(views.collect())
}

/// A notice that reached its reporter, as they see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrackedNotice {
    /// What was told.
    pub event: NoticeEvent,
    /// In Chinese.
    pub event_name: &'static str,
    /// How.
    pub channel: NoticeChannel,
    /// In Chinese.
    pub channel_name: &'static str,
    /// What it said, of one on this page.
    pub text: Option<String>,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// What the reporter of a complaint was told and when, the oldest first. Attempts that did not reach them
/// are the office's own.
///
/// # Errors
/// A fault when the database fails.
pub fn tracked(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
) -> Result<Vec<TrackedNotice>, Problem> {
    let rows = notices::of(conn, "complaint", &[complaint]).or_fault("load notices")?;
    let told = rows.into_iter().filter(notices::reached);
    let views = told.filter_map(|row| {
        let at = local(row.told_at?);
        let (event, channel) = (row.told(), row.channel());
        let text = row.opened(keys).text;
        Some(TrackedNotice {
            event,
            event_name: event.label(),
            channel,
            channel_name: channel.label(),
            // A message may hold the code, and was sent to a phone that is not asked for here.
            text: text.filter(|_| channel == NoticeChannel::Page),
            at,
        })
    });
    Ok(views.collect())
}
