//! What was decided and answered elsewhere before, taken in as history: filed by the one way of every
//! submission, then led through the machine's table by the steps that were taken then, each on its day.
//! Clocks are met on those days and keep whether that was in time. Nobody is told anything, nothing
//! falls due of what has ended, and nothing waits for anybody.

use chrono::{DateTime, NaiveTime, Utc};
use serde_json::{Value, json};

use super::{
    body::{self, Action, Decided},
    closing_rules::{Answered, Reviewed, open_until},
    replies::{self, ReplyKind},
};
use crate::app::App;
use crate::complaint::{
    clocks, intake,
    machine::Facts,
    procedure,
    queries::{self, Complaint, ComplaintRow},
    recount,
    submission::{Prepared, Stored},
};
use crate::district::{calendar::date_of, shanghai};
use crate::platform::{
    db::{Connection, Id},
    named::named,
    problem::{Code, ItemCode, OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, ComplaintState, Step};

named! {
    /// How far a complaint of the past had come.
    pub enum Standing {
        /// 待受理: nobody decided on it.
        Open "open",
        /// 已受理.
        Accepted "accepted",
        /// 已答复.
        Answered "answered",
        /// 办结.
        Closed "closed",
        /// 不予受理.
        Refused "refused",
        /// 转送移交.
        Transferred "transferred",
    }
}

impl Standing {
    /// The standing of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == name)
    }

    /// Whether its handling had ended.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Closed | Self::Refused | Self::Transferred)
    }
}

/// What is kept for an answer whose words nobody has.
const NO_WORDS: &str = "（历史件：答复内容未随表导入）";

/// Why a step of the past was taken, where nobody says more.
const AS_IMPORTED: &str = "历史件，据导入的表登记";

/// Why a complaint is closed whose end nobody knows.
const UNKNOWN_END: &str = "历史件，办结日期不详";

/// What became of a complaint before it came here. Days follow each other; those nobody knows are
/// `None`.
#[derive(Debug, Clone)]
pub struct Past {
    /// How far it had come.
    pub standing: Standing,
    /// When it was accepted, or refused or transferred.
    pub decided_at: Option<DateTime<Utc>>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Code of its procedure.
    pub procedure: String,
    /// The unit it went to.
    pub unit: Option<String>,
    /// The words of the answer.
    pub answer: Option<String>,
    /// Why it was refused, transferred or closed.
    pub reason: Option<String>,
    /// The account that takes it in, and stands beside its decision and its answer.
    pub taken_in_by: Option<Id>,
}

/// Files a complaint of the past and takes its steps. A first record that is there already stays as it
/// is. One transaction, opened by the caller.
///
/// # Errors
/// What the guards of a step refuse, as a transfer without a unit; a fault when the database fails.
pub fn file(
    conn: &mut Connection,
    app: &App,
    prepared: &Prepared,
    past: &Past,
    now: DateTime<Utc>,
) -> Result<Stored, Problem> {
    let (profile, keys) = (&app.profile, &app.keys);
    let stored = intake::store(conn, profile, keys, prepared, now)?;
    if stored.first_record || past.standing == Standing::Open {
        return Ok(stored);
    }
    let mut way = Way {
        conn,
        app,
        past,
        row: &stored.row,
        state: stored.row.state,
        reached: prepared.door.received_at,
        now,
    };
    match past.standing {
        Standing::Open => {}
        Standing::Accepted => way.accept()?,
        Standing::Answered => {
            way.accept()?;
            let answered = way.answer()?;
            way.close_if_over(answered)?;
        }
        Standing::Closed => {
            way.accept()?;
            way.answer()?;
            way.close()?;
        }
        Standing::Refused => way.refuse()?,
        Standing::Transferred => way.transfer()?,
    }
    let (id, entry) = (stored.row.id, stored.row.entry_id);
    recount::entry(conn, profile, entry, now)?;
    queries::touch(conn, id, now).or_fault("set when it changed")?;
    Ok(Stored {
        row: queries::by_id(conn, id).or_fault("load what was taken in")?,
        ..stored
    })
}

