//! The other side of the pipe: a helper at work, watched by a thread of its own.

use std::{
    io::{self, Read as _, Write as _},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    process::{Resource, Rlimit, setrlimit},
    time::{ClockId, clock_gettime},
};

use super::{Budget, Outcome, Reply};

/// How often the watch looks.
const TICK: Duration = Duration::from_millis(20);

/// Bytes of a question and of what it is about at most.
const MAX_FRAME: u64 = 256 * 1024 * 1024;

/// Kilobytes a helper may keep between two questions. Memory that was given back is not always
/// given to the system; a helper that sits on more is replaced, so that a server at rest is small.
const MAX_KEPT_KB: u64 = 24 * 1024;

/// Files a helper may have open: its three pipes, and what its own start needs.
const OPEN_FILES: u64 = 16;

/// Answers questions from standard input on standard output until there are no more.
///
/// # Errors
/// When the system does not let it bound itself, or the asker is gone.
pub fn serve(budget: Budget, work: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> io::Result<()> {
    bound(Resource::Core, 0)?;
    bound(Resource::Fsize, 0)?;
    bound(Resource::Nofile, OPEN_FILES)?;
    bound(Resource::Data, budget.memory)?;
    let watch = Watch::start(budget)?;
    let mut questions = io::stdin().lock();
    while let Some(question) = read_frame(&mut questions)? {
        watch.begin();
        let bytes = read_frame(&mut questions)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let answer = work(&question, &bytes);
        drop(bytes);
        let cpu = watch.end();
        say(cpu, Outcome::Answer(answer))?;
    }
    Ok(())
}

fn bound(resource: Resource, most: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    Ok(setrlimit(resource, limit)?)
}

fn read_frame(from: &mut impl io::Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match from.read_exact(&mut length) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u64::from_le_bytes(length);
    if length > MAX_FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    if from.take(length).read_to_end(&mut frame)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(frame))
}

/// Kilobytes of this process's own memory, where the system tells.
fn kept_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

fn say(cpu: Duration, outcome: Outcome) -> io::Result<()> {
    let reply = Reply {
        cpu_us: u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX),
        grown: kept_kb().is_some_and(|kb| kb > MAX_KEPT_KB),
        outcome,
    };
    let reply = postcard::to_allocvec(&reply).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut out = io::stdout().lock();
    out.write_all(&(reply.len() as u64).to_le_bytes())?;
    out.write_all(&reply)?;
    out.flush()
}

/// CPU time of the whole process, all its threads included.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// When the question at work began, by both clocks.
#[derive(Debug, Clone, Copy)]
struct Begun {
    cpu: Duration,
    wall: Instant,
}

/// Ends the process when a question costs too much.
#[derive(Debug)]
struct Watch(Arc<(Mutex<Option<Begun>>, Condvar)>);

impl Watch {
    fn start(budget: Budget) -> io::Result<Self> {
        let shared = Arc::new((Mutex::new(None), Condvar::new()));
        let watched = Arc::clone(&shared);
        thread::Builder::new()
            .name("watch".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || watch(&watched, budget))?;
        Ok(Self(shared))
    }

    fn begin(&self) {
        *lock(&self.0.0) = Some(Begun {
            cpu: cpu_time(),
            wall: Instant::now(),
        });
        self.0.1.notify_all();
    }

    /// The question is done, unless the watch was first: then the process ends here.
    fn end(&self) -> Duration {
        let begun = lock(&self.0.0).take();
        begun.map_or(Duration::ZERO, |begun| cpu_time().saturating_sub(begun.cpu))
    }
}

fn watch((begun, changed): &(Mutex<Option<Begun>>, Condvar), budget: Budget) {
    let mut now = lock(begun);
    loop {
        now = match *now {
            None => changed.wait(now).unwrap_or_else(|e| e.into_inner()),
            Some(since) => {
                let cpu = cpu_time().saturating_sub(since.cpu);
                // The lock is held to the end, so that there is one reply and no more.
                if cpu > budget.cpu {
                    give_up(cpu, Outcome::TooMuchCpu);
                }
                if since.wall.elapsed() > budget.wall {
                    give_up(cpu, Outcome::TooLong);
                }
                let waited = changed.wait_timeout(now, TICK);
                waited.unwrap_or_else(|e| e.into_inner()).0
            }
        };
    }
}

fn give_up(cpu: Duration, outcome: Outcome) -> ! {
    // Nobody to hear it is no reason to go on.
    let _ = say(cpu, outcome);
    std::process::exit(0)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|broken| broken.into_inner())
}
