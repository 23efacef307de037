//! Telling a reporter that something happened: what is said, by which way, and the job that sends it.

use actix_web::web;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    clocks, locks,
    queries::{self, ComplaintRow},
    reach::{Reach, Reporter},
    recount, told, untold,
};
use crate::app::App;
use crate::clock::{kinds::REPLY, queries as running};
use crate::district::{Filling, NoticeChannel, NoticeEvent};
use crate::notice::queries::{self as notices, NewNotice, NoticeRow};
use crate::platform::{
    db::{Connection, Id},
    gateway::{Message, Receipt},
    jobs::{self, ATTEMPTS_MAX, Job},
    problem::{OnDb, Problem},
};
use crate::record::{Actor, NoticeEvent as Step, NoticeState};

/// Tells the reporter of a complaint, which is held by the caller, what happened: by text message where
/// they left a mobile number, else on the page that their query code opens. Where staff have to tell
/// them, the complaint waits in the list of notices; where there is nobody to tell, the duty falls away.
/// The complaint's entry is to be counted after.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub fn tell(
    conn: &mut Connection,
    app: &App,
    complaint: Id,
    event: NoticeEvent,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    tell_at(conn, app, complaint, event, (now, now))
}

/// The same, not before an instant: until then it can be [cancelled](cancel).
///
/// # Errors
/// A fault when the database or the cipher fails.
pub fn tell_at(
    conn: &mut Connection,
    app: &App,
    complaint: Id,
    event: NoticeEvent,
    (not_before, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), Problem> {
    let row = queries::by_id(conn, complaint).or_fault("load a complaint")?;
    let waits = untold::waits(conn, complaint, row.state, now).or_fault("keep who waits")?;
    let reporter = Reporter::of(conn, app, &row)?;
    let id = Id::new();
    match &reporter.reach {
        // Who reads the page has the code.
        Reach::Page if event == NoticeEvent::CodeResent => Ok(()),
        Reach::Page if not_before <= now => {
            let words = words(conn, app, &row, event, (NoticeChannel::Page, true))?;
            let new = words.notice(id, complaint, event, (NoticeChannel::Page, None));
            let published = (Step::Publish, &Actor::System, None);
            notices::keep(conn, &app.keys, &new, published, (Some(now), now))?;
            told::told(conn, &row, now, &Actor::System, now)
        }
        Reach::Page | Reach::Text(_) => {
            queue(conn, app, (&row, &reporter), (id, event), now)?;
            let job = NotifyReporter {
                complaint,
                notice: id,
            };
            jobs::enqueue(conn, &job, not_before, now).or_fault("queue the notice")
        }
        Reach::Nobody if waits => {
            clocks::nobody_to_tell(conn, complaint, now).or_fault("end the notice")?;
            untold::over(conn, complaint)
                .map(|_| ())
                .or_fault("keep that nobody waits")
        }
        Reach::ByHand | Reach::Nobody => Ok(()),
    }
}

/// Cancels what is on its way to be told and was not sent yet; where one decision alone is undone, what was
/// made after it: an answer from before it is still to be told.
///
/// # Errors
/// A fault when the database fails.
pub fn cancel(
    conn: &mut Connection,
    complaint: Id,
    after: Option<Id>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    notices::cancel(conn, ("complaint", complaint), after, now)
}

/// The words of a notice.
struct Words {
    text: Option<String>,
    wording: Option<i32>,
    with_code: bool,
}

impl Words {
    fn notice<'a>(
        &'a self,
        id: Id,
        complaint: Id,
        event: NoticeEvent,
        (channel, recipient): (NoticeChannel, Option<&'a str>),
    ) -> NewNotice<'a> {
        NewNotice {
            id,
            subject: ("complaint", complaint),
            event,
            channel,
            wording: self.wording,
            with_code: self.with_code,
            recipient,
            text: self.text.as_deref(),
            evidence: None,
            recorded_by: None,
        }
    }
}

/// What is said of an event on a channel; with the query code to who does not have it, and where it is
/// the code that is told.
fn words(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    event: NoticeEvent,
    (channel, has_code): (NoticeChannel, bool),
) -> Result<Words, Problem> {
    let reply = running::running(conn, &REPLY, row.id).or_fault("load the clock")?;
    let due = reply.map_or(row.due_on, |clock| clock.due_on).to_string();
    let with_code = !has_code || event == NoticeEvent::CodeResent;
    let filling = Filling {
        number: &row.number,
        state: row.state.label(),
        code: with_code.then_some(row.tracking_code.as_str()),
        due: &due,
    };
    let found = app.profile.notices.words(channel, event, &filling);
    let (text, wording) = found.unzip();
    Ok(Words {
        text,
        wording,
        with_code,
    })
}

/// Keeps what is to be sent.
fn queue(
    conn: &mut Connection,
    app: &App,
    (row, reporter): (&ComplaintRow, &Reporter),
    (id, event): (Id, NoticeEvent),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let (channel, phone) = match &reporter.reach {
        Reach::Text(phone) => (NoticeChannel::Sms, Some(phone.as_str())),
        _ => (NoticeChannel::Page, None),
    };
    let words = words(conn, app, row, event, (channel, reporter.has_code))?;
    let new = words.notice(id, row.id, event, (channel, phone));
    notices::queue(conn, &app.keys, &new, &Actor::System, now)
}

