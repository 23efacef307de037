//! `dengwen import complaints`.

use clap::Parser;
use dengwen::{
    cli::import::{Complaints, Summary, import},
    platform::db::schema::{complaint, complaint_place, ledger_entry},
};
use diesel::prelude::*;
use indicatif::ProgressDrawTarget;

use crate::support::World;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    what: Complaints,
}

async fn run(world: &World, file: &std::path::Path) -> Summary {
    let what = Line::parse_from(["import", file.to_str().unwrap()]).what;
    import(&world.server.app, &what, ProgressDrawTarget::hidden())
        .await
        .unwrap()
}

async fn rows_come_once_and_bad_ones_are_named_by_line(world: World) {
    let file = world.dir.path().join("rows.csv");
    std::fs::write(
        &file,
        "id,district,river,date,title,content\n\
            1,鼓楼区,梅峰河,2020-09-03,关于梅峰河,河水发黑发臭请治理\n\
            2,仓山区,白马河,2020-09-04,关于白马河,河水发黑\n\
            3,鼓楼区,梅峰河,soon,没有日期,河水发黑\n\
            ,鼓楼区,梅峰河,2020-09-05,没有编号,河水发黑\n\
            5,鼓楼区,,2020-09-06,没有地点,河水发黑\n",
    )
    .unwrap();
    let first = run(&world, &file).await;
    assert_eq!((first.stored, first.known, first.placed), (3, 0, 1));
    assert_eq!(
        first
            .refused
            .iter()
            .map(|(line, _)| *line)
            .collect::<Vec<_>>(),
        [4, 5]
    );
    let again = run(&world, &file).await;
    assert_eq!((again.stored, again.known, again.refused.len()), (0, 3, 2));
    let kinds: Vec<String> = world.db_read(|c| {
        complaint_place::table
            .order(complaint_place::complaint_id)
            .select(complaint_place::kind)
            .load(c)
            .unwrap()
    });
    assert_eq!(kinds, ["named", "none", "none"]);
}

/// The real rows, twice, with the same result.
async fn the_fuzhou_rows_come_in_whole(world: World) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/fuzhou12345_rivers/complaints.csv");
    if !file.is_file() {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "left out: no Fuzhou rows beside the repository"
        );
        return;
    }
    let first = run(&world, &file).await;
    assert_eq!(
        (first.stored, first.known, first.refused.len()),
        (1464, 0, 0)
    );
    let counts = |world: &World| {
        world.db_read(|c| {
            (
                complaint::table.count().get_result::<i64>(c).unwrap(),
                ledger_entry::table.count().get_result::<i64>(c).unwrap(),
            )
        })
    };
    let stored = counts(&world);
    let again = run(&world, &file).await;
    assert_eq!((again.stored, again.known), (0, 1464));
    assert_eq!(counts(&world), stored);
}

/// Positions, phones and times have columns; what is too long is refused, never cut.
async fn columns_carry_positions_and_nothing_is_cut(world: World) {
    let file = world.dir.path().join("rows.csv");
    let long = "黑".repeat(2001);
    let id = "9".repeat(65);
    std::fs::write(&file, format!("no,day,words,x,y,m,tel,shop,at\n\
            1,2026-11-20,油烟扰民,119.2985,26.0860,12,13800001234,老王烧烤,2026-11-19T19:00:00+08:00\n\
            2,2026-11-20,{long},,,,,,\n\
            {id},2026-11-20,油烟扰民,,,,,,\n\
            4,2026-11-20,油烟扰民,119.2985,,,,,\n\
            5,+262142-01-01,油烟扰民,,,,,,\n")).unwrap();
    let columns =
        "id=no,date=day,text=words,lon=x,lat=y,accuracy=m,phone=tel,premises=shop,occurred_at=at";
    let what = Line::parse_from([
        "import",
        file.to_str().unwrap(),
        "--datum",
        "WGS84",
        "--columns",
        columns,
    ])
    .what;
    let summary = import(&world.server.app, &what, ProgressDrawTarget::hidden())
        .await
        .unwrap();
    assert_eq!(
        (
            summary.stored,
            summary
                .refused
                .iter()
                .map(|(line, _)| *line)
                .collect::<Vec<_>>()
        ),
        (1, vec![3, 4, 5, 6])
    );
    let row: (String, Option<f64>, bool) = world.db_read(|c| {
        complaint_place::table
            .inner_join(complaint::table)
            .select((
                complaint_place::kind,
                complaint_place::accuracy_m,
                complaint::anonymous,
            ))
            .first(c)
            .unwrap()
    });
    assert_eq!(row, ("point".to_owned(), Some(12.0), false));
}

