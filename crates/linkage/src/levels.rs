//! The comparisons by name, with their levels: what model files, explanations and training share.

/// How many comparisons there are.
pub const KINDS: usize = 17;

/// Levels of one comparison at most.
pub const LEVELS_MAX: usize = 32;

const _: () = {
    let mut at = 0;
    while at < KINDS {
        assert!(
            SPECS[at].levels.len() <= LEVELS_MAX,
            "a comparison has too many levels"
        );
        at += 1;
    }
};

/// Levels of a pair, one for each comparison, in the order of [`SPECS`].
pub type Levels = [u8; KINDS];

/// A comparison: its name, what it is called, and its levels.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Stable name, also in model files.
    pub name: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// Stable names of the levels; the first is always `missing`.
    pub levels: &'static [&'static str],
    /// Whether it looks at the whole list of candidates and not at the pair alone.
    pub listwise: bool,
}

const fn spec(name: &'static str, zh: &'static str, levels: &'static [&'static str]) -> Spec {
    Spec {
        name,
        zh,
        levels,
        listwise: false,
    }
}

const fn list(name: &'static str, zh: &'static str, levels: &'static [&'static str]) -> Spec {
    Spec {
        name,
        zh,
        levels,
        listwise: true,
    }
}

/// Index of each comparison in [`SPECS`] and [`Levels`].
#[expect(missing_docs, reason = "named as the comparisons are")]
pub mod kind {
    pub const PLACE: usize = 0;
    pub const ADDRESS: usize = 1;
    pub const NAMES: usize = 2;
    pub const OBJECT: usize = 3;
    pub const CATEGORY: usize = 4;
    pub const RARITY: usize = 5;
    pub const TIME: usize = 6;
    pub const STANDING: usize = 7;
    pub const HOURS: usize = 8;
    pub const TEXT: usize = 9;
    pub const PERSON: usize = 10;
    pub const PHOTO: usize = 11;
    pub const CHANNEL: usize = 12;
    pub const REFERENCE: usize = 13;
    pub const AREA: usize = 14;
    pub const CROWD: usize = 15;
    pub const ORDER: usize = 16;
}

/// Every comparison.
pub static SPECS: [Spec; KINDS] = [
    spec(
        "place",
        "位置",
        &[
            "missing",
            "same_point",
            "within_0.15",
            "within_0.35",
            "within_0.7",
            "within_1.2",
            "within_2",
            "within_3",
            "within_5",
            "within_10",
            "beyond",
        ],
    ),
    spec(
        "address",
        "地址",
        &[
            "missing",
            "same_address",
            "same_house",
            "house_within_10",
            "house_within_40",
            "same_road",
            "other_road",
        ],
    ),
    spec(
        "names",
        "地名",
        &[
            "missing",
            "two_or_more",
            "compound",
            "firm",
            "water",
            "road_number",
            "road",
            "none_shared",
            "other_water",
            "other_compound",
        ],
    ),
    spec(
        "object",
        "对象",
        &[
            "missing",
            "same_object",
            "same_premises",
            "similar_premises",
            "other_object",
        ],
    ),
    spec(
        "category",
        "类别",
        &[
            "missing",
            "same",
            "confused",
            "same_coarse",
            "same_group",
            "other",
        ],
    ),
    spec(
        "rarity",
        "类别常见程度",
        &[
            "missing",
            "over_1_in_8",
            "1_in_16",
            "1_in_32",
            "1_in_64",
            "1_in_128",
            "1_in_256",
            "1_in_1024",
            "rarer",
        ],
    ),
    spec(
        "time",
        "间隔",
        &[
            "missing",
            "minute",
            "3_minutes",
            "10_minutes",
            "hour",
            "6_hours",
            "day",
            "3_days",
            "week",
            "2_weeks",
            "month",
            "2_months",
            "4_months",
            "longer",
            "later_minute",
            "later_3_minutes",
            "later_10_minutes",
            "later_hour",
            "later_6_hours",
            "later_day",
            "later_3_days",
            "later_week",
            "later_2_weeks",
            "later_month",
            "later_2_months",
            "later_4_months",
            "later_longer",
        ],
    ),
    spec(
        "standing",
        "办理状态",
        &[
            "missing",
            "open_then",
            "closed_within_week",
            "closed_before",
            "later_new_open",
            "later_new_closed",
        ],
    ),
    spec("hours", "时段", &["missing", "same_hours", "other_hours"]),
    spec(
        "text",
        "文字",
        &[
            "missing",
            "copy",
            "over_0.75",
            "over_0.60",
            "over_0.50",
            "over_0.42",
            "over_0.35",
            "over_0.30",
            "over_0.26",
            "over_0.23",
            "over_0.20",
            "over_0.18",
            "over_0.16",
            "over_0.14",
            "over_0.12",
            "over_0.10",
            "over_0.08",
            "over_0.06",
            "over_0.04",
            "over_0.02",
            "under_0.02",
        ],
    ),
    spec("person", "反映人", &["missing", "same", "other"]),
    spec("photo", "照片", &["missing", "same_file", "other"]),
    spec(
        "channel",
        "渠道与设备",
        &[
            "missing",
            "same_sender",
            "same_channel_at_once",
            "same_channel",
            "other_channel",
        ],
    ),
    spec(
        "reference",
        "提及前件",
        &["missing", "quotes_number", "says_again"],
    ),
    spec("area", "街镇", &["missing", "same", "other"]),
    list(
        "crowd",
        "同址件数",
        &[
            "missing", "alone", "2_to_3", "4_to_6", "7_to_12", "13_to_30", "more",
        ],
    ),
    list(
        "order",
        "同址同类次序",
        &["missing", "only", "earliest", "latest", "between"],
    ),
];
