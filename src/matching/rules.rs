//! The rule table (domain §3.3), applied to a report and its candidates.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Candidate, EntryStanding, Explained, Outcome, Report, Rule, Verdict,
    evidence::{Scored, same_premises, score, shared_persons, shared_photos},
};
use crate::district::{MatchingRules, Profile};

/// Candidates kept with a verdict.
const EXPLAINED_MAX: usize = 10;

/// Decides what a report is, given the earlier reports it may belong to. The order of the
/// candidates does not matter.
#[must_use]
pub fn decide(new: &Report, candidates: &[Candidate], profile: &Profile) -> Verdict {
    let rules = &profile.rules.matching;
    let mut explained: Vec<(Explained, DateTime<Utc>)> = candidates
        .iter()
        .filter(|old| old.report.id != new.id)
        .map(|old| (explain(new, old, profile), old.report.received_at))
        .collect();
    // Best first: the outcome's rank, then the rule's, then the score, then the earliest.
    explained.sort_by(|(a, a_at), (b, b_at)| {
        let key = |e: &Explained| (rank(e.outcome), e.rule);
        key(a)
            .cmp(&key(b))
            .then(Reverse(ordered(a.score)).cmp(&Reverse(ordered(b.score))))
            .then(a_at.cmp(b_at))
            .then(a.candidate.cmp(&b.candidate))
    });
    explained.truncate(EXPLAINED_MAX);
    let explained: Vec<Explained> = explained.into_iter().map(|(e, _)| e).collect();
    let Some(best) = explained.first() else {
        return Verdict::new_matter(&rules.model);
    };
    let decided = best.outcome != Outcome::New;
    let leads = matches!(
        best.outcome,
        Outcome::SameSubmission | Outcome::Attached | Outcome::Provisional
    );
    Verdict {
        rule: if decided { best.rule } else { Rule::New },
        outcome: best.outcome,
        target: decided.then_some(best.candidate),
        target_entry: leads.then_some(best.entry_id),
        score: Some(best.score),
        model: rules.model.clone(),
        candidates: explained,
    }
}

/// A score as a number that can be sorted; scores are finite and not negative.
fn ordered(score: f64) -> u64 {
    (score * 1e9) as u64
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::SameSubmission => 0,
        Outcome::Attached => 1,
        Outcome::Provisional => 2,
        Outcome::Suspected => 3,
        Outcome::Related => 4,
        Outcome::New => 5,
    }
}

fn explain(new: &Report, old: &Candidate, profile: &Profile) -> Explained {
    let scored = score(new, &old.report, profile);
    let (rule, outcome) = if is_same_submission(new, &old.report, &profile.rules.matching) {
        (Rule::R0, Outcome::SameSubmission)
    } else {
        judge(new, old, &scored, &profile.rules.matching)
    };
    Explained {
        candidate: old.report.id,
        number: old.number.clone(),
        entry_id: old.entry_id,
        rule,
        outcome,
        score: scored.score,
        comparisons: scored.comparisons,
        vetoes: scored.vetoes,
    }
}

/// R0: the upstream number again, or the same person's same photo within a day.
fn is_same_submission(new: &Report, old: &Report, rules: &MatchingRules) -> bool {
    let upstream = new.external_no.is_some()
        && new.external_no == old.external_no
        && new.channel == old.channel;
    let gap = (new.received_at - old.received_at).abs();
    let resent = shared_persons(new, old) > 0
        && shared_photos(new, old) > 0
        && new.category == old.category
        && gap <= TimeDelta::hours(rules.resubmit_hours);
    upstream || resent
}

/// How alike two reports are, before anyone asks who reported and when.
enum Likeness {
    SameMatter,
    Suspected,
    Related,
    Different,
}

