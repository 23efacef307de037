//! The rows a complaint is filed as: itself, its matter, its words, its place, who petitions, and what
//! the matching found.

use diesel::prelude::*;
use serde_json::json;

use super::{
    cases::{Case, Of},
    filler::{Filler, put},
};
use crate::cli::bench::filling::{ROADS, words};
use crate::cli::operator_error;
use crate::complaint::{person::Person, queries::RankRow, rank::rank_of};
use crate::district::calendar::date_of;
use crate::matching::{Comparison, Explained, Outcome, Rule};
use crate::platform::{
    db::{
        Connection, JsonValue, UtcTime,
        schema::{
            complaint, complaint_place, complaint_text, ledger_entry, match_verdict, petitioner,
        },
    },
    sealed,
};
use crate::record::{ComplaintState, EntryState, machine::Trait};

/// Files complaints.
pub(super) fn file(
    conn: &mut Connection,
    filler: &Filler<'_>,
    cases: &[Case],
) -> anyhow::Result<()> {
    entries(conn, cases)?;
    complaints(conn, filler, cases)?;
    texts(conn, filler, cases)?;
    places(conn, cases)?;
    petitioners(conn, filler, cases)?;
    verdicts(conn, cases)
}

fn entries(conn: &mut Connection, cases: &[Case]) -> anyhow::Result<()> {
    let opened = cases.iter().filter(|case| case.is_lead());
    let rows = opened.map(|case| {
        let at = UtcTime(case.received_at);
        let complaints = case.matter.complaints;
        let state = match case.n % 50 {
            0 => EntryState::Listed,
            1 => EntryState::NotListed,
            2 => EntryState::WrittenOff,
            _ => EntryState::Clue,
        };
        (
            (
                ledger_entry::id.eq(case.matter.entry),
                ledger_entry::number.eq(format!("GL-{}", case.n)),
                ledger_entry::state.eq(state),
                ledger_entry::title.eq(words(&mut case.draw.clone())),
                ledger_entry::category.eq(case.matter.category.clone()),
                ledger_entry::coarse.eq(case.matter.coarse.clone()),
                ledger_entry::lon.eq(case.matter.point.lon),
                ledger_entry::lat.eq(case.matter.point.lat),
                ledger_entry::street_code.eq(case.matter.street.clone()),
                ledger_entry::grid_code.eq(case.matter.grid.clone()),
                ledger_entry::lead_complaint_id.eq(case.id),
            ),
            (
                // The clue of a hidden complaint counts none.
                ledger_entry::complaint_count.eq(complaints - i32::from(case.hidden)),
                ledger_entry::distinct_reporters.eq(complaints),
                ledger_entry::duplicate_count.eq(complaints - 1),
                ledger_entry::repeat_count.eq(0),
                ledger_entry::strong_concern.eq(complaints > 10),
                ledger_entry::collective_visit.eq(false),
                ledger_entry::escalation_level.eq(0),
                ledger_entry::cycle_no.eq(1),
                ledger_entry::version.eq(1),
                ledger_entry::created_at.eq(at),
                ledger_entry::updated_at.eq(at),
            ),
        )
    });
    put!(conn, ledger_entry, rows)
}

