//! What a row of a list says of a complaint, so that somebody can decide from the row: whose words,
//! where, with whom, what the matching found and why, what runs out when, and who is competent.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    brief_facts::{Facts, MatterRow, earlier_of},
    queries::ComplaintRow,
    rank::{TriageScore, score_of},
    returned::NOT_COMPLETED,
    upstream,
    wishes::SECRECY,
};
use crate::account::Role;
use crate::app::App;
use crate::clock::running::RunningClock;
use crate::district::{FIND, calendar::date_of};
use crate::matching::{Explained, Rule, queries::VerdictRow};
use crate::platform::{
    db::{Connection, Id},
    named::named,
    problem::Problem,
};
use crate::privacy::{Need, Words};
use crate::record::ComplaintState;

/// Letters of a complaint's words that a row shows.
const OPENING_LETTERS: usize = 80;

named! {
    /// What a row draws the eye to.
    pub enum RowFlag {
        /// 群众反映强烈: many different persons within a month.
        StrongConcern "strong_concern",
        /// 集体访: many persons on one petition.
        CollectiveVisit "collective_visit",
        /// A chain of repeats that goes one level up.
        OneLevelUp "one_level_up",
        /// A chain of repeats that a leader takes.
        Leader "leader",
        /// Returned for completion, and back without.
        NotCompleted "not_completed",
        /// Its reporter asks for it to be taken up again.
        WantsReopening "wants_reopening",
        /// Something of its reporter's could not be read and was asked for.
        Asked "asked",
        /// Its place is some device's default point, so that nobody knows where it is.
        HotPoint "hot_point",
        /// Filed beside similar matters that its reporter was shown.
        BesideSimilar "beside_similar",
        /// 保密: its reporter asks for secrecy.
        Secrecy "secrecy",
    }
}

/// An earlier complaint that was found, and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EarlierMatter {
    /// Its number.
    pub number: String,
    /// Its state.
    pub state: ComplaintState,
    /// Its state in Chinese.
    pub state_name: &'static str,
    /// The rule that fits the two.
    pub rule: Option<String>,
    /// The rule in Chinese.
    pub rule_name: Option<&'static str>,
    /// Probability that the two are one matter, 0 to 1; null where somebody found it, not the matching.
    pub score: Option<f64>,
    /// What speaks for it, the weightiest first, in the words of `GET …/matches`.
    pub grounds: Vec<String>,
}

/// The unit the district's profile holds competent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CompetentUnit {
    /// Code, for a transfer.
    pub code: String,
    /// Name.
    pub name: String,
}

/// What a row says of a complaint beside number, state and link.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Brief {
    /// The first words of its text; masked for roles without need.
    pub opening: String,
    /// Premises' name.
    pub premises: Option<String>,
    /// Address; masked for roles without need.
    pub address: Option<String>,
    /// Street code.
    pub street: Option<String>,
    /// Street's name.
    pub street_name: Option<String>,
    /// Number of its ledger entry.
    pub entry: String,
    /// Other complaints in the entry.
    pub others: i32,
    /// Different persons who complain of the matter.
    pub persons: i32,
    /// How many signed this one.
    pub person_count: i32,
    /// Confirmed repeats in the matter.
    pub repeats: i32,
    /// The earlier complaint it is held against.
    pub earlier: Option<EarlierMatter>,
    /// What draws the eye.
    pub flags: Vec<RowFlag>,
    /// Photos that came with it.
    pub photos: i64,
    /// Upstream number.
    pub external_no: Option<String>,
    /// Whether its reporter can be reached: signed in, or somebody left a number.
    pub reachable: bool,
    /// The unit competent for its category at its place; null: the bureau itself.
    pub competent_unit: Option<CompetentUnit>,
    /// Its points in the triage order, as things stand now.
    pub score: TriageScore,
    /// Its clocks that run and those of visits under way to its matter, the first to run out first.
    pub clocks: Vec<RunningClock>,
}

/// The briefs of a page's complaints, in their order, for a role.
///
/// # Errors
/// A fault when the database fails.
pub fn of_each(
    conn: &mut Connection,
    app: &App,
    role: Role,
    rows: &[&ComplaintRow],
    now: DateTime<Utc>,
) -> Result<Vec<Brief>, Problem> {
    let facts = Facts::of(conn, &app.keys, rows)?;
    let alone = rows.iter().map(|row| (row.id, vec![row.id])).collect();
    let need = Need::of(role, &app.profile);
    let words = Words::about_matters(conn, &app.keys, need, &alone)?;
    let briefs = rows.iter().map(|row| {
        let words = words.get(&row.id);
        let words = words.ok_or_else(|| Problem::fault("no words about a complaint"))?;
        brief(app, row, &facts, words, now)
    });
    briefs.collect()
}

