//! Password hashing in a few threads of its own: a fixed memory and a bounded queue, whoever asks.
//!
//! A hash is made to be dear, so whoever makes the server hash holds its memory and its processor.
//! Here neither grows with the askers: each thread has one memory, kept between two hashes and given
//! back at rest; what finds the queue full is told to come back; no sender fills the queue alone;
//! and those known by their device are served before strangers.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use argon2::Block;
use tokio::sync::oneshot;

use super::problem::{Code, Problem};

/// Threads that hash, and so memories held at once (19 MB each).
const WORKERS: usize = 2;

/// Hashes that may wait: about a second's work of the threads.
const QUEUE_MAX: usize = 32;

/// Of these, hashes asked for by one sender.
const QUEUE_MAX_OF_SENDER: usize = 16;

/// Seconds after which who found no place in the queue should come back.
const COME_BACK_S: u64 = 2;

/// How long a thread without work keeps its memory.
const REST: Duration = Duration::from_secs(5);

/// Blocks (of 1 KB) a memory has room for. Common allocators keep what is below 32 MB for later
/// use and hand larger pieces back to the system; pages that are never written cost nothing.
const ROOM: usize = 40 * 1024;

/// Whose hash is made first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Somebody whose device is known, or who is signed in.
    Known,
    /// Anybody.
    Stranger,
}

/// The memory a thread hashes in.
#[derive(Debug, Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    /// At least `count` blocks, made when there are fewer.
    pub fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0.reserve_exact(ROOM.max(count) - self.0.len());
            self.0.resize(count, Block::default());
        }
        &mut self.0
    }

    fn give_back(&mut self) {
        self.0 = Vec::new();
    }
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

#[derive(Default)]
struct Queue {
    known: VecDeque<(String, Job)>,
    strangers: VecDeque<(String, Job)>,
    waiting: HashMap<String, usize>,
    /// Whether the log was told that the queue is full, since it was empty last.
    told: bool,
    closed: bool,
}

impl Queue {
    /// A flood must not fill the log as well.
    fn tell_once(&mut self) {
        if !self.told {
            self.told = true;
            tracing::warn!("more sign-ins than can be hashed: some are told to come back");
        }
    }

    fn put(&mut self, turn: Turn, sender: &str, job: Job) -> Result<(), Problem> {
        let lane = match turn {
            Turn::Known => &mut self.known,
            Turn::Stranger => &mut self.strangers,
        };
        let mine = self.waiting.get(sender).copied().unwrap_or(0);
        if lane.len() >= QUEUE_MAX || mine >= QUEUE_MAX_OF_SENDER {
            self.tell_once();
            return Err(Problem::new(Code::Unavailable).retry_in(COME_BACK_S));
        }
        lane.push_back((sender.to_owned(), job));
        *self.waiting.entry(sender.to_owned()).or_default() += 1;
        Ok(())
    }

    fn next(&mut self) -> Option<Job> {
        let next = self.known.pop_front();
        let Some((sender, job)) = next.or_else(|| self.strangers.pop_front()) else {
            self.told = false;
            return None;
        };
        if let Some(left) = self.waiting.get_mut(&sender) {
            *left -= 1;
            if *left == 0 {
                self.waiting.remove(&sender);
            }
        }
        Some(job)
    }
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The threads and their queue; they end with it.
pub struct Hashing(Arc<Shared>);

impl Hashing {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let hashing = Self(Arc::default());
        for _ in 0..WORKERS {
            let shared = hashing.0.clone();
            std::thread::Builder::new()
                .name("hashing".to_owned())
                .spawn(move || work(&shared))?;
        }
        Ok(hashing)
    }

    /// Runs `hash` in its turn. Who hung up meanwhile costs nothing.
    ///
    /// # Errors
    /// 503 with `Retry-After` when too many wait.
    pub async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        sender: &str,
        hash: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (answer, made) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            if !answer.is_closed() {
                let _ = answer.send(hash(memory));
            }
        });
        self.0.queue().put(turn, sender, job)?;
        self.0.arrived.notify_one();
        made.await
            .map_err(|_| Problem::fault("a hash was dropped unanswered"))
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.0.queue().closed = true;
        self.0.arrived.notify_all();
    }
}

fn work(shared: &Shared) {
    let mut memory = Memory::default();
    loop {
        let job = {
            let mut queue = shared.queue();
            loop {
                if let Some(job) = queue.next() {
                    break job;
                }
                if queue.closed {
                    return;
                }
                let (woken, rest) = shared
                    .arrived
                    .wait_timeout(queue, REST)
                    .unwrap_or_else(PoisonError::into_inner);
                queue = woken;
                if rest.timed_out() {
                    memory.give_back();
                }
            }
        };
        // A panic in one hash is a bug, but the thread must outlive it; its asker learns from the
        // closed channel.
        let run = std::panic::AssertUnwindSafe(|| job(&mut memory));
        if std::panic::catch_unwind(run).is_err() {
            tracing::error!("a hash panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Job {
        Box::new(|_| {})
    }

    #[test]
    fn no_sender_fills_the_queue_alone_and_the_known_go_first() {
        let mut queue = Queue::default();
        for _ in 0..QUEUE_MAX_OF_SENDER {
            queue.put(Turn::Stranger, "a", nothing()).unwrap();
        }
        let refused = queue.put(Turn::Stranger, "a", nothing()).unwrap_err();
        assert_eq!(refused.retry_after_s(), Some(COME_BACK_S));
        for n in QUEUE_MAX_OF_SENDER..QUEUE_MAX {
            queue
                .put(Turn::Stranger, &n.to_string(), nothing())
                .unwrap();
        }
        assert!(queue.put(Turn::Stranger, "b", nothing()).is_err());
        queue.put(Turn::Known, "owner", nothing()).unwrap();
        let _first = queue.next().unwrap();
        assert!(!queue.waiting.contains_key("owner"));
        while queue.next().is_some() {}
        assert!(queue.waiting.is_empty());
    }

    #[test]
    fn a_memory_is_made_once() {
        let mut memory = Memory::default();
        let first = memory.blocks(64).as_ptr();
        assert_eq!(memory.blocks(32).len(), 64);
        assert_eq!(memory.blocks(ROOM).as_ptr(), first);
        memory.give_back();
        assert_eq!(memory.0.capacity(), 0);
    }
}