/// Sends a notice to the reporter of a complaint. Phones are read by others, so that a message names no
/// matter.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotifyReporter {
    /// What the notice is about.
    complaint: Id,
    /// The notice. Those that earlier releases queued are made when they are read.
    #[serde(default)]
    notice: Id,
}

impl Job for NotifyReporter {
    type App = App;
    const NAME: &'static str = "notify_reporter";

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        let (complaint, id) = (self.complaint, self.notice);
        let shared = app.clone();
        let next = app
            .db
            .write(move |conn| next(conn, &shared, (complaint, id), now))
            .await?;
        let Some(message) = next else {
            return Ok(());
        };
        let sent = app.gateway.send(&message, now).await;
        let away = sent.as_ref().err().cloned();
        let shared = app.clone();
        app.db
            .write(move |conn| settle(conn, &shared, (complaint, id), &sent, now))
            .await?;
        away.map_or(Ok(()), Err)
    }
}

/// What is to be sent next of a notice, each time it is tried; `None` of one that was sent, cancelled or
/// published, or cannot be.
fn next(
    conn: &mut Connection,
    app: &App,
    (complaint, id): (Id, Id),
    now: DateTime<Utc>,
) -> Result<Option<Message>, Problem> {
    queries::by_id(conn, complaint).or_fault("load a complaint")?;
    let row = locks::one(conn, complaint)?;
    let Some(notice) = made(conn, app, &row, id, now)? else {
        return Ok(None);
    };
    if !notice.is_to_be_sent() {
        return Ok(None);
    }
    if notice.channel() == NoticeChannel::Page {
        notice.arrived(conn, Step::Publish, now, now)?;
        arrived(conn, app, (&row, &notice), now, now)?;
        return Ok(None);
    }
    let opened = notice.clone().opened(&app.keys);
    let why = match (opened.recipient, opened.text) {
        (Some(to), Some(text)) if app.gateway.is_there() => {
            notices::count_attempt(conn, id).or_fault("count an attempt")?;
            return Ok(Some(Message {
                id: id.0,
                channel: notice.channel().as_str(),
                event: notice.told().as_str(),
                to,
                text,
            }));
        }
        (Some(_), Some(_)) => "no gateway is set up any more",
        _ => "the key of its words is lost",
    };
    fail(conn, app, (&row, &notice), why, now)?;
    Ok(None)
}

/// The notice of a job; one that an earlier release queued is made now.
fn made(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    id: Id,
    now: DateTime<Utc>,
) -> Result<Option<NoticeRow>, Problem> {
    let known = notices::find(conn, id).or_fault("load a notice")?;
    if known.is_some() {
        return Ok(known);
    }
    let reporter = Reporter::of(conn, app, row)?;
    if !matches!(reporter.reach, Reach::Text(_)) {
        return Ok(None);
    }
    queue(conn, app, (row, &reporter), (id, NoticeEvent::Updated), now)?;
    notices::find(conn, id).or_fault("load a notice")
}

/// Keeps what became of an attempt.
fn settle(
    conn: &mut Connection,
    app: &App,
    (complaint, id): (Id, Id),
    sent: &Result<Receipt, Problem>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let row = locks::one(conn, complaint)?;
    let found = notices::find(conn, id).or_fault("load a notice")?;
    // Its receipt may have been quicker.
    let Some(notice) = found.filter(NoticeRow::is_to_be_sent) else {
        return Ok(());
    };
    match sent {
        Ok(Receipt::Delivered) => {
            notice.arrived(conn, Step::Deliver, now, now)?;
            arrived(conn, app, (&row, &notice), now, now)
        }
        Ok(Receipt::Taken(reference)) => {
            notice.sent(conn, &app.keys, reference.as_deref(), now)?;
            if !app.profile.notices.sent_counts_as_told {
                return Ok(());
            }
            notice.counts(conn, now).or_fault("count it as told")?;
            arrived(conn, app, (&row, &notice), now, now)
        }
        Ok(Receipt::Refused(why)) => fail(conn, app, (&row, &notice), why, now),
        Err(_) if notice.attempts >= ATTEMPTS_MAX => {
            let why = format!("the gateway was away {} times", notice.attempts);
            fail(conn, app, (&row, &notice), &why, now)
        }
        Err(_) => Ok(()),
    }
}

/// What follows for a complaint, which is held by the caller, from a notice that arrived.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn arrived(
    conn: &mut Connection,
    app: &App,
    (row, notice): (&ComplaintRow, &NoticeRow),
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    if notice.told() == NoticeEvent::CodeResent {
        return Ok(());
    }
    told::told(conn, row, notice.created_at.0, &Actor::System, at)?;
    recount::entry(conn, &app.profile, row.entry_id, now)
}

/// A notice did not arrive and will not. If it was thought to have, its reporter waits again.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub(super) fn fail(
    conn: &mut Connection,
    app: &App,
    (row, notice): (&ComplaintRow, &NoticeRow),
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    if notice.state == NoticeState::Failed {
        return Ok(());
    }
    let failed = (Step::Fail, &Actor::System);
    notice.failed(conn, &app.keys, failed, why, now)?;
    told::in_vain(conn, &app.profile, (row, notice), now)
}
