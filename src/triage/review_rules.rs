//! 复查 and 复核 of an ordinary petition (信访工作条例35、36条): which step follows which, and the document of
//! each. Both are other authorities' to decide; here it is kept what was asked and decided, when and by
//! which document, because after 复核 the same facts are not accepted again (R11).

use chrono::NaiveDate;
use serde::Deserialize;

use super::closing_rules::Reviewed;
use crate::platform::named::named;

named! {
    /// Which review.
    #[derive(Deserialize)]
    pub enum PetitionStage {
        /// 复查.
        Review "review",
        /// 复核, after which nothing follows.
        FinalReview "final_review",
    }
}

named! {
    /// What was done about it.
    #[derive(Deserialize)]
    pub enum PetitionStep {
        /// The petitioner asked for it.
        Asked "asked",
        /// It was decided.
        Decided "decided",
    }
}

named! {
    /// What was decided.
    #[derive(Deserialize)]
    pub enum PetitionOutcome {
        /// 维持.
        Upheld "upheld",
        /// 变更.
        Changed "changed",
        /// 撤销.
        Revoked "revoked",
    }
}

/// A step that was taken, and the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Which review.
    pub stage: PetitionStage,
    /// What was done.
    pub step: PetitionStep,
    /// When.
    pub on: NaiveDate,
}

/// The only way through both reviews.
const WAY: [(PetitionStage, PetitionStep); 4] = [
    (PetitionStage::Review, PetitionStep::Asked),
    (PetitionStage::Review, PetitionStep::Decided),
    (PetitionStage::FinalReview, PetitionStep::Asked),
    (PetitionStage::FinalReview, PetitionStep::Decided),
];

/// Where a review stands after the steps that were taken, in their order.
#[must_use]
pub fn standing(taken: &[Taken]) -> Reviewed {
    match taken.last() {
        None => Reviewed::Never,
        Some(last) => match (last.stage, last.step) {
            (_, PetitionStep::Asked) => Reviewed::Asked,
            (PetitionStage::Review, PetitionStep::Decided) => Reviewed::Once(last.on),
            (PetitionStage::FinalReview, PetitionStep::Decided) => Reviewed::Finally,
        },
    }
}

/// Whether a step follows what was taken so far of an answer of this day.
///
/// # Errors
/// What stands in the way.
pub fn follows(taken: &[Taken], answered_on: NaiveDate, next: Taken) -> Result<(), &'static str> {
    let Some(expected) = WAY.get(taken.len()) else {
        return Err("复核 was decided, and nothing follows it");
    };
    if *expected != (next.stage, next.step) {
        return Err(match taken.len() {
            0 => "first 复查 is asked for",
            1 => "first 复查 is decided, which was asked for",
            2 => "first 复核 is asked for",
            _ => "first 复核 is decided, which was asked for",
        });
    }
    let earliest = taken.last().map_or(answered_on, |last| last.on);
    if next.on < earliest {
        return Err("this is not before the answer, nor before the step it follows");
    }
    Ok(())
}

/// The code of a step's document.
#[must_use]
pub const fn document(stage: PetitionStage, step: PetitionStep) -> &'static str {
    match (stage, step) {
        (PetitionStage::Review, PetitionStep::Asked) => "review_acceptance",
        (PetitionStage::Review, PetitionStep::Decided) => "review_opinion",
        (PetitionStage::FinalReview, PetitionStep::Asked) => "final_review_acceptance",
        (PetitionStage::FinalReview, PetitionStep::Decided) => "final_review_opinion",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::district::Profile;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    fn way() -> [Taken; 4] {
        let mut on = 9;
        WAY.map(|(stage, step)| {
            on += 1;
            let on = day(on);
            Taken { stage, step, on }
        })
    }

    #[test]
    fn there_is_one_way_through_both_reviews() {
        let way = way();
        for so_far in 0..=4 {
            let (taken, _) = way.split_at(so_far);
            for next in way {
                let fits = follows(taken, day(10), next).is_ok();
                assert_eq!(fits, way.get(so_far) == Some(&next), "{so_far} {next:?}");
            }
        }
        let early = Taken {
            on: day(9),
            ..way[0]
        };
        assert!(follows(&[], day(10), early).is_err());
    }

    #[test]
    fn what_was_taken_says_where_it_stands() {
        let way = way();
        let stands = |n: usize| standing(&way[..n]);
        assert_eq!(stands(0), Reviewed::Never);
        assert_eq!((stands(1), stands(3)), (Reviewed::Asked, Reviewed::Asked));
        assert_eq!(stands(2), Reviewed::Once(day(11)));
        assert_eq!(stands(4), Reviewed::Finally);
    }

    #[test]
    fn the_profile_has_every_document() {
        let profile = Profile::embedded().unwrap();
        for (stage, step) in WAY {
            assert!(profile.document(document(stage, step)).is_some());
        }
    }
}
