//! The rule table (domain §3.3), applied to a report and its candidates.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Candidate, EntryStanding, Explained, Outcome, Report, Rule, Verdict, explain::waterfall,
};
use crate::district::{MatchingRules, Profile};
use crate::linkage::{
    Context, Levels, Model, Side,
    levels::{Addresses, Distance, Names, Object},
    rank::levels_of,
};

/// Candidates kept with a verdict.
const EXPLAINED_MAX: usize = 10;

/// How far apart reports of a category without a radius of its own may lie, metres.
const DEFAULT_RADIUS_M: f64 = 100.0;

/// Beyond this many times the reach two places contradict each other.
const CONTRADICTION: f64 = 4.0;

/// A pair with what was found out about it.
struct Pair<'a> {
    new: &'a Report,
    old: &'a Candidate,
    levels: Levels,
    bits: f64,
    probability: f64,
    metres: Option<f64>,
    reach: f64,
    vetoes: Vec<String>,
}

/// The radius of a report's category, metres.
#[must_use]
pub fn radius_m(profile: &Profile, report: &Report) -> f64 {
    profile
        .category(&report.category)
        .map_or(DEFAULT_RADIUS_M, |c| c.radius_m)
}

/// Decides what a report is, given the earlier reports it may belong to. The order of the
/// candidates does not matter.
#[must_use]
pub fn decide(new: &Report, candidates: &[Candidate], profile: &Profile) -> Verdict {
    let rules = &profile.rules.matching;
    let mut olds: Vec<&Candidate> = candidates
        .iter()
        .filter(|c| c.report.id != new.id)
        .collect();
    olds.sort_by_key(|old| (old.report.received_at, old.report.id));
    let context = Context::of(
        new,
        &profile.model,
        radius_m(profile, new),
        rules.accuracy_max_m,
    );
    let mut judged: Vec<(Pair<'_>, Rule, Outcome)> = pairs(new, &olds, &context)
        .into_iter()
        .map(|pair| {
            let (rule, outcome) = if has_one_upstream_number(new, &pair.old.report) {
                (Rule::R0, Outcome::SameSubmission)
            } else {
                judge(&pair, profile)
            };
            (pair, rule, outcome)
        })
        .collect();
    // Best first: the outcome's rank, then the rule's, then the odds, then the earliest.
    judged.sort_by(|(a, a_rule, a_outcome), (b, b_rule, b_outcome)| {
        (a_outcome.order(), a_rule.order())
            .cmp(&(b_outcome.order(), b_rule.order()))
            .then(b.bits.total_cmp(&a.bits))
            .then(a.old.report.received_at.cmp(&b.old.report.received_at))
            .then(a.old.report.id.cmp(&b.old.report.id))
    });
    judged.truncate(EXPLAINED_MAX);
    let explained: Vec<Explained> = judged
        .into_iter()
        .map(|(pair, rule, outcome)| explain(pair, rule, outcome, &context, profile))
        .collect();
    Verdict::of(explained, profile.model.name())
}

fn pairs<'a>(new: &'a Report, olds: &[&'a Candidate], context: &Context<'_>) -> Vec<Pair<'a>> {
    let side = |report, closed_at| Side { report, closed_at };
    let sides: Vec<Side<'_>> = olds.iter().map(|o| side(&o.report, o.closed_at)).collect();
    levels_of(side(new, None), &sides, context)
        .into_iter()
        .zip(olds)
        .map(|(levels, old)| {
            let bits = context.model().bits(&levels);
            let (metres, reach) = (
                context.metres_to(&old.report),
                context.reach_m(new, &old.report),
            );
            Pair {
                new,
                old,
                levels,
                bits,
                probability: Model::probability(bits),
                metres,
                reach,
                vetoes: vetoes(new, &old.report, &levels, metres, reach),
            }
        })
        .collect()
}

