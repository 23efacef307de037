//! What became of a complaint: its clocks, the decision, the visit, the reply, where it was sent, and
//! the history of all that.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    cases::{Case, NOTIFY_DAYS, Of, REPLY_DAYS},
    filler::{Filler, put},
};
use crate::cli::{bench::filling::words, operator_error};
use crate::clock::kinds::{Kind, NOTIFY, REPLY, VISIT};
use crate::district::calendar::date_of;
use crate::platform::{
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{
            clock, complaint_unread, evidence, handover, rating, record, reply, triage_decision,
            verification, verification_complaint, verification_event,
        },
    },
    sealed,
};
use crate::record::{ComplaintState, HandoverState, VisitState, machine::Trait};

/// Days for a visit.
const VISIT_DAYS: i64 = 5;

/// Writes what became of complaints that were filed.
pub(super) fn take(
    conn: &mut Connection,
    filler: &Filler<'_>,
    cases: &[Case],
) -> anyhow::Result<()> {
    clocks(conn, cases)?;
    decisions(conn, filler, cases)?;
    replies(conn, filler, cases)?;
    ratings(conn, cases)?;
    visits(conn, filler, cases)?;
    events(conn, filler, cases)?;
    photos(conn, filler, cases)?;
    handovers(conn, filler, cases)?;
    unread(conn, cases)?;
    history(conn, cases)
}

/// A clock, and how it stands.
struct Clock {
    id: Id,
    kind: &'static Kind,
    subject: Id,
    started: DateTime<Utc>,
    days: i64,
    met_at: Option<DateTime<Utc>>,
    lapsed_at: Option<DateTime<Utc>>,
    suspended: bool,
}

fn clocks_of(case: &Case) -> Vec<Clock> {
    let ended_unanswered = case.ended_at.filter(|_| case.answered_at.is_none());
    let notify = Clock {
        id: case.id_of(case.received_at, Of::Notify),
        kind: &NOTIFY,
        subject: case.id,
        started: case.received_at,
        days: NOTIFY_DAYS,
        met_at: case
            .decided_at
            .filter(|_| case.state != ComplaintState::Returned),
        lapsed_at: None,
        suspended: case.state == ComplaintState::Returned,
    };
    let reply = Clock {
        id: case.id_of(case.received_at, Of::Reply),
        kind: &REPLY,
        days: REPLY_DAYS,
        met_at: case.answered_at,
        lapsed_at: ended_unanswered,
        ..notify
    };
    let visit = case.visit.map(|state| {
        let sent_at = sent_at(case);
        let over = matches!(state, VisitState::Submitted | VisitState::Passed);
        Clock {
            id: case.id_of(sent_at, Of::VisitClock),
            kind: &VISIT,
            subject: case.id_of(sent_at, Of::Visit),
            started: sent_at,
            days: VISIT_DAYS,
            met_at: over.then(|| sent_at + TimeDelta::hours(30)),
            lapsed_at: None,
            suspended: false,
        }
    });
    [notify, reply].into_iter().chain(visit).collect()
}

/// When somebody was sent to the place.
fn sent_at(case: &Case) -> DateTime<Utc> {
    case.decided_at.unwrap_or(case.received_at) + TimeDelta::minutes(20)
}

fn clocks(conn: &mut Connection, cases: &[Case]) -> anyhow::Result<()> {
    let rows = cases.iter().flat_map(clocks_of).map(|one| {
        let (started_on, due_on) = (
            date_of(one.started),
            date_of(one.started) + TimeDelta::days(one.days),
        );
        (
            (
                clock::id.eq(one.id),
                clock::subject_kind.eq(one.kind.subject),
                clock::subject_id.eq(one.subject),
                clock::kind.eq(one.kind.name),
                clock::round.eq(1),
                clock::rule.eq("bench"),
                clock::source.eq("信访工作条例"),
                clock::started_on.eq(started_on),
                clock::amount.eq(i32::try_from(one.days).unwrap_or(i32::MAX)),
                clock::unit.eq("natural_day"),
                clock::roll_forward.eq(false),
            ),
            (
                clock::due_on.eq(due_on),
                clock::provisional.eq(false),
                clock::suspended_on.eq(one.suspended.then_some(started_on)),
                clock::duty.eq(one.kind.duty.as_str()),
                clock::meaning.eq(one.kind.meaning.as_str()),
                clock::met_at.eq(one.met_at.map(UtcTime)),
                clock::outcome.eq(one.met_at.map(|at| {
                    if date_of(at) <= due_on {
                        "on_time"
                    } else {
                        "late"
                    }
                })),
                clock::lapsed_at.eq(one.lapsed_at.map(UtcTime)),
            ),
        )
    });
    put!(conn, clock, rows)
}

