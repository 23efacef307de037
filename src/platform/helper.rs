//! Work that may have to be given up on, done by a process of its own.
//!
//! A thread cannot be stopped and its memory cannot be bounded; a process can. A helper is this
//! program started once more with a hidden command. It knows nothing: its environment is empty, it
//! can open and write no files, its memory is bounded by the system, and a watch within it ends it
//! when a question takes more CPU time than one may. Whatever becomes of it, the question's asker
//! is told, and the next question goes to another.
//!
//! Both sides speak frames over a pipe: a length of eight bytes, then as many bytes. A question is
//! two frames, what is asked and the bytes it is asked about; a reply is a `Reply`.

mod child;

use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt as _, unix::process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Mutex,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::unix::pipe,
    time::timeout,
};

pub use child::serve;

use super::memory::ALLOCATOR;

/// Questions after which a helper is replaced, so that no memory it has lost track of adds up.
const QUESTIONS_OF_ONE: u32 = 200;

/// How much longer than its own watch a helper is waited for.
const GRACE: Duration = Duration::from_secs(3);

/// Bytes of a reply at most: the copies of a photo are a tenth of it.
const MAX_REPLY: u64 = 64 * 1024 * 1024;

/// Signal 9: somebody else ended the helper; none of its bounds sends it.
const SIGKILL: i32 = 9;

/// What one question may cost.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// CPU time of the helper.
    pub cpu: Duration,
    /// Time by the clock.
    pub wall: Duration,
    /// Bytes of memory the helper may hold, all questions together.
    pub memory: u64,
}

/// What a helper says when it is done with a question.
#[derive(Debug, Serialize, Deserialize)]
struct Reply {
    /// CPU time it took, microseconds.
    cpu_us: u64,
    /// Whether the helper has grown and should be asked nothing more.
    grown: bool,
    outcome: Outcome,
}

#[derive(Debug, Serialize, Deserialize)]
enum Outcome {
    Answer(Vec<u8>),
    TooMuchCpu,
    TooLong,
}

/// An answer and what it took.
#[derive(Debug)]
pub struct Answered {
    /// What the helper answered.
    pub answer: Vec<u8>,
    /// CPU time the helper took for it.
    pub cpu: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum GivenUp {
    /// It would have taken more CPU time or memory than one question may, or it broke the helper.
    #[error("too costly")]
    TooCostly,
    /// The helper could not be started, was ended by somebody else, or did not get to work in
    /// time. The question may be asked again.
    #[error("no helper: {0}")]
    Unavailable(String),
}

impl From<io::Error> for GivenUp {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Helpers of one kind: started when they are needed, kept while they are good.
#[derive(Debug)]
pub struct Helpers {
    program: PathBuf,
    command: &'static str,
    budget: Budget,
    idle: Mutex<Vec<Helper>>,
}

/// This program as it runs, even if its file was replaced meanwhile by another version, which
/// would speak another language.
#[must_use]
pub fn this_program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return running.to_owned();
    }
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("dengwen"))
}

impl Helpers {
    /// Helpers that are `program` with a command. None is started yet.
    #[must_use]
    pub fn new(program: PathBuf, command: &'static str, budget: Budget) -> Self {
        Self {
            program,
            command,
            budget,
            idle: Mutex::default(),
        }
    }

    /// Asks a helper about some bytes. How many are asked at once is for the caller to bound.
    ///
    /// # Errors
    /// When it had to be given up on.
    pub async fn ask(&self, question: &[u8], bytes: &[u8]) -> Result<Answered, GivenUp> {
        let waiting = self.budget.wall + GRACE;
        let mut helper = self.ready_for(question).await?;
        let reply = match timeout(waiting, helper.hear(bytes)).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(lost)) => return Err(cause_of(helper.end(), &lost)),
            Err(_) => return Err(GivenUp::Unavailable("it does not answer".to_owned())),
        };
        let cpu = Duration::from_micros(reply.cpu_us);
        match reply.outcome {
            Outcome::Answer(answer) => {
                helper.questions += 1;
                if helper.questions < QUESTIONS_OF_ONE && !reply.grown {
                    self.idle().push(helper);
                }
                Ok(Answered { answer, cpu })
            }
            Outcome::TooMuchCpu => Err(GivenUp::TooCostly),
            Outcome::TooLong => Err(GivenUp::Unavailable("the machine is too busy".to_owned())),
        }
    }

    /// A helper that has taken the question. One that ended while it was idle never does, so the
    /// next is tried, at last a new one.
    async fn ready_for(&self, question: &[u8]) -> Result<Helper, GivenUp> {
        loop {
            let idle = self.idle().pop();
            let is_new = idle.is_none();
            let mut helper = match idle {
                Some(helper) => helper,
                None => Helper::start(&self.program, self.command)?,
            };
            match timeout(GRACE, helper.say(question)).await {
                Ok(Ok(())) => return Ok(helper),
                Ok(Err(lost)) if is_new => return Err(lost.into()),
                Err(_) if is_new => {
                    return Err(GivenUp::Unavailable("it does not listen".to_owned()));
                }
                _ => {}
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Helper>> {
        // A list of processes is whole whatever happened to whoever held it.
        self.idle
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }
}

/// Why a helper ended without an answer. The system's bounds on memory and time end it by signals
/// of its own making; so do a stack that runs over and a decoder that breaks.
fn cause_of(ended: io::Result<ExitStatus>, lost: &io::Error) -> GivenUp {
    match ended {
        Ok(status) if status.signal().is_some_and(|signal| signal != SIGKILL) => GivenUp::TooCostly,
        Ok(status) => GivenUp::Unavailable(format!("{status}, {lost}")),
        Err(unknown) => GivenUp::Unavailable(format!("{unknown}, {lost}")),
    }
}

/// A running helper; dropping it ends it.
#[derive(Debug)]
struct Helper {
    child: Child,
    to: OwnedFd,
    from: OwnedFd,
    questions: u32,
}

impl Helper {
    fn start(program: &Path, command: &str) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(command)
            .env_clear()
            .envs(ALLOCATOR)
            .current_dir("/")
            // Ctrl-C is for the server, which answers what it was asked before it ends.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Decoders complain about what they are given; that is nothing for the log.
            .stderr(Stdio::null())
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(to), Some(from)) => Ok(Self {
                child,
                to: to.into(),
                from: from.into(),
                questions: 0,
            }),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    async fn say(&mut self, frame: &[u8]) -> io::Result<()> {
        let mut to = pipe::Sender::from_owned_fd(self.to.try_clone()?)?;
        to.write_all(&(frame.len() as u64).to_le_bytes()).await?;
        to.write_all(frame).await
    }

    async fn hear(&mut self, bytes: &[u8]) -> io::Result<Reply> {
        self.say(bytes).await?;
        let mut from = pipe::Receiver::from_owned_fd(self.from.try_clone()?)?;
        let length = from.read_u64_le().await?;
        if length > MAX_REPLY {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut reply = vec![0; usize::try_from(length).unwrap_or(0)];
        from.read_exact(&mut reply).await?;
        postcard::from_bytes(&reply).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    /// Ends the helper, unless it has come to its own end, and says how it ended.
    fn end(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Fails only for a process that was ended and waited for already.
        let _ = self.end();
    }
}