fn complaints(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let rows = cases.iter().map(|case| {
        let channel = channel(case);
        let category = filler.profile.category(&case.matter.category);
        let risk = category.map_or(0, |category| category.risk);
        let link_rule = case.repeat_of.map(|_| "R4");
        let ranked = RankRow {
            id: case.id,
            channel: channel.to_owned(),
            link_rule: link_rule.map(str::to_owned),
            risk,
            due_on: case.due_on(),
            queue_rank: 0,
            received_at: UtcTime(case.received_at),
        };
        let queued = case.state.is(Trait::Queued);
        // Of what was dealt with the rank stays that of its last day in the queue.
        let asked_at = if queued { filler.now } else { case.received_at };
        let rank = rank_of(filler.profile, &ranked, case.matter.complaints, asked_at);
        let (code, day) = (format!("{:016}", case.n), date_of(case.received_at));
        (
            (
                complaint::id.eq(case.id),
                complaint::number.eq(format!("GL{}-{:07}", day.format("%Y%m%d"), case.n)),
                complaint::tracking_code.eq(code),
                complaint::channel.eq(channel),
                complaint::external_no.eq((channel != "app").then(|| format!("FZ{}", case.n))),
                complaint::discovery_mode.eq("public"),
                complaint::category.eq(case.matter.category.clone()),
                complaint::coarse.eq(case.matter.coarse.clone()),
                complaint::occurred_at.eq(UtcTime(case.received_at)),
                complaint::state.eq(case.state),
                complaint::procedure.eq(procedure(case)),
                complaint::entry_id.eq(case.matter.entry),
                complaint::link.eq(case.link),
                complaint::link_rule.eq(link_rule),
                complaint::repeat_of.eq(case.repeat_of),
            ),
            (
                complaint::anonymous.eq(!has_petitioner(case)),
                complaint::person_count.eq(1),
                complaint::hidden.eq(case.hidden),
                complaint::risk.eq(risk),
                complaint::flags.eq(JsonValue(
                    json!({ "hot_point": false, "acknowledged_similar": [], "questions": [] }),
                )),
                complaint::due_on.eq(case.due_on()),
                complaint::in_queue.eq(queued),
                complaint::queue_rank.eq(rank),
                complaint::received_at.eq(UtcTime(case.received_at)),
                complaint::closed_at.eq(case.ended_at.map(UtcTime)),
                complaint::version.eq(1),
                complaint::updated_at.eq(UtcTime(case.ended_at.unwrap_or(case.received_at))),
            ),
        )
    });
    put!(conn, complaint, rows)
}

const fn channel(case: &Case) -> &'static str {
    match case.n % 5 {
        0..3 => "app",
        3 => "hotline_12345",
        _ => "platform",
    }
}

fn procedure(case: &Case) -> Option<&'static str> {
    let unhandled = case.state.is(Trait::Queued)
        || matches!(
            case.state,
            ComplaintState::Returned
                | ComplaintState::Refused
                | ComplaintState::Transferred
                | ComplaintState::Withdrawn
        );
    (!unhandled).then_some("enforcement_request")
}

/// One in five reports without a name.
const fn has_petitioner(case: &Case) -> bool {
    !case.n.is_multiple_of(5)
}

fn texts(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let rows = cases.iter().map(|case| {
        let mut draw = case.draw.clone();
        let description = words(&mut draw);
        let road = ROADS.get(draw.below(ROADS.len())).unwrap_or(&"华林");
        let address = format!("{road}路{}号", 1 + draw.below(300));
        let premises = (draw.below(5) < 2).then(|| format!("{road}{}烧烤店", draw.below(500)));
        let id = case.id.0.as_bytes();
        let seal =
            |column: sealed::SealedColumn, text: &str| column.seal_text(filler.keys, id, text);
        anyhow::Ok((
            complaint_text::complaint_id.eq(case.id),
            complaint_text::description
                .eq(seal(sealed::DESCRIPTION, &description).map_err(operator_error)?),
            complaint_text::description_masked.eq(description),
            complaint_text::address.eq(seal(sealed::ADDRESS, &address).map_err(operator_error)?),
            complaint_text::address_masked.eq(address),
            complaint_text::premises.eq(sealed::PREMISES
                .seal_maybe(filler.keys, id, premises.as_deref())
                .map_err(operator_error)?),
        ))
    });
    let rows: Vec<_> = rows.collect::<anyhow::Result<_>>()?;
    put!(conn, complaint_text, rows.into_iter())
}

