//! How much memory all uploads together may hold, and how much of it one sender may. A request
//! that would go beyond it is asked to come back, instead of taking the process down with everybody
//! else's; and no sender, slow or greedy, takes the room from the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    limit::Sender,
    problem::Problem,
    seats::{Seat, Seats},
};

/// Room is taken in steps of so many bytes.
const STEP: usize = 4 * 1024;

/// Seconds after which a refused upload may be tried again.
const RETRY_AFTER_S: u64 = 5;

/// Uploads one sender may have on their way at once. A phone sends one or two; behind one address
/// there may be a family or an office.
const AT_ONCE: usize = 16;

/// A site may hold as much as so many senders.
const SITE_TIMES: usize = 2;

/// A sender may hold at most so many times what is left free after it, in a room that is just
/// large enough for one submission.
const MOST_TIMES: usize = 8;

/// Megabytes of the largest submission: nine photos of 25 MB and their text.
pub const SUBMISSION_MB: usize = 226;

/// The room there is.
#[derive(Debug, Clone)]
pub struct Room(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// How many times what is left free after it a sender may hold.
    times: usize,
    seats: Seats,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    held: HashMap<String, usize>,
}

/// An upload that was let in; what its parts hold is counted for its sender.
#[derive(Debug, Clone)]
pub struct Visit {
    room: Arc<Inner>,
    sender: Sender,
    _seat: Arc<Seat>,
}

/// Room that is held; dropping it gives it back.
#[derive(Debug, Default)]
pub struct Held {
    visit: Option<Visit>,
    bytes: usize,
    /// Bytes of the last step that are not used yet.
    spare: usize,
}

/// How many times what is left free after it a sender may hold: once, where the room holds two
/// submissions; more where it is smaller, so that one whole submission still fits; never all.
fn times_of(megabytes: usize) -> usize {
    let beside = megabytes.saturating_sub(SUBMISSION_MB);
    SUBMISSION_MB.div_ceil(beside.max(1)).clamp(1, MOST_TIMES)
}

impl Room {
    /// Room for so many megabytes.
    #[must_use]
    pub fn of_megabytes(megabytes: usize) -> Self {
        Self(Arc::new(Inner {
            times: times_of(megabytes),
            seats: Seats::new(AT_ONCE),
            state: Mutex::new(State {
                free: megabytes.saturating_mul(1024 * 1024),
                held: HashMap::new(),
            }),
        }))
    }

    /// Lets an upload in before a byte of it is read.
    ///
    /// # Errors
    /// 429 when the sender has too many on their way.
    pub fn enter(&self, sender: &Sender) -> Result<Visit, Problem> {
        let seat = self.0.seats.take(sender);
        let seat = seat.ok_or_else(|| Problem::too_many(RETRY_AFTER_S))?;
        Ok(Visit {
            room: Arc::clone(&self.0),
            sender: sender.clone(),
            _seat: Arc::new(seat),
        })
    }
}

