//! Made-up complaints whose words are as unevenly common as real ones: a third speak of noise, few name
//! the same shop.

use chrono::{DateTime, TimeDelta, Utc};

use crate::district::Profile;
use crate::linkage::eval::Draw;

/// Seconds between two complaints: a million in three years.
const PACE_S: i64 = 94;

/// Shops that complaints are about, the first ones most.
const SHOPS: f64 = 40_000.0;

const WHEN: [&str; 12] = [
    "昨天晚上",
    "每天凌晨",
    "近半个月以来",
    "周末",
    "午休时间",
    "夜间十点以后",
    "长期",
    "从国庆节开始",
    "早上六点",
    "下雨天",
    "端午前后",
    "寒暑假期间",
];
const WHAT: [&str; 24] = [
    "噪声扰民",
    "油烟直排",
    "夜间施工",
    "施工噪声很大",
    "油烟味进到家里",
    "异味难闻",
    "广场舞音响",
    "空调外机轰鸣",
    "污水流到路面",
    "扬尘很大",
    "渣土车撒漏",
    "垃圾堆放发臭",
    "冷却塔低频噪声",
    "烧烤摊占道",
    "河水发黑",
    "水泵房振动",
    "喷漆气味刺鼻",
    "酒吧音乐声",
    "锅炉冒黑烟",
    "雨污混接",
    "电梯井低频振动",
    "灯光刺眼",
    "焚烧树叶",
    "柴油发电机废气",
];
const EFFECT: [&str; 12] = [
    "家里老人小孩无法休息",
    "全楼居民不敢开窗",
    "孩子备考受到影响",
    "多次向物业反映没有结果",
    "已经拨打过热线",
    "有人因此头晕恶心",
    "衣服晾在阳台沾满油污",
    "严重影响正常生活",
    "邻居意见都很大",
    "曾经整改过又恢复原样",
    "没有看到任何防治设施",
    "楼道里都是这个味道",
];
const ASK: [&str; 8] = [
    "请尽快派人到现场核实处理",
    "要求依法查处并回复",
    "希望有关部门现场检测",
    "请责令限期整改",
    "望给居民一个安静的环境",
    "请公布处理结果",
    "要求停止夜间作业",
    "请求安装净化设施",
];
const ROADS: [&str; 16] = [
    "华林路",
    "五四路",
    "八一七路",
    "杨桥路",
    "工业路",
    "湖东路",
    "古田路",
    "西洪路",
    "东街",
    "北大路",
    "鼓屏路",
    "软件大道",
    "铜盘路",
    "津泰路",
    "乌山路",
    "白马路",
];
const KINDS: [&str; 8] = [
    "烧烤店",
    "酒楼",
    "火锅城",
    "足浴店",
    "汽修厂",
    "健身房",
    "便利店",
    "咖啡馆",
];

/// Letters of the shops' names.
const LETTERS: &str = "福兴隆盛和顺来香满园春江山海云天龙凤金玉石林泉明月清风华南北东西老阿小大家味道食鲜百味川湘闽粤";

/// A complaint as it is filed.
pub(super) struct Letter {
    pub(super) category: String,
    pub(super) coarse: String,
    pub(super) channel: &'static str,
    pub(super) state: &'static str,
    pub(super) street: String,
    pub(super) grid: String,
    pub(super) description: String,
    pub(super) address: String,
    pub(super) premises: Option<String>,
    pub(super) phone: String,
    pub(super) received_at: DateTime<Utc>,
}

/// Makes complaints up; the same number makes the same complaint.
pub(super) struct Writer<'a> {
    pub(super) profile: &'a Profile,
    /// How many there will be: the last are the newest.
    pub(super) all: u64,
    pub(super) now: DateTime<Utc>,
}

/// One of a list, the first ones most.
fn skewed<'a, T>(draw: &mut Draw, of: &'a [T]) -> Option<&'a T> {
    of.get((draw.share().powf(1.7) * of.len() as f64) as usize)
}

/// The name of a shop, by its number.
pub(super) fn shop(number: u64) -> String {
    let mut draw = Draw(number.wrapping_mul(0x51_7cc1));
    let letters: Vec<char> = LETTERS.chars().collect();
    let name: String = (0..3)
        .filter_map(|_| letters.get(draw.below(letters.len())))
        .collect();
    let kind = skewed(&mut draw, &KINDS).copied().unwrap_or_default();
    format!("{name}{kind}")
}

impl Writer<'_> {
    /// A complaint by its number, from 1.
    pub(super) fn letter(&self, n: u64) -> Letter {
        let mut draw = Draw(n.wrapping_mul(0x9e37_79b9));
        let pick =
            |draw: &mut Draw, of: &[&'static str]| skewed(draw, of).copied().unwrap_or_default();
        let category = skewed(&mut draw, &self.profile.categories);
        let (category, coarse) =
            category.map_or_else(Default::default, |c| (c.code.clone(), c.coarse.clone()));
        let grid = self.profile.grids.get(draw.below(self.profile.grids.len()));
        let (grid, street) =
            grid.map_or_else(Default::default, |g| (g.code.clone(), g.street.clone()));
        let premises = (draw.share() < 0.6).then(|| shop((draw.share().powi(3) * SHOPS) as u64));
        let (road, number) = (pick(&mut draw, &ROADS), draw.below(400));
        let whose = premises.as_deref().unwrap_or("附近");
        let mut description = format!(
            "{}{road}{number}号{whose}{}，{}。",
            pick(&mut draw, &WHEN),
            pick(&mut draw, &WHAT),
            pick(&mut draw, &EFFECT),
        );
        for _ in 0..draw.below(3) {
            description += pick(&mut draw, &WHAT);
            description += "，";
            description += pick(&mut draw, &EFFECT);
            description += "。";
        }
        description += pick(&mut draw, &ASK);
        let behind = self.all.saturating_sub(n);
        let open = draw.share() < 0.9 && behind < self.all / 40 || draw.share() < 0.004;
        let waiting = [
            "screening",
            "awaiting_acceptance",
            "accepted",
            "in_progress",
            "replied",
        ];
        let state = if open {
            pick(&mut draw, &waiting)
        } else {
            "closed"
        };
        let channels = ["hotline_12345", "app", "letter", "visit"];
        Letter {
            category,
            coarse,
            channel: pick(&mut draw, &channels),
            state,
            street,
            grid,
            description,
            address: format!("{road}{number}号"),
            premises,
            phone: format!("139{:08}", (draw.share().powi(2) * 300_000.0) as u64),
            received_at: self.now
                - TimeDelta::seconds(PACE_S.saturating_mul(i64::try_from(behind).unwrap_or(0))),
        }
    }
}
