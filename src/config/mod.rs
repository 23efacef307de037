//! Configuration: a TOML file and the environment, the same names, one table of keys.
//!
//! The environment wins over the file. A key nobody knows is refused by name, so that a typing
//! error does not silently leave a default in force. Secrets hide themselves when printed.

mod keys;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

pub use keys::{KEYS, Key};
use secrecy::{ExposeSecret as _, SecretString};

use crate::platform::{
    crypto::{self, RootKey, Secrets},
    db::DatabaseUrl,
    gateway::webhook::{self, Receiver},
    http::{
        Origins,
        forwarded::{Forwarding, Proxies},
    },
    limit::HourlyRates,
};

/// Production or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Conveniences on.
    Development,
    /// Nothing made up, nothing switched off.
    Production,
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Production or not.
    pub mode: Mode,
    /// The database.
    pub database_url: DatabaseUrl,
    /// Pooled connections at most.
    pub database_connections: u32,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Folder for blobs and the development secret.
    pub data_dir: PathBuf,
    /// Model file, when not the profile's.
    pub model: Option<PathBuf>,
    /// Blob store, when not `data_dir/blobs`.
    pub blob_url: Option<String>,
    /// The roots of all keys.
    pub secrets: Secrets,
    /// Folder of the district profile, when not the built-in one.
    pub district: Option<PathBuf>,
    /// Whether public rates are limited.
    pub rate_limit: bool,
    /// The rates.
    pub rates: HourlyRates,
    /// The proxies before us.
    pub proxies: Proxies,
    /// The sites whose scripts may call.
    pub origins: Origins,
    /// How long a request's head may take.
    pub head_time: Duration,
    /// Open connections of one address, if they are bounded.
    pub connections_per_address: Option<NonZeroUsize>,
    /// Megabytes all uploads together may hold in memory.
    pub upload_memory_mb: usize,
    /// Photos decoded at the same time.
    pub photo_workers: usize,
    /// How text messages are sent.
    pub sms: Sms,
    /// Where they are sent by webhook.
    pub webhook: Option<Receiver>,
    /// Names of the roles that must have a second factor.
    pub totp_roles: Vec<String>,
    /// Log filter.
    pub log: String,
}

/// How text messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sms {
    /// To the log, or whatever the tests and the demonstration plug in. Never in production.
    Log,
    /// To a server of the district's, signed.
    Webhook,
    /// Not at all: no sign-in by phone, and notices are left to staff.
    None,
}

/// A configuration that cannot be used; the text names the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {0}: {1}")]
    File(PathBuf, String),
    /// A key nobody knows.
    #[error("unknown configuration key {0}; known keys: see docs/configuration.md")]
    UnknownKey(String),
    /// A value that does not fit its key.
    #[error("{0}: {1}")]
    Value(&'static str, String),
}

/// Where values come from: the process environment in service, a map in tests.
pub type Environment = BTreeMap<String, String>;

/// The process environment's keys of ours.
#[must_use]
pub fn process_environment() -> Environment {
    std::env::vars()
        .filter(|(name, _)| name.starts_with("DENGWEN_"))
        .collect()
}

impl Settings {
    /// Reads the file (when given) and the environment.
    ///
    /// # Errors
    /// When a key is unknown, a value does not fit, or production lacks what it requires.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let mut values = match file {
            Some(path) => read_file(path)?,
            None => BTreeMap::new(),
        };
        values.extend(
            environment
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        // The test suite's own variables share the prefix and are none of the program's business.
        values.retain(|name, _| {
            !name.starts_with("DENGWEN_TEST_") && name != "DENGWEN_REQUIRE_POSTGRES"
        });
        if let Some(unknown) = values
            .keys()
            .find(|name| KEYS.iter().all(|k| k.name != **name))
        {
            return Err(ConfigError::UnknownKey(unknown.clone()));
        }
        Reader(values).settings()
    }
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let failed = |e: String| ConfigError::File(path.to_owned(), e);
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| failed(e.to_string()))?;
    table
        .into_iter()
        .map(|(name, value)| {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(n) => n.to_string(),
                toml::Value::Boolean(on) => if on { "on" } else { "off" }.to_owned(),
                _ => {
                    return Err(failed(format!(
                        "{name}: expected a text, a whole number or true/false"
                    )));
                }
            };
            Ok((format!("DENGWEN_{}", name.to_ascii_uppercase()), text))
        })
        .collect()
}

