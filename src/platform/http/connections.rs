//! Connections: how many one address may hold open, and how long one may stay without a request.
//!
//! The framework bounds the time for a connection's first head alone; a client that asks once and
//! then writes a second head letter by letter would hold a connection for ever. Here a connection
//! that owes us a head and does not bring it is at its end, and one that does not take what it
//! asked for as well.
//!
//! Nor does the framework bound how many requests it takes apart ahead: it does so with all that its
//! buffer holds, thousands of small ones. Here it is given one head at a time, the next when the
//! request before is answered and what was written is taken; until then the rest waits in the
//! socket. Bodies pass as they come.

use std::{
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use actix_web::rt::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::{Body, Place};
use crate::platform::{
    address::ClientAddress,
    limit::Sender,
    seats::{Seat, Seats},
};

/// How long a client may take nothing of what it is sent.
const STALL: Duration = Duration::from_secs(60);

/// Bytes looked at for the end of a head or of chunks at once.
const LOOKED_AT: usize = 4096;

/// Bytes that were sent and not asked for, passed over at the end of a connection: what is left
/// unread makes its end a reset, which may take the last answer with it.
const PASSED_OVER: usize = 128 * 1024;

/// What a connection beyond the bound is told before it is closed.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// The connections there may be.
#[derive(Debug, Clone)]
pub struct Connections {
    seats: Option<Seats>,
    /// How long a later head may take from when the answer before it was taken, idle time included.
    head: Duration,
}

/// A connection's state, known to the connection and to the requests that come by it.
#[derive(Debug)]
pub struct Watch {
    head: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the next head is due; none before the first and while a request is answered.
    due: Option<Instant>,
    /// Whether a head was handed out whose request is not answered.
    answering: bool,
    /// The body of the request being answered, until its first byte is asked for.
    body: Option<Body>,
    /// Who waits for any of this to change.
    waiting: Option<Waker>,
}

/// A connection that is watched.
#[derive(Debug)]
pub struct Watched {
    io: TcpStream,
    watch: Arc<Watch>,
    /// Where in the requests what was handed out last ends.
    place: Place,
    /// Wakes us when the head is due.
    due: Option<Pin<Box<Sleep>>>,
    /// Wakes us when what is written was not taken for too long.
    stalled: Option<Pin<Box<Sleep>>>,
    _seat: Option<Seat>,
}

impl Connections {
    /// So many for each address, if they are bounded.
    #[must_use]
    pub fn bounded(most: Option<NonZeroUsize>, head: Duration) -> Self {
        let seats = most.map(|most| Seats::new(most.get()));
        Self { seats, head }
    }

    /// Lets a connection in.
    ///
    /// # Errors
    /// When its address has too many; it was told so.
    pub async fn enter(self, io: TcpStream, peer: Option<SocketAddr>) -> io::Result<Watched> {
        let address = peer.map_or(ClientAddress::Unreadable, |a| ClientAddress::of(a.ip()));
        let seat = match &self.seats {
            None => None,
            Some(seats) => match seats.take(&Sender::from(&address)) {
                Some(seat) => Some(seat),
                None => {
                    // A new socket takes so little at once; whether it arrives is not our concern.
                    let told = io.writable().await.and_then(|()| io.try_write(TOO_MANY));
                    return Err(told.err().unwrap_or(io::ErrorKind::QuotaExceeded.into()));
                }
            },
        };
        Ok(Watched {
            io,
            watch: Arc::new(Watch {
                head: self.head,
                state: Mutex::default(),
            }),
            place: Place::BETWEEN,
            due: None,
            stalled: None,
            _seat: seat,
        })
    }
}

impl Watch {
    /// A request is being answered, which has a body or none.
    pub fn begin(&self, body: Option<Body>) {
        let mut state = self.state();
        state.body = body;
        state.wake();
    }

    /// A request was answered; the next head is due.
    pub fn end(&self) {
        let mut state = self.state();
        state.due = Some(Instant::now() + self.head);
        state.answering = false;
        state.wake();
    }

    /// The client takes what it is sent again; the head that is owed has its time from now on.
    fn taken(&self) {
        let mut state = self.state();
        if state.due.is_some() {
            state.due = Some(Instant::now() + self.head);
        }
        state.wake();
    }

    /// A whole head was handed out.
    fn head_is_there(&self) {
        let mut state = self.state();
        state.due = None;
        state.answering = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }
}

impl Watched {
    /// The state, for the requests that come by this connection.
    #[must_use]
    pub fn watch(&self) -> Arc<Watch> {
        Arc::clone(&self.watch)
    }

    /// Whether the head that is owed is overdue; if not, we are woken when it is. None is owed while
    /// the client takes what it asked for before, however slowly.
    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let due = {
            let mut state = self.watch.state();
            if self.stalled.is_some() {
                state.waiting = Some(cx.waker().clone());
                None
            } else {
                state.due
            }
        };
        let Some(at) = due else {
            self.due = None;
            return false;
        };
        let due = self.due.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if due.deadline() != at {
            due.as_mut().reset(at);
        }
        due.as_mut().poll(cx).is_ready()
    }

    /// Whether the next head has to wait; if so, we are woken when that may have changed.
    fn has_to_wait(&self, cx: &Context<'_>) -> bool {
        let mut state = self.watch.state();
        let waits = state.answering || self.stalled.is_some();
        if waits {
            state.waiting = Some(cx.waker().clone());
        }
        waits
    }

    /// Waits for the client to go, who may have sent more.
    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut one = [0];
        match ready!(self.io.poll_peek(cx, &mut ReadBuf::new(&mut one)))? {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    /// Reads what belongs to the head or body we are in, and nothing behind it; answers where we
    /// are then, none when it ended.
    fn poll_place(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Option<Place>>> {
        let before = buffer.filled().len();
        if self.place.has_room_for(buffer.remaining()) {
            ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        } else {
            let most = buffer.remaining().min(LOOKED_AT);
            let room = buffer.initialize_unfilled_to(most);
            let mut seen = ReadBuf::new(room);
            ready!(self.io.poll_peek(cx, &mut seen))?;
            let (ours, _) = self.place.follow(seen.filled());
            let mut room = ReadBuf::new(room);
            let mut taken = room.take(ours);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut taken))?;
            let taken = taken.filled().len();
            buffer.advance(taken);
        }
        let came = buffer.filled().get(before..).unwrap_or_default();
        Poll::Ready(Ok(self.place.follow(came).1))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_overdue(cx) {
            // Nothing more comes: the framework ends what it is doing and closes.
            return Poll::Ready(Ok(()));
        }
        let body = self.watch.state().body.take();
        if let Some(body) = body {
            self.place = Place::Body(body);
        }
        let is_head = matches!(self.place, Place::Head(_));
        if is_head && self.has_to_wait(cx) {
            return self.poll_gone(cx);
        }
        let place = ready!(self.poll_place(cx, buffer))?;
        if place.is_none() && is_head {
            self.watch.head_is_there();
        }
        self.place = place.unwrap_or(Place::BETWEEN);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        if written.is_ready() {
            if self.stalled.take().is_some() {
                self.watch.taken();
            }
            return written;
        }
        let begin = || Box::pin(sleep_until(Instant::now() + STALL));
        let stalled = self.stalled.get_or_insert_with(begin);
        if stalled.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut unread = [0; LOOKED_AT];
        let mut passed = 0;
        while passed < PASSED_OVER
            && let Ok(more @ 1..) = self.io.try_read(&mut unread)
        {
            passed += more;
        }
    }
}
