//! Chinese surnames (姓氏): the 百家姓 with its compounds, and those of today's registers that it
//! lacks. Simplified forms; a text is read in these.

use std::{collections::HashSet, sync::LazyLock};

/// Surnames that are seldom anything else, the commonest first: together some 95 % of people.
/// Where little announces a name, it must open with one of these.
const COMMON: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪范廖贾夏韦邹孟熊秦邱薛闫段雷侯龙陶黎贺顾毛郝龚邵钱严覃武戴莫孔汤康易乔赖庞樊殷施洪翟倪聂章鲁葛柴俞阎焦尤耿霍柳祝纪季舒游翁庄欧柯阮桂童牛齐梅兰涂祁詹裴管滕骆凌梅岳喻谷翟岑盛辛饶鲍芦伍卓麦蓝冉宁丘蔺佟邢尹甘房郎褚娄池莘闵席甄迟窦艾冀缪柏单古栾匡向苗占楚隋尚巫温景党简";

/// Surnames that are rare, and no word at all.
const RARE: &str = "仉谯庹亓佴逯郗晁缑訾邝鄢阚笪邬郜郏郦酆邰邢郤佘冼隗麴郇郧恽眭禚撖璩瞿逄虢殳嵇濮郯宓阙窦蒯厍羿迮";

/// The other single surnames: of these many are ordinary words as well.
const OTHERS: &str = "何高于任石金方江付白万常车查常充丛储楚从丛淳崇成承池迟储敌刁东都堵杜笃端多鄂恩法樊范方房飞费丰封酆逢凤伏扶福符富傅干甘皋高戈郜盖葛耿弓公宫龚巩贡勾苟缑辜谷古顾官关管归桂国过哈海韩杭郝和禾衡红弘洪后厚侯胡壶扈花华滑怀桓宦皇黄惠火霍姬嵇吉汲籍计记纪季暨冀家郏甲贾坚蹇简江姜绛焦揭解金靳晋荆经井景敬鞠居巨康亢柯可空孔寇蒯匡邝夔赖蓝郎劳老乐雷冷黎厉利郦栗连廉练良谅林蔺凌令龙隆娄卢鲁禄路逯鹿栾罗骆麻马满芒茅毛梅门蒙孟弥米宓密苗闵明缪莫牟木穆那能倪乜宁牛钮农区欧潘庞裴彭蓬皮平蒲朴濮浦戚漆亓祁齐起钱强乔谯秦邱裘曲屈璩瞿麴权全阙冉饶荣容融茹阮芮桑沙厦山单商尚韶邵佘舍申莘慎盛施师时史寿殳舒束帅双水司松宋苏宿粟隋孙索邰台谈谭汤唐陶滕田铁通佟童钭涂屠万汪王危韦卫蔚魏温文闻翁沃乌邬巫吴伍武奚习席洗冼郗夏咸相向项萧肖谢辛信星邢幸熊胥须徐许续宣薛荀郇寻严言阎颜晏燕阳杨仰养姚叶伊衣宜易羿益阴殷尹印应英雍尤游有余於鱼俞喻虞宇禹郁尉元袁岳越云郧恽昝臧曾迮查翟詹占战湛张章仉赵甄郑支植职治中钟仲周朱诸竺祝庄卓禚宗邹祖左冬操晁巢车成仇褚楚戴邓狄刁丁董窦段凡方费冯伏甫盖苟关光郭衮海撖贺黑化环郇回吉墨南年宁逄盘蓬泉冉热任汝赛撒萨上绳生眭锁邰覃覃腾天庹万为未问乌仵先鲜香祥校修牙伢闫延颜央药要野以银印营用由有於玉员苑月恽曾宰展张镇只忠种逐注庄卓资子字自宗走虢麦佴笪哈谯归伯赏墨佟敖闭毕卞边别宾薄卜步苍岑柴昌畅谌呈崔但党德底刁冬范冯伏富盖高宫龚古海韩侯纪贾蒋靖阚匡况揭来蓝冷梁凌刘龙卢陆罗吕麻毛糜缪苗莫母慕聂农潘浦秦卿邱曲瞿冉荣沙佘税宿孙陶滕仝危未奚鲜颜阳业银尹应游元苑宰占郑钟仲庄谯候么扬辗拜班包鲍暴贝贲秘邴卑白柏安艾爱部才彩蔡仓策叉茶昌超陈称程初春次刺笪但刀登邸铎朵冻";

/// Compound surnames (复姓), read before the single ones.
const COMPOUND: &[&str] = &[
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "夏侯",
    "司徒",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "长孙",
    "宇文",
    "令狐",
    "轩辕",
    "端木",
    "独孤",
    "南宫",
    "西门",
    "东郭",
    "南门",
    "呼延",
    "闻人",
    "澹台",
    "公冶",
    "宗政",
    "濮阳",
    "淳于",
    "单于",
    "太叔",
    "申屠",
    "仲孙",
    "钟离",
    "鲜于",
    "闾丘",
    "司空",
    "亓官",
    "司寇",
    "子车",
    "颛孙",
    "巫马",
    "公西",
    "漆雕",
    "乐正",
    "壤驷",
    "公良",
    "拓跋",
    "夹谷",
    "宰父",
    "谷梁",
    "段干",
    "百里",
    "羊舌",
    "微生",
    "梁丘",
    "左丘",
    "东门",
    "第五",
    "万俟",
    "赫连",
    "公羊",
    "耶律",
    "完颜",
    "纳兰",
    "叶赫",
    "爱新觉罗",
    "钮祜禄",
    "欧阳",
    "太史",
    "公输",
    "达奚",
    "哥舒",
    "乌雅",
    "赫舍里",
    "富察",
    "佟佳",
    "那拉",
    "张简",
    "范姜",
    "朱许",
    "欧侯",
    "陈林",
    "司城",
    "南荣",
    "即墨",
    "呼延",
];

static COMMON_SET: LazyLock<HashSet<char>> =
    LazyLock::new(|| COMMON.chars().chain(RARE.chars()).collect());
static SET: LazyLock<HashSet<char>> =
    LazyLock::new(|| [COMMON, RARE, OTHERS].concat().chars().collect());

/// How a name opens: letters of its surname, and whether hardly anything but a name opens so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Surname {
    /// Letters.
    pub letters: usize,
    /// Whether it is seldom anything but a surname.
    pub sure: bool,
}

/// The surname that letters open with.
pub(super) fn surname(letters: &[char]) -> Option<Surname> {
    let compound = COMPOUND
        .iter()
        .map(|word| (word, word.chars().count()))
        .filter(|(word, count)| {
            letters.len() >= *count && word.chars().zip(letters).all(|(a, b)| a == *b)
        })
        .map(|(_, count)| count)
        .max();
    if let Some(letters) = compound {
        return Some(Surname {
            letters,
            sure: true,
        });
    }
    let first = letters.first()?;
    SET.contains(first).then(|| Surname {
        letters: 1,
        sure: COMMON_SET.contains(first),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Surname> {
        surname(&name.chars().collect::<Vec<_>>())
    }

    #[test]
    fn all_surnames_open_names() {
        let singles = SET.len();
        assert!(singles >= 500, "{singles}");
        for name in ["王小明", "谯周", "庹宗", "仉某", "逯光", "亓官明", "佴磊"] {
            assert!(of(name).is_some(), "{name}");
        }
        assert_eq!(of("欧阳小红").map(|s| s.letters), Some(2));
        assert_eq!(of("爱新觉罗毓").map(|s| s.letters), Some(4));
        assert_eq!(of("的确"), None);
        assert_eq!(of(""), None);
    }
}