/// With less, a full submission would be put off for ever, or leave nothing to others.
const UPLOAD_MEMORY_MIN_MB: usize = 256;

/// A shorter secret is guessed by whoever keeps what was signed with it.
const WEBHOOK_SECRET_LETTERS: usize = 32;

struct Reader(BTreeMap<String, String>);

impl Reader {
    fn settings(&self) -> Result<Settings, ConfigError> {
        let mode = match self.text("DENGWEN_MODE") {
            "development" => Mode::Development,
            "production" => Mode::Production,
            _ => {
                return Err(ConfigError::Value(
                    "DENGWEN_MODE",
                    "expected `development` or `production`".to_owned(),
                ));
            }
        };
        let rate_limit = self.switch("DENGWEN_RATE_LIMIT")?;
        if mode == Mode::Production && !rate_limit {
            return Err(ConfigError::Value(
                "DENGWEN_RATE_LIMIT",
                "`off` is refused in production".to_owned(),
            ));
        }
        let sms = match self.text("DENGWEN_SMS_GATEWAY") {
            "log" if mode == Mode::Development => Sms::Log,
            "log" => {
                return Err(ConfigError::Value(
                    "DENGWEN_SMS_GATEWAY",
                    "`log` is refused in production: phone codes would stand in the log".to_owned(),
                ));
            }
            "webhook" => Sms::Webhook,
            "none" => Sms::None,
            _ => {
                return Err(ConfigError::Value(
                    "DENGWEN_SMS_GATEWAY",
                    "expected `log`, `webhook` or `none`".to_owned(),
                ));
            }
        };
        let data_dir = PathBuf::from(self.text("DENGWEN_DATA_DIR"));
        Ok(Settings {
            mode,
            database_url: self.parsed("DENGWEN_DATABASE_URL")?,
            database_connections: self
                .parsed::<NonZeroU32>("DENGWEN_DATABASE_CONNECTIONS")?
                .get(),
            listen: self.parsed("DENGWEN_LISTEN")?,
            secrets: self.secrets(mode, &data_dir)?,
            data_dir,
            blob_url: self.optional("DENGWEN_BLOB_URL"),
            district: self.optional("DENGWEN_DISTRICT").map(PathBuf::from),
            model: self.optional("DENGWEN_MODEL").map(PathBuf::from),
            rate_limit,
            rates: HourlyRates {
                submit: self.parsed::<NonZeroU32>("DENGWEN_SUBMITS_PER_HOUR")?,
                unknown_code: self.parsed::<NonZeroU32>("DENGWEN_UNKNOWN_CODES_PER_HOUR")?,
                sign_in: self.parsed::<NonZeroU32>("DENGWEN_SIGN_INS_PER_HOUR")?,
            },
            proxies: self.proxies()?,
            origins: self.parsed("DENGWEN_CORS_ORIGINS")?,
            head_time: Duration::from_secs(
                self.parsed::<NonZeroU32>("DENGWEN_HEADER_SECONDS")?
                    .get()
                    .into(),
            ),
            connections_per_address: self
                .parsed("DENGWEN_CONNECTIONS_PER_ADDRESS")
                .map(NonZeroUsize::new)?,
            upload_memory_mb: self.upload_memory_mb()?,
            photo_workers: self.parsed("DENGWEN_PHOTO_WORKERS")?,
            sms,
            webhook: self.webhook(sms)?,
            totp_roles: self.list("DENGWEN_TOTP_ROLES"),
            log: self.text("DENGWEN_LOG").to_owned(),
        })
    }

    fn text(&self, name: &'static str) -> &str {
        match self.0.get(name) {
            Some(value) => value,
            None => KEYS
                .iter()
                .find(|k| k.name == name)
                .map_or("", |k| k.default),
        }
    }