/// Why two reports cannot be one matter, whatever else speaks for it.
fn vetoes(
    new: &Report,
    old: &Report,
    levels: &Levels,
    metres: Option<f64>,
    reach: f64,
) -> Vec<String> {
    let mut vetoes = Vec::new();
    if let (Some(a), Some(b)) = (&new.object_id, &old.object_id)
        && a != b
    {
        vetoes.push(format!("R9 相邻不同源：对象 {a} 与 {b} 不同"));
    }
    match metres {
        Some(metres) if metres > CONTRADICTION * reach => {
            vetoes.push(format!("地点矛盾：相距 {metres:.0} m"));
        }
        None if levels.has(Names::OtherWater) => {
            vetoes.push("地点矛盾：点名的河道不同".to_owned());
        }
        _ => {}
    }
    vetoes
}

/// Persons who petition in both; none when either is anonymous (R10).
fn shared_persons(new: &Report, old: &Report) -> usize {
    new.persons
        .iter()
        .filter(|person| old.persons.contains(person))
        .count()
}

/// Photos that are the same file in both.
fn shared_photos(new: &Report, old: &Report) -> usize {
    let old: Vec<&str> = old.photos.iter().map(|p| p.sha256.as_str()).collect();
    new.photos
        .iter()
        .filter(|photo| old.contains(&photo.sha256.as_str()))
        .count()
}

/// Whether two reports name the same premises: one object id, or one name without two ids.
fn same_premises(new: &Report, old: &Report) -> bool {
    match (&new.object_id, &old.object_id) {
        (Some(a), Some(b)) => a == b,
        _ => new.premises.is_some() && new.premises == old.premises,
    }
}

fn explain(
    pair: Pair<'_>,
    rule: Rule,
    outcome: Outcome,
    context: &Context<'_>,
    profile: &Profile,
) -> Explained {
    let Pair {
        new,
        old,
        levels,
        probability,
        vetoes,
        ..
    } = pair;
    Explained {
        candidate: old.report.id,
        number: old.number.clone(),
        entry_id: old.entry_id,
        rule,
        outcome,
        score: probability,
        prior: profile.model.file().prior_bits,
        comparisons: waterfall(new, &old.report, &levels, context, profile),
        vetoes,
    }
}

/// R0: the upstream number again.
fn has_one_upstream_number(new: &Report, old: &Report) -> bool {
    new.external_no.is_some() && new.external_no == old.external_no && new.channel == old.channel
}

/// R0: the same person's same photo within a day. It holds between reports of one sender alone,
/// which whoever asks has made sure of; a photo shared in a group is evidence for R4.
#[must_use]
pub fn is_resent(new: &Report, old: &Report, rules: &MatchingRules) -> bool {
    let gap = (new.received_at - old.received_at).abs();
    shared_persons(new, old) > 0
        && shared_photos(new, old) > 0
        && new.category == old.category
        && gap <= TimeDelta::hours(rules.resubmit_hours)
}

/// How alike two reports are, before anyone asks who reported and when.
enum Likeness {
    SameMatter,
    Suspected,
    Related,
    Different,
}

fn likeness(pair: &Pair<'_>, rules: &MatchingRules) -> Likeness {
    let (new, old) = (pair.new, &pair.old.report);
    let one_object = same_premises(new, old);
    // Half the reach: the place speaks clearly for one spot.
    let near = pair.metres.is_some_and(|m| m <= pair.reach / 2.0);
    // Twice the reach: the place speaks against; a chain has branches under one name.
    let apart = pair.metres.is_some_and(|m| m >= pair.reach * 2.0);
    // Who quotes a number asks about that matter, whatever they call it; a contradiction still stands.
    let quoted = new.quotes_number_of(old);
    if !pair.vetoes.is_empty() || (new.coarse != old.coarse && !quoted) {
        return if one_object || near || quoted {
            Likeness::Related
        } else {
            Likeness::Different
        };
    }
    let same_category = new.category == old.category;
    if same_category && one_object && !apart {
        return Likeness::SameMatter;
    }
    if pair.probability >= rules.upper() && same_category && has_anchor(pair) {
        return Likeness::SameMatter;
    }
    if quoted || pair.probability >= rules.lower() {
        return Likeness::Suspected;
    }
    Likeness::Different
}

