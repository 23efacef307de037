//! Blobs: sealed photo originals and their public derivatives, in a folder or any S3.
//!
//! Originals are content-addressed, so storing one twice is a no-op. A local store syncs files
//! and folders before a write counts as done.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::try_join_all;
use object_store::{
    ClientConfigKey, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    path::Path as Key,
};

use super::{
    circuit::Circuit,
    problem::{Code, Problem},
};

/// How long somebody waits for the store in all.
const LIMIT: Duration = Duration::from_secs(10);

/// Within it an S3 is connected to and answers, and is asked again when it says that it is busy.
const S3_LIMITS: [(ClientConfigKey, &str); 2] = [
    (ClientConfigKey::ConnectTimeout, "3 seconds"),
    (ClientConfigKey::Timeout, "8 seconds"),
];
const S3_RETRIES: usize = 2;
const S3_RETRY_WITHIN: Duration = Duration::from_secs(6);

/// A blob store, cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    circuit: Circuit,
}

/// A blob store that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the blob store: {0}")]
pub struct BlobError(String);

impl Blobs {
    /// Opens `file://FOLDER`, or `s3://BUCKET` with the usual `AWS_*` variables. Without a URL the
    /// blobs lie in `data_dir/blobs`.
    ///
    /// # Errors
    /// When the URL is not understood or the folder cannot be made.
    pub fn open(url: Option<&str>, data_dir: &Path) -> Result<Self, BlobError> {
        match url {
            None => Self::local(&data_dir.join("blobs")),
            Some(url) => match url.split_once("://") {
                Some(("file", folder)) => Self::local(Path::new(folder)),
                Some(("s3", bucket)) => Self::s3(bucket.trim_end_matches('/')),
                _ => Err(BlobError(
                    "DENGWEN_BLOB_URL is `file://FOLDER` or `s3://BUCKET`".to_owned(),
                )),
            },
        }
    }

    fn new(store: impl ObjectStore) -> Self {
        Self {
            store: Arc::new(store),
            circuit: Circuit::new("the blob store"),
        }
    }

    fn s3(bucket: &str) -> Result<Self, BlobError> {
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
            .with_retry(retry)
            .with_bucket_name(bucket)
            .build()
            .map(Self::new)
            .map_err(|e| BlobError(e.to_string()))
    }

    fn local(folder: &Path) -> Result<Self, BlobError> {
        std::fs::create_dir_all(folder).map_err(|e| BlobError(e.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|e| BlobError(e.to_string()))?
            .with_fsync(true);
        Ok(Self::new(store))
    }

    /// Stores blobs at once, under keys made by us (never by a client).
    ///
    /// # Errors
    /// 503 when the store does not take all of them in time.
    pub async fn put_all(&self, blobs: Vec<(&str, Bytes)>) -> Result<(), Problem> {
        let puts = blobs.into_iter().map(|(key, bytes)| async move {
            let place = Key::from(key);
            let put = self.store.put(&place, PutPayload::from(bytes));
            put.await.map_err(|e| failed("put", key, &e))
        });
        self.in_time(try_join_all(puts)).await.map(|_| ())
    }

    /// Whether the store holds a key.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn has(&self, key: &str) -> Result<bool, Problem> {
        let head = async {
            match self.store.head(&Key::from(key)).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::NotFound { .. }) => Ok(false),
                Err(e) => Err(failed("head", key, &e)),
            }
        };
        self.in_time(head).await
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// 404 when there is none, 503 when the store does not answer.
    pub async fn get(&self, key: &str) -> Result<Bytes, Problem> {
        let get = async {
            let found = async { self.store.get(&Key::from(key)).await?.bytes().await };
            found.await.map_err(|e| match e {
                object_store::Error::NotFound { .. } => Problem::not_found(),
                e => failed("get", key, &e),
            })
        };
        self.in_time(get).await
    }

    /// Waits for the store as long as somebody may, and not at all while it is known to be away.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let pass = self.circuit.enter()?;
        let done = tokio::time::timeout(LIMIT, work)
            .await
            .unwrap_or_else(|_| Err(Problem::unavailable("the blob store did not answer", 5)));
        match &done {
            Err(problem) if problem.code() == Code::Unavailable => pass.failed(),
            _ => pass.answered(),
        }
        done
    }
}

fn failed(what: &str, key: &str, error: &object_store::Error) -> Problem {
    Problem::unavailable(format!("blob {what} {key}: {error}"), 5)
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
            original: format!("original/{folder}/{sha256}"),
            large: format!("public/{folder}/{sha256}-1600.jpg"),
            small: format!("public/{folder}/{sha256}-400.jpg"),
        }
    }
}