    fn optional(&self, name: &'static str) -> Option<String> {
        Some(self.text(name))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// Names separated by commas.
    fn list(&self, name: &'static str) -> Vec<String> {
        let names = self.text(name).split(',').map(str::trim);
        names.filter(|n| !n.is_empty()).map(str::to_owned).collect()
    }

    fn parsed<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &'static str,
    ) -> Result<T, ConfigError> {
        self.text(name)
            .parse()
            .map_err(|e: T::Err| ConfigError::Value(name, e.to_string()))
    }

    fn switch(&self, name: &'static str) -> Result<bool, ConfigError> {
        match self.text(name) {
            "on" | "true" => Ok(true),
            "off" | "false" => Ok(false),
            _ => Err(ConfigError::Value(
                name,
                "expected `on` or `off`".to_owned(),
            )),
        }
    }

    fn proxies(&self) -> Result<Proxies, ConfigError> {
        const NAME: &str = "DENGWEN_TRUST_PROXY";
        let header = match self.text(NAME) {
            "off" | "false" => Forwarding::Off,
            "on" | "true" | "x-forwarded-for" => Forwarding::XForwardedFor,
            "forwarded" => Forwarding::Forwarded,
            _ => {
                let message = "expected `off`, `on` or `forwarded`".to_owned();
                return Err(ConfigError::Value(NAME, message));
            }
        };
        let hops = self.parsed("DENGWEN_TRUSTED_HOPS")?;
        Ok(Proxies { header, hops })
    }

    fn upload_memory_mb(&self) -> Result<usize, ConfigError> {
        const NAME: &str = "DENGWEN_UPLOAD_MEMORY_MB";
        let megabytes = self.parsed(NAME)?;
        if megabytes < UPLOAD_MEMORY_MIN_MB {
            let message = format!(
                "expected {UPLOAD_MEMORY_MIN_MB} or more: one full submission, nine photos of 25 MB and their text, and room beside it for others"
            );
            return Err(ConfigError::Value(NAME, message));
        }
        Ok(megabytes)
    }

    /// The receiver of the webhook, which has to be said whole where messages go by it.
    fn webhook(&self, sms: Sms) -> Result<Option<Receiver>, ConfigError> {
        const URL: &str = "DENGWEN_NOTICE_WEBHOOK_URL";
        const SECRET: &str = "DENGWEN_NOTICE_WEBHOOK_SECRET";
        if sms != Sms::Webhook {
            return Ok(None);
        }
        let url = webhook::address(self.text(URL)).map_err(|e| ConfigError::Value(URL, e))?;
        let secret = SecretString::from(self.text(SECRET));
        let letters = secret.expose_secret().chars().count();
        if letters < WEBHOOK_SECRET_LETTERS {
            let message = format!(
                "expected {WEBHOOK_SECRET_LETTERS} letters or more, such as `openssl rand -base64 32` prints"
            );
            return Err(ConfigError::Value(SECRET, message));
        }
        Ok(Some(Receiver { url, secret }))
    }

    fn secrets(&self, mode: Mode, data_dir: &Path) -> Result<Secrets, ConfigError> {
        const NAME: &str = "DENGWEN_SECRET_KEY";
        let former = self.former_keys()?;
        let (present, unkept) = match self.optional(NAME) {
            Some(text) => {
                let key = crypto::parse_root_key(&text).map_err(|e| ConfigError::Value(NAME, e))?;
                (key, None)
            }
            None if mode == Mode::Production => {
                return Err(ConfigError::Value(NAME, "is required in production: base64 of 32 random bytes, such as `openssl rand -base64 32` prints".to_owned()));
            }
            None => development_secret(&data_dir.join("secret.key"))
                .map_err(|e| ConfigError::Value(NAME, e))?,
        };
        Ok(Secrets {
            present,
            former,
            unkept,
        })
    }

    fn former_keys(&self) -> Result<Vec<RootKey>, ConfigError> {
        const NAME: &str = "DENGWEN_SECRET_KEY_OLD";
        let texts = self.text(NAME).split(',').map(str::trim);
        texts
            .filter(|text| !text.is_empty())
            // What a former release took for a key must stay readable, so that it can be changed.
            .map(|text| crypto::decode_root_key(text).map_err(|e| ConfigError::Value(NAME, e)))
            .collect()
    }
}