fn decisions(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let decided = cases
        .iter()
        .filter_map(|case| Some((case, case.decided_at?)));
    let rows = decided.map(|(case, at)| {
        let action = match case.state {
            ComplaintState::Refused => "refuse",
            ComplaintState::Transferred => "transfer",
            ComplaintState::Returned => "return",
            _ => "accept",
        };
        (
            triage_decision::id.eq(case.id_of(at, Of::Decision)),
            triage_decision::complaint_id.eq(case.id),
            triage_decision::action.eq(action),
            triage_decision::procedure.eq((action == "accept").then_some("enforcement_request")),
            triage_decision::decided_by.eq(filler.clerk(case)),
            triage_decision::decided_at.eq(UtcTime(at)),
        )
    });
    put!(conn, triage_decision, rows)
}

fn replies(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let answered = cases
        .iter()
        .filter_map(|case| Some((case, case.answered_at?)));
    let rows = answered.map(|(case, at)| {
        let id = case.id_of(at, Of::Answer);
        let text = format!(
            "经现场核查，{}，已责令限期整改并复查。",
            words(&mut case.draw.clone())
        );
        let sealed = sealed::REPLY.seal_text(filler.keys, id.0.as_bytes(), &text);
        anyhow::Ok((
            reply::id.eq(id),
            reply::complaint_id.eq(case.id),
            reply::kind.eq("final"),
            reply::document.eq("处理意见书"),
            reply::text.eq(sealed.map_err(operator_error)?),
            reply::text_masked.eq(text),
            reply::written_by.eq(filler.clerk(case)),
            reply::created_at.eq(UtcTime(at)),
        ))
    });
    let rows: Vec<_> = rows.collect::<anyhow::Result<_>>()?;
    put!(conn, reply, rows.into_iter())
}

fn ratings(conn: &mut Connection, cases: &[Case]) -> anyhow::Result<()> {
    let answered = cases
        .iter()
        .filter_map(|case| Some((case, case.answered_at?)));
    let rated = answered
        .filter(|(case, _)| case.state == ComplaintState::FollowUp || case.n.is_multiple_of(7));
    let rows = rated.map(|(case, at)| {
        let score = if case.wants_reopening {
            "dissatisfied"
        } else {
            "satisfied"
        };
        (
            rating::reply_id.eq(case.id_of(at, Of::Answer)),
            rating::complaint_id.eq(case.id),
            rating::score.eq(score),
            rating::wants_reopening.eq(case.wants_reopening),
            rating::created_at.eq(UtcTime(at + TimeDelta::minutes(90))),
        )
    });
    put!(conn, rating, rows)
}

