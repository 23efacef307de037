//! Everything a handler may ask: a plain struct, built once, the same in service and in tests.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use crate::config::{Mode, Settings, Sms};
use crate::district::Profile;
use crate::linkage::Model;
use crate::platform::{
    alarms::{Alarm, Alarms},
    blob::{Blobs, Place},
    clock::{Clock, SystemClock},
    crypto::Keys,
    db::{self, Connection, Database, Patience, integrity},
    gateway::{Gateway, LogGateway, NoGateway, webhook::Webhook},
    hashing::Hashing,
    helper::{self, Budget, Helpers},
    installation::{self, Installation},
    limit::Limits,
    marks,
    metrics::Metrics,
    owned::Owned,
    private,
    problem::Problem,
    readiness::Readiness,
    room::Room,
    turns::Turns,
};
use crate::record::{self, role::Role};

/// The command of this program that takes photos in.
pub const PHOTO_DECODER: &str = "photo-decoder";

/// What taking one photo in may cost its helper. Together with what the server itself does for an
/// upload of 25 MB it stays within 600 MB of memory and 1.5 seconds of CPU time.
pub const PHOTO_BUDGET: Budget = Budget {
    cpu: Duration::from_millis(1_250),
    wall: Duration::from_secs(15),
    memory: 480 * 1024 * 1024,
};

/// Times a clean end tries to empty the write-ahead log; each waits for readers itself.
const SETTLE_TRIES: usize = 3;

/// The parts every capability stands on.
pub struct App {
    /// Configuration.
    pub settings: Settings,
    /// The database.
    pub db: Database,
    /// Photos.
    pub blobs: Blobs,
    /// Whose database and blobs these are.
    pub installation: Installation,
    /// What an operator must hear of.
    pub alarms: Alarms,
    /// The district profile.
    pub profile: Arc<Profile>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Keys.
    pub keys: Keys,
    /// Messages to people.
    pub gateway: Arc<dyn Gateway>,
    /// Where passwords are hashed.
    pub hashing: Hashing,
    /// Rate limits.
    pub limits: Limits,
    /// Counters.
    pub metrics: Metrics,
    /// Whether writes succeed.
    pub readiness: Readiness,
    /// Memory all uploads together may hold.
    pub upload_room: Room,
    /// Whose photos are decoded next.
    pub photo_turns: Turns,
    /// The processes that decode them.
    pub photo_decoders: Helpers,
}

/// The ports that tests and the demonstration replace.
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Messages to people, where they go to the log otherwise.
    pub gateway: Arc<dyn Gateway>,
    /// The program whose [`PHOTO_DECODER`] command takes photos in.
    pub photo_decoder: PathBuf,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            gateway: Arc::new(LogGateway),
            photo_decoder: helper::this_program(),
        }
    }
}

/// Refuses posts for reporters who ask for secrecy that see no reporters at all, and none: somebody
/// has to reach them.
fn known_posts(posts: &[String]) -> anyhow::Result<()> {
    let who = "privacy.secrecy_posts of the district profile";
    anyhow::ensure!(!posts.is_empty(), "{who} names no post");
    for post in posts {
        let role: Role = post
            .parse()
            .with_context(|| format!("{who} names {post}"))?;
        anyhow::ensure!(
            role.may_see_reporter(),
            "{who} names {post}, which sees no reporters"
        );
    }
    Ok(())
}