/// Whether there is evidence of object or place, without which nothing is attached.
fn has_anchor(pair: &Pair<'_>) -> bool {
    let levels = &pair.levels;
    // Of names only a shared one is evidence of a place.
    !levels.has(Distance::Missing)
        || !levels.has(Addresses::Missing)
        || !levels.has(Object::Missing)
        || levels.within(Names::TwoOrMore..=Names::Road)
}

/// Whether nobody needs to look: one registered object, or one name at one place. A name alone is
/// a chain's, or a common one.
fn is_one_object(pair: &Pair<'_>) -> bool {
    let (new, old) = (pair.new, &pair.old.report);
    match (&new.object_id, &old.object_id) {
        (Some(a), Some(b)) => a == b,
        _ => same_premises(new, old) && pair.metres.is_some_and(|m| m <= pair.reach),
    }
}

fn judge(pair: &Pair<'_>, profile: &Profile) -> (Rule, Outcome) {
    let (new, old) = (pair.new, pair.old);
    let rule = rule_if_same_matter(new, old, profile);
    match likeness(pair, &profile.rules.matching) {
        Likeness::SameMatter => match rule {
            Some(Rule::R1) if is_one_object(pair) => (Rule::R1, Outcome::Attached),
            Some(rule) => (rule, Outcome::Provisional),
            None => (Rule::R7, Outcome::Related),
        },
        Likeness::Suspected => match rule {
            Some(rule) => (rule, Outcome::Suspected),
            None => (Rule::R7, Outcome::Related),
        },
        Likeness::Related if !pair.vetoes.is_empty() => (Rule::R9, Outcome::Related),
        Likeness::Related => (Rule::R7, Outcome::Related),
        Likeness::Different => (Rule::New, Outcome::New),
    }
}

/// Which rule fits if the two are one matter; `None` when the old one is beyond reach: its entry
/// is archived (a rebound then opens a new entry) or the person's window has passed.
fn rule_if_same_matter(new: &Report, old: &Candidate, profile: &Profile) -> Option<Rule> {
    // R12: one person in common on joint lists is the same person. R10: the anonymous share none.
    let same_person = shared_persons(new, &old.report) > 0;
    if old.entry == EntryStanding::Archived {
        return None;
    }
    let Some(closed_at) = old.closed_at else {
        return Some(if same_person { Rule::R1 } else { Rule::R4 });
    };
    // What happened between the answer and the closing is no part of what was answered.
    let settled_at = old.answered_at.unwrap_or(closed_at);
    if let EntryStanding::WrittenOff(written_off_at) = old.entry {
        let over_before = new
            .occurred
            .is_some_and(|(_, until)| until <= written_off_at);
        let fresh = if same_person {
            has_new_fact(new, old, settled_at, profile)
        } else {
            !over_before
        };
        if fresh {
            return Some(Rule::R6);
        }
    }
    if !same_person {
        return Some(Rule::R5);
    }
    let fresh = has_new_fact(new, old, settled_at, profile);
    if old.finally_reviewed && !fresh {
        return Some(Rule::R11);
    }
    if new.received_at - closed_at > TimeDelta::days(profile.rules.matching.window_days) {
        return None;
    }
    Some(if fresh {
        Rule::R3
    } else if old.answered_at.is_some() {
        Rule::R2
    } else {
        // A refusal or a transfer answered nothing: what comes again goes on with it.
        Rule::R5
    })
}

/// Something happened or was photographed after the case was answered or otherwise settled, or more is
/// demanded.
fn has_new_fact(
    new: &Report,
    old: &Candidate,
    settled_at: DateTime<Utc>,
    profile: &Profile,
) -> bool {
    let happened_since = new.occurred.is_some_and(|(from, _)| from > settled_at);
    let known: Vec<&str> = old
        .report
        .photos
        .iter()
        .map(|p| p.sha256.as_str())
        .collect();
    let photographed_since = new.photos.iter().any(|photo| {
        !known.contains(&photo.sha256.as_str()) && photo.taken_at.is_some_and(|at| at > settled_at)
    });
    let code = |report: &Report| {
        let demand = report.demand.as_deref()?;
        Some(profile.demand_code(demand).to_owned())
    };
    let demands_more = new.demand.is_some() && code(new) != code(&old.report);
    happened_since || photographed_since || demands_more
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