fn visits(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let visited = || cases.iter().filter_map(|case| Some((case, case.visit?)));
    let rows = visited().map(|(case, state)| {
        let at = sent_at(case);
        let officer = filler
            .officer(case)
            .filter(|_| state != VisitState::Pending);
        (
            verification::id.eq(case.id_of(at, Of::Visit)),
            verification::grid_code.eq(case.matter.grid.clone()),
            verification::officer_id.eq(officer),
            verification::state.eq(state),
            verification::lon.eq(case.matter.point.lon),
            verification::lat.eq(case.matter.point.lat),
            verification::radius_m.eq(200.0),
            verification::due_on.eq(date_of(at) + TimeDelta::days(VISIT_DAYS)),
            verification::assigned_at.eq(officer.map(|_| UtcTime(at))),
            verification::result.eq((state == VisitState::Passed).then_some("true")),
            verification::dispatched_by.eq(filler.clerk(case)),
            verification::version.eq(1),
            verification::created_at.eq(UtcTime(at)),
            verification::updated_at.eq(UtcTime(at)),
            verification::entry_id.eq(case.matter.entry),
        )
    });
    put!(conn, verification, rows)?;
    let answers = visited().map(|(case, _)| {
        (
            verification_complaint::verification_id.eq(case.id_of(sent_at(case), Of::Visit)),
            verification_complaint::complaint_id.eq(case.id),
            verification_complaint::position.eq(0),
        )
    });
    put!(conn, verification_complaint, answers)
}

fn events(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let sent = cases.iter().filter_map(|case| {
        let kinds: &[(&str, Of)] = match case.visit? {
            VisitState::Pending | VisitState::Assigned | VisitState::Cancelled => &[],
            VisitState::CheckedIn => &[("check_in", Of::CheckIn)],
            VisitState::Submitted | VisitState::Passed | VisitState::Returned => {
                &[("check_in", Of::CheckIn), ("findings", Of::Findings)]
            }
        };
        let officer = filler.officer(case)?;
        Some(kinds.iter().map(move |kind| (case, officer, *kind)))
    });
    let rows = sent.flatten().map(|(case, officer, (kind, of))| {
        let sent_at = sent_at(case);
        let at = sent_at + TimeDelta::hours(29);
        let found = kind == "findings";
        let point = case.matter.point;
        let id = case.id_of(at, of);
        let notes = words(&mut case.draw.clone());
        let sealed = sealed::NOTES.seal_text(filler.keys, id.0.as_bytes(), &notes);
        anyhow::Ok((
            verification_event::id.eq(id),
            verification_event::verification_id.eq(case.id_of(sent_at, Of::Visit)),
            verification_event::kind.eq(kind),
            verification_event::client_id.eq(kind),
            verification_event::officer_id.eq(officer),
            verification_event::lon.eq(point.lon),
            verification_event::lat.eq(point.lat),
            verification_event::accuracy_m.eq(8.0),
            verification_event::distance_m.eq(11.0),
            verification_event::in_grid.eq(true),
            verification_event::result.eq(found.then_some("true")),
            verification_event::notes.eq(Some(sealed.map_err(operator_error)?).filter(|_| found)),
            verification_event::notes_masked.eq(found.then_some(notes)),
            verification_event::late.eq(false),
            verification_event::device_time.eq(UtcTime(at)),
            verification_event::received_at.eq(UtcTime(at)),
        ))
    });
    let rows: Vec<_> = rows.collect::<anyhow::Result<_>>()?;
    put!(conn, verification_event, rows.into_iter())
}

/// A photo of every fourth complaint, and of every visit that was reported on.
fn photos(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let rows = cases.iter().flat_map(|case| {
        let reported = case
            .visit
            .filter(|state| matches!(state, VisitState::Submitted | VisitState::Passed));
        let own = case.n.is_multiple_of(4).then_some((
            case.received_at,
            Of::Photo,
            ("complaint", case.id, "scene", "reporter"),
            None,
        ));
        let of_visit = reported.map(|_| {
            let sent_at = sent_at(case);
            (
                sent_at + TimeDelta::hours(29),
                Of::VisitPhoto,
                (
                    "verification",
                    case.id_of(sent_at, Of::Visit),
                    "near",
                    "officer",
                ),
                filler.officer(case),
            )
        });
        own.into_iter()
            .chain(of_visit)
            .map(move |(at, of, (kind, subject, role, source), by)| {
                let id = case.id_of(at, of);
                (
                    evidence::id.eq(id),
                    evidence::subject_kind.eq(kind),
                    evidence::subject_id.eq(subject),
                    evidence::kind.eq("photo"),
                    evidence::role.eq(role),
                    evidence::phase.eq("none"),
                    evidence::source.eq(source),
                    evidence::status.eq("kept"),
                    evidence::sha256.eq(format!("{:064x}", id.0.as_u128())),
                    evidence::media_type.eq("image/jpeg"),
                    evidence::size_bytes.eq(2_500_000_i64),
                    evidence::has_derivatives.eq(true),
                    evidence::uploaded_by.eq(by),
                    evidence::created_at.eq(UtcTime(at)),
                )
            })
    });
    put!(conn, evidence, rows)
}

