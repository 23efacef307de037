//! A text as a reader takes it in, whatever its writer made of the letters: full-width, styled and
//! traditional forms are the plain ones, what cannot be seen is not there, and every letter knows
//! where in the original it stands.

use std::{collections::HashMap, sync::LazyLock};

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::Kind;

/// Stands for what was masked already: no letter, no digit, and never masked again.
pub(super) const MASKED: char = '\u{FFFC}';

/// A letter of the reading and the letters of the original it stands for.
#[derive(Debug, Clone, Copy)]
struct Place {
    from: usize,
    to: usize,
}

/// A text in plain letters.
#[derive(Debug)]
pub(super) struct Reading {
    /// The letters.
    pub letters: Vec<char>,
    places: Vec<Place>,
}

impl Reading {
    /// Of a text.
    pub(super) fn of(original: &[char]) -> Self {
        let mut reading = Self {
            letters: Vec::with_capacity(original.len()),
            places: Vec::with_capacity(original.len()),
        };
        let mut at = 0;
        while let Some(letter) = original.get(at) {
            if let Some(to) = masked_before(original, at) {
                reading.push(MASKED, at, to);
                at = to;
                continue;
            }
            for plain in plain(*letter) {
                reading.push(plain, at, at + 1);
            }
            at += 1;
        }
        reading
    }

    fn push(&mut self, letter: char, from: usize, to: usize) {
        self.letters.push(letter);
        self.places.push(Place { from, to });
    }

    /// Where letters of the reading stand in the original.
    pub(super) fn original(&self, from: usize, to: usize) -> Option<(usize, usize)> {
        let first = self.places.get(from)?;
        let last = self.places.get(to.checked_sub(1)?)?;
        Some((first.from, last.to))
    }

    /// Takes letters out: what is left is read again, and these are not.
    pub(super) fn cover(&mut self, from: usize, to: usize) {
        for letter in self.letters.iter_mut().take(to).skip(from) {
            *letter = MASKED;
        }
    }
}

/// The end of a replacement that opens here.
fn masked_before(original: &[char], at: usize) -> Option<usize> {
    if original.get(at) != Some(&'[') {
        return None;
    }
    Kind::ALL.iter().find_map(|kind| {
        let word = kind.replacement();
        let count = word.chars().count();
        let there = original.get(at..at + count)?;
        word.chars()
            .zip(there)
            .all(|(a, b)| a == *b)
            .then_some(at + count)
    })
}

/// The plain letters of one letter; none for what nobody sees.
fn plain(letter: char) -> Vec<char> {
    if letter.is_ascii() {
        return plain_ascii(letter).into_iter().collect();
    }
    if ('\u{4e00}'..='\u{9fff}').contains(&letter) {
        return vec![simplified(letter)];
    }
    if is_unseen(letter) {
        return Vec::new();
    }
    if letter.is_whitespace() {
        return vec![' '];
    }
    let normalizer = DecomposingNormalizerBorrowed::new_nfkd();
    let mut bytes = [0; 4];
    normalizer
        .normalize(letter.encode_utf8(&mut bytes))
        .chars()
        .filter(|c| !is_unseen(*c))
        .flat_map(char::to_lowercase)
        .map(|c| digit_of_script(c).unwrap_or_else(|| simplified(c)))
        .map(|c| lookalike(c).or_else(|| undressed(c)).unwrap_or(c))
        .collect()
}

/// The Latin letter or digit that a Cyrillic or Greek one looks like.
fn lookalike(letter: char) -> Option<char> {
    const ALIKE: &str = "аaвbеeз3іiјjкkмmнhоoрpсcтtуyхxѕsԁdһhαaβbεeιiκkνvοoρpτtυuχx";
    if !('\u{0370}'..='\u{052F}').contains(&letter) {
        return None;
    }
    let letters: Vec<char> = ALIKE.chars().collect();
    let pair = letters
        .chunks_exact(2)
        .find(|pair| pair.first() == Some(&letter))?;
    pair.last().copied()
}

