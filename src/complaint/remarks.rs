//! What the software noticed of a complaint and leaves to a person. A remark decides nothing and refuses
//! nothing.

use serde::Serialize;
use utoipa::ToSchema;

use crate::district::Profile;
use crate::matching::{Rule, facts::told_anew};

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemarkCode {
    /// More come in person than may represent the others (信访工作条例20条).
    TooManyRepresentatives,
    /// The words say that what had ended began again, though it counts as a repeat: is that new (R3)?
    MayBringNewFacts,
}

/// A remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RemarkView {
    /// What was noticed.
    pub code: RemarkCode,
    /// In Chinese, with what there is to do.
    pub words: String,
}

/// What there is to say of how many petition in person: of those who come together, so many represent
/// them at most. It is said and never refused, for whoever came has come.
#[must_use]
pub fn on_representatives(profile: &Profile, channel: &str, persons: i32) -> Option<RemarkView> {
    let most = profile.rules.escalation.representatives;
    let too_many = profile.is_in_person(channel) && persons > most;
    too_many.then(|| RemarkView {
        code: RemarkCode::TooManyRepresentatives,
        words: format!(
            "共同走访 {persons} 人：应当推选代表，代表不超过 {most} 人（信访工作条例第二十条）"
        ),
    })
}

/// The question whether a repeat brings new facts, where its words sound so. The software makes no other
/// rule of it: whoever handles it looks, and adds what happened.
#[must_use]
pub fn on_new_facts<'a>(
    rule: Option<Rule>,
    texts: impl IntoIterator<Item = &'a str>,
) -> Option<RemarkView> {
    rule.filter(|rule| matches!(rule, Rule::R2 | Rule::R11))?;
    let words = texts.into_iter().find_map(told_anew)?;
    Some(RemarkView {
        code: RemarkCode::MayBringNewFacts,
        words: format!(
            "文中有“{words}”，可能是答复后的新事实：请核对，属实的补录新事实，按再次反映（R3）办理"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_that_sounds_new_is_a_question() {
        let new = "好了两个星期，昨天又开始";
        let said = |rule, text| on_new_facts(rule, [text]).map(|remark| remark.words);
        assert_eq!(
            said(Some(Rule::R2), new).as_deref(),
            Some(
                "文中有“又开始”，可能是答复后的新事实：请核对，属实的补录新事实，按再次反映（R3）办理"
            )
        );
        assert_eq!(said(Some(Rule::R2), "油烟一直很大"), None);
        for other in [Some(Rule::R1), Some(Rule::R3), Some(Rule::R5), None] {
            assert_eq!(said(other, new), None, "{other:?}");
        }
    }

    #[test]
    fn five_represent_all_who_come() {
        let profile = Profile::embedded().unwrap();
        let said = |channel, persons| {
            let remark = on_representatives(&profile, channel, persons);
            remark.map(|remark| remark.words)
        };
        assert_eq!(said("visit", 5), None);
        assert_eq!(
            said("visit", 6).as_deref(),
            Some("共同走访 6 人：应当推选代表，代表不超过 5 人（信访工作条例第二十条）")
        );
        assert_eq!(
            said("letter", 60),
            None,
            "a letter has as many signers as it has"
        );
    }
}
