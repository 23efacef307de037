//! How many things of a kind one sender may have going on at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::limit::Sender;

/// A site has as many seats as so many senders.
const SITE_TIMES: usize = 4;

/// The seats there are for each sender.
#[derive(Debug, Clone)]
pub struct Seats {
    taken: Arc<Mutex<HashMap<String, usize>>>,
    most: usize,
}

/// A seat that is taken; dropping it frees it.
#[derive(Debug)]
pub struct Seat {
    taken: Arc<Mutex<HashMap<String, usize>>>,
    keys: Vec<String>,
}

impl Seats {
    /// So many seats for each sender.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            taken: Arc::default(),
            most,
        }
    }

    /// A seat, if the sender and their site have one left.
    #[must_use]
    pub fn take(&self, sender: &Sender) -> Option<Seat> {
        let mut taken = locked(&self.taken);
        let site = sender.site.iter().map(|s| (s, self.most * SITE_TIMES));
        let wanted: Vec<_> = std::iter::once((&sender.key, self.most))
            .chain(site)
            .collect();
        let full = |(key, most): &(&String, usize)| taken.get(*key).is_some_and(|n| n >= most);
        if wanted.iter().any(full) {
            return None;
        }
        let keys: Vec<String> = wanted.into_iter().map(|(key, _)| key.clone()).collect();
        for key in &keys {
            *taken.entry(key.clone()).or_default() += 1;
        }
        Some(Seat {
            taken: Arc::clone(&self.taken),
            keys,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = locked(&self.taken);
        for key in &self.keys {
            if let Some(count) = taken.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(key);
                }
            }
        }
    }
}

fn locked(taken: &Mutex<HashMap<String, usize>>) -> MutexGuard<'_, HashMap<String, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::address::ClientAddress;

    #[test]
    fn seats_are_each_senders_own_and_given_back() {
        let seats = Seats::new(2);
        let (a, b) = (Sender::from("a"), Sender::from("b"));
        let first = seats.take(&a);
        let second = seats.take(&a);
        assert!(first.is_some() && second.is_some() && seats.take(&a).is_none());
        assert!(seats.take(&b).is_some());
        drop(first);
        assert!(seats.take(&a).is_some());
        drop(second);
        assert!(locked(&seats.taken).is_empty());
    }

    #[test]
    fn a_site_has_the_seats_of_four() {
        let seats = Seats::new(2);
        let sender = |n| {
            let address = format!("2001:db8:1:{n:x}::1").parse().unwrap();
            Sender::from(&ClientAddress::of(address))
        };
        let held: Vec<_> = (0..20).filter_map(|n| seats.take(&sender(n))).collect();
        assert_eq!(held.len(), 2 * SITE_TIMES);
        drop(held);
        assert!(seats.take(&sender(19)).is_some());
    }
}