/// A complaint on its way through the past.
struct Way<'a> {
    conn: &'a mut Connection,
    app: &'a App,
    past: &'a Past,
    row: &'a ComplaintRow,
    state: ComplaintState,
    /// The last day known so far.
    reached: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Way<'_> {
    /// Takes a step on a day, or on the last one known before where nobody knows its own.
    fn step(
        &mut self,
        event: ComplaintEvent,
        facts: Facts,
        at: Option<DateTime<Utc>>,
        (reason, mut detail): (Option<&str>, Value),
    ) -> Result<(), Problem> {
        self.reached = at.unwrap_or(self.reached);
        if let Some(detail) = detail.as_object_mut() {
            detail.insert("history".to_owned(), json!(true));
            detail.insert("day_known".to_owned(), json!(at.is_some()));
        }
        let step = Step::<Complaint>::new(self.row.id, self.state, event, &Actor::Import)
            .given(facts)
            .because(&self.app.keys, reason)
            .with(detail)
            .in_the_past(self.reached);
        self.state = record::advance(self.conn, &step, self.now)?;
        Ok(())
    }

    fn accept(&mut self) -> Result<(), Problem> {
        let code = self.past.procedure.as_str();
        let known = self.app.profile.procedure(code);
        let document = known.map_or("", |procedure| procedure.acceptance.as_str());
        procedure::start(self.conn, &self.app.profile, self.row, code)
            .or_fault("start the procedure")?;
        self.decided(&Decided {
            action: Action::Accept.as_str(),
            procedure: Some(code),
            document,
            ..Decided::default()
        })?;
        let facts = Facts {
            procedure: known.is_some(),
            ..Facts::default()
        };
        let detail = json!({ "procedure": code, "document": document });
        let at = self.past.decided_at;
        self.step(ComplaintEvent::Accept, facts, at, (None, detail))
    }

    /// Keeps a decision. The reporter was told on its day, where that is known.
    fn decided(&mut self, decided: &Decided<'_>) -> Result<(), Problem> {
        let (id, by) = (self.row.id, self.taken_in_by()?);
        let at = self.past.decided_at;
        let kept_at = at.unwrap_or(self.reached);
        body::keep_of(self.conn, &self.app.keys, id, by, decided, kept_at)?;
        match at {
            Some(at) => clocks::decided(self.conn, id, at)
                .and_then(|()| clocks::told(self.conn, id, &Actor::Import, at)),
            None => clocks::decided_some_day(self.conn, id, kept_at),
        }
        .or_fault("meet the notice")
    }

    /// The account that answers for what was decided and answered in the past.
    fn taken_in_by(&self) -> Result<Id, Problem> {
        self.past.taken_in_by.ok_or_else(|| {
            let message = "names the account that takes the past in";
            Problem::invalid("by", ItemCode::Required, message)
        })
    }

    /// Answers the day of the answer, or the last one known before it. What was closed on a day was
    /// answered by then.
    fn answer(&mut self) -> Result<DateTime<Utc>, Problem> {
        let Past {
            procedure: code,
            answer,
            ..
        } = self.past;
        let by = self.taken_in_by()?;
        let procedure = self.app.profile.procedure(code).ok_or_else(|| {
            let why = format!("the profile has no procedure {code}");
            Problem::because(Code::GuardFailed, why)
        })?;
        let at = self.past.answered_at.or(self.past.closed_at);
        let facts = Facts {
            answer: true,
            ..Facts::default()
        };
        let detail = json!({ "document": procedure.reply, "words_known": answer.is_some() });
        self.step(ComplaintEvent::Reply, facts, at, (None, detail))?;
        let id = self.row.id;
        match at {
            Some(at) => clocks::answered(self.conn, id, &Actor::Import, at),
            None => clocks::answered_some_day(self.conn, id, self.reached),
        }
        .or_fault("meet the reply")?;
        let words = answer.as_deref().unwrap_or(NO_WORDS);
        let told = (ReplyKind::Final, procedure.reply.as_str(), words);
        replies::keep(self.conn, &self.app.keys, id, told, by, self.reached)?;
        Ok(self.reached)
    }

    fn close(&mut self) -> Result<(), Problem> {
        let at = self.past.closed_at;
        let unless_said = at.map_or(UNKNOWN_END, |_| AS_IMPORTED);
        let reason = self.past.reason.as_deref().unwrap_or(unless_said);
        let detail = json!({});
        self.step(
            ComplaintEvent::Close,
            Facts::default(),
            at,
            (Some(reason), detail),
        )
    }

    /// An answer ends by itself when it can be rated and taken to review no more, also in the past: on
    /// the day after.
    fn close_if_over(&mut self, answered: DateTime<Utc>) -> Result<(), Problem> {
        let profile = &self.app.profile;
        let answered = Answered {
            on: date_of(answered),
            rated: false,
            wants_reopening: false,
            procedure: profile.procedure(&self.past.procedure),
            reviewed: Reviewed::Never,
        };
        let last = open_until(profile, &answered).filter(|last| *last < date_of(self.now));
        let ended = last.and_then(|last| {
            let midnight = last.succ_opt()?.and_time(NaiveTime::MIN);
            midnight.and_local_timezone(shanghai()).single()
        });
        let Some(ended) = ended else {
            return Ok(());
        };
        let detail = json!({ "cause": "terms_over" });
        let at = Some(ended.to_utc());
        self.step(ComplaintEvent::Close, Facts::default(), at, (None, detail))
    }

    fn refuse(&mut self) -> Result<(), Problem> {
        let facts = Facts {
            reason: true,
            notice: true,
            ..Facts::default()
        };
        self.end(Action::Refuse, facts, None)
    }

    fn transfer(&mut self) -> Result<(), Problem> {
        let unit = self.past.unit.as_deref();
        let facts = Facts {
            reason: true,
            notice: true,
            receiver: unit.is_some(),
            ..Facts::default()
        };
        self.end(Action::Transfer, facts, unit)
    }

    /// A decision that ended it.
    fn end(&mut self, action: Action, facts: Facts, unit: Option<&str>) -> Result<(), Problem> {
        let reason = self.past.reason.as_deref().unwrap_or(AS_IMPORTED);
        let document = self.app.profile.decision_document(action.as_str());
        let document = document.map_or("", |document| document.code.as_str());
        self.decided(&Decided {
            action: action.as_str(),
            reason: Some(reason),
            document,
            transfer_to: unit,
            ..Decided::default()
        })?;
        let detail = json!({ "document": document, "transfer_to": unit });
        let at = self.past.decided_at;
        self.step(action.event(), facts, at, (Some(reason), detail))
    }
}
