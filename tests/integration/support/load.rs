//! Clients that go on while a database fails, and what they may be answered meanwhile.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use dengwen::platform::db::schema::complaint;
use diesel::prelude::*;

use super::{On, Reply, Wishes, World, bodies::river};

pub const COMPLAINTS: &str = "/api/v1/complaints";

/// Plays a story on a PostgreSQL of its own.
pub fn play_at<F: Future<Output = ()>>(url: &str, story: impl FnOnce(World) -> F) {
    let wishes = Wishes {
        database_url: Some(url.to_owned()),
        ..Wishes::default()
    };
    super::play(On::Postgres, wishes, story);
}

/// 503 that says when to come back, and nothing of why.
pub fn assert_put_off(reply: &Reply) {
    assert_eq!(reply.status, 503, "{}", reply.body);
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(reply.body["code"], "unavailable");
}

pub async fn a_while(time: Duration) {
    actix_web::rt::time::sleep(time).await;
}

/// Asks until the answer is the wanted one; how long that took.
pub async fn until_status(limit: Duration, status: u16, ask: impl AsyncFn() -> Reply) -> Duration {
    let began = Instant::now();
    loop {
        let reply = ask().await;
        if reply.status == status {
            return began.elapsed();
        }
        assert!(
            began.elapsed() < limit,
            "{status} within {limit:?}: {} {}",
            reply.status,
            reply.body
        );
        a_while(Duration::from_millis(100)).await;
    }
}

pub fn count_complaints(world: &World) -> i64 {
    world.db_read(|c| complaint::table.count().get_result(c).unwrap())
}

/// Clients that file with keys of their own, one complaint after another, until told to stop; the
/// last answer of each key.
pub struct Load {
    answers: Arc<Mutex<BTreeMap<String, u16>>>,
    stop: Arc<AtomicBool>,
    clients: Vec<actix_web::rt::task::JoinHandle<()>>,
}

impl Load {
    pub fn start(world: &World, clients: usize) -> Self {
        let answers: Arc<Mutex<BTreeMap<String, u16>>> = Arc::default();
        let stop: Arc<AtomicBool> = Arc::default();
        let clients = (0..clients)
            .map(|client| {
                let (actor, answers, stop) = (world.resident(), answers.clone(), stop.clone());
                actix_web::rt::spawn(async move {
                    for n in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let key = format!("{client}-{n}");
                        let reply = actor.post_once(COMPLAINTS, &key, river(None)).await;
                        let status = reply.status;
                        if status == 503 {
                            assert_put_off(&reply);
                            a_while(Duration::from_millis(50)).await;
                        } else {
                            reply.expect(201);
                        }
                        answers.lock().unwrap().insert(key, status);
                    }
                })
            })
            .collect();
        Self {
            answers,
            stop,
            clients,
        }
    }

    /// Stops, then repeats what was put off; answers how many that were of how many.
    pub async fn settle(self, world: &World) -> (usize, usize) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
        let answers = self.answers.lock().unwrap().clone();
        let put_off: Vec<&String> = answers
            .iter()
            .filter(|(_, s)| **s == 503)
            .map(|(k, _)| k)
            .collect();
        for key in &put_off {
            world
                .resident()
                .post_once(COMPLAINTS, key, river(None))
                .await
                .expect(201);
        }
        assert_eq!(count_complaints(world), answers.len() as i64, "each once");
        (put_off.len(), answers.len())
    }
}
