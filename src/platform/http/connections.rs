//! Connections: how many one address may hold open, and how long one may stay without a request.
//!
//! The framework bounds the time for a connection's first head alone; a client that asks once and
//! then writes a second head letter by letter would hold a connection for ever. Here a connection
//! that owes us a head and does not bring it is at its end, and one that does not take what it
//! asked for as well.

use std::{
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use actix_web::rt::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::platform::{
    address::ClientAddress,
    limit::Sender,
    seats::{Seat, Seats},
};

/// How long a client may take nothing of what it is sent.
const STALL: Duration = Duration::from_secs(60);

/// What a connection beyond the bound is told before it is closed.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// The connections there may be.
#[derive(Debug, Clone)]
pub struct Connections {
    seats: Option<Seats>,
    /// How long a later head may take from the end of the answer before it, idle time included.
    head: Duration,
}

/// A connection's state, known to the connection and to the requests that come by it.
#[derive(Debug)]
pub struct Watch {
    head: Duration,
    /// When the next head is due; none while a request is answered.
    due: Mutex<Option<Instant>>,
}

/// A connection that is watched.
#[derive(Debug)]
pub struct Watched {
    io: TcpStream,
    watch: Arc<Watch>,
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
                due: Mutex::new(None),
            }),
            due: None,
            stalled: None,
            _seat: seat,
        })
    }
}

impl Watch {
    /// A request's head is there.
    pub fn begin(&self) {
        *self.due() = None;
    }

    /// A request was answered; the next head is due.
    pub fn end(&self) {
        *self.due() = Some(Instant::now() + self.head);
    }

    fn due(&self) -> MutexGuard<'_, Option<Instant>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// The state, for the requests that come by this connection.
    #[must_use]
    pub fn watch(&self) -> Arc<Watch> {
        Arc::clone(&self.watch)
    }

    /// Whether the head that is owed is overdue; if not, we are woken when it is.
    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = *self.watch.due() else {
            self.due = None;
            return false;
        };
        let due = self.due.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if due.deadline() != at {
            due.as_mut().reset(at);
        }
        due.as_mut().poll(cx).is_ready()
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
        Pin::new(&mut self.io).poll_read(cx, buffer)
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
            self.stalled = None;
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
