//! The program itself, as an operator runs it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use dengwen::{
    photo::sample::scene,
    platform::{crypto, db::schema::record},
};
use diesel::prelude::*;
use serde_json::json;

use crate::support::{World, actors::form, bodies::river, hostile};

/// What a run of the program ended with.
pub struct Ended {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Ended {
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.error);
        self.out
    }

    /// Refused, with these words among its reasons and nothing like a crash.
    #[track_caller]
    pub fn refused(self, words: &str) {
        assert_ne!(self.code, Some(0), "{}", self.out);
        assert!(self.error.contains(words), "{words} in: {}", self.error);
        assert!(!self.error.contains("panicked"), "{}", self.error);
    }
}

impl Ended {
    /// Done, and not all as it should be: the exit status says so, and these words.
    #[track_caller]
    pub fn incomplete(self, words: &str) -> String {
        assert_eq!(self.code, Some(3), "{}{}", self.out, self.error);
        assert!(self.error.contains(words), "{words} in: {}", self.error);
        self.out
    }
}

/// Starts the program in a folder with nothing of ours in its environment but `keys`.
pub fn start(folder: &Path, arguments: &[&str], keys: &[(&str, &str)]) -> Child {
    let ours = std::env::vars().filter(|(name, _)| name.starts_with("DENGWEN_"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_dengwen"));
    for (name, _) in ours {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .envs(keys.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs the program to its end.
pub fn run(folder: &Path, arguments: &[&str], keys: &[(&str, &str)], input: &str) -> Ended {
    let mut child = start(folder, arguments, keys);
    // A program that refuses before it reads closes the pipe, which is no failure of the test's.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        error: String::from_utf8(output.stderr).unwrap(),
    }
}

fn staff(world: &World, arguments: &[&str], input: &str) -> Ended {
    let arguments = [&["staff"], arguments].concat();
    let keys = [("DENGWEN_DATABASE_URL", world.database_url.as_str())];
    run(world.dir.path(), &arguments, &keys, input)
}

/// An account is made, works, gets another password, is listed and ends; each step is recorded.
async fn accounts_are_kept_from_the_command_line(world: World) {
    let sign_in = |password: &str| {
        let body = json!({ "username": "chen.li", "password": password });
        let resident = world.resident();
        async move { resident.post("/api/v1/sessions", body).await }
    };
    let officer = [
        "add",
        "chen.li",
        "--role",
        "grid_officer",
        "--grid",
        "35010200400301",
        "--name",
        "陈力",
        "--password-stdin",
    ];
    staff(&world, &officer, "river-lantern 4821 first\n").well();
    staff(&world, &officer, "river-lantern 4821 first\n").refused("there is a chen.li already");
    let mut session = world.resident();
    session.token = Some(
        sign_in("river-lantern 4821 first")
            .await
            .expect(200)
            .text("/access_token"),
    );
    let me = session.get("/api/v1/staff/me").await.expect(200);
    assert_eq!(
        (me.text("/display_name"), me.text("/grid_code")),
        ("陈力".into(), "35010200400301".into())
    );

    staff(
        &world,
        &["reset-password", "chen.li", "--password-stdin"],
        "river-lantern 4821 second\r\n",
    )
    .well();
    session.get("/api/v1/staff/me").await.expect(401);
    sign_in("river-lantern 4821 first").await.expect(401);
    sign_in("river-lantern 4821 second").await.expect(200);
    let list = staff(&world, &["list"], "").well();
    assert!(
        list.lines().any(|l| l.split_whitespace().eq([
            "chen.li",
            "grid_officer",
            "35010200400301",
            "active"
        ])),
        "{list}"
    );

    staff(&world, &["disable", "chen.li"], "").well();
    sign_in("river-lantern 4821 second").await.expect(401);
    assert!(staff(&world, &["list"], "").well().contains("disabled"));
    let reset = staff(
        &world,
        &["reset-password", "chen.li", "--password-stdin"],
        "river-lantern 4821 third\n",
    )
    .well();
    assert!(reset.contains("stays disabled"), "{reset}");
    sign_in("river-lantern 4821 third").await.expect(401);
    staff(&world, &["enable", "chen.li"], "").well();
    sign_in("river-lantern 4821 third").await.expect(200);
    staff(&world, &["enable", "chen.li"], "").refused("is not disabled");
    staff(
        &world,
        &["add", "Chen.Li", "--role", "brigade", "--password-stdin"],
        "river-lantern 4821 other\n",
    )
    .refused("there is a chen.li already");
    staff(&world, &["disable", "nobody"], "").refused("there is no nobody");
    staff(
        &world,
        &["reset-password", "chen.li", "--password-stdin"],
        "1qaz2wsx3edc\n",
    )
    .refused("easily guessed");
    staff(&world, &["reset-totp", "chen.li"], "").refused("chen.li has no second factor");
    staff(
        &world,
        &["reset-password", "nobody", "--password-stdin"],
        "river-lantern 4821 third\n",
    )
    .refused("there is no nobody");
    let events: Vec<String> = world.db_read(|c| {
        record::table
            .filter(record::subject_kind.eq("staff"))
            .order(record::id)
            .select(record::event)
            .load(c)
            .unwrap()
    });
    assert_eq!(
        events,
        [
            "add",
            "reset_password",
            "disable",
            "reset_password",
            "enable"
        ]
    );
}

/// What could never work is said at once, and nothing is stored.
async fn accounts_that_could_not_work_are_refused(world: World) {
    let add = |rest: &[&str], input: &str| {
        staff(
            &world,
            &[&["add"], rest, &["--password-stdin"]].concat(),
            input,
        )
    };
    add(&["a", "--role", "grid_officer"], "secret\n").refused("needs --grid");
    add(&["a", "--role", "street"], "secret\n").refused("needs --street");
    add(&["a", "--role", "street", "--street", "999"], "secret\n").refused("no street 999");
    add(&["a", "--role", "section", "--unit", "no_such"], "secret\n").refused("no unit no_such");
    add(&["a", "--role", "department"], "secret\n").refused("department account needs --unit");
    add(&["a", "--role", "park"], "secret\n").refused("park account needs --unit");
    add(&["a b", "--role", "brigade"], "secret\n").refused("a user name has");
    add(&["a", "--role", "emperor"], "secret\n").refused("roles: admin, office");
    add(&["a", "--role", "brigade"], "\n").refused("no password");
    add(&["a", "--role", "brigade"], "short\n").refused("10 letters");
    add(&["a", "--role", "brigade"], "qwertyuiop\n").refused("easily guessed");
    add(&["linxiaoyu", "--role", "brigade"], "linxiaoyu2026\n").refused("the name of the person");
    add(
        &["a", "--role", "brigade", "--name", "林小雨"],
        "林小雨在鼓楼2026\n",
    )
    .refused("the name of the person");
    staff(&world, &["add", "a", "--role", "brigade"], "secret\n").refused("--password-stdin");
    assert_eq!(staff(&world, &["list"], "").well(), "");
}

/// Migrating twice is migrating once; the server's own password is never printed.
async fn migrate_brings_up_to_date(world: World) {
    for _ in 0..2 {
        let keys = [("DENGWEN_DATABASE_URL", world.database_url.as_str())];
        let said = run(world.dir.path(), &["migrate"], &keys, "").well();
        assert!(said.contains("is up to date"), "{said}");
    }
}

#[test]
fn a_new_folder_gets_its_database_and_its_key() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["migrate"], &[], "").well();
    assert!(folder.path().join("data/dengwen.db").is_file());
    assert!(folder.path().join("data/secret.key").is_file());
}

#[test]
fn the_committed_openapi_document_is_checked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = run(root, &["openapi", "--check"], &[], "").well();
    assert!(said.contains("matches the code"), "{said}");
    let printed = run(root, &["openapi"], &[], "").well();
    assert_eq!(
        printed,
        std::fs::read_to_string(root.join("openapi/dengwen.json")).unwrap()
    );
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::create_dir(elsewhere.path().join("openapi")).unwrap();
    std::fs::write(elsewhere.path().join("openapi/dengwen.json"), "{}").unwrap();
    run(elsewhere.path(), &["openapi", "--check"], &[], "").refused("just bless");
}

/// A configuration that cannot be meant is refused by the key's name, before anything is made.
#[test]
fn configuration_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let serve = |keys: &[(&str, &str)]| run(folder.path(), &["serve"], keys, "");
    serve(&[("DENGWEN_LISTN", "127.0.0.1:0")]).refused("DENGWEN_LISTN");
    serve(&[("DENGWEN_LISTEN", "everywhere")]).refused("DENGWEN_LISTEN");
    serve(&[("DENGWEN_DATABASE_URL", "mysql://root:geheim@db/x")]).refused("sqlite://PATH");
    let production = ("DENGWEN_MODE", "production");
    let no_sms = ("DENGWEN_SMS_GATEWAY", "none");
    serve(&[production, no_sms]).refused("DENGWEN_SECRET_KEY");
    serve(&[production]).refused("DENGWEN_SMS_GATEWAY");
    let (_, secret) = crypto::new_root_key();
    let key = ("DENGWEN_SECRET_KEY", secret.as_str());
    serve(&[production, no_sms, key, ("DENGWEN_RATE_LIMIT", "off")]).refused("DENGWEN_RATE_LIMIT");
    run(
        folder.path(),
        &["demo", "--once"],
        &[production, no_sms, key],
        "",
    )
    .refused("does not run in production");

    std::fs::write(
        folder.path().join("c.toml"),
        "listen = \"127.0.0.1:0\"\nlissten = 1\n",
    )
    .unwrap();
    run(folder.path(), &["serve", "--config", "c.toml"], &[], "").refused("DENGWEN_LISSTEN");
    run(folder.path(), &["serve", "--config", "none.toml"], &[], "").refused("none.toml");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "only our own file: {left:?}");
}