fn likeness(new: &Report, old: &Candidate, scored: &Scored, rules: &MatchingRules) -> Likeness {
    let together = same_premises(new, old) || near(scored);
    if !scored.vetoes.is_empty() {
        return if together {
            Likeness::Related
        } else {
            Likeness::Different
        };
    }
    if new.coarse != old.report.coarse {
        return if together {
            Likeness::Related
        } else {
            Likeness::Different
        };
    }
    let same_category = new.category == old.report.category;
    if same_category && same_premises(new, old) && !contradicts(scored) {
        return Likeness::SameMatter;
    }
    if scored.score >= rules.upper && same_category && scored.has_anchor {
        return Likeness::SameMatter;
    }
    if scored.score >= rules.lower {
        return Likeness::Suspected;
    }
    Likeness::Different
}

/// Whether the place speaks clearly for one spot.
fn near(scored: &Scored) -> bool {
    const NEAR: f64 = 0.75;
    scored
        .comparisons
        .iter()
        .any(|c| c.name == "place" && c.value.is_some_and(|v| v >= NEAR))
}

/// Whether there is a place and it speaks against: a chain has branches under one name.
fn contradicts(scored: &Scored) -> bool {
    scored
        .comparisons
        .iter()
        .any(|c| c.name == "place" && c.value == Some(0.0))
}

fn judge(new: &Report, old: &Candidate, scored: &Scored, rules: &MatchingRules) -> (Rule, Outcome) {
    let rule = rule_if_same_matter(new, old, rules);
    match likeness(new, old, scored, rules) {
        Likeness::SameMatter => match rule {
            Some(Rule::R1) if same_premises(new, old) => (Rule::R1, Outcome::Attached),
            Some(rule) => (rule, Outcome::Provisional),
            None => (Rule::R7, Outcome::Related),
        },
        Likeness::Suspected => match rule {
            Some(rule) => (rule, Outcome::Suspected),
            None => (Rule::R7, Outcome::Related),
        },
        Likeness::Related if !scored.vetoes.is_empty() => (Rule::R9, Outcome::Related),
        Likeness::Related => (Rule::R7, Outcome::Related),
        Likeness::Different => (Rule::New, Outcome::New),
    }
}

/// Which rule fits if the two are one matter; `None` when the old one is beyond reach: its entry
/// is archived (a rebound then opens a new entry) or the person's window has passed.
fn rule_if_same_matter(new: &Report, old: &Candidate, rules: &MatchingRules) -> Option<Rule> {
    // R12: one person in common on joint lists is the same person. R10: the anonymous share none.
    let same_person = shared_persons(new, &old.report) > 0;
    if old.entry == EntryStanding::Archived {
        return None;
    }
    let Some(closed_at) = old.closed_at else {
        return Some(if same_person { Rule::R1 } else { Rule::R4 });
    };
    if let EntryStanding::WrittenOff(written_off_at) = old.entry {
        let over_before = new
            .occurred
            .is_some_and(|(_, until)| until <= written_off_at);
        let fresh = if same_person {
            has_new_fact(new, old, closed_at)
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
    if new.received_at - closed_at > TimeDelta::days(rules.window_days) {
        return None;
    }
    if has_new_fact(new, old, closed_at) {
        return Some(Rule::R3);
    }
    Some(if old.finally_reviewed {
        Rule::R11
    } else {
        Rule::R2
    })
}

/// Something happened or was photographed after the case was closed, or more is demanded.
fn has_new_fact(new: &Report, old: &Candidate, closed_at: DateTime<Utc>) -> bool {
    let happened_since = new.occurred.is_some_and(|(from, _)| from > closed_at);
    let known: Vec<&str> = old
        .report
        .photos
        .iter()
        .map(|p| p.sha256.as_str())
        .collect();
    let photographed_since = new.photos.iter().any(|photo| {
        !known.contains(&photo.sha256.as_str()) && photo.taken_at.is_some_and(|at| at > closed_at)
    });
    let demands_more = new.demand.is_some() && new.demand != old.report.demand;
    happened_since || photographed_since || demands_more
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
