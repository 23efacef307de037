//! What is known of several, put together of what is known of each: to make it of every one anew
//! for every text costs far more than to join what was made once.

use super::KnownPeople;

impl KnownPeople {
    /// Adds everybody another knows.
    pub fn absorb(&mut self, other: &Self) {
        for (first, words) in &other.words {
            add_new(self.words.entry(*first).or_default(), words);
        }
        for (first, spellings) in &other.latin {
            let mine = self.latin.entry(*first).or_default();
            mine.extend(spellings.iter().cloned());
        }
        self.surnames.extend(other.surnames.iter().cloned());
        self.compounds.extend(other.compounds.iter().cloned());
        self.lasts.extend(&other.lasts);
        self.middles.extend(&other.middles);
        self.initials.extend(other.initials.iter().cloned());
        self.codes.extend(other.codes.iter().cloned());
        add_new(&mut self.drawn, &other.drawn);
        add_new(&mut self.by_ear, &other.by_ear);
        add_new(&mut self.numbers, &other.numbers);
        add_new(&mut self.reversed, &other.reversed);
        add_new(&mut self.extensions, &other.extensions);
        add_new(&mut self.doors, &other.doors);
        add_new(&mut self.births, &other.births);
    }
}

impl<'a> FromIterator<&'a KnownPeople> for KnownPeople {
    fn from_iter<T: IntoIterator<Item = &'a KnownPeople>>(each: T) -> Self {
        let mut known = Self::default();
        for other in each {
            known.absorb(other);
        }
        known
    }
}

fn add_new<T: Clone + PartialEq>(mine: &mut Vec<T>, others: &[T]) {
    for other in others {
        if !mine.contains(other) {
            mine.push(other.clone());
        }
    }
}