fn fixture(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/csv")
        .join(name)
}

/// Writes a file and imports it.
async fn run_bytes(world: &World, bytes: &[u8], options: &[&str]) -> anyhow::Result<Summary> {
    let file = world.dir.path().join("rows.csv");
    std::fs::write(&file, bytes).unwrap();
    let line = ["import", file.to_str().unwrap()];
    let what = Line::parse_from(line.iter().chain(options)).what;
    import(&world.server.app, &what, ProgressDrawTarget::hidden()).await
}

/// Nothing is lost silently: every row read is stored, known or refused.
fn counts(summary: &Summary) -> (usize, usize, Vec<u64>, Vec<u64>) {
    let lines = |told: &[(u64, String)]| told.iter().map(|(line, _)| *line).collect::<Vec<_>>();
    let refused = lines(&summary.refused);
    assert_eq!(summary.read, summary.stored + summary.known + refused.len());
    (
        summary.stored,
        summary.known,
        refused,
        lines(&summary.warned),
    )
}

fn descriptions(world: &World) -> Vec<String> {
    use dengwen::platform::{
        db::{Id, schema::complaint_text as text},
        sealed::DESCRIPTION,
    };
    let stored: Vec<(Id, String)> = world.db_read(|c| {
        text::table
            .order(text::complaint_id)
            .select((text::complaint_id, text::description))
            .load(c)
            .unwrap()
    });
    let keys = &world.server.app.keys;
    let opened = stored
        .into_iter()
        .map(|(id, sealed)| DESCRIPTION.open_text(keys, id.0.as_bytes(), sealed));
    opened.map(Option::unwrap).collect()
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark
        .then_some(0xfeff)
        .into_iter()
        .chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

/// CSV encodings: tables as offices save them come in with their words whole.
async fn tables_are_read_in_the_encoding_they_were_saved_in(world: World) {
    for (file, rows) in [
        ("csv_gbk.csv", 2),
        ("csv_utf16le_bom.csv", 0),
        ("csv_sep_line.csv", 0),
    ] {
        let summary = run(&world, &fixture(file)).await;
        assert_eq!(summary.refused, [], "{file}");
        assert!(
            summary.stored + summary.known >= 2 && summary.stored >= rows,
            "{file}: {summary:?}"
        );
    }
    assert!(
        descriptions(&world).contains(&"梅峰河发臭".to_owned()),
        "{:?}",
        descriptions(&world)
    );
    let text = |n: u32| format!("id,date,content\r\n{n},2026-11-20,第{n}行：龙津河㙍\r\n");
    let (gb18030, _, _) =
        encoding_rs::GB18030.encode("id,date,content\n5,2026-11-20,第5行：龙津河㙍\n");
    let (big5, _, _) = encoding_rs::BIG5.encode("id,date,content\n6,2026-11-20,河水發臭\n");
    let chinese = "编号,日期,内容\n9,2026-11-20,第9行：龙津河㙍\n";
    let named: &[&str] = &["--columns", "id=编号,date=日期,text=内容"];
    let files: [(Vec<u8>, &[&str]); 11] = [
        (utf16(chinese, false, false), named),
        (utf16(&chinese.replace('9', "10"), true, false), named),
        (chinese.replace('9', "11").into_bytes(), named),
        (utf16(&text(1), false, true), &[]),
        (utf16(&text(2), true, true), &[]),
        (utf16(&text(3), false, false), &[]),
        (format!("\u{feff}{}", text(4)).into_bytes(), &[]),
        (gb18030.into_owned(), &[]),
        (big5.into_owned(), &["--encoding", "big5"]),
        (
            b"id\tdate\tcontent\r7\t2026-11-20\t\xe6\xb2\xb3\xe8\x87\xad\r".to_vec(),
            &[],
        ),
        (
            "id|date|content\n8|2026-11-20|a,b;c,d;e\n"
                .as_bytes()
                .to_vec(),
            &["--delimiter", "|"],
        ),
    ];
    for (at, (bytes, options)) in files.into_iter().enumerate() {
        let summary = run_bytes(
            &world,
            &bytes,
            &[options, &["--source", "x", "--own-ids"]].concat(),
        )
        .await
        .unwrap();
        assert_eq!(
            counts(&summary),
            (1, 0, vec![], vec![]),
            "file {at}: {summary:?}"
        );
    }
    let stored = descriptions(&world);
    for words in [
        "第1行：龙津河㙍",
        "第2行：龙津河㙍",
        "第3行：龙津河㙍",
        "第4行：龙津河㙍",
        "第5行：龙津河㙍",
        "第9行：龙津河㙍",
        "第10行：龙津河㙍",
        "第11行：龙津河㙍",
        "河水發臭",
        "a,b;c,d;e",
    ] {
        assert!(stored.contains(&words.to_owned()), "{words} in {stored:?}");
    }
    let unknown = run_bytes(&world, b"id,date,content\n", &["--encoding", "klingon"]).await;
    assert!(unknown.unwrap_err().to_string().contains("klingon"));
}

/// A broken byte costs its own row, not the encoding of the whole file.
async fn a_broken_byte_costs_its_row_alone(world: World) {
    let mut bytes = "id,date,content\n1,2026-11-20,河水发黑发臭，两岸居民苦不堪言\n2,2026-11-21,"
        .as_bytes()
        .to_vec();
    bytes.extend(b"\xe6\xb2,x");
    bytes.extend("\n3,2026-11-22,安泰河漂垃圾\n4,2026-11-22,有\0字\n".as_bytes());
    let summary = run_bytes(&world, &bytes, &[]).await.unwrap();
    assert_eq!(counts(&summary), (2, 0, vec![3, 5], vec![]), "{summary:?}");
    assert!(descriptions(&world).contains(&"安泰河漂垃圾".to_owned()));
}

/// CSV quotes: one that never closes is refused by the line where it opens, and the rows after
/// it are read; so is one that the next quote of another row would close.
async fn an_open_quote_swallows_nothing(world: World) {
    let summary = run(&world, &fixture("csv_unclosed_quote.csv")).await;
    assert_eq!(counts(&summary), (2, 0, vec![2], vec![]));
    assert!(
        summary.refused[0]
            .1
            .contains("opens a quote that is never closed"),
        "{summary:?}"
    );
    let text = "id,date,content\n11,2026-11-20,\"没有结束\n12,2026-11-20,\"有结束\"\n\
            13,2026-11-20,\"两\n行\"\n\n14,2026-11-20,5\" 管\n,,\n15,2026-11-20,\"说\"\"不\"\"\"\n\
            16,2026-11-20\n17,2026-11-20,多,了\n18,2026-11-20,不多,,\n\u{1a}";
    let summary = run_bytes(&world, text.as_bytes(), &[]).await.unwrap();
    assert_eq!(
        counts(&summary),
        (5, 0, vec![2, 10, 11], vec![]),
        "{summary:?}"
    );
    let stored = descriptions(&world);
    for words in ["有结束", "两\n行", "5\" 管", "说\"不\"", "不多"] {
        assert!(
            stored.contains(&words.to_owned()),
            "{words:?} in {stored:?}"
        );
    }
}

/// CSV headers: signs named by a first line or found out; columns named twice or not there are
/// told before anything is stored.
async fn headers_say_what_parts_the_fields(world: World) {
    for (at, text) in [
        "sep=;\nid;date;content\n1;2026-11-20;甲,乙\n",
        "id;date;content;a,b,c,d\n2;2026-11-20;丙;\n",
        "\"id\",\"date\",\"content\"\n\"3\",\"2026-11-20\",\"丁\"\n",
        "\u{200b}id , date,content\n4,2026-11-20,戊\n",
        "id,date,content,\"备\n注\"\n6,2026-11-20,庚,x\n",
        "id;\"备,\r\n注\";date;\"con\r\ntent\"\r\n7;x;2026-11-20;\"辛\n,\"\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let summary = run_bytes(&world, text.as_bytes(), &[]).await.unwrap();
        assert_eq!(
            counts(&summary),
            (1, 0, vec![], vec![]),
            "file {at}: {summary:?}"
        );
    }
    let summary = run_bytes(
        &world,
        "id,date,content,备注,phone\n5,2026-11-20,己,x,无\n".as_bytes(),
        &[],
    )
    .await
    .unwrap();
    assert_eq!(
        (summary.stored, summary.left_out),
        (1, vec!["备注".to_owned()])
    );
    let two = run_bytes(
        &world,
        "id,date,content,content\n9,2026-11-20,a,b\n".as_bytes(),
        &[],
    )
    .await
    .unwrap_err();
    assert!(two.to_string().contains("two columns \"content\""), "{two}");
    let none = run_bytes(&world, "id,date,words\n9,2026-11-20,a\n".as_bytes(), &[])
        .await
        .unwrap_err();
    assert!(
        none.to_string().contains("no column \"content\"") && none.to_string().contains("words"),
        "{none}"
    );
    let empty = run_bytes(&world, b"", &[]).await.unwrap_err();
    assert!(empty.to_string().contains("empty"), "{empty}");
    assert_eq!(descriptions(&world).len(), 7);
}

/// CSV rows that a spreadsheet ends where its last field is: taken, and told by their lines, as
/// long as what is needed is there.
async fn rows_that_end_early_are_taken_and_told(world: World) {
    let text = "id,date,content,phone,premises\n1,2026-11-20,甲,13800138000,\n2,2026-11-20,乙\n3,2026-11-20\n4,2026-11-20,丁,13800138000,店,x\n";
    let columns = "id=id,date=date,text=content,phone=phone,premises=premises";
    let summary = run_bytes(&world, text.as_bytes(), &["--columns", columns])
        .await
        .unwrap();
    assert_eq!(counts(&summary), (2, 0, vec![4, 5], vec![3]), "{summary:?}");
    assert!(
        summary.warned[0]
            .1
            .contains("3 fields where the header has 5"),
        "{summary:?}"
    );
    assert_eq!(descriptions(&world), ["甲", "乙"]);
}

/// Ids that a spreadsheet rounded: the second is another matter under a known id, and is refused
/// by its line; so is a known id with other words of an earlier file.
async fn ids_made_alike_lose_no_row_silently(world: World) {
    let summary = run(&world, &fixture("csv_ids_scientific.csv")).await;
    assert_eq!(counts(&summary), (1, 0, vec![3], vec![2]));
    assert!(
        summary.refused[0].1.contains("line 2") && summary.refused[0].1.contains("other words"),
        "{summary:?}"
    );
    assert!(summary.warned[0].1.contains("rounded"), "{summary:?}");
    let again = run(&world, &fixture("csv_ids_scientific.csv")).await;
    assert_eq!(counts(&again), (0, 1, vec![3], vec![2]));
    let first = "id,date,content\nA1,2026-11-20,河水发黑\n'7,2026-11-20,树叶焚烧\n";
    assert_eq!(
        run_bytes(&world, first.as_bytes(), &[])
            .await
            .unwrap()
            .stored,
        2
    );
    let other =
        "id,date,content\nA1,2026-11-20,工地噪声\n7,2026-11-20,树叶焚烧\n7,2026-11-20,树叶焚烧\n";
    let summary = run_bytes(&world, other.as_bytes(), &[]).await.unwrap();
    assert_eq!(counts(&summary), (0, 2, vec![2], vec![]), "{summary:?}");
    assert!(summary.refused[0].1.contains("other words"), "{summary:?}");
    assert_eq!(descriptions(&world).len(), 3);
}

/// Rows of the same words under one id: another day, person or place is another matter, and its
/// row is refused by what differs, in one file and in the next; what was corrected, or is left
/// out, is none.
async fn the_same_words_of_another_matter_are_never_lost(world: World) {
    let file = |rows: &[&str]| format!("id,date,content,phone,river\n{}\n", rows.join("\n"));
    for (at, id) in ["350102202611200000", "1E+15", "#N/A", "1"]
        .into_iter()
        .enumerate()
    {
        let source = format!("s{at}");
        let row = |rest: &str| format!("{id},{rest}");
        let rows = [
            row("2026-11-20,油烟扰民,13800138000,甲街"),
            row("2026-11-22,油烟扰民,13900139000,乙街"),
        ];
        let summary = run_bytes(
            &world,
            file(&[&rows[0], &rows[1]]).as_bytes(),
            &["--source", &source],
        )
        .await
        .unwrap();
        let spoiled = if id == "1" { vec![] } else { vec![2] };
        assert_eq!(
            counts(&summary),
            (1, 0, vec![3], spoiled.clone()),
            "{id}: {summary:?}"
        );
        let why = &summary.refused[0].1;
        assert!(
            why.contains("another date and another person and another place")
                && why.contains("line 2"),
            "{why}"
        );
        assert_eq!(why.contains("ids as text"), id != "1", "{why}");
        let again = run_bytes(&world, file(&[&rows[1]]).as_bytes(), &["--source", &source])
            .await
            .unwrap();
        assert_eq!(counts(&again), (0, 0, vec![2], vec![]), "{id}: {again:?}");
        assert!(
            again.refused[0]
                .1
                .contains("with another date and another person and another place"),
            "{again:?}"
        );
    }
    for (row, told) in [
        ("1,2026/11/20,油烟扰民,138 0013 8000,甲街", None),
        ("1,2026-11-20,油烟扰民,,", None),
        (
            "1,2026-11-21,油烟扰民,13800138000,甲街",
            Some("another date"),
        ),
        (
            "1,2026-11-20,油烟扰民,1.38001E+10,甲街",
            Some("another person"),
        ),
        (
            "1,2026-11-20,油烟扰民,13800138000,丙街",
            Some("another place"),
        ),
    ] {
        let summary = run_bytes(&world, file(&[row]).as_bytes(), &["--source", "s3"])
            .await
            .unwrap();
        assert_eq!(
            summary.known,
            usize::from(told.is_none()),
            "{row}: {summary:?}"
        );
        assert!(
            told.is_none_or(|told| summary.refused[0].1.contains(&format!("with {told}"))),
            "{row}: {summary:?}"
        );
    }
    let number: String = world.db_read(|c| {
        complaint::table
            .filter(complaint::external_no.eq("1"))
            .select(complaint::number)
            .first(c)
            .unwrap()
    });
    let brigade = world.brigade().await;
    let path = format!("/api/v1/complaints/{number}");
    let body = serde_json::json!({ "address": "丁街5号", "reason": "现场核对" });
    brigade
        .post(
            "/api/v1/triage/claims",
            serde_json::json!({ "number": number }),
        )
        .await
        .expect(201);
    let version = brigade.get(&path).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    brigade.patch_if(&path, version, body).await.expect(200);
    let summary = run_bytes(
        &world,
        file(&["1,2026-11-20,油烟扰民,13800138000,甲街"]).as_bytes(),
        &["--source", "s3"],
    )
    .await
    .unwrap();
    assert_eq!(
        counts(&summary),
        (0, 1, vec![], vec![]),
        "what was corrected is not compared: {summary:?}"
    );
}

/// CSV dates and phones: forms that mean one day are taken, others refused with the forms that
/// are; a phone that cannot be read is a warning and never costs the row.
async fn dates_and_phones_as_sheets_hold_them(world: World) {
    let summary = run(&world, &fixture("csv_date.csv")).await;
    assert_eq!(counts(&summary), (0, 0, vec![2], vec![]));
    assert!(
        summary.refused[0].1.contains("2026年11月20日"),
        "{summary:?}"
    );
    let dates = [
        "2026-11-20 10:11:12",
        "2026/11/20",
        "2026年11月20日",
        "2026年11月20日 10时11分",
        "46346.4",
        "20261120",
        "20/11/2026",
        "11/20/26",
    ];
    let rows: String = dates
        .iter()
        .enumerate()
        .map(|(at, date)| format!("d{at},{date},第{at}行\n"))
        .collect();
    let summary = run_bytes(&world, format!("id,date,content\n{rows}").as_bytes(), &[])
        .await
        .unwrap();
    assert_eq!(counts(&summary), (6, 0, vec![8, 9], vec![]), "{summary:?}");

    let summary = run(&world, &fixture("csv_phones.csv")).await;
    assert_eq!(counts(&summary), (7, 0, vec![], vec![2]), "{summary:?}");
    assert!(summary.warned[0].1.contains("phone"), "{summary:?}");
    let known: Vec<bool> = world.db_read(|c| {
        complaint::table
            .order(complaint::id)
            .select(complaint::anonymous)
            .load(c)
            .unwrap()
    });
    assert_eq!(known[6..], [true, false, false, false, true, true, false]);
}

/// CSV dates: the morning's export of the day comes in, and again in the afternoon, and with the
/// times of the day left out; another day is another matter.
async fn the_rows_of_today_come_in_before_noon(world: World) {
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    world.clock.set(at("2026-11-30T01:00:00Z"));
    let rows = |day: &str| {
        format!(
            "id,date,content,at\n1,2026-11-30,臭味,2026-11-30\n2,{day},噪声,\n3,46356,油烟,46356\n4,2026-11-30 08:30,异味,\n"
        )
    };
    let columns: &[&str] = &["--columns", "id=id,date=date,text=content,occurred_at=at"];
    let first = run_bytes(&world, rows("2026/11/30").as_bytes(), columns)
        .await
        .unwrap();
    assert_eq!(counts(&first), (4, 0, vec![], vec![]), "{first:?}");
    let received: Vec<dengwen::platform::db::UtcTime> = world.db_read(|c| {
        complaint::table
            .order(complaint::id)
            .select(complaint::received_at)
            .load(c)
            .unwrap()
    });
    assert_eq!(
        (received[0].0, received[3].0),
        (at("2026-11-30T01:00:00Z"), at("2026-11-30T00:30:00Z"))
    );
    for later in [
        "2026-11-30T01:05:00Z",
        "2026-11-30T07:00:00Z",
        "2026-12-01T02:00:00Z",
    ] {
        world.clock.set(at(later));
        let again = run_bytes(
            &world,
            rows("20261130").replace(" 08:30", "").as_bytes(),
            columns,
        )
        .await
        .unwrap();
        assert_eq!(counts(&again), (0, 4, vec![], vec![]), "{later}: {again:?}");
    }
    let other = run_bytes(&world, rows("2026-11-29").as_bytes(), columns)
        .await
        .unwrap();
    assert_eq!(counts(&other), (0, 3, vec![3], vec![]), "{other:?}");
    let ahead = run_bytes(&world, b"id,date,content\n9,2026-12-02,x\n", &[])
        .await
        .unwrap();
    assert_eq!(counts(&ahead), (0, 0, vec![2], vec![]), "{ahead:?}");
}

/// CSV quotes: rows that a quoted field goes on over are part of it, and told by their lines.
async fn swallowed_rows_are_told(world: World) {
    let text = "id,date,content,phone\n1,2026-11-20,\"臭味,13800138000\n2,2026-11-20,管径5\",13900139000\n3,2026-11-20,c,\n\
            4,2026-11-20,\"两行\n共2,3处\",\n5,2026-11-20,\"甲,\n6,2026-11-20,乙,\n7,2026-11-20,丙\",\n8,soon,\"丁\n9,2026-11-20,戊\",\n";
    let summary = run_bytes(&world, text.as_bytes(), &[]).await.unwrap();
    assert_eq!(
        counts(&summary),
        (4, 0, vec![10], vec![2, 7]),
        "{summary:?}"
    );
    assert!(
        summary.warned[0].1.contains("line 3") && summary.warned[1].1.contains("line 8, 9"),
        "{summary:?}"
    );
    assert!(summary.refused[0].1.contains("line 11"), "{summary:?}");
}

/// CSV ids: the dress in which exports keep a number as text is no part of it; nor are the
/// decimals of a column of quantities.
async fn ids_in_dress_are_the_ids_themselves(world: World) {
    let text = "id,date,content,phone\n=\"350102202611200001\",=\"2026-11-20\",臭味,=\"13800138000\"\n350102202611200001,2026-11-20,臭味,13800138000\n\
            \"=\"\"350102202611200002\"\"\",2026-11-20,噪声,\n1.0,2026-11-20,油烟,\n1,2026-11-20,油烟,\n";
    let summary = run_bytes(&world, text.as_bytes(), &[]).await.unwrap();
    assert_eq!(counts(&summary), (3, 2, vec![], vec![]), "{summary:?}");
    let numbers: Vec<Option<String>> = world.db_read(|c| {
        complaint::table
            .order(complaint::id)
            .select(complaint::external_no)
            .load(c)
            .unwrap()
    });
    assert!(
        numbers
            .iter()
            .flatten()
            .all(|number| !number.contains(['=', '"', '.'])),
        "{numbers:?}"
    );
    let spoiled = "id;date;content\n3,50E+17;2026-11-20;a\n３.５E+17;2026-11-20;b\n";
    let summary = run_bytes(&world, spoiled.as_bytes(), &[]).await.unwrap();
    assert_eq!(
        summary.warned.len() + summary.refused.len(),
        2,
        "{summary:?}"
    );
}

/// CSV files of two encodings, of a padded first line, and with a line without end: refused with
/// what to do, read, and refused by that line alone.
async fn odd_files_lose_nothing_silently(world: World) {
    let mut mixed =
        "id,date,content\n1,2026-11-20,臭味扰民\n2,2026-11-20,噪声扰民\n3,2026-11-20,油烟扰民\n"
            .as_bytes()
            .to_vec();
    mixed.extend(
        &*encoding_rs::GBK
            .encode("4,2026-11-20,河水发黑发臭两岸居民苦不堪言\n")
            .0,
    );
    let refused = run_bytes(&world, &mixed, &[])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("line 5") && refused.contains("--encoding"),
        "{refused}"
    );
    let named = run_bytes(&world, &mixed, &["--encoding", "utf-8"])
        .await
        .unwrap();
    assert_eq!(counts(&named), (3, 0, vec![5], vec![]), "{named:?}");
    let padded = run_bytes(
        &world,
        b"sep=;;;;\nid;date;content;a;b\n5;2026-11-20;x,y;;\n",
        &[],
    )
    .await
    .unwrap();
    assert_eq!(counts(&padded), (1, 0, vec![], vec![]), "{padded:?}");
    let long = format!(
        "id,date,content\n6,2026-11-20,a\n7,2026-11-20,{}\n8,2026-11-20,\"b\n9,2026-11-20,c\n",
        "x".repeat(5_000_000)
    );
    let summary = run_bytes(&world, long.as_bytes(), &[]).await.unwrap();
    assert_eq!(counts(&summary), (2, 0, vec![3, 4], vec![]), "{summary:?}");
    assert!(summary.refused[0].1.contains("bytes"), "{summary:?}");
    let endless = run_bytes(&world, &vec![b'x'; 20_000_000], &[])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        endless.contains("line 1") && endless.len() < 1000,
        "{endless}"
    );
}

on_both!(
    rows_come_once_and_bad_ones_are_named_by_line,
    the_fuzhou_rows_come_in_whole,
    columns_carry_positions_and_nothing_is_cut,
    tables_are_read_in_the_encoding_they_were_saved_in,
    a_broken_byte_costs_its_row_alone,
    an_open_quote_swallows_nothing,
    headers_say_what_parts_the_fields,
    rows_that_end_early_are_taken_and_told,
    ids_made_alike_lose_no_row_silently,
    the_same_words_of_another_matter_are_never_lost,
    dates_and_phones_as_sheets_hold_them,
    the_rows_of_today_come_in_before_noon,
    swallowed_rows_are_told,
    ids_in_dress_are_the_ids_themselves,
    odd_files_lose_nothing_silently,
);
