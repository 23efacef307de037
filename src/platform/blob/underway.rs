//! Photos whose blobs are stored before their rows: what is refused late is taken away again, but
//! never from under another who sent the same.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
};

use tokio::sync::Mutex;

use super::{Blobs, PhotoKeys};
use crate::platform::problem::Problem;

/// The photos that are on their way in this process.
#[derive(Debug, Default)]
pub(super) struct Register(Mutex<HashMap<String, Weak<()>>>);

/// A photo that is on its way: whoever stores its blobs holds this until its row is written.
#[derive(Debug, Clone)]
pub struct Underway {
    /// Its SHA-256, hex.
    pub sha256: String,
    holders: Arc<()>,
}

impl Blobs {
    /// Says that a photo's blobs are about to be stored.
    pub async fn underway(&self, sha256: &str) -> Underway {
        let mut register = self.0.underway.0.lock().await;
        register.retain(|_, holders| holders.strong_count() > 0);
        let known = register.get(sha256).and_then(Weak::upgrade);
        let holders = known.unwrap_or_default();
        register.insert(sha256.to_owned(), Arc::downgrade(&holders));
        Underway {
            sha256: sha256.to_owned(),
            holders,
        }
    }

    /// Removes the blobs of those photos that no row refers to, as `referred` says, and that are on
    /// nobody else's way; answers how many photos went. Nobody begins to store any meanwhile.
    ///
    /// # Errors
    /// 503 when the store does not answer, and what `referred` answers.
    pub async fn remove_unused(
        &self,
        mut photos: Vec<Underway>,
        referred: impl AsyncFn(Vec<String>) -> Result<HashSet<String>, Problem>,
    ) -> Result<usize, Problem> {
        let names = |photos: &[Underway]| photos.iter().map(|p| p.sha256.clone()).collect();
        photos.sort_by(|a, b| a.sha256.cmp(&b.sha256));
        photos.dedup_by(|a, b| a.sha256 == b.sha256);
        let used = referred(names(&photos)).await?;
        photos.retain(|photo| !used.contains(&photo.sha256));
        if photos.is_empty() {
            return Ok(0);
        }
        let _register = self.0.underway.0.lock().await;
        photos.retain(|photo| Arc::strong_count(&photo.holders) == 1);
        // Whoever had it on their way just now has its row by now.
        let used = referred(names(&photos)).await?;
        photos.retain(|photo| !used.contains(&photo.sha256));
        for photo in &photos {
            let keys = PhotoKeys::of(&photo.sha256);
            for key in [keys.original, keys.large, keys.small] {
                self.remove(&key).await?;
            }
        }
        Ok(photos.len())
    }
}