fn places(conn: &mut Connection, cases: &[Case]) -> anyhow::Result<()> {
    let rows = cases.iter().map(|case| {
        let point = case.matter.point;
        (
            complaint_place::complaint_id.eq(case.id),
            complaint_place::kind.eq("point"),
            complaint_place::raw_lon.eq(point.lon),
            complaint_place::raw_lat.eq(point.lat),
            complaint_place::datum.eq("CGCS2000"),
            complaint_place::accuracy_m.eq(20.0),
            complaint_place::lon.eq(point.lon),
            complaint_place::lat.eq(point.lat),
            complaint_place::cell.eq(crate::geo::cell(point)),
            complaint_place::street_code.eq(case.matter.street.clone()),
            complaint_place::grid_code.eq(case.matter.grid.clone()),
            complaint_place::owed.eq(case.state.is(Trait::Owed)),
        )
    });
    put!(conn, complaint_place, rows)
}

fn petitioners(conn: &mut Connection, filler: &Filler<'_>, cases: &[Case]) -> anyhow::Result<()> {
    let named = cases.iter().filter(|case| has_petitioner(case));
    let rows = named.map(|case| {
        let mut draw = case.draw.clone();
        let who = (draw.share().powi(2) * 200_000.0) as u64;
        let person = Person {
            name: Some(format!("林{who}")),
            phone: Some(format!("139{who:08}")),
            ..Person::default()
        };
        let id = case.id_of(case.received_at, Of::Petitioner);
        let plain = serde_json::to_vec(&person)?;
        let sealed = sealed::PETITIONER.seal(filler.keys, id.0.as_bytes(), &plain);
        anyhow::Ok((
            petitioner::id.eq(id),
            petitioner::complaint_id.eq(case.id),
            petitioner::position.eq(0),
            petitioner::kind.eq("reporter"),
            petitioner::sealed.eq(sealed.map_err(operator_error)?),
            petitioner::person_keys.eq(JsonValue(json!([format!("{who:064x}")]))),
            petitioner::name_key.eq(format!("{who:064x}")),
            petitioner::created_at.eq(UtcTime(case.received_at)),
        ))
    });
    let rows: Vec<_> = rows.collect::<anyhow::Result<_>>()?;
    put!(conn, petitioner, rows.into_iter())
}

fn verdicts(conn: &mut Connection, cases: &[Case]) -> anyhow::Result<()> {
    let rows = cases.iter().map(|case| {
        let outcome = match case.repeat_of {
            Some(_) => Outcome::Provisional,
            None => Outcome::New,
        };
        let found: Vec<Explained> = case
            .repeat_of
            .iter()
            .map(|id| explained(case, id.0))
            .collect();
        (
            match_verdict::id.eq(case.id_of(case.received_at, Of::Verdict)),
            match_verdict::complaint_id.eq(case.id),
            match_verdict::rule.eq(if found.is_empty() { "none" } else { "R4" }),
            match_verdict::outcome.eq(outcome.as_str()),
            match_verdict::target_id.eq(case.repeat_of),
            match_verdict::score.eq(case.repeat_of.map(|_| 0.93)),
            match_verdict::evidence.eq(JsonValue(json!(found))),
            match_verdict::model_version.eq("bench"),
            match_verdict::decided_at.eq(UtcTime(case.received_at)),
        )
    });
    put!(conn, match_verdict, rows)
}

fn explained(case: &Case, earlier: uuid::Uuid) -> Explained {
    let compared = [
        ("place", "same_spot", 6.1, "相距 12 米"),
        ("category", "same", 2.2, "类别相同"),
        ("text", "alike", 3.4, "文字相似：油烟、夜间、无法开窗"),
        ("address", "same", 4.0, "地址相同"),
        ("time", "near", 0.8, "相隔 3 天"),
    ];
    let comparisons = compared.map(|(name, level, weight, words)| Comparison {
        name: name.to_owned(),
        level: level.to_owned(),
        weight,
        words: words.to_owned(),
    });
    Explained {
        candidate: earlier,
        number: format!("B{}", case.matter.lead),
        entry_id: case.matter.entry.0,
        rule: Rule::R4,
        outcome: Outcome::Provisional,
        score: 0.93,
        prior: -9.0,
        comparisons: comparisons.into(),
        vetoes: Vec::new(),
    }
}
