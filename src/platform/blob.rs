//! Blobs: sealed photo originals and their public derivatives, in a folder or any S3.
//!
//! Originals are content-addressed, so storing one twice is a no-op. They lie sealed; the public
//! copies carry a checksum. A local store syncs files and folders before a write counts as done,
//! and writes nothing where its folder is gone: a volume that is not mounted must not become a new
//! and empty store.

mod connector;
mod local;
mod underway;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{TryStreamExt as _, future::try_join_all};
use object_store::{
    ClientConfigKey, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    path::Path as Key,
};

use super::alarms::{Alarm, Alarms};
use super::circuit::Circuit;
use super::crypto::blobs::{BlobKey, Kept, with_checksum};
use super::owned::{MARK, Owned};
use super::private;
use super::problem::{Code, Problem};
use connector::Connector;
use underway::Register;

pub use underway::Underway;

/// How long somebody waits for the store in all.
const LIMIT: Duration = Duration::from_secs(10);

/// Within it an S3 is connected to and answers, and is asked again when it says that it is busy.
const S3_LIMITS: [(ClientConfigKey, &str); 2] = [
    (ClientConfigKey::ConnectTimeout, "3 seconds"),
    (ClientConfigKey::Timeout, "8 seconds"),
];
const S3_RETRIES: usize = 2;
const S3_RETRY_WITHIN: Duration = Duration::from_secs(6);

/// Bytes of a blob at most, before it is sealed; no profile lets a file be larger.
pub const MOST_BYTES: usize = 128 << 20;

/// What sealing adds to a blob, and more.
const AROUND_BYTES: usize = 1 << 20;

/// Folder of sealed originals.
const ORIGINALS: &str = "original/";

/// Folder of public copies.
const COPIES: &str = "public/";

/// Seconds after which to ask again while it is not known whose the bucket is.
const UNKNOWN_RETRY_S: u64 = 5;

/// Where blobs lie, by the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    Bucket(String),
}

impl Place {
    /// `file://FOLDER` or `s3://BUCKET`; without a URL `data_dir/blobs`.
    ///
    /// # Errors
    /// When the URL is not understood.
    pub fn of(url: Option<&str>, data_dir: &Path) -> Result<Self, BlobError> {
        match url.map(|url| url.split_once("://")) {
            None => Ok(Self::Folder(data_dir.join("blobs"))),
            Some(Some(("file", folder))) => Ok(Self::Folder(PathBuf::from(folder))),
            Some(Some(("s3", bucket))) => Ok(Self::Bucket(bucket.trim_end_matches('/').to_owned())),
            Some(_) => Err(BlobError(
                "DENGWEN_BLOB_URL is `file://FOLDER` or `s3://BUCKET`".to_owned(),
            )),
        }
    }
}

/// A blob store, cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn ObjectStore>,
    circuit: Circuit,
    owner: Owner,
    key: BlobKey,
    alarms: Alarms,
    underway: Register,
}

/// How it is known whose the store is.
#[derive(Debug)]
enum Owner {
    /// A folder says so whenever it is used.
    Folder(Owned),
    /// A bucket was asked: whether it said that it is ours.
    Bucket(AtomicBool),
}

impl Inner {
    fn folder(&self) -> Option<PathBuf> {
        match &self.owner {
            Owner::Folder(owned) => Some(owned.folder().to_owned()),
            Owner::Bucket(_) => None,
        }
    }
}

/// A blob store that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the blob store: {0}")]
pub struct BlobError(String);

/// A blob as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// When it was stored last.
    pub modified: DateTime<Utc>,
}

impl Blobs {
    /// Opens the store of the installation with that id, with the usual `AWS_*` variables for a
    /// bucket. A folder is made where there is none; whoever must not make one asks first.
    ///
    /// # Errors
    /// When the folder cannot be made or the bucket's variables are not understood.
    pub fn open(place: &Place, id: &str, key: BlobKey, alarms: Alarms) -> Result<Self, BlobError> {
        let (store, owner): (Arc<dyn ObjectStore>, _) = match place {
            Place::Folder(folder) => {
                private::folder(folder).map_err(|e| BlobError(e.to_string()))?;
                private::tighten(folder);
                let store = LocalFileSystem::new_with_prefix(folder);
                let store = store.map_err(|e| BlobError(e.to_string()))?;
                let owned = Owned::new(folder, id, Alarm::BlobsGone, &alarms);
                (Arc::new(store), Owner::Folder(owned))
            }
            Place::Bucket(bucket) => (Arc::new(s3(bucket)?), Owner::Bucket(false.into())),
        };
        Ok(Self(Arc::new(Inner {
            store,
            circuit: Circuit::new("the blob store"),
            owner,
            key,
            alarms,
            underway: Register::default(),
        })))
    }

    /// Refuses while the store is gone, or not known to be ours.
    fn is_there(&self) -> Result<(), Problem> {
        match &self.0.owner {
            Owner::Folder(owned) => owned.look(),
            Owner::Bucket(_) if self.is_ours() => Ok(()),
            Owner::Bucket(_) => Err(Problem::unavailable(
                "the bucket is not known to be ours",
                UNKNOWN_RETRY_S,
            )),
        }
    }

