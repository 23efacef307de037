//! The comparisons and their levels by name: what model files, explanations and training share.
//!
//! A comparison is an enum of its levels, declared once: the order of the levels is their number,
//! the order of the comparisons is theirs. Level `Missing` comes first in each: there is no
//! evidence of this kind, so it says nothing for or against.

use std::{fmt::Debug, ops::RangeInclusive};

/// The number of level `Missing`, in every comparison.
pub const MISSING: u8 = 0;

/// The number of the first level that says something, in every comparison.
pub const FOUND: usize = MISSING as usize + 1;

/// Levels of one comparison at most.
pub const LEVELS_MAX: usize = 32;

/// A level of one comparison.
pub trait Level: Copy + Debug + Default + Ord + 'static {
    /// Number of the comparison: its place in [`SPECS`] and [`Levels`].
    const KIND: usize;
    /// All levels in the order of their numbers.
    const ALL: &'static [Self];

    /// Number of the level: its place in [`Level::ALL`] and in [`Spec::levels`].
    fn index(self) -> u8;
}

/// Levels of a pair, one for each comparison, in the order of [`SPECS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Levels([u8; KINDS]);

impl Levels {
    /// The numbers of the levels.
    #[must_use]
    pub const fn indexes(&self) -> &[u8; KINDS] {
        &self.0
    }

    /// The number of the level in a comparison.
    #[must_use]
    pub fn at(&self, kind: usize) -> u8 {
        self.0.get(kind).copied().unwrap_or(MISSING)
    }

    /// The level in a comparison.
    #[must_use]
    pub fn of<L: Level>(&self) -> L {
        let level = L::ALL.get(usize::from(self.at(L::KIND)));
        level.copied().unwrap_or_default()
    }

    /// Whether this level was found.
    #[must_use]
    pub fn has<L: Level>(&self, level: L) -> bool {
        self.at(L::KIND) == level.index()
    }

    /// Whether one of these levels was found.
    #[must_use]
    pub fn within<L: Level>(&self, levels: RangeInclusive<L>) -> bool {
        indexes(&levels).contains(&self.at(L::KIND))
    }

    /// Notes what a comparison found.
    pub fn set<L: Level>(&mut self, level: L) {
        if let Some(slot) = self.0.get_mut(L::KIND) {
            *slot = level.index();
        }
    }

    /// Takes a comparison for one that found no evidence.
    pub fn leave_out(&mut self, kind: usize) {
        if let Some(slot) = self.0.get_mut(kind) {
            *slot = MISSING;
        }
    }
}

/// The numbers of levels that follow each other.
#[must_use]
pub fn indexes<L: Level>(levels: &RangeInclusive<L>) -> RangeInclusive<u8> {
    levels.start().index()..=levels.end().index()
}

/// A comparison: its stable name, also in model files, and its levels.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Stable name.
    pub name: &'static str,
    /// The levels in the order of their numbers.
    pub levels: &'static [LevelSpec],
}

/// What a level is called.
#[derive(Debug, Clone, Copy)]
pub struct LevelSpec {
    /// Stable name, also in model files.
    pub name: &'static str,
    /// What an officer reads, in Chinese; empty where the words are made of the pair.
    pub words: &'static str,
}

