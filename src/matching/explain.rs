//! A pair's levels in words an officer reads.

use crate::district::Profile;
use crate::linkage::{
    Context, Levels, Model, Report,
    compare::{KINDS, SPECS, kind},
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
    let mut found: Vec<Comparison> = (0..KINDS)
        .filter_map(|at| {
            let (spec, level) = (SPECS.get(at)?, *levels.get(at)?);
            let weight = context.model().weight(at, level);
            (level > 0).then(|| Comparison {
                name: spec.name.to_owned(),
                level: spec
                    .levels
                    .get(usize::from(level))
                    .map_or("", |l| l)
                    .to_owned(),
                weight,
                words: words(at, level, new, old, context, profile),
            })
        })
        .collect();
    found.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    found
}

fn words(
    at: usize,
    level: u8,
    new: &Report,
    old: &Report,
    context: &Context<'_>,
    profile: &Profile,
) -> String {
    match at {
        kind::PLACE => {
            let metres = context.metres_to(old).unwrap_or(0.0);
            let reach = context.reach_m(new, old);
            format!("相距 {metres:.0} m（判定半径 {reach:.0} m）")
        }
        kind::OBJECT => object(level, new, old),
        kind::CATEGORY => category(level, new, old, profile),
        kind::TIME => time(new, old),
        kind::TEXT => text(level, new, old, context.model()),
        kind::PERSON => person(level, new, old),
        kind::ADDRESS => pick(
            level,
            &[
                "同一地址",
                "同一门牌",
                "门牌相差10号以内",
                "门牌相差40号以内",
                "同一道路",
                "不同道路",
            ],
        ),
        kind::NAMES => pick(
            level,
            &[
                "两处以上地名相同",
                "同一小区或建筑",
                "同一单位或场所",
                "同一河道",
                "同路同门牌",
                "同一道路",
                "没有相同地名",
                "点名的河道不同",
                "点名的小区不同",
            ],
        ),
        kind::RARITY => pick(
            level,
            &[
                "类别十分常见",
                "类别很常见",
                "类别常见",
                "类别较常见",
                "类别一般",
                "类别较少见",
                "类别少见",
                "类别罕见",
            ],
        ),
        kind::STANDING => pick(
            level,
            &[
                "前件当时在办",
                "前件办结不满一周",
                "前件已办结",
                "本件先到且在办",
                "本件先到且已办结",
            ],
        ),
        kind::HOURS => pick(level, &["同一时段", "时段不同"]),
        kind::PHOTO => pick(level, &["有相同照片", "照片不同"]),
        kind::CHANNEL => pick(
            level,
            &["当日同一设备", "同一渠道十分钟内", "同一渠道", "渠道不同"],
        ),
        kind::REFERENCE => pick(level, &["文中引用前件编号", "同一人称曾反映过"]),
        kind::AREA => pick(level, &["同一街镇", "街镇不同"]),
        kind::CROWD => pick(
            level,
            &[
                "该址别无他件",
                "该址有2至3件",
                "该址有4至6件",
                "该址有7至12件",
                "该址有13至30件",
                "该址30件以上",
            ],
        ),
        _ => pick(
            level,
            &[
                "同址同类在办仅此一件",
                "同址同类在办最早一件",
                "同址同类在办最近一件",
                "同址同类在办之一",
            ],
        ),
    }
}

/// The words of a level; level 0 is never shown.
fn pick(level: u8, words: &[&str]) -> String {
    let at = usize::from(level).checked_sub(1);
    at.and_then(|at| words.get(at))
        .map_or(String::new(), |w| (*w).to_owned())
}

fn object(level: u8, new: &Report, old: &Report) -> String {
    let name = |report: &Report| report.premises.clone().unwrap_or_default();
    match level {
        1 => format!("同一对象 {}", new.object_id.as_deref().unwrap_or_default()),
        2 => format!("同一单位“{}”", name(new)),
        3 => format!("单位名称相近：“{}”与“{}”", name(new), name(old)),
        _ => "对象编号不同".to_owned(),
    }
}

fn category(level: u8, new: &Report, old: &Report, profile: &Profile) -> String {
    let label = |code: &str| {
        profile
            .category(code)
            .map_or_else(|| code.to_owned(), |c| c.zh.clone())
    };
    let (a, b) = (label(&new.category), label(&old.category));
    match level {
        1 => format!("同为{a}"),
        2 => format!("{a}与{b}常指同一事"),
        3 => format!("大类相同：{a}与{b}"),
        _ => format!("类别不同：{a}与{b}"),
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

fn text(level: u8, new: &Report, old: &Report, model: &Model) -> String {
    if level == 1 {
        return "文字几乎相同".to_owned();
    }
    let alike = model.alike(&new.grams, model.square(&new.grams), &old.grams);
    format!("文字相似 {:.0}%", alike.map_or(0.0, |a| a.cosine) * 100.0)
}

fn person(level: u8, new: &Report, old: &Report) -> String {
    if level == 2 {
        return "反映人不同".to_owned();
    }
    let shared = new
        .persons
        .iter()
        .filter(|p| old.persons.contains(p))
        .count();
    format!("同一反映人（{shared} 人相同）")
}