    /// The folder, when the store is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Owned> {
        match &self.0.owner {
            Owner::Folder(owned) => Some(owned),
            Owner::Bucket(_) => None,
        }
    }

    /// Whether the store is known to be this installation's, as a folder is when it is opened.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        match &self.0.owner {
            Owner::Folder(_) => true,
            Owner::Bucket(ours) => ours.load(Ordering::Relaxed),
        }
    }

    /// Keeps what a bucket said of whose it is; with an alarm, and out of service, when it is
    /// another's.
    pub fn bucket_said(&self, whose: Result<(), &str>) {
        if let Owner::Bucket(ours) = &self.0.owner {
            ours.store(whose.is_ok(), Ordering::Relaxed);
            match whose {
                Ok(()) => self.0.alarms.clear(Alarm::BlobsGone),
                Err(words) => self.0.alarms.raise(Alarm::BlobsGone, words),
            }
        }
    }

    /// Stores bytes under a key made by us (never by a client): originals sealed, copies with
    /// their checksum.
    ///
    /// # Errors
    /// 503 when the store does not take them.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Problem> {
        let (inner, place) = (self.0.clone(), key.to_owned());
        let stored = blocking(move || {
            if place.starts_with(ORIGINALS) {
                inner.key.seal(&bytes, &place)
            } else {
                Ok(with_checksum(&bytes))
            }
        })
        .await?;
        self.put_as_is(key, Bytes::from(stored)).await
    }

    /// Stores blobs at once.
    ///
    /// # Errors
    /// 503 when the store does not take all of them in time.
    pub async fn put_all(&self, blobs: Vec<(&str, Bytes)>) -> Result<(), Problem> {
        let puts = blobs
            .into_iter()
            .map(|(key, bytes)| async move { self.put(key, bytes).await });
        try_join_all(puts).await.map(|_| ())
    }

    /// Waits for the store as long as somebody may, and not at all while it is known to be away.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let pass = self.0.circuit.enter()?;
        let done = tokio::time::timeout(LIMIT, work)
            .await
            .unwrap_or_else(|_| Err(Problem::unavailable("the blob store did not answer", 5)));
        match &done {
            Err(problem) if problem.code() == Code::Unavailable => pass.failed(),
            _ => pass.answered(),
        }
        done
    }

    async fn put_as_is(&self, key: &str, stored: Bytes) -> Result<(), Problem> {
        self.is_there()?;
        let failed = |e: String| Problem::unavailable(format!("blob put {key}: {e}"), 5);
        match self.0.folder() {
            Some(folder) => {
                let place = key.to_owned();
                blocking(move || Ok(local::put(&folder, &place, &stored)))
                    .await?
                    .map_err(|e| failed(e.to_string()))
            }
            None => {
                let place = Key::from(key);
                let put = self.0.store.put(&place, PutPayload::from(stored));
                self.in_time(async { put.await.map_err(|e| failed(e.to_string())) })
                    .await
                    .map(|_| ())
            }
        }
    }

    /// Whether the store holds a key.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn has(&self, key: &str) -> Result<bool, Problem> {
        Ok(self.stored_at(key).await?.is_some())
    }

    /// When a blob was stored last, `None` when there is none.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn stored_at(&self, key: &str) -> Result<Option<DateTime<Utc>>, Problem> {
        self.is_there()?;
        let head = async {
            match self.0.store.head(&Key::from(key)).await {
                Ok(meta) => Ok(Some(meta.last_modified)),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(e) => Err(Problem::unavailable(format!("blob head {key}: {e}"), 5)),
            }
        };
        self.in_time(head).await
    }

    /// Reads a blob that must be there.
    ///
    /// # Errors
    /// 503 when the store does not answer; 503 and an alarm when it is gone or not what was stored.
    pub async fn get(&self, key: &str) -> Result<Bytes, Problem> {
        match self.read(key).await {
            Ok((bytes, _)) => Ok(bytes),
            Err(p) if p.code() == Code::NotFound => {
                let words = format!("blob {key} is missing");
                self.0.alarms.raise(Alarm::BlobsDamaged, &words);
                Err(Problem::photo_lost(words))
            }
            Err(problem) => Err(problem),
        }
    }

    /// Reads a blob that may be there, and how it lies in the store.
    ///
    /// # Errors
    /// 404 when there is none; else as [`Blobs::get`].
    pub async fn read(&self, key: &str) -> Result<(Bytes, Kept), Problem> {
        let stored = self.as_stored(key).await?;
        let (inner, place) = (self.0.clone(), key.to_owned());
        let read = blocking(move || Ok(inner.key.read(stored.into(), &place))).await?;
        match read {
            Ok((plain, kept)) => Ok((Bytes::from(plain), kept)),
            Err(_) => {
                let words = format!("blob {key} is not what was stored");
                self.0.alarms.raise(Alarm::BlobsDamaged, &words);
                Err(Problem::photo_lost(words))
            }
        }
    }

    /// The bytes as they lie in the store.
    ///
    /// # Errors
    /// 404 when there is none, 503 when the store does not answer.
    async fn as_stored(&self, key: &str) -> Result<Bytes, Problem> {
        self.is_there()?;
        let get = async {
            let found = async { self.0.store.get(&Key::from(key)).await?.bytes().await };
            found.await.map_err(|e| match e {
                object_store::Error::NotFound { .. } => Problem::not_found(),
                e => Problem::unavailable(format!("blob get {key}: {e}"), 5),
            })
        };
        self.in_time(get).await
    }

    /// Everything in the store that is a photo's.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn list(&self) -> Result<Vec<Listed>, Problem> {
        self.is_there()?;
        let failed = |e: object_store::Error| Problem::unavailable(format!("list blobs: {e}"), 5);
        let found = self.0.store.list(None).map_ok(|meta| Listed {
            key: meta.location.to_string(),
            modified: meta.last_modified,
        });
        let all: Vec<Listed> = found.try_collect().await.map_err(failed)?;
        let ours = |l: &Listed| l.key.starts_with(ORIGINALS) || l.key.starts_with(COPIES);
        Ok(all.into_iter().filter(ours).collect())
    }

    /// Removes a blob. One that is gone already is no error.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn remove(&self, key: &str) -> Result<(), Problem> {
        match self.0.store.delete(&Key::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(Problem::unavailable(format!("blob delete {key}: {e}"), 5)),
        }
    }

    /// Removes what was left half written before `until`; answers how many files. A bucket shows
    /// no halves.
    ///
    /// # Errors
    /// 503 when the folder cannot be read.
    pub async fn remove_unfinished(&self, until: DateTime<Utc>) -> Result<usize, Problem> {
        let Some(folder) = self.0.folder() else {
            return Ok(0);
        };
        blocking(move || {
            local::remove_unfinished(&folder, until)
                .map_err(|e| Problem::unavailable(format!("list unfinished blobs: {e}"), 5))
        })
        .await
    }

    /// Whose bucket this is; `None` when nobody's.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn mark(&self) -> Result<Option<String>, Problem> {
        match self.0.store.get(&Key::from(MARK)).await {
            Ok(found) => {
                let bytes = found.bytes().await;
                let bytes =
                    bytes.map_err(|e| Problem::unavailable(format!("read mark: {e}"), 5))?;
                Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(Problem::unavailable(format!("read mark: {e}"), 5)),
        }
    }

    /// Says whose bucket this is.
    ///
    /// # Errors
    /// 503 when the store does not take it.
    pub async fn set_mark(&self, id: &str) -> Result<(), Problem> {
        let payload = PutPayload::from(id.to_owned().into_bytes());
        let put = self.0.store.put(&Key::from(MARK), payload).await;
        put.map(|_| ())
            .map_err(|e| Problem::unavailable(format!("write mark: {e}"), 5))
    }
}