/// Declares the comparisons in their order: the enum, the stable name, and after level `Missing`
/// each level with its stable name and the words an officer reads, unless they are made of the pair.
macro_rules! levels {
    ($(
        $(#[$doc:meta])*
        pub enum $Comparison:ident = $name:literal {
            $($Level:ident = $level:literal $($words:literal)?,)+
        }
    )+) => {
        enum Kind {
            $($Comparison,)+
        }

        /// How many comparisons there are.
        pub const KINDS: usize = [$($name),+].len();

        /// Every comparison.
        pub static SPECS: [Spec; KINDS] = [$(Spec {
            name: $name,
            levels: &[
                LevelSpec { name: "missing", words: "" },
                $(LevelSpec { name: $level, words: concat!($($words)?) },)+
            ],
        }),+];

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
            #[repr(u8)]
            pub enum $Comparison {
                /// No evidence of this kind.
                #[default]
                Missing = MISSING,
                $(#[doc = concat!("`", $level, "`")] $Level,)+
            }

            impl Level for $Comparison {
                const KIND: usize = Kind::$Comparison as usize;
                const ALL: &'static [Self] = &[Self::Missing, $(Self::$Level),+];

                fn index(self) -> u8 {
                    self as u8
                }
            }

            const _: () = assert!(
                $Comparison::ALL.len() <= LEVELS_MAX,
                "a comparison has too many levels"
            );
        )+
    };
}

levels! {
    /// Metres between the places in parts of the reach: the category's radius, or the worse
    /// accuracy of the two where that is larger.
    pub enum Distance = "place" {
        SamePoint = "same_point",
        Within0_15 = "within_0.15",
        Within0_35 = "within_0.35",
        Within0_7 = "within_0.7",
        Within1_2 = "within_1.2",
        Within2 = "within_2",
        Within3 = "within_3",
        Within5 = "within_5",
        Within10 = "within_10",
        Beyond = "beyond",
    }

    /// The two written addresses.
    pub enum Addresses = "address" {
        SameAddress = "same_address" "同一地址",
        SameHouse = "same_house" "同一门牌",
        HouseWithin10 = "house_within_10" "门牌相差10号以内",
        HouseWithin40 = "house_within_40" "门牌相差40号以内",
        SameRoad = "same_road" "同一道路",
        OtherRoad = "other_road" "不同道路",
    }

    /// The places that both name.
    pub enum Names = "names" {
        TwoOrMore = "two_or_more" "两处以上地名相同",
        Compound = "compound" "同一小区或建筑",
        Firm = "firm" "同一单位或场所",
        Water = "water" "同一河道",
        RoadNumber = "road_number" "同路同门牌",
        Road = "road" "同一道路",
        NoneShared = "none_shared" "没有相同地名",
        OtherWater = "other_water" "点名的河道不同",
        OtherCompound = "other_compound" "点名的小区不同",
    }

    /// What is complained of: registered ids, or names of premises.
    pub enum Object = "object" {
        SameObject = "same_object",
        SamePremises = "same_premises",
        SimilarPremises = "similar_premises",
        OtherObject = "other_object" "对象编号不同",
    }

    /// The two categories.
    pub enum Category = "category" {
        Same = "same",
        Confused = "confused",
        SameCoarse = "same_coarse",
        SameGroup = "same_group",
        Other = "other",
    }

    /// How common the category is that both share.
    pub enum Rarity = "rarity" {
        OverOneIn8 = "over_1_in_8" "类别十分常见",
        OneIn16 = "1_in_16" "类别很常见",
        OneIn32 = "1_in_32" "类别常见",
        OneIn64 = "1_in_64" "类别较常见",
        OneIn128 = "1_in_128" "类别一般",
        OneIn256 = "1_in_256" "类别较少见",
        OneIn1024 = "1_in_1024" "类别少见",
        Rarer = "rarer" "类别罕见",
    }

    /// The time between the two; `Later` where the other report came after the new one, in the
    /// same order.
    pub enum Gap = "time" {
        Minute = "minute",
        ThreeMinutes = "3_minutes",
        TenMinutes = "10_minutes",
        Hour = "hour",
        SixHours = "6_hours",
        Day = "day",
        ThreeDays = "3_days",
        Week = "week",
        TwoWeeks = "2_weeks",
        Month = "month",
        TwoMonths = "2_months",
        FourMonths = "4_months",
        Longer = "longer",
        LaterMinute = "later_minute",
        LaterThreeMinutes = "later_3_minutes",
        LaterTenMinutes = "later_10_minutes",
        LaterHour = "later_hour",
        LaterSixHours = "later_6_hours",
        LaterDay = "later_day",
        LaterThreeDays = "later_3_days",
        LaterWeek = "later_week",
        LaterTwoWeeks = "later_2_weeks",
        LaterMonth = "later_month",
        LaterTwoMonths = "later_2_months",
        LaterFourMonths = "later_4_months",
        LaterLonger = "later_longer",
    }

    /// Whether the earlier of the two was still open when the later one came; `LaterNew` where the
    /// new one is the earlier.
    pub enum Standing = "standing" {
        OpenThen = "open_then" "前件当时在办",
        ClosedWithinWeek = "closed_within_week" "前件办结不满一周",
        ClosedBefore = "closed_before" "前件已办结",
        LaterNewOpen = "later_new_open" "本件先到且在办",
        LaterNewClosed = "later_new_closed" "本件先到且已办结",
    }

    /// The hours of the day both speak of.
    pub enum Hours = "hours" {
        SameHours = "same_hours" "同一时段",
        OtherHours = "other_hours" "时段不同",
    }

    /// How alike the words are: a copy, else the cosine of rarity-weighted letter triples.
    pub enum Wording = "text" {
        Copy = "copy" "文字几乎相同",
        Over0_75 = "over_0.75",
        Over0_60 = "over_0.60",
        Over0_50 = "over_0.50",
        Over0_42 = "over_0.42",
        Over0_35 = "over_0.35",
        Over0_30 = "over_0.30",
        Over0_26 = "over_0.26",
        Over0_23 = "over_0.23",
        Over0_20 = "over_0.20",
        Over0_18 = "over_0.18",
        Over0_16 = "over_0.16",
        Over0_14 = "over_0.14",
        Over0_12 = "over_0.12",
        Over0_10 = "over_0.10",
        Over0_08 = "over_0.08",
        Over0_06 = "over_0.06",
        Over0_04 = "over_0.04",
        Over0_02 = "over_0.02",
        Under0_02 = "under_0.02",
    }

    /// Who petitions.
    pub enum Person = "person" {
        Same = "same" "同一反映人",
        Other = "other" "反映人不同",
    }

    /// The photos sent along.
    pub enum Photo = "photo" {
        SameFile = "same_file" "有相同照片",
        Other = "other" "照片不同",
    }

    /// The sending device of one day, and the channel.
    pub enum Channel = "channel" {
        SameSender = "same_sender" "当日同一设备",
        SameChannelAtOnce = "same_channel_at_once" "同一渠道十分钟内",
        SameChannel = "same_channel" "同一渠道",
        OtherChannel = "other_channel" "渠道不同",
    }

    /// Whether the new text speaks of an earlier report.
    pub enum Reference = "reference" {
        QuotesNumber = "quotes_number" "文中引用前件编号",
        SaysAgain = "says_again" "同一人称曾反映过",
    }

    /// The streets or other areas the two lie in.
    pub enum Area = "area" {
        Same = "same" "同一街镇",
        Other = "other" "街镇不同",
    }

    /// How many of the whole list of candidates share the address.
    pub enum Crowd = "crowd" {
        Alone = "alone" "该址别无他件",
        TwoToThree = "2_to_3" "该址有2至3件",
        FourToSix = "4_to_6" "该址有4至6件",
        SevenToTwelve = "7_to_12" "该址有7至12件",
        ThirteenToThirty = "13_to_30" "该址有13至30件",
        More = "more" "该址30件以上",
    }

    /// Where a candidate stands among those of the list that are open at the address, of the
    /// category.
    pub enum Sequence = "order" {
        Only = "only" "同址同类在办仅此一件",
        Earliest = "earliest" "同址同类在办最早一件",
        Latest = "latest" "同址同类在办最近一件",
        Between = "between" "同址同类在办之一",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_found_under_the_comparison_it_is_of() {
        let mut levels = Levels::default();
        assert!(levels.has(Distance::Missing) && levels.has(Sequence::Missing));
        levels.set(Distance::Within2);
        levels.set(Sequence::Only);
        assert!(levels.has(Distance::Within2) && !levels.has(Distance::Within3));
        assert!(levels.within(Distance::Within2..=Distance::Within5));
        assert!(!levels.within(Distance::SamePoint..=Distance::Within1_2));
        assert_eq!(levels.of::<Sequence>(), Sequence::Only);
        assert_eq!(levels.of::<Names>(), Names::Missing);
        levels.leave_out(Sequence::KIND);
        assert!(levels.has(Sequence::Missing) && levels.has(Distance::Within2));
    }

    #[test]
    fn a_level_bears_the_name_at_its_number() {
        let name = |kind: usize, level: u8| SPECS[kind].levels[usize::from(level)].name;
        let named = [
            name(Distance::KIND, Distance::Beyond.index()),
            name(Gap::KIND, Gap::Longer.index()),
            name(Wording::KIND, Wording::Copy.index()),
            name(Sequence::KIND, Sequence::Between.index()),
            name(Crowd::KIND, MISSING),
        ];
        assert_eq!(named, ["beyond", "longer", "copy", "between", "missing"]);
    }

    #[test]
    fn only_what_is_told_by_the_pair_has_no_words_of_its_own() {
        let silent = SPECS.iter().filter(|spec| {
            let found = spec.levels.iter().skip(FOUND);
            found.clone().any(|level| level.words.is_empty())
        });
        let silent: Vec<&str> = silent.map(|spec| spec.name).collect();
        let told = ["place", "object", "category", "time", "text"];
        assert_eq!(silent, told);
    }
}