fn handovers(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let units = filler.profile.units.iter();
    let units: Vec<&str> = units
        .filter(|unit| unit.kind == "department")
        .map(|unit| unit.code.as_str())
        .collect();
    let sent = cases
        .iter()
        .filter_map(|case| Some((case, case.handover?, case.decided_at?)));
    let rows = sent.map(|(case, state, at)| {
        let unit = units.get(case.draw.clone().below(units.len()));
        let ended = state.is(Trait::Ended).then(|| at + TimeDelta::days(9));
        let signed = (state != HandoverState::Sent).then(|| at + TimeDelta::hours(1));
        let id = case.id_of(at, Of::Handover);
        let answer = sealed::HANDOVER_ANSWER.seal_text(filler.keys, id.0.as_bytes(), "已清运");
        anyhow::Ok((
            handover::id.eq(id),
            handover::complaint_id.eq(case.id),
            handover::unit_code.eq(unit.copied().unwrap_or_default().to_owned()),
            handover::state.eq(state),
            handover::version.eq(1),
            handover::answer.eq(Some(answer.map_err(operator_error)?).filter(|_| ended.is_some())),
            handover::sent_at.eq(UtcTime(at)),
            handover::signed_at.eq(signed.map(UtcTime)),
            handover::ended_at.eq(ended.map(UtcTime)),
            handover::updated_at.eq(UtcTime(ended.or(signed).unwrap_or(at))),
        ))
    });
    let rows: Vec<_> = rows.collect::<anyhow::Result<_>>()?;
    put!(conn, handover, rows.into_iter())
}

fn unread(conn: &mut Connection, cases: &[Case]) -> anyhow::Result<()> {
    let rows = cases.iter().filter(|case| case.unread).map(|case| {
        let at = UtcTime(sent_at(case));
        (
            complaint_unread::complaint_id.eq(case.id),
            complaint_unread::since.eq(at),
            complaint_unread::latest.eq(at),
        )
    });
    put!(conn, complaint_unread, rows)
}

/// What the history keeps of a complaint: that it came, was decided on, answered and ended; and of a
/// visit that was sent back, that it was.
fn history(conn: &mut Connection, cases: &[Case]) -> anyhow::Result<()> {
    let rows = cases.iter().flat_map(|case| {
        let of_complaint = [
            (Some(case.received_at), "register"),
            (case.decided_at, "accept"),
            (case.answered_at, "reply"),
            (case.ended_at, "close"),
        ];
        let steps = (0_u8..).zip(of_complaint);
        let steps = steps.filter_map(|(step, (at, event))| {
            Some(("complaint", case.id, event, at?, Of::Recorded(step)))
        });
        let sent_back = case.visit.filter(|state| *state == VisitState::Returned);
        let sent_back = sent_back.map(|_| {
            let at = sent_at(case);
            let visit = case.id_of(at, Of::Visit);
            let returned_at = at + TimeDelta::hours(31);
            (
                "verification",
                visit,
                "return",
                returned_at,
                Of::Recorded(7),
            )
        });
        let all: Vec<_> = steps.chain(sent_back).collect();
        all.into_iter().map(move |(kind, subject, event, at, of)| {
            (
                record::id.eq(case.id_of(at, of)),
                record::subject_kind.eq(kind),
                record::subject_id.eq(subject),
                record::event.eq(event),
                record::to_state.eq(event),
                record::actor_kind.eq("system"),
                record::actor_name.eq(""),
                record::detail.eq(JsonValue(json!({}))),
                record::at.eq(UtcTime(at)),
            )
        })
    });
    put!(conn, record, rows)
}