fn s3(bucket: &str) -> Result<object_store::aws::AmazonS3, BlobError> {
    let retry = RetryConfig {
        max_retries: S3_RETRIES,
        retry_timeout: S3_RETRY_WITHIN,
        ..RetryConfig::default()
    };
    S3_LIMITS
        .into_iter()
        .fold(AmazonS3Builder::from_env(), |s3, (key, value)| {
            s3.with_config(AmazonS3ConfigKey::Client(key), value)
        })
        .with_http_connector(Connector {
            most_bytes: MOST_BYTES + AROUND_BYTES,
        })
        .with_retry(retry)
        .with_bucket_name(bucket)
        .build()
        .map_err(|e| BlobError(e.to_string()))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Problem::fault(format!("blob task: {e}")))?
}

/// Keys of a photo's three blobs by its SHA-256 in hex.
#[derive(Debug, Clone)]
pub struct PhotoKeys {
    /// The sealed original, exactly as received.
    pub original: String,
    /// The public derivative, long edge 1600 px.
    pub large: String,
    /// The public derivative, long edge 400 px.
    pub small: String,
}

impl PhotoKeys {
    /// The keys of a photo; spread over 256 folders by the first byte.
    #[must_use]
    pub fn of(sha256: &str) -> Self {
        let folder = sha256.get(..2).unwrap_or("00");
        Self {
            original: format!("{ORIGINALS}{folder}/{sha256}"),
            large: format!("{COPIES}{folder}/{sha256}-1600.jpg"),
            small: format!("{COPIES}{folder}/{sha256}-400.jpg"),
        }
    }
}

/// Whether a folder holds blobs.
///
/// # Errors
/// What the file system answers.
pub fn folder_holds_blobs(folder: &Path) -> std::io::Result<bool> {
    for below in [ORIGINALS, COPIES] {
        match std::fs::read_dir(folder.join(below)) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Ok(true);
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(false)
}

/// The SHA-256, in hex, of the photo a key belongs to.
#[must_use]
pub fn photo_of(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next()?;
    name.get(..64)
}
