//! Every kind of clock there is: of which subject, whose, and what it means.

use crate::district::DeadlineKind;

/// Whose a clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// 执法大队.
    Brigade,
    /// The grid officer who was sent (网格员).
    Officer,
    /// 办公室.
    Office,
    /// The unit that was ordered to (责任单位).
    Unit,
    /// The reporter (信访人).
    Reporter,
}

impl Duty {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Brigade,
        Self::Officer,
        Self::Office,
        Self::Unit,
        Self::Reporter,
    ];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Brigade => "brigade",
            Self::Officer => "officer",
            Self::Office => "office",
            Self::Unit => "unit",
            Self::Reporter => "reporter",
        }
    }
}

/// What the end of a clock means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It is to be done by then, and overdue after.
    Duty,
    /// It may be done until then; not doing it is no fault, so it is never due.
    Right,
}

impl Meaning {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Duty, Self::Right];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duty => "duty",
            Self::Right => "right",
        }
    }
}

/// How a clock that was met was met. Kept as it was then, whatever the calendar says later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 按期.
    OnTime,
    /// 超期.
    Late,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::OnTime, Self::Late];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnTime => "on_time",
            Self::Late => "late",
        }
    }
}

/// Why a clock stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// 退回补正: the reporter is asked to complete.
    Completion,
    /// 听证: the time of a hearing does not count (信访工作条例36条; 生态环境信访工作办法33条).
    Hearing,
    /// 缓办、挂账: put off by decision.
    Deferral,
}

impl Ground {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completion => "completion",
            Self::Hearing => "hearing",
            Self::Deferral => "deferral",
        }
    }
}

/// A kind of clock. A subject has one of a kind running at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The kind of its subject, as in the history.
    pub subject: &'static str,
    /// Its name in the API and the database.
    pub name: &'static str,
    /// Whose it is.
    pub duty: Duty,
    /// What its end means.
    pub meaning: Meaning,
}

/// 告知: to tell the reporter whether it is taken.
pub static NOTIFY: Kind = Kind {
    subject: "complaint",
    name: DeadlineKind::Notify.as_str(),
    duty: Duty::Brigade,
    meaning: Meaning::Duty,
};

/// 答复: to answer.
pub static REPLY: Kind = Kind {
    subject: "complaint",
    name: DeadlineKind::Reply.as_str(),
    duty: Duty::Brigade,
    meaning: Meaning::Duty,
};

/// 异议、退单: to send back upstream what is not ours. Who does not object keeps the matter, which is
/// no fault.
pub static OBJECTION: Kind = Kind {
    subject: "complaint",
    name: DeadlineKind::Objection.as_str(),
    duty: Duty::Brigade,
    meaning: Meaning::Right,
};

/// To look at what the abuse list hides.
pub static HIDING_REVIEW: Kind = Kind {
    subject: "complaint",
    name: "hiding_review",
    duty: Duty::Brigade,
    meaning: Meaning::Duty,
};

/// 现场核实: to go there and report.
pub static VISIT: Kind = Kind {
    subject: "verification",
    name: "visit",
    duty: Duty::Officer,
    meaning: Meaning::Duty,
};

/// The clocks of a matter's handling, which its channel and its procedure give a complaint.
pub static OF_HANDLING: [&Kind; 3] = [&NOTIFY, &REPLY, &OBJECTION];

/// The clock that a channel's deadline starts.
#[must_use]
pub const fn of_channel(kind: DeadlineKind) -> &'static Kind {
    match kind {
        DeadlineKind::Notify => &NOTIFY,
        DeadlineKind::Reply => &REPLY,
        DeadlineKind::Objection => &OBJECTION,
    }
}
