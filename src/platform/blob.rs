//! Blobs: sealed photo originals and their public derivatives, in a folder or any S3.
//!
//! Originals are content-addressed, so storing one twice is a no-op. A local store syncs files
//! and folders before a write counts as done.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use object_store::{
    ObjectStore, ObjectStoreExt as _, PutPayload, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path as Key,
};

use super::problem::Problem;

/// A blob store, cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs(Arc<dyn ObjectStore>);

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
                Some(("s3", bucket)) => AmazonS3Builder::from_env()
                    .with_bucket_name(bucket.trim_end_matches('/'))
                    .build()
                    .map(|s3| Self(Arc::new(s3)))
                    .map_err(|e| BlobError(e.to_string())),
                _ => Err(BlobError(
                    "DENGWEN_BLOB_URL is `file://FOLDER` or `s3://BUCKET`".to_owned(),
                )),
            },
        }
    }

    fn local(folder: &Path) -> Result<Self, BlobError> {
        std::fs::create_dir_all(folder).map_err(|e| BlobError(e.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|e| BlobError(e.to_string()))?
            .with_fsync(true);
        Ok(Self(Arc::new(store)))
    }

    /// Stores bytes under a key made by us (never by a client).
    ///
    /// # Errors
    /// 503 when the store does not take them.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Problem> {
        self.0
            .put(&Key::from(key), PutPayload::from(bytes))
            .await
            .map(|_| ())
            .map_err(|e| Problem::unavailable(format!("blob put {key}: {e}"), 5))
    }

    /// Whether the store holds a key.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn has(&self, key: &str) -> Result<bool, Problem> {
        match self.0.head(&Key::from(key)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(e) => Err(Problem::unavailable(format!("blob head {key}: {e}"), 5)),
        }
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// 404 when there is none, 503 when the store does not answer.
    pub async fn get(&self, key: &str) -> Result<Bytes, Problem> {
        let failed = |e: object_store::Error| match e {
            object_store::Error::NotFound { .. } => Problem::not_found(),
            e => Problem::unavailable(format!("blob get {key}: {e}"), 5),
        };
        self.0
            .get(&Key::from(key))
            .await
            .map_err(failed)?
            .bytes()
            .await
            .map_err(failed)
    }
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