impl Visit {
    /// Holds nothing yet.
    #[must_use]
    pub fn hold(&self) -> Held {
        Held {
            visit: Some(self.clone()),
            ..Held::default()
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys of a sender and how many times a sender's share each may hold.
fn keys_of(sender: &Sender) -> impl Iterator<Item = (&String, usize)> {
    let site = sender.site.iter().map(|site| (site, SITE_TIMES));
    std::iter::once((&sender.key, 1)).chain(site)
}

impl Held {
    /// Whose it is, where it was counted.
    #[must_use]
    pub fn sender(&self) -> Option<&Sender> {
        self.visit.as_ref().map(|visit| &visit.sender)
    }

    /// Takes room for more bytes.
    ///
    /// # Errors
    /// 503 when there is none left, 429 when the sender's other uploads hold all they may; what is
    /// held stays held until it is dropped.
    pub fn take(&mut self, bytes: usize) -> Result<(), Problem> {
        let Some(visit) = &self.visit else {
            return Ok(());
        };
        if bytes <= self.spare {
            self.spare -= bytes;
            return Ok(());
        }
        let more = (bytes - self.spare).div_ceil(STEP) * STEP;
        let mut state = visit.room.state();
        let busy = || Problem::unavailable("many uploads at once", RETRY_AFTER_S);
        let free = state.free.checked_sub(more).ok_or_else(busy)?;
        for (key, share) in keys_of(&visit.sender) {
            let others = state.held.get(key).copied().unwrap_or_default();
            let most = free.saturating_mul(visit.room.times).saturating_mul(share);
            if others + more > most {
                let only_this = others <= self.bytes;
                return Err(if only_this {
                    busy()
                } else {
                    Problem::too_many(RETRY_AFTER_S)
                });
            }
        }
        state.free = free;
        for (key, _) in keys_of(&visit.sender) {
            *state.held.entry(key.clone()).or_default() += more;
        }
        self.spare = self.spare + more - bytes;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(visit) = self.visit.as_ref().filter(|_| self.bytes > 0) else {
            return;
        };
        let mut state = visit.room.state();
        state.free += self.bytes;
        for (key, _) in keys_of(&visit.sender) {
            if let Some(held) = state.held.get_mut(key) {
                *held -= self.bytes;
                if *held == 0 {
                    state.held.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: usize = 1024 * 1024;

    fn visit(room: &Room, name: &str) -> Visit {
        room.enter(&Sender::from(name)).unwrap()
    }

    #[test]
    fn room_is_given_back_and_never_overdrawn() {
        let room = Room::of_megabytes(1);
        let mut a = visit(&room, "a").hold();
        for _ in 0..700 {
            a.take(1000).unwrap();
        }
        let mut b = visit(&room, "b").hold();
        let refused = b.take(400_000).unwrap_err();
        assert_eq!(refused.code().status(), 503);
        drop(a);
        b.take(900_000).unwrap();
        drop(b);
        assert_eq!(room.0.state().free, MB);
        assert!(room.0.state().held.is_empty());
    }

    /// Fairness: whatever one sender does, others find room, and a whole submission fits.
    #[test]
    fn one_sender_never_holds_what_others_need() {
        for megabytes in [256, 512, 2048] {
            let room = Room::of_megabytes(megabytes);
            let greedy = visit(&room, "greedy");
            let mut whole = greedy.hold();
            whole.take(SUBMISSION_MB * MB - STEP).unwrap();
            let mut more: Vec<Held> = Vec::new();
            let refused = loop {
                let mut held = greedy.hold();
                match held.take(MB) {
                    Ok(()) => more.push(held),
                    Err(problem) => break problem,
                }
            };
            assert_eq!(refused.code().status(), 429, "{megabytes}");
            let mut honest = visit(&room, "honest").hold();
            honest.take(12 * MB).unwrap();
        }
    }

    #[test]
    fn many_greedy_senders_leave_something_as_well() {
        let room = Room::of_megabytes(512);
        let mut held = Vec::new();
        for n in 0..4 {
            let visit = visit(&room, &format!("greedy {n}"));
            let mut most = visit.hold();
            while most.take(MB).is_ok() {}
            held.push(most);
        }
        visit(&room, "honest").hold().take(12 * MB).unwrap();
    }

    #[test]
    fn uploads_at_once_are_bounded_before_a_byte_is_read() {
        let room = Room::of_megabytes(256);
        let mut held: Vec<Held> = (0..AT_ONCE).map(|_| visit(&room, "a").hold()).collect();
        let refused = room.enter(&Sender::from("a")).unwrap_err();
        assert_eq!(
            (refused.code().status(), refused.retry_after_s()),
            (429, Some(5))
        );
        room.enter(&Sender::from("b")).unwrap();
        held.pop();
        room.enter(&Sender::from("a")).unwrap();
    }
}
