//! A complaint's way, as whoever follows it by its code reads it.

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::record::{ComplaintEvent, Recorded, local};

/// One step of a complaint's way, as its reporter sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimelineItem {
    /// The event.
    pub event: String,
    /// In Chinese.
    pub words: &'static str,
    /// When it happened.
    pub at: DateTime<FixedOffset>,
}

/// Events the reporter sees and their words. What is not in this list stays inside.
const PUBLIC_EVENTS: &[(ComplaintEvent, &str)] = &[
    (ComplaintEvent::Register, "已登记"),
    (ComplaintEvent::Accept, "已受理"),
    (ComplaintEvent::Refuse, "不予受理"),
    (ComplaintEvent::NoLongerAccept, "不再受理"),
    (ComplaintEvent::Transfer, "已转送"),
    (ComplaintEvent::Return, "请补充材料"),
    (ComplaintEvent::Resubmit, "已补充，重新审核"),
    (ComplaintEvent::Start, "正在办理"),
    (ComplaintEvent::Visit, "工作人员已到现场核实"),
    (ComplaintEvent::Progress, "办理进展"),
    (ComplaintEvent::Reply, "已答复"),
    (ComplaintEvent::Rate, "已评价"),
    (ComplaintEvent::Close, "已办结"),
    (ComplaintEvent::Reopen, "重新办理"),
    (ComplaintEvent::Withdraw, "已撤回"),
    (ComplaintEvent::Split, "来信涉及多个事项，已分别登记"),
    (ComplaintEvent::Supplement, "已收到补充"),
    (ComplaintEvent::AddPhotos, "已收到照片"),
    (ComplaintEvent::SetWishes, "已登记保密意愿"),
];

/// The names of the events a reporter sees.
pub fn public_events() -> impl Iterator<Item = &'static str> {
    PUBLIC_EVENTS.iter().map(|(event, _)| event.as_str())
}

/// The public part of a history. Of a decision that was undone before anybody was told nothing is told.
#[must_use]
pub fn timeline(history: Vec<Recorded>) -> Vec<TimelineItem> {
    let mut told: Vec<TimelineItem> = Vec::new();
    for row in history {
        if [ComplaintEvent::Undo, ComplaintEvent::UndoRated]
            .iter()
            .any(|e| e.as_str() == row.event)
        {
            let undone = row.detail.0.get("decision").and_then(Value::as_str);
            let at = told
                .iter()
                .rposition(|item| Some(item.event.as_str()) == undone);
            if let Some(at) = at {
                let since = told.split_off(at).into_iter().skip(1);
                // That it joined a visit under way went with the decision.
                told.extend(since.filter(|item| item.event != ComplaintEvent::Start.as_str()));
            }
            continue;
        }
        let public = PUBLIC_EVENTS.iter();
        let mut public = public.filter(|(event, _)| event.as_str() == row.event);
        if let Some((_, words)) = public.next() {
            told.push(TimelineItem {
                event: row.event,
                words,
                at: local(row.happened_at.unwrap_or(row.at)),
            });
        }
    }
    told
}