fn brief(
    app: &App,
    row: &ComplaintRow,
    facts: &Facts,
    words: &Words,
    now: DateTime<Utc>,
) -> Result<Brief, Problem> {
    let text = facts.texts.get(&row.id).cloned();
    let text = text.ok_or_else(|| Problem::fault("a complaint has no text"))?;
    let matter = facts
        .matters
        .get(&row.entry_id)
        .ok_or_else(|| Problem::fault("a complaint has no entry"))?;
    let (profile, today) = (&app.profile, date_of(now));
    let text = text.opened(&app.keys, row.id);
    let street = facts.streets.get(&row.id);
    let competent = profile.competent_unit(&row.category, street.map(String::as_str), today);
    Ok(Brief {
        opening: opening(&words.stored(text.description, text.description_masked)),
        premises: words.maybe(text.premises),
        address: words.maybe_stored(text.address, text.address_masked),
        street: street.cloned(),
        street_name: street
            .and_then(|code| profile.street(code))
            .map(|street| street.name.clone()),
        entry: matter.number.clone(),
        others: (matter.complaint_count - i32::from(row.channel != FIND)).max(0),
        persons: matter.distinct_reporters,
        person_count: row.person_count,
        repeats: matter.repeat_count,
        earlier: earlier(row, facts, words),
        flags: flags(row, matter),
        photos: facts.photos.get(&row.id).copied().unwrap_or_default(),
        external_no: words.maybe(upstream::read(row.external_no.clone(), text.external_no)),
        reachable: row.resident_id.is_some() || facts.reachable.contains(&row.id),
        competent_unit: competent.map(|unit| CompetentUnit {
            code: unit.code.clone(),
            name: unit.name.clone(),
        }),
        score: score_of(profile, &row.ranked(), matter.distinct_reporters, now),
        clocks: running(app, row, facts, today),
    })
}

/// The first words of a text, on one line.
fn opening(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(OPENING_LETTERS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

fn earlier(row: &ComplaintRow, facts: &Facts, words: &Words) -> Option<EarlierMatter> {
    let verdict = facts.verdicts.get(&row.id);
    let found = facts.earlier.get(&earlier_of(row, verdict)?)?;
    let pair = verdict.and_then(|verdict| pair_with(verdict, found.id));
    let rule = match (&row.link_rule, &pair) {
        (Some(linked), _) => Rule::named(linked),
        (None, Some(pair)) => Some(pair.rule),
        (None, None) => None,
    };
    let compared = pair.iter().flat_map(|pair| &pair.comparisons);
    let speaks_for = compared.filter(|comparison| comparison.weight > 0.0);
    Some(EarlierMatter {
        number: found.number.clone(),
        state: found.state,
        state_name: found.state.label(),
        rule: rule.map(|rule| rule.as_str().to_owned()),
        rule_name: rule.map(Rule::zh),
        score: pair.as_ref().map(|pair| pair.score),
        grounds: speaks_for
            .map(|comparison| words.text(comparison.words.clone()))
            .collect(),
    })
}

/// What a verdict says of one of its candidates. One that cannot be read says nothing here; the
/// list goes on, and whoever opens the item is told.
fn pair_with(verdict: &VerdictRow, candidate: Id) -> Option<Explained> {
    let kept = verdict.evidence.0.clone();
    let candidates: Vec<Explained> = serde_json::from_value(kept).unwrap_or_default();
    let mut candidates = candidates.into_iter();
    candidates.find(|explained| explained.candidate == candidate.0)
}

fn flags(row: &ComplaintRow, matter: &MatterRow) -> Vec<RowFlag> {
    let holds = [
        (RowFlag::StrongConcern, matter.strong_concern),
        (RowFlag::CollectiveVisit, matter.collective_visit),
        (RowFlag::OneLevelUp, matter.escalation_level == 1),
        (RowFlag::Leader, matter.escalation_level > 1),
        (RowFlag::NotCompleted, row.has_flag(NOT_COMPLETED)),
        (RowFlag::WantsReopening, row.has_flag("wants_reopening")),
        (RowFlag::Asked, !row.questions().is_empty()),
        (RowFlag::HotPoint, row.has_flag("hot_point")),
        (
            RowFlag::BesideSimilar,
            !row.listed("acknowledged_similar").is_empty(),
        ),
        (RowFlag::Secrecy, row.has_flag(SECRECY)),
    ];
    let set = holds.into_iter().filter(|(_, holds)| *holds);
    set.map(|(flag, _)| flag).collect()
}

/// The clocks that run, the first to run out first.
fn running(app: &App, row: &ComplaintRow, facts: &Facts, today: NaiveDate) -> Vec<RunningClock> {
    let calendar = &app.profile.calendar;
    let clocks = facts.clocks(row);
    let mut running: Vec<RunningClock> = clocks
        .filter_map(|clock| RunningClock::of(calendar, clock, today))
        .collect();
    running.sort_by(|a, b| (a.due_on, &a.kind).cmp(&(b.due_on, &b.kind)));
    running
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_cut_between_letters() {
        assert_eq!(
            opening("楼下油烟\n很大，\t请处理"),
            "楼下油烟 很大， 请处理"
        );
        let long = "臭".repeat(OPENING_LETTERS);
        assert_eq!(opening(&long), long);
        let cut = opening(&format!("{long}味"));
        assert_eq!(cut, format!("{long}…"));
    }
}
