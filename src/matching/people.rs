//! Who petitions, as the law counts them: whoever is represented and not their agent (代理人), every human
//! once however often they are named, those who signed and left no number too, and nobody where nobody
//! signed (domain §3.1, R10, R12). Whatever counts or compares persons does it by what stands here.

use std::collections::{BTreeSet, HashMap};

use crate::privacy::REPORTER;

/// How somebody takes part whom another speaks for (被代理人).
pub const REPRESENTED: &str = "represented";

/// Those named on one petition who petition in it, in their order. Where somebody is represented, who
/// reports is their agent: a lawyer files for many, and is none of them. An agent who also signed for
/// themselves is named a second time, as a signer.
#[must_use]
pub fn principals<T>(named: Vec<T>, kind: impl Fn(&T) -> &str) -> Vec<T> {
    let represented = named.iter().any(|one| kind(one) == REPRESENTED);
    let is_agent = |one: &T| represented && kind(one) == REPORTER;
    named.into_iter().filter(|one| !is_agent(one)).collect()
}

/// Somebody who petitions, as far as telling persons apart goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Petitioner {
    /// Blind indexes of their numbers; none when they signed and left none.
    pub keys: Vec<String>,
    /// Blind index of their name, where it is one that tells people apart.
    pub name: Option<String>,
}

impl Petitioner {
    /// Whether they are known by a number of their own, and not by a name alone.
    #[must_use]
    pub const fn is_numbered(&self) -> bool {
        !self.keys.is_empty()
    }
}

/// Which persons petition in which petition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Persons {
    /// A person's number for each petitioner of each petition, in their order.
    pub of: Vec<Vec<usize>>,
    /// How many persons there are.
    pub count: usize,
}

/// Tells the persons of several petitions apart, in time that grows with their number and no faster.
///
/// Petitioners who share a phone, an identity number or an account are one. Who left no number is known
/// by name, and is the numbered one of that name where there is one. Of those whose name tells nothing
/// there are as many as one petition names at most: more cannot be told from each other.
#[must_use]
pub fn tell_apart(petitions: &[Vec<Petitioner>]) -> Persons {
    let mut all = Roots::default();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut names: HashMap<&str, usize> = HashMap::new();
    let numbered = petitions.iter().flatten().filter(|p| p.is_numbered());
    for petitioner in numbered {
        let mut own: Option<usize> = None;
        for key in &petitioner.keys {
            let number = *numbers.entry(key).or_insert_with(|| all.add());
            own = Some(own.map_or(number, |own| all.join(own, number)));
        }
        if let (Some(name), Some(own)) = (&petitioner.name, own) {
            names.entry(name).or_insert(own);
        }
    }
    let mut nameless: Vec<usize> = Vec::new();
    let mut of: Vec<Vec<usize>> = Vec::with_capacity(petitions.len());
    for petition in petitions {
        let mut persons = Vec::with_capacity(petition.len());
        let mut unnamed = 0;
        for petitioner in petition {
            let numbered = petitioner.keys.first();
            let person = match (numbered, &petitioner.name) {
                (Some(key), _) => numbers.get(key.as_str()).copied(),
                (None, Some(name)) => Some(*names.entry(name).or_insert_with(|| all.add())),
                (None, None) => {
                    if unnamed == nameless.len() {
                        nameless.push(all.add());
                    }
                    unnamed += 1;
                    nameless.get(unnamed - 1).copied()
                }
            };
            persons.extend(person);
        }
        of.push(persons);
    }
    for person in of.iter_mut().flatten() {
        *person = all.root(*person);
    }
    let count = of.iter().flatten().collect::<BTreeSet<_>>().len();
    Persons { of, count }
}

/// Things that turn out to be one.
#[derive(Default)]
struct Roots {
    parents: Vec<usize>,
}

impl Roots {
    /// One more.
    fn add(&mut self) -> usize {
        self.parents.push(self.parents.len());
        self.parents.len() - 1
    }

    /// What a thing is one with.
    fn root(&mut self, mut at: usize) -> usize {
        while let Some(up) = self.parents.get(at).copied().filter(|up| *up != at) {
            let above = self.parents.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.parents.get_mut(at) {
                *slot = above;
            }
            at = above;
        }
        at
    }

    /// Makes two things one.
    fn join(&mut self, one: usize, other: usize) -> usize {
        let (one, other) = (self.root(one), self.root(other));
        let (least, greatest) = (one.min(other), one.max(other));
        if let Some(slot) = self.parents.get_mut(greatest) {
            *slot = least;
        }
        least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known_by(keys: &[&str], name: &str) -> Petitioner {
        Petitioner {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            name: Some(name).filter(|n| !n.is_empty()).map(str::to_owned),
        }
    }

    #[test]
    fn an_agent_is_nobody_they_speak_for() {
        let of = |named: &[(&'static str, u8)]| -> Vec<u8> {
            let left = principals(named.to_vec(), |(kind, _)| kind);
            left.into_iter().map(|(_, who)| who).collect()
        };
        assert_eq!(of(&[("reporter", 1), ("represented", 2)]), [2]);
        assert_eq!(of(&[("reporter", 1), ("joint_signer", 2)]), [1, 2]);
        assert_eq!(of(&[("reporter", 1)]), [1]);
        // An agent who also signed is one of the signers.
        let both = [("reporter", 1), ("joint_signer", 1), ("represented", 2)];
        assert_eq!(of(&both), [1, 2]);
    }

    #[test]
    fn one_human_by_phone_card_and_name_is_one() {
        let phone = || vec![known_by(&["phone"], "林")];
        let card = || vec![known_by(&["card"], "林")];
        assert_eq!(tell_apart(&[phone(), card()]).count, 2);
        let both = vec![known_by(&["phone", "card"], "")];
        let told = tell_apart(&[phone(), card(), both]);
        assert_eq!((told.count, &told.of[0]), (1, &told.of[2]));
        let by_name = vec![known_by(&[], "林")];
        let told = tell_apart(&[by_name.clone(), phone()]);
        assert_eq!((told.count, &told.of[0]), (1, &told.of[1]));
        assert_eq!(tell_apart(&[by_name, vec![known_by(&[], "陈")]]).count, 2);
    }

    #[test]
    fn who_cannot_be_told_apart_is_counted_by_the_longest_list() {
        let unnamed = |n: usize| vec![known_by(&[], ""); n];
        assert_eq!(tell_apart(&[unnamed(2), unnamed(3)]).count, 3);
        assert_eq!(tell_apart(&[unnamed(0), vec![]]).count, 0);
        let mixed = tell_apart(&[vec![known_by(&["a"], ""), known_by(&[], "")], unnamed(1)]);
        assert_eq!((mixed.count, mixed.of[0][1]), (2, mixed.of[1][0]));
    }
}
