//! The world a story plays in: a server on a free port, a database of its own, a clock that
//! stands still until told, and actors who speak HTTP.

pub mod actors;
pub mod bodies;
pub mod bucket;
pub mod cluster;
pub mod command;
pub mod contract;
pub mod district;
pub mod draw;
pub mod facts;
pub mod fill;
pub mod folders;
#[path = "../../../crates/photo/src/hostile.rs"]
pub mod hostile;
pub mod load;
#[path = "../../../crates/photo/src/pictures.rs"]
pub mod pictures;
pub mod postgres;
pub mod process;
pub mod program;
pub mod queued;
pub mod receiver;
pub mod samples;
pub mod statements;
pub mod worst;

use std::{
    fs::Permissions,
    future::Future,
    num::NonZeroU32,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, OnceLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use dengwen::{
    app::{App, Ports},
    config::{Environment, Settings, Sms},
    jobs,
    platform::{
        clock::ManualClock,
        crypto,
        db::{self, Connection, Database, DatabaseUrl, Patience},
        gateway::MemoryGateway,
        http::forwarded::Forwarding,
        limit::HourlyRates,
    },
    server::{self, Server},
};
use diesel::connection::SimpleConnection as _;
use tempfile::TempDir;

pub use actors::{Actor, Reply};

/// A story's date: a Tuesday, far from holidays.
pub const TODAY: &str = "2026-11-24T10:00:00+08:00";

/// That day's evening, when fumes are looked for.
pub const EVENING: &str = "2026-11-24T20:20:00+08:00";

/// Which database a story plays on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// A running server and all that belongs to it.
pub struct World {
    pub server: Server,
    pub clock: ManualClock,
    pub sms: Arc<MemoryGateway>,
    pub on: On,
    pub dir: TempDir,
    pub database_url: String,
    client: reqwest::Client,
    environment: Environment,
    wishes: Wishes,
    _database: Option<postgres::TestDatabase>,
}

/// What a story may want otherwise.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Rates low enough to be met.
    pub tight_limits: bool,
    /// Another room for uploads than the default.
    pub upload_memory_mb: Option<usize>,
    /// Keep every statement the server sends to its database.
    pub watch_statements: bool,
    /// Whether the client's address is read from `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// A PostgreSQL of the story's own instead of a database on the common one.
    pub database_url: Option<String>,
    /// Whether no text messages can be sent.
    pub no_text_messages: bool,
    /// Another program to take photos in than the real one.
    pub photo_decoder: Option<&'static str>,
}

/// Plays a story. Without PostgreSQL its half is left out, which `support::postgres` says once,
/// visibly.
pub fn play<F: Future<Output = ()>>(on: On, wishes: Wishes, story: impl FnOnce(World) -> F) {
    let database = match on {
        _ if wishes.database_url.is_some() => None,
        On::Sqlite => None,
        On::Postgres => match postgres::server() {
            Some(server) => Some(server.create_database(migrate_url)),
            None => return,
        },
    };
    actix_web::rt::System::new().block_on(async {
        let world = World::start(on, &wishes, database);
        story(world).await;
    });
}

pub fn migrate_url(url: &str) {
    let url: DatabaseUrl = url.parse().unwrap();
    let database = Database::open(&url, 1, Patience::Work).unwrap();
    db::migrate(&mut database.blocking().unwrap()).unwrap();
}

/// Puts an SQLite database there that is migrated already: once for all stories, then copied.
fn copy_migrated(file: &Path) {
    static MIGRATED: OnceLock<Vec<u8>> = OnceLock::new();
    let migrated = MIGRATED.get_or_init(|| {
        let folder = folders::folder();
        let url = format!("sqlite://{}", folder.path().join("grown.db").display());
        let url: DatabaseUrl = url.parse().unwrap();
        let database = Database::open(&url, 1, Patience::Work).unwrap();
        let mut conn = database.blocking().unwrap();
        db::migrate(&mut conn).unwrap();
        // One file, whatever its log still holds.
        let whole = folder.path().join("whole.db");
        let vacuum = format!("VACUUM INTO '{}'", whole.display());
        conn.batch_execute(&vacuum).unwrap();
        std::fs::read(&whole).unwrap()
    });
    std::fs::write(file, migrated).unwrap();
    std::fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}

impl World {
    fn start(on: On, wishes: &Wishes, database: Option<postgres::TestDatabase>) -> Self {
        let dir = folders::folder();
        let url = match (&wishes.database_url, &database) {
            (Some(url), _) => url.clone(),
            (None, Some(database)) => database.url.clone(),
            (None, None) => {
                let file = dir.path().join("test.db");
                copy_migrated(&file);
                format!("sqlite://{}", file.display())
            }
        };
        if wishes.watch_statements {
            statements::watch(&url);
        }
        let pairs = [
            ("DENGWEN_DATABASE_URL", url.clone()),
            ("DENGWEN_LISTEN", "127.0.0.1:0".to_owned()),
            ("DENGWEN_DATA_DIR", dir.path().display().to_string()),
            ("DENGWEN_SECRET_KEY", crypto::new_root_key().1),
            ("DENGWEN_DATABASE_CONNECTIONS", "16".to_owned()),
        ];
        let environment: Environment = pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let start: DateTime<Utc> = DateTime::parse_from_rfc3339(TODAY).unwrap().to_utc();
        let clock = ManualClock::at(start);
        let sms = Arc::new(MemoryGateway::default());
        Self {
            server: serve(&environment, wishes, &clock, &sms),
            clock,
            sms,
            on,
            dir,
            database_url: url,
            client: reqwest::Client::new(),
            environment,
            wishes: wishes.clone(),
            _database: database,
        }
    }

