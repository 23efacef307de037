//! What is decided on a complaint, and what each decision cannot do without.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::account::Staff;
use crate::complaint::{
    body::LocationBody,
    machine::{Facts, PARTS_WANTED},
};
use crate::district::{NoticeEvent, Profile};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::triage_decision},
    http::says_something,
    problem::{Item, ItemCode, OnDb, Problem},
    sealed,
};
use crate::record::ComplaintEvent;

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// 受理.
    Accept,
    /// 不予受理.
    Refuse,
    /// 不再受理: the same person again with the same facts, after 复核.
    NoLongerAccept,
    /// 转送.
    Transfer,
    /// 异议、退单: back to the channel that sent it, while the right to object runs (信访工作条例23条;
    /// 国办函〔2025〕66号).
    Object,
    /// 一信多诉, R8: further matters of the letter become complaints of their own; the letter keeps
    /// its first one and stays in the queue.
    Split,
    /// 退回补正.
    Return,
}

impl Action {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::NoLongerAccept => "no_longer_accept",
            Self::Transfer => "transfer",
            Self::Object => "object",
            Self::Split => "split",
            Self::Return => "return",
        }
    }

    /// What it does to the complaint.
    #[must_use]
    pub const fn event(self) -> ComplaintEvent {
        match self {
            Self::Accept => ComplaintEvent::Accept,
            Self::Refuse => ComplaintEvent::Refuse,
            Self::NoLongerAccept => ComplaintEvent::NoLongerAccept,
            Self::Transfer => ComplaintEvent::Transfer,
            Self::Object => ComplaintEvent::Object,
            Self::Split => ComplaintEvent::Split,
            Self::Return => ComplaintEvent::Return,
        }
    }

    /// What its reporter is told of it.
    #[must_use]
    pub const fn notice(self) -> NoticeEvent {
        match self {
            Self::Accept => NoticeEvent::Accepted,
            Self::Refuse => NoticeEvent::Refused,
            Self::NoLongerAccept => NoticeEvent::NoLongerAccepted,
            Self::Transfer => NoticeEvent::Transferred,
            Self::Return => NoticeEvent::Returned,
            Self::Object | Self::Split => NoticeEvent::Updated,
        }
    }
}

/// A decision with what it requires.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriageBody {
    /// What is decided.
    pub action: Action,
    /// Procedure code; required to accept. It fixes document, clock and redress.
    #[validate(length(min = 1, max = 64, message = "is a procedure's code"))]
    #[schema(min_length = 1, max_length = 64)]
    pub procedure: Option<String>,
    /// Why; required for everything but accepting.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
    /// What the reporter is told; required to refuse, no longer accept and transfer.
    #[validate(
        length(min = 1, max = 2000, message = "has 1 to 2000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 2000)]
    pub notice: Option<String>,
    /// Unit it goes to; required to transfer.
    #[validate(length(min = 1, max = 64, message = "is a unit's code"))]
    #[schema(min_length = 1, max_length = 64)]
    pub transfer_to: Option<String>,
    /// Number of the 复核意见书 (final review) of the earlier petition; required to accept no longer.
    #[validate(
        length(min = 1, max = 100, message = "has 1 to 100 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 100)]
    pub final_review: Option<String>,
    /// The letter's further matters, 1 to 9 of them; required to split.
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 9)]
    pub parts: Vec<PartBody>,
}

impl TriageBody {
    /// What its guards look at.
    pub(super) fn facts(&self) -> Facts {
        Facts {
            reason: self.reason.is_some(),
            notice: self.notice.is_some(),
            procedure: self.procedure.is_some(),
            receiver: self.transfer_to.is_some(),
            final_review: self.final_review.is_some(),
            parts: self.parts.len(),
            ..Facts::default()
        }
    }