/// The README's first command, ended after its story.
#[test]
fn the_demonstration_plays_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let listen = ("DENGWEN_LISTEN", "127.0.0.1:0");
    let said = run(folder.path(), &["demo", "--once"], &[listen], "").well();
    let ledger = said.split("一本账\n").nth(1).unwrap();
    let row = |title: &str| {
        let line = ledger.lines().find(|l| l.ends_with(title)).unwrap();
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.remove(0);
        words.join(" ")
    };
    assert_eq!(
        row("老王烧烤店餐饮油烟"),
        "已入账 4 2 3 1 老王烧烤店餐饮油烟"
    );
    assert_eq!(
        row("安泰河酒吧街社会生活噪声"),
        "线索 4 4 3 0 安泰河酒吧街社会生活噪声"
    );
    assert!(row("五四北路地铁站工地建筑施工噪声").contains(" 3 2 2 1 "));
    assert!(ledger.lines().count() > 15);
}

/// A reader who has seen enough (`| head -1`) ends the program quietly; work that is not for
/// showing is done to its end.
#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let listen = ("DENGWEN_LISTEN", "127.0.0.1:0");
    let mut demo = start(folder.path(), &["demo", "--once"], &[listen]);
    let mut line = String::new();
    BufReader::new(demo.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(!line.is_empty());
    let ended = demo.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.success() && !error.contains("panicked"),
        "{error}"
    );

    let rows = "id,district,river,date,title,content\n1,鼓楼区,梅峰河,2020-09-03,关于梅峰河,河水发黑发臭请治理\n";
    std::fs::write(folder.path().join("rows.csv"), rows).unwrap();
    let arguments = ["import", "complaints", "rows.csv"];
    let mut import = start(folder.path(), &arguments, &[]);
    drop((import.stdout.take(), import.stderr.take()));
    assert!(import.wait().unwrap().success());
    let again = run(folder.path(), &arguments, &[], "").well();
    assert!(
        again.contains("0 stored") && again.contains("1 known"),
        "{again}"
    );
}