    /// Sets the clock. Whoever signed in long before signs in again.
    pub fn at(&self, time: &str) {
        let time = DateTime::parse_from_rfc3339(time).unwrap();
        self.clock.set(time.to_utc());
    }

    /// Lets the minutes pass in which a decision can be undone, and tells what is told then.
    pub async fn tell(&self) {
        self.clock.advance(TimeDelta::minutes(5));
        jobs::run_due(&self.server.app).await.unwrap();
    }

    /// Stops the server and starts another on the same data, configured as before but for one key.
    pub async fn restart_with(&mut self, key: &str, value: &str) {
        self.restart_on(&[(key, value)]).await;
    }

    /// The same for several keys.
    pub async fn restart_on(&mut self, pairs: &[(&str, &str)]) {
        self.server.stop().await;
        for (key, value) in pairs {
            self.environment
                .insert((*key).to_owned(), (*value).to_owned());
        }
        self.server = serve(&self.environment, &self.wishes, &self.clock, &self.sms);
    }

    /// Why a server does not start on this data, configured as before but for these keys.
    pub fn refusal_with(&self, pairs: &[(&str, &str)]) -> String {
        let mut environment = self.environment.clone();
        for (key, value) in pairs {
            environment.insert((*key).to_owned(), (*value).to_owned());
        }
        let ports = Ports {
            clock: Arc::new(self.clock.clone()),
            gateway: self.sms.clone(),
            ..Ports::default()
        };
        let built = Settings::load(None, &environment)
            .map_err(anyhow::Error::from)
            .and_then(|settings| App::build(settings, ports));
        built.err().expect("it starts").to_string()
    }

    /// The same, when it may be that it starts.
    pub fn refusal_or_start(&self, pairs: &[(&str, &str)]) -> Option<String> {
        let mut environment = self.environment.clone();
        for (key, value) in pairs {
            environment.insert((*key).to_owned(), (*value).to_owned());
        }
        let ports = Ports {
            clock: Arc::new(self.clock.clone()),
            gateway: self.sms.clone(),
            ..Ports::default()
        };
        let settings = Settings::load(None, &environment).unwrap();
        App::build(settings, ports).err().map(|e| e.to_string())
    }

    /// What a key of the configuration is set to.
    pub fn configured(&self, key: &str) -> &str {
        &self.environment[key]
    }

    /// The environment in which the program, as an operator runs it, meets this data.
    pub fn operators_environment(&self) -> Vec<(&str, &str)> {
        let pairs = self.environment.iter();
        pairs.map(|(k, v)| (k.as_str(), v.as_str())).collect()
    }

    /// Looks into the database, for what no answer shows.
    pub fn db_read<T>(&self, look: impl FnOnce(&mut Connection) -> T) -> T {
        look(&mut self.server.app.db.blocking().unwrap())
    }
}

fn serve(
    environment: &Environment,
    wishes: &Wishes,
    clock: &ManualClock,
    sms: &Arc<MemoryGateway>,
) -> Server {
    let mut settings = Settings::load(None, environment).unwrap();
    let rate = NonZeroU32::new(if wishes.tight_limits { 5 } else { 100_000 }).unwrap();
    settings.rates = HourlyRates {
        submit: rate,
        unknown_code: rate,
        sign_in: rate,
    };
    if let Some(megabytes) = wishes.upload_memory_mb {
        settings.upload_memory_mb = megabytes;
    }
    if wishes.behind_proxy {
        settings.proxies.header = Forwarding::XForwardedFor;
    }
    if wishes.no_text_messages {
        settings.sms = Sms::None;
    }
    let ports = Ports {
        clock: Arc::new(clock.clone()),
        gateway: sms.clone(),
        photo_decoder: wishes
            .photo_decoder
            .unwrap_or(env!("CARGO_BIN_EXE_dengwen"))
            .into(),
    };
    let app = App::build(settings, ports).unwrap();
    let (server, running) = server::start(app, 2).unwrap();
    actix_web::rt::spawn(running);
    server
}

/// Makes tests of stories, `async fn name(world: World)`: `name::sqlite` and `name::postgres`.
/// `on_both!(name, …)`, or with wishes `on_both!(wishes = Wishes { … }, name, …)`.
#[macro_export]
macro_rules! on_both {
    (wishes = $wishes:expr, $($name:ident),+ $(,)?) => {$(
        mod $name {
            #[allow(unused_imports, reason = "wishes use what their file imports")]
            use super::*;

            #[test]
            fn sqlite() {
                $crate::support::play($crate::support::On::Sqlite, $wishes, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::support::play($crate::support::On::Postgres, $wishes, super::$name);
            }
        }
    )+};
    ($($name:ident),+ $(,)?) => {
        $crate::on_both!(wishes = $crate::support::Wishes::default(), $($name),+);
    };
}
