//! The profile's terms (时限) by name: a clock keeps the name of the rule it counts by, so that it can
//! be reckoned anew when the rule changes.

use chrono::NaiveDate;

use super::{
    Channel, DeadlineKind, DeadlineRule, Procedure, Profile, Unit, rules::ChannelDeadline,
};

/// What a clock counts, by which rule, and what that rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The rule's name, such as `channel/app/reply`.
    pub name: String,
    /// How it is counted.
    pub rule: DeadlineRule,
    /// The article or practice it rests on.
    pub source: String,
}

/// The name of a term that somebody set by naming its last day. No rule of the profile is behind it.
const ORDER: &str = "order";
/// The name of the profile's term for visits on site.
const VISIT: &str = "verification";
/// The name of the profile's term for looking at what the abuse list hides.
const HIDING_REVIEW: &str = "hiding_review";

impl Term {
    /// A term whose last day an order named (限期): whatever the calendar says, it ends on that day.
    #[must_use]
    pub fn until(started_on: NaiveDate, day: NaiveDate) -> Self {
        let days = (day - started_on).num_days().max(0);
        Self {
            name: ORDER.to_owned(),
            rule: DeadlineRule {
                amount: u32::try_from(days).unwrap_or(u32::MAX),
                unit: Unit::NaturalDay,
                roll_forward: false,
            },
            source: "派单限期".to_owned(),
        }
    }

    fn of_channel(channel: &Channel, row: &ChannelDeadline) -> Self {
        Self {
            name: format!("channel/{}/{}", channel.code, row.kind.as_str()),
            rule: row.rule(),
            source: row.source.clone(),
        }
    }

    fn of_procedure(procedure: &Procedure) -> Self {
        Self {
            name: format!("procedure/{}", procedure.code),
            rule: DeadlineRule {
                amount: procedure.reply_days,
                unit: procedure.reply_unit,
                roll_forward: procedure.roll_forward,
            },
            source: format!("办理程序：{}", procedure.name),
        }
    }
}

impl Profile {
    /// The terms of a channel, each with the clock it is for.
    pub fn channel_terms(&self, code: &str) -> impl Iterator<Item = (DeadlineKind, Term)> {
        let channel = self.channel(code).into_iter();
        channel.flat_map(|channel| {
            let rows = channel.deadlines.iter();
            rows.map(|row| (row.kind, Term::of_channel(channel, row)))
        })
    }

    /// The term a procedure gives for the reply.
    #[must_use]
    pub fn procedure_term(&self, code: &str) -> Option<Term> {
        self.procedure(code).map(Term::of_procedure)
    }

    /// The term for a visit on site that nobody set otherwise.
    #[must_use]
    pub fn visit_term(&self) -> Term {
        Term {
            name: VISIT.to_owned(),
            rule: DeadlineRule {
                amount: self.rules.verification.due_working_days,
                unit: Unit::WorkingDay,
                roll_forward: false,
            },
            source: "本区现场核实时限".to_owned(),
        }
    }

    /// The term within which somebody looks at what the abuse list hides.
    #[must_use]
    pub fn hiding_review_term(&self) -> Term {
        Term {
            name: HIDING_REVIEW.to_owned(),
            rule: DeadlineRule {
                amount: self.rules.abuse.review_working_days,
                unit: Unit::WorkingDay,
                roll_forward: true,
            },
            source: "本区屏蔽件复核时限".to_owned(),
        }
    }

    /// The term of that name as the profile has it now; `None` when it has none of that name.
    #[must_use]
    pub fn term(&self, name: &str) -> Option<Term> {
        match *name.split('/').collect::<Vec<_>>().as_slice() {
            ["channel", code, _] => {
                let mut terms = self.channel_terms(code).map(|(_, term)| term);
                terms.find(|term| term.name == name)
            }
            ["procedure", code] => self.procedure_term(code),
            [VISIT] => Some(self.visit_term()),
            [HIDING_REVIEW] => Some(self.hiding_review_term()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every term is found again by the name a clock keeps.
    #[test]
    fn a_term_is_found_by_its_name() {
        let profile = Profile::embedded().unwrap();
        let channels = profile.channels.iter();
        let mut terms: Vec<Term> = channels
            .flat_map(|channel| profile.channel_terms(&channel.code))
            .map(|(_, term)| term)
            .collect();
        let procedures = profile.procedures.iter();
        terms.extend(procedures.filter_map(|p| profile.procedure_term(&p.code)));
        terms.extend([profile.visit_term(), profile.hiding_review_term()]);
        assert!(terms.len() > 20);
        for term in terms {
            assert_eq!(profile.term(&term.name), Some(term));
        }
        let day: NaiveDate = "2026-11-24".parse().unwrap();
        for gone in [
            "channel/pigeon/reply",
            "procedure/ordeal",
            "",
            &Term::until(day, day).name,
        ] {
            assert_eq!(profile.term(gone), None, "{gone}");
        }
    }
}