/// The development secret. Where there is none one is made, to be kept once the database has shown
/// to be a new one.
fn development_secret(path: &Path) -> Result<(RootKey, Option<PathBuf>), String> {
    match std::fs::read_to_string(path) {
        Ok(text) => crypto::parse_root_key(&text)
            .map(|key| (key, None))
            .map_err(|e| format!("{}: {e}", path.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Ok((crypto::new_root_key().0, Some(path.to_owned())))
        }
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let mut environment: Environment = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        environment
            .entry("DENGWEN_SECRET_KEY".to_owned())
            .or_insert_with(|| crypto::new_root_key().1);
        Settings::load(None, &environment)
    }

    #[test]
    fn defaults_are_those_of_the_table() {
        let settings = load(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert!(settings.rate_limit);
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let error = load(&[("DENGWEN_LISTN", "x")]).unwrap_err().to_string();
        assert!(error.contains("DENGWEN_LISTN"), "{error}");
    }

    #[test]
    fn values_that_could_not_work_are_refused_by_name() {
        for (name, value) in [
            ("DENGWEN_DATABASE_CONNECTIONS", "0"),
            ("DENGWEN_UPLOAD_MEMORY_MB", "1"),
            ("DENGWEN_TRUST_PROXY", "yes"),
            ("DENGWEN_TRUSTED_HOPS", "0"),
            ("DENGWEN_CORS_ORIGINS", "*"),
        ] {
            let error = load(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn production_refuses_conveniences() {
        for pair in [
            ("DENGWEN_RATE_LIMIT", "off"),
            ("DENGWEN_SMS_GATEWAY", "log"),
        ] {
            let error = load(&[
                ("DENGWEN_MODE", "production"),
                ("DENGWEN_SMS_GATEWAY", "none"),
                pair,
            ]);
            assert!(error.unwrap_err().to_string().contains(pair.0));
        }
        let mut no_secret = Environment::new();
        no_secret.insert("DENGWEN_MODE".to_owned(), "production".to_owned());
        no_secret.insert("DENGWEN_SMS_GATEWAY".to_owned(), "none".to_owned());
        let error = Settings::load(None, &no_secret).unwrap_err().to_string();
        assert!(error.contains("DENGWEN_SECRET_KEY"));
    }

    #[test]
    fn the_gateway_is_the_one_chosen() {
        assert_eq!(load(&[]).unwrap().sms, Sms::Log);
        let production = [
            ("DENGWEN_MODE", "production"),
            ("DENGWEN_SMS_GATEWAY", "none"),
        ];
        assert_eq!(load(&production).unwrap().sms, Sms::None);
    }

    #[test]
    fn a_webhook_is_said_whole_and_hides_its_secret() {
        const SECRET: &str = "a secret that both sides keep well";
        let url = ("DENGWEN_NOTICE_WEBHOOK_URL", "https://sms.example.cn/in");
        let secret = ("DENGWEN_NOTICE_WEBHOOK_SECRET", SECRET);
        let webhook = ("DENGWEN_SMS_GATEWAY", "webhook");
        let production = ("DENGWEN_MODE", "production");
        let settings = load(&[production, webhook, url, secret]).unwrap();
        assert_eq!(settings.sms, Sms::Webhook);
        assert!(!format!("{settings:?}").contains(SECRET));
        let plain = ("DENGWEN_NOTICE_WEBHOOK_URL", "http://sms.example.cn/in");
        let short = ("DENGWEN_NOTICE_WEBHOOK_SECRET", "too short");
        for (pairs, name) in [
            (&[webhook, secret][..], url.0),
            (&[webhook, plain, secret], url.0),
            (&[webhook, url], secret.0),
            (&[webhook, url, short], secret.0),
        ] {
            let error = load(pairs).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let (_, text) = crypto::new_root_key();
        let settings = load(&[("DENGWEN_SECRET_KEY", &text)]).unwrap();
        assert!(!format!("{settings:?}").contains(&text));
    }
}
