//! A pair's levels in words an officer reads.

use crate::district::Profile;
use crate::linkage::{
    Context, Levels, Model, Report,
    levels::{Category, Distance, Gap, Level as _, MISSING, Object, SPECS, Wording},
};

use super::Comparison;

/// The comparisons that found something, the weightiest first.
#[must_use]
pub fn waterfall(
    new: &Report,
    old: &Report,
    levels: &Levels,
    context: &Context<'_>,
    profile: &Profile,
) -> Vec<Comparison> {
    let mut found: Vec<Comparison> = SPECS
        .iter()
        .zip(levels.indexes())
        .enumerate()
        .filter(|(_, (_, index))| **index != MISSING)
        .filter_map(|(kind, (spec, index))| {
            let level = spec.levels.get(usize::from(*index))?;
            Some(Comparison {
                name: spec.name.to_owned(),
                level: level.name.to_owned(),
                weight: context.model().weight(kind, *index),
                words: of_pair(kind, new, old, levels, context, profile)
                    .unwrap_or_else(|| level.words.to_owned()),
            })
        })
        .collect();
    found.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    found
}

/// The words that tell of the pair itself; `None` where the level's own words say all.
fn of_pair(
    kind: usize,
    new: &Report,
    old: &Report,
    levels: &Levels,
    context: &Context<'_>,
    profile: &Profile,
) -> Option<String> {
    match kind {
        Distance::KIND => {
            let metres = context.metres_to(old).unwrap_or(0.0);
            let reach = context.reach_m(new, old);
            Some(format!("相距 {metres:.0} m（判定半径 {reach:.0} m）"))
        }
        Object::KIND => object(levels.of(), new, old),
        Category::KIND => Some(category(levels.of(), new, old, profile)),
        Gap::KIND => Some(time(new, old)),
        Wording::KIND => text(levels.of(), new, old, context.model()),
        _ => None,
    }
}

fn object(level: Object, new: &Report, old: &Report) -> Option<String> {
    let name = |report: &Report| report.premises.clone().unwrap_or_default();
    match level {
        Object::SameObject => {
            let id = new.object_id.as_deref().unwrap_or_default();
            Some(format!("同一对象 {id}"))
        }
        Object::SamePremises => Some(format!("同一单位“{}”", name(new))),
        Object::SimilarPremises => Some(format!("单位名称相近：“{}”与“{}”", name(new), name(old))),
        Object::OtherObject | Object::Missing => None,
    }
}

fn category(level: Category, new: &Report, old: &Report, profile: &Profile) -> String {
    let label = |code: &str| {
        profile
            .category(code)
            .map_or_else(|| code.to_owned(), |c| c.zh.clone())
    };
    let (a, b) = (label(&new.category), label(&old.category));
    match level {
        Category::Same => format!("同为{a}"),
        Category::Confused => format!("{a}与{b}常指同一事"),
        Category::SameCoarse => format!("大类相同：{a}与{b}"),
        Category::SameGroup | Category::Other | Category::Missing => {
            format!("类别不同：{a}与{b}")
        }
    }
}

fn time(new: &Report, old: &Report) -> String {
    let gap = new.received_at - old.received_at;
    let (days, hours, minutes) = (
        gap.num_days().abs(),
        gap.num_hours().abs(),
        gap.num_minutes().abs(),
    );
    let length = if days > 0 {
        format!("{days} 天")
    } else if hours > 0 {
        format!("{hours} 小时")
    } else {
        format!("{minutes} 分钟")
    };
    format!("相隔 {length}")
}

fn text(level: Wording, new: &Report, old: &Report, model: &Model) -> Option<String> {
    if level == Wording::Copy {
        return None;
    }
    let alike = model.alike(&new.grams, model.square(&new.grams), &old.grams);
    let percent = alike.map_or(0.0, |a| a.cosine) * 100.0;
    Some(format!("文字相似 {percent:.0}%"))
}