/// Digits and letters in black circles and squares, of which no normal form makes plain ones.
fn undressed(letter: char) -> Option<char> {
    const ONES: [u32; 4] = [0x24F5, 0x2776, 0x2780, 0x278A];
    const AS: [u32; 3] = [0x1_F150, 0x1_F170, 0x1_F1E6];
    let code = u32::from(letter);
    let digit = ONES.iter().find(|one| (**one..**one + 9).contains(&code));
    let digit = digit.and_then(|one| char::from_digit(code - one + 1, 10));
    let plain = AS.iter().find(|a| (**a..**a + 26).contains(&code));
    digit.or_else(|| plain.and_then(|a| char::from_u32(u32::from('a') + code - a)))
}

fn plain_ascii(letter: char) -> Option<char> {
    match letter {
        '\t' => Some(' '),
        '\n' | '\r' => Some('\n'),
        c if c.is_ascii_control() => None,
        c => Some(c.to_ascii_lowercase()),
    }
}

/// Marks on letters, direction marks, joiners and the like.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{00AD}' | '\u{0300}'..='\u{036F}' | '\u{061C}' | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{20D0}'..='\u{20FF}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFC}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Digits of other scripts: each has ten in a row from its nought.
fn digit_of_script(letter: char) -> Option<char> {
    const NOUGHTS: [u32; 14] = [
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0,
        0xF20,
    ];
    let code = u32::from(letter);
    let nought = NOUGHTS.iter().find(|n| (**n..**n + 10).contains(&code))?;
    char::from_digit(code - nought, 10)
}

/// The simplified form of a traditional letter, where it stands in names and in the words around
/// them.
pub(super) fn simplified(letter: char) -> char {
    SIMPLIFIED.get(&letter).copied().unwrap_or(letter)
}

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let letters: Vec<char> = PAIRS.chars().collect();
    letters
        .chunks_exact(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
        .collect()
});

