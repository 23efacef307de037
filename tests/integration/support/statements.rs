//! What a server really asks its database: every statement, as it was sent, without its values.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{LazyLock, Mutex},
};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// Statements by the URL of their database; only those of databases that are watched.
static SEEN: LazyLock<Mutex<BTreeMap<String, BTreeSet<String>>>> = LazyLock::new(Mutex::default);

/// Watches the connections that will be made to a database.
pub fn watch(url: &str) {
    SEEN.lock().unwrap().entry(place(url)).or_default();
    set_default_instrumentation(|| Some(Box::new(Watcher::default()))).unwrap();
}

/// Every statement sent to a database so far.
pub fn of(url: &str) -> BTreeSet<String> {
    SEEN.lock().unwrap()[&place(url)].clone()
}

/// A database's place: what its URL says of how to connect does not make it another.
fn place(url: &str) -> String {
    let place = url
        .trim_start_matches("sqlite://")
        .trim_start_matches("file:");
    place.split('?').next().unwrap_or(place).to_owned()
}

/// Listens on one connection; knows from its first event whose it is.
#[derive(Default)]
struct Watcher {
    watched: Option<String>,
}

impl Instrumentation for Watcher {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                let place = place(url);
                let known = SEEN.lock().unwrap().contains_key(&place);
                self.watched = known.then_some(place);
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(url) = &self.watched {
                    let text = query.to_string();
                    let sql = text.split(" -- binds").next().unwrap_or_default();
                    let mut seen = SEEN.lock().unwrap();
                    seen.entry(url.clone()).or_default().insert(sql.to_owned());
                }
            }
            _ => {}
        }
    }
}