/// Files made to hurt cost a process no more memory than its photos may: the peak of one that was
/// sent all of them, several at once, stays far below what decoding them blindly would take.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn hostile_files_cost_bounded_memory() {
    const PEAK_KB: u64 = 700 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dengwen"))
        .arg("serve")
        .current_dir(folder.path())
        .env("DENGWEN_LISTEN", "127.0.0.1:0")
        .env("DENGWEN_RATE_LIMIT", "off")
        .env("DENGWEN_LOG", "error")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Kept open for as long as the program may say something.
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let base = line.trim().rsplit(' ').next().unwrap().to_owned();
    let set = hostile::set(&scene(3, 900, 700));
    let client = reqwest::Client::new();
    let url = format!("{base}/api/v1/complaints");
    let sends = (0..4).map(|_| {
        let mut parts = vec![("complaint", None, river(None).to_string().into_bytes())];
        parts.extend(
            set.iter()
                .map(|(_, bytes, _)| ("photo", Some("a.jpg"), bytes.clone())),
        );
        client.post(&url).multipart(form(&parts)).send()
    });
    let statuses: Vec<u16> = futures_util::future::join_all(sends)
        .await
        .into_iter()
        .map(|reply| reply.map_or(0, |r| r.status().as_u16()))
        .collect();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(said);
    assert!(statuses.iter().all(|s| *s == 201), "{statuses:?}");
    let peak = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < PEAK_KB, "{peak} kB at the peak");
}

/// A reader that has seen enough is no failure, and an address in use is told by its key.
#[test]
fn closed_pipes_and_taken_addresses_are_told_in_words() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dengwen"))
        .arg("openapi")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && error.is_empty(), "{error}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let keys = [("DENGWEN_LISTEN", address.as_str())];
    run(folder.path(), &["serve"], &keys, "").refused("DENGWEN_LISTEN: cannot listen on");
}

on_both!(
    accounts_are_kept_from_the_command_line,
    accounts_that_could_not_work_are_refused,
    migrate_brings_up_to_date,
);