    /// The document the decision is told by, unless something is missing or wrong in it.
    pub(super) fn check(&self, profile: &Profile, mut items: Vec<Item>) -> Result<String, Problem> {
        if self.action != Action::Split && !self.parts.is_empty() {
            items.push(Item::new("parts", ItemCode::Required, PARTS_WANTED));
        }
        if self
            .transfer_to
            .as_deref()
            .is_some_and(|code| profile.unit(code).is_none())
        {
            items.push(Item::new(
                "transfer_to",
                ItemCode::UnknownUnit,
                "is a unit of the district profile",
            ));
        }
        let document = self.document(profile);
        if self.procedure.is_some() && document.is_none() {
            items.push(Item::new(
                "procedure",
                ItemCode::UnknownProcedure,
                "is a procedure of the district profile",
            ));
        }
        match document {
            Some(document) if items.is_empty() => Ok(document),
            _ => Err(Problem::invalid_items(items)),
        }
    }

    /// The document the decision is told by; `None` when the procedure is missing or unknown.
    fn document(&self, profile: &Profile) -> Option<String> {
        match (self.action, &self.procedure) {
            (Action::Accept, Some(code)) => profile.procedure(code).map(|p| p.acceptance.clone()),
            (Action::Accept, None) => None,
            (action, _) => profile
                .decision_document(action.as_str())
                .map(|d| d.code.clone()),
        }
    }
}

/// One further matter of a letter. What is not said of it is as in the letter.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartBody {
    /// Second-level category code.
    #[validate(length(min = 1, max = 64, message = "is a category code"))]
    #[schema(min_length = 1, max_length = 64)]
    pub category: String,
    /// The matter, in the words of the letter.
    #[schema(min_length = 1, max_length = 2000)]
    pub description: String,
    /// Where; the letter's place unless said.
    pub location: Option<LocationBody>,
    /// Address in words.
    #[schema(max_length = 200)]
    pub address: Option<String>,
    /// The shop, site or company complained of.
    #[schema(max_length = 100)]
    pub premises: Option<String>,
    /// What the reporter wants.
    #[validate(length(max = 64, message = "has 64 letters at most"))]
    #[schema(max_length = 64)]
    pub demand: Option<String>,
}

/// A decision as it is kept.
#[derive(Debug, Default)]
pub(super) struct Decided<'a> {
    pub(super) action: &'static str,
    pub(super) reason: Option<&'a str>,
    pub(super) procedure: Option<&'a str>,
    pub(super) document: &'a str,
    pub(super) notice: Option<&'a str>,
    pub(super) transfer_to: Option<&'a str>,
}

impl TriageBody {
    /// What is kept of it.
    pub(super) fn decided<'a>(&'a self, document: &'a str) -> Decided<'a> {
        Decided {
            action: self.action.as_str(),
            reason: self.reason.as_deref(),
            procedure: self.procedure.as_deref(),
            document,
            notice: self.notice.as_deref(),
            transfer_to: self.transfer_to.as_deref(),
        }
    }
}

/// Keeps a decision.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub(super) fn keep(
    conn: &mut Connection,
    keys: &Keys,
    id: Id,
    staff: &Staff,
    decided: &Decided<'_>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    keep_of(conn, keys, id, staff.id, decided, now)
}

/// Keeps a decision of an account, also one of the past that it takes in.
///
/// # Errors
/// As [`keep`].
pub(super) fn keep_of(
    conn: &mut Connection,
    keys: &Keys,
    id: Id,
    account: Id,
    decided: &Decided<'_>,
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    let decision = Id::new();
    let seal = |column: sealed::SealedColumn, words: Option<&str>| {
        column.seal_maybe(keys, decision.0.as_bytes(), words)
    };
    diesel::insert_into(triage_decision::table)
        .values((
            triage_decision::id.eq(decision),
            triage_decision::complaint_id.eq(id),
            triage_decision::action.eq(decided.action),
            triage_decision::reason.eq(seal(sealed::TRIAGE_REASON, decided.reason)?),
            triage_decision::procedure.eq(decided.procedure),
            triage_decision::document.eq(decided.document),
            triage_decision::notice.eq(seal(sealed::TRIAGE_NOTICE, decided.notice)?),
            triage_decision::transfer_to.eq(decided.transfer_to),
            triage_decision::decided_by.eq(account),
            triage_decision::decided_at.eq(UtcTime(at)),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("insert a decision")
}