impl App {
    /// Opens database, blobs and profile, and migrates.
    ///
    /// # Errors
    /// What could not be opened, in words for the operator.
    pub fn build(settings: Settings, ports: Ports) -> anyhow::Result<Self> {
        let mut profile = match &settings.district {
            Some(folder) => Profile::load_dir(folder)?,
            None => Profile::embedded()?,
        };
        known_posts(&profile.rules.privacy.secrecy_posts)?;
        if let Some(path) = &settings.model {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the model {}", path.display()))?;
            profile.model = Model::parse(&text)
                .with_context(|| format!("the model {} cannot be used", path.display()))?;
        }
        let place = Place::of(settings.blob_url.as_deref(), &settings.data_dir)?;
        marks::before_opening(&settings.database_url, &place, &settings.data_dir)?;
        let db = Database::open(
            &settings.database_url,
            settings.database_connections,
            Patience::Request,
        )
        .map_err(|e| damaged_or(e, &settings))?;
        let internal = |p: Problem| anyhow::anyhow!("{}", p.internal().unwrap_or_default());
        let mut conn = db.blocking().map_err(internal)?;
        refuse_damaged(&mut conn, &settings)?;
        db::migrate(&mut conn)?;
        record::keep_order(&mut conn)?;
        let production = settings.mode == Mode::Production;
        let secrets = &settings.secrets;
        let installation = installation::enter(&mut conn, secrets, production, ports.clock.now())?;
        let keys = Keys::derive(&secrets.present, &secrets.former);
        let (data, url) = (&settings.data_dir, &settings.database_url);
        private::folder(data).with_context(|| data.display().to_string())?;
        private::tighten(data);
        marks::agree(&mut conn, &installation, &place, data, url)?;
        let photo_key = installation::photo_key(&mut conn, &keys)?;
        drop(conn);
        let alarms = db.alarms().clone();
        let id = installation.id.to_string();
        let blobs = Blobs::open(&place, &id, photo_key, alarms.clone())?;
        let folders = [Owned::new(data, &id, Alarm::DataGone, &alarms)];
        let folders = folders.into_iter().chain(blobs.folder().cloned()).collect();
        Ok(Self {
            blobs,
            installation,
            alarms,
            db,
            profile: Arc::new(profile),
            clock: ports.clock,
            keys,
            gateway: gateway(&settings, ports.gateway)?,
            hashing: Hashing::start()?,
            limits: Limits::new(settings.rates, settings.rate_limit),
            metrics: Metrics::default(),
            readiness: Readiness::new(folders),
            upload_room: Room::of_megabytes(settings.upload_memory_mb),
            photo_decoders: Helpers::new(ports.photo_decoder, PHOTO_DECODER, PHOTO_BUDGET),
            photo_turns: Turns::new(settings.photo_workers),
            settings,
        })
    }

    /// For a clean end: leaves the database whole in its one file. Waits a moment for those who
    /// still read.
    pub fn settle(&self) {
        for _ in 0..SETTLE_TRIES {
            match self.db.settle() {
                Ok(()) => return,
                Err(problem) => tracing::debug!("{}", problem.internal().unwrap_or_default()),
            }
        }
        tracing::warn!("the write-ahead log stays beside the database; copy both");
    }

    /// The present instant, UTC.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// What takes messages to people.
fn gateway(settings: &Settings, log: Arc<dyn Gateway>) -> anyhow::Result<Arc<dyn Gateway>> {
    Ok(match (settings.sms, &settings.webhook) {
        (Sms::Log, _) => log,
        (Sms::Webhook, Some(receiver)) => Arc::new(Webhook::new(receiver.clone())?),
        (Sms::Webhook | Sms::None, _) => Arc::new(NoGateway),
    })
}

/// A damaged database is not served: what is written into it may be lost, and what is read wrong.
fn refuse_damaged(conn: &mut Connection, settings: &Settings) -> anyhow::Result<()> {
    let found = integrity::at_start(conn, settings.database_url.file().as_deref())
        .unwrap_or_else(|e| vec![e.to_string()]);
    if found.is_empty() {
        Ok(())
    } else {
        Err(damaged(&found.join("; "), settings))
    }
}

fn damaged(what: &str, settings: &Settings) -> anyhow::Error {
    anyhow::anyhow!(
        "the database {} is damaged: {what}. Restore a backup (`dengwen restore`), or mend a copy with `sqlite3 COPY .recover`",
        settings.database_url
    )
}

fn damaged_or(error: db::OpenError, settings: &Settings) -> anyhow::Error {
    let words = error.to_string();
    if integrity::tells_of_damage(&words) {
        damaged(&words, settings)
    } else {
        error.into()
    }
}
