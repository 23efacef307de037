//! `dengwen import complaints`.

use clap::Parser;
use dengwen::{
    cli::import::{Complaints, Summary, import},
    platform::db::schema::{complaint, complaint_place, ledger_entry},
};
use diesel::prelude::*;
use indicatif::ProgressDrawTarget;

use crate::support::{Wishes, World};

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

on_both! {
    async fn rows_come_once_and_bad_ones_are_named_by_line(world) {
        let file = world.dir.path().join("rows.csv");
        std::fs::write(&file, "id,district,river,date,title,content\n\
            1,鼓楼区,梅峰河,2020-09-03,关于梅峰河,河水发黑发臭请治理\n\
            2,仓山区,白马河,2020-09-04,关于白马河,河水发黑\n\
            3,鼓楼区,梅峰河,soon,没有日期,河水发黑\n\
            ,鼓楼区,梅峰河,2020-09-05,没有编号,河水发黑\n\
            5,鼓楼区,,2020-09-06,没有地点,河水发黑\n").unwrap();
        let first = run(&world, &file).await;
        assert_eq!((first.stored, first.known, first.placed), (3, 0, 1));
        assert_eq!(first.refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 5]);
        let again = run(&world, &file).await;
        assert_eq!((again.stored, again.known, again.refused.len()), (0, 3, 2));
        let kinds: Vec<String> = world.db_read(|c| complaint_place::table.order(complaint_place::complaint_id).select(complaint_place::kind).load(c).unwrap());
        assert_eq!(kinds, ["named", "none", "none"]);
    }
}

on_both! {
    /// The real rows, twice, with the same result.
    async fn the_fuzhou_rows_come_in_whole(world, Wishes::default()) {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/fuzhou12345_rivers/complaints.csv");
        if !file.is_file() {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "left out: no Fuzhou rows beside the repository");
            return;
        }
        let first = run(&world, &file).await;
        assert_eq!((first.stored, first.known, first.refused.len()), (1464, 0, 0));
        let counts = |world: &World| world.db_read(|c| {
            (complaint::table.count().get_result::<i64>(c).unwrap(), ledger_entry::table.count().get_result::<i64>(c).unwrap())
        });
        let stored = counts(&world);
        let again = run(&world, &file).await;
        assert_eq!((again.stored, again.known), (0, 1464));
        assert_eq!(counts(&world), stored);
    }
}

on_both! {
    /// Positions, phones and times have columns; what is too long is refused, never cut.
    async fn columns_carry_positions_and_nothing_is_cut(world) {
        let file = world.dir.path().join("rows.csv");
        let long = "黑".repeat(2001);
        let id = "9".repeat(64);
        std::fs::write(&file, format!("no,day,words,x,y,m,tel,shop,at\n\
            1,2026-11-20,油烟扰民,119.2985,26.0860,12,13800001234,老王烧烤,2026-11-19T19:00:00+08:00\n\
            2,2026-11-20,{long},,,,,,\n\
            {id},2026-11-20,油烟扰民,,,,,,\n\
            4,2026-11-20,油烟扰民,119.2985,,,,,\n\
            5,+262142-01-01,油烟扰民,,,,,,\n")).unwrap();
        let columns = "id=no,date=day,text=words,lon=x,lat=y,accuracy=m,phone=tel,premises=shop,occurred_at=at";
        let what = Line::parse_from(["import", file.to_str().unwrap(), "--datum", "WGS84", "--columns", columns]).what;
        let summary = import(&world.server.app, &what, ProgressDrawTarget::hidden()).await.unwrap();
        assert_eq!((summary.stored, summary.refused.iter().map(|(line, _)| *line).collect::<Vec<_>>()), (1, vec![3, 4, 5, 6]));
        let row: (String, Option<f64>, bool) = world.db_read(|c| {
            complaint_place::table.inner_join(complaint::table)
                .select((complaint_place::kind, complaint_place::accuracy_m, complaint::anonymous))
                .first(c).unwrap()
        });
        assert_eq!(row, ("point".to_owned(), Some(12.0), false));
    }
}
