//! Everything a handler may ask: a plain struct, built once, the same in service and in tests.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use crate::config::{Mode, Settings, Sms};
use crate::district::Profile;
use crate::linkage::Model;
use crate::platform::{
    blob::Blobs,
    clock::{Clock, SystemClock},
    crypto::Keys,
    db::{self, Database, Patience},
    hashing::Hashing,
    helper::{self, Budget, Helpers},
    installation,
    limit::Limits,
    metrics::Metrics,
    problem::Problem,
    readiness::Readiness,
    room::Room,
    sms::{LogGateway, NoGateway, SmsGateway},
    turns::Turns,
};
use crate::record;

/// The command of this program that takes photos in.
pub const PHOTO_DECODER: &str = "photo-decoder";

/// What taking one photo in may cost its helper. Together with what the server itself does for an
/// upload of 25 MB it stays within 600 MB of memory and 1.5 seconds of CPU time.
pub const PHOTO_BUDGET: Budget = Budget {
    cpu: Duration::from_millis(1_250),
    wall: Duration::from_secs(15),
    memory: 480 * 1024 * 1024,
};

/// The parts every capability stands on.
pub struct App {
    /// Configuration.
    pub settings: Settings,
    /// The database.
    pub db: Database,
    /// Photos.
    pub blobs: Blobs,
    /// The district profile.
    pub profile: Arc<Profile>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Keys.
    pub keys: Keys,
    /// Text messages.
    pub sms: Arc<dyn SmsGateway>,
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
    /// Text messages.
    pub sms: Arc<dyn SmsGateway>,
    /// The program whose [`PHOTO_DECODER`] command takes photos in.
    pub photo_decoder: PathBuf,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            sms: Arc::new(LogGateway),
            photo_decoder: helper::this_program(),
        }
    }
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
        if let Some(path) = &settings.model {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the model {}", path.display()))?;
            profile.model = Model::parse(&text)
                .with_context(|| format!("the model {} cannot be used", path.display()))?;
        }
        let db = Database::open(
            &settings.database_url,
            settings.database_connections,
            Patience::Request,
        )?;
        let internal = |p: Problem| anyhow::anyhow!("{}", p.internal().unwrap_or_default());
        let mut conn = db.blocking().map_err(internal)?;
        db::migrate(&mut conn)?;
        record::keep_order(&mut conn)?;
        let production = settings.mode == Mode::Production;
        let secrets = &settings.secrets;
        installation::enter(&mut conn, secrets, production, ports.clock.now())?;
        drop(conn);
        let keys = Keys::derive(&secrets.present, &secrets.former).map_err(internal)?;
        Ok(Self {
            blobs: Blobs::open(settings.blob_url.as_deref(), &settings.data_dir)?,
            db,
            profile: Arc::new(profile),
            clock: ports.clock,
            keys,
            sms: match settings.sms {
                Sms::Log => ports.sms,
                Sms::None => Arc::new(NoGateway),
            },
            hashing: Hashing::start()?,
            limits: Limits::new(settings.rates, settings.rate_limit),
            metrics: Metrics::default(),
            readiness: Readiness::default(),
            upload_room: Room::of_megabytes(settings.upload_memory_mb),
            photo_decoders: Helpers::new(ports.photo_decoder, PHOTO_DECODER, PHOTO_BUDGET),
            photo_turns: Turns::new(settings.photo_workers),
            settings,
        })
    }

    /// The present instant, UTC.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