/// Traditional and variant letters, each followed by its simplified form.
const PAIRS: &str = "張张劉刘陳陈楊杨黃黄趙赵吳吴孫孙馬马鄭郑謝谢羅罗許许韓韩馮冯鄧邓蕭萧葉叶蘇苏\
盧卢鍾钟鐘钟陸陆賈贾韋韦鄒邹閻阎龍龙賀贺顧顾龔龚錢钱嚴严萬万湯汤莊庄倫伦歐欧譚谭魯鲁駱骆齊齐齋斋\
畢毕喬乔賴赖龐庞蔣蒋餘余範范華华齡龄藍蓝蘭兰寧宁竇窦簡简聶聂繆缪單单欒栾補补紀纪項项應应關关厲厉榮荣\
勞劳連连溫温閔闵過过車车銀银衛卫時时衆众眾众師师傅傅蔔卜岡冈葛葛買买計计記记談谈諸诸誠诚謙谦讓让譽誉\
財财貴贵貞贞資资賢贤賜赐賓宾贊赞軍军輝辉輪轮運运達达遠远邁迈遙遥遷迁選选鄉乡鄔邬釗钊鈞钧鉞钺銘铭銳锐\
鋒锋錦锦錫锡鑫鑫鎮镇鋼钢鐵铁鑒鉴長长門门開开閃闪閩闽陽阳隱隐際际雙双雲云電电霧雾靈灵靜静韻韵順顺頌颂\
頔頔頡颉頤颐頻频穎颖顏颜風风飛飞飄飘養养馨馨駿骏騰腾驍骁驕骄驥骥驚惊鬱郁魚鱼鮑鲍鯤鲲鳳凤鳴鸣鴻鸿鵬鹏\
鶴鹤鶯莺鷗鸥麗丽麥麦義义習习堯尧勛勋勳勋勵励勝胜動动勁劲務务區区協协卻却厚厚參参叢丛吳吴員员啟启啓启\
喚唤喜喜喬乔噯嗳嘯啸嚴严國国圓圆圖图團团執执堅坚堯尧場场塊块壇坛壯壮壽寿夢梦夾夹奮奋奧奥妝妆姍姗婁娄\
婦妇媽妈嫻娴嬌娇嬋婵嬰婴學学孫孙寶宝實实寧宁審审寫写寬宽專专將将爾尔尋寻對对導导岳岳島岛峯峰崗岗嵐岚\
嶺岭嶽岳巖岩峽峡帥帅師师帶带幹干幾几庫库廉廉廣广廈厦廟庙張张強强彈弹彌弥彥彦後后從从徵征徹彻恆恒悅悦\
悶闷惠惠惡恶愛爱態态慶庆慮虑憐怜憲宪憶忆懷怀懸悬戀恋戰战戲戏戶户拋抛挾挟捨舍掃扫揚扬換换搖摇摯挚擇择\
擔担據据攜携敏敏敵敌數数斂敛斌斌於于旺旺昇升時时晉晋晝昼暉晖暢畅曄晔曉晓曆历曠旷書书會会朗朗朧胧東东\
枝枝棟栋棗枣楓枫業业極极榮荣構构樂乐樓楼標标樞枢樣样橋桥機机權权欣欣歡欢歲岁歷历歸归殘残殷殷殺杀毅毅\
氣气漢汉沖冲沈沈決决況况洶汹浩浩涇泾淑淑淵渊淨净淺浅渾浑湧涌溝沟滄沧滅灭滬沪滿满漁渔潔洁潛潜潤润潘潘\
澤泽濃浓濟济濤涛瀅滢濱滨瀟潇瀚瀚瀾澜灃沣灣湾災灾烏乌無无煒炜煙烟煥焕煬炀熾炽燁烨燈灯燕燕營营燦灿燭烛\
爍烁爐炉爭争爺爷牆墙獅狮獎奖獨独獲获獻献現现琺珐瑋玮瑣琐瑤瑶瑩莹璉琏璣玑環环璦瑷瓊琼產产畝亩畫画異异\
當当疊叠痴痴發发皎皎盜盗盞盏盡尽監监盤盘眾众睿睿瞭了矯矫碩硕確确磊磊礎础礦矿祖祖祿禄禎祯福福禪禅禮礼\
禹禹秋秋稅税種种稱称穆穆積积穩稳窮穷競竞筆笔節节築筑簽签籃篮糧粮糾纠紅红紋纹納纳純纯紗纱級级紹绍終终\
組组結结絲丝經经綠绿維维綱纲網网綺绮綽绰緒绪緯纬練练緻致縣县縱纵總总績绩織织繁繁繡绣繩绳繼继續续纓缨\
羣群習习翹翘聖圣聞闻聯联聰聪聲声聽听肅肃胤胤臨临臺台與与興兴舉举舊旧艷艳藝艺芸芸莖茎莊庄莉莉華华萊莱\
葦苇蒼苍蓋盖蓮莲蔥葱蔭荫薈荟薔蔷薩萨薺荠藉借藥药蘆芦蘊蕴處处虛虚號号蝶蝶螢萤蠻蛮衆众術术裏里裝装複复\
襄襄覽览覺觉觀观訂订訊讯訓训詠咏詩诗詳详認认語语誌志說说誼谊調调論论諾诺謀谋謝谢證证識识警警議议護护\
讀读變变豐丰豔艳貝贝負负貢贡責责貨货質质費费賀贺賈贾賴赖賽赛贏赢趙赵跡迹踐践躍跃轉转軒轩軟软載载輔辅\
輕轻輯辑辦办農农邊边郵邮鄰邻醫医釋释針针鈴铃鉅巨銅铜鍵键鏡镜鑄铸閣阁闊阔闖闯陣阵陰阴陳陈隊队階阶隨随\
險险隱隐雋隽難难雪雪雞鸡離离霖霖靄霭頁页頂顶頭头題题額额類类顯显飯饭飲饮飾饰館馆驗验驛驿髮发鬥斗魏魏\
鮮鲜鯉鲤鵑鹃鷹鹰鹽盐麵面點点黨党齣出龜龟丟丢並并亞亚來来侶侣侖仑俠侠係系個个們们倉仓偉伟側侧偵侦備备\
傑杰傳传債债傷伤傾倾僅仅僑侨價价儀仪億亿儉俭儒儒優优儲储兒儿兩两內内冊册凍冻凱凯別别刪删剛刚創创劃划\
劇剧劉刘劍剑劑剂佈布佔占佰百仟千姪侄姦奸妳你她她姊姐銓铨鋆鋆錚铮錡锜鈺钰鉑铂鎧铠鎔镕鏞镛鏗铿鑾銮鑽钻\
嘉嘉嵩嵩崢峥嶸嵘崴崴帆帆幟帜廷廷弈弈彤彤彪彪徐徐忻忻怡怡恒恒恩恩悌悌惇惇惠惠慈慈慧慧愷恺愨悫懿懿懇恳\
湞浈溱溱滎荥滸浒瀘泸灝灏煊煊熙熙燾焘犖荦獄狱瑪玛瑯琅璽玺瓏珑甯宁疇畴皚皑盧卢睏困硯砚禕祎禦御穀谷竊窃\
筠筠箏筝篤笃簫箫紓纾紜纭紫紫紳绅絢绚絡络絳绛綏绥綸纶緹缇縈萦繪绘纖纤羅罗翀翀聿聿脩修臉脸蒓莼蓀荪蕓芸\
藺蔺蘅蘅蘿萝諺谚謹谨譯译贇赟軼轶輿舆轅辕迺乃郟郏鄂鄂鄺邝酈郦釧钏鈕钮鉀钾鋁铝鋐鋐錄录錕锟鍇锴鎂镁鑑鉴\
閆闫闕阙隴陇霽霁頎颀顥颢飆飙饒饶駒驹駙驸驊骅魯鲁鯨鲸鴛鸳鴦鸯鸞鸾黛黛傢家傭佣";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let original: Vec<char> = text.chars().collect();
        Reading::of(&original).letters.into_iter().collect()
    }

    #[test]
    fn the_letters_come_as_pairs() {
        assert!(PAIRS.chars().count().is_multiple_of(2));
        assert!(SIMPLIFIED.len() > 500);
        for (from, to) in SIMPLIFIED.iter() {
            assert!(SIMPLIFIED.get(to).is_none_or(|end| end == to), "{from}{to}");
        }
    }

    #[test]
    fn styles_disappear() {
        for (text, plain) in [
            ("１３８", "138"),
            ("𝟏𝟑𝟖①③⑧", "138138"),
            ("١٣٨", "138"),
            ("1\u{FE0F}\u{20E3}3", "13"),
            ("林\u{200B}小\u{202E}雨\u{FEFF}", "林小雨"),
            ("林\u{00A0}小\u{3000}雨", "林 小 雨"),
            ("Lín XIǍOYǓ", "lin xiaoyu"),
            ("⼩⾬", "小雨"),
            ("❶❸⓼", "138"),
            ("🅛🅸🇳", "lin"),
            ("Сосhо", "cocho"),
            ("張偉", "张伟"),
            ("林\u{F9F4}", "林林"),
            ("电话[电话]", "电话\u{FFFC}"),
            ("[别的]", "[别的]"),
        ] {
            assert_eq!(read(text), plain, "{text}");
        }
    }

    #[test]
    fn letters_know_their_place() {
        let original: Vec<char> = "甲\u{200B}乙⑴[姓名]丙".chars().collect();
        let reading = Reading::of(&original);
        let text: String = reading.letters.iter().collect();
        assert_eq!(text, "甲乙(1)\u{FFFC}丙");
        assert_eq!(reading.original(1, 2), Some((2, 3)));
        assert_eq!(reading.original(2, 5), Some((3, 4)));
        assert_eq!(reading.original(5, 6), Some((4, 8)));
        assert_eq!(reading.original(0, 7), Some((0, 9)));
        assert_eq!(reading.original(7, 8), None);
    }
}
