//! The rule table, row by row.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::super::{PhotoRef, Place, facts::Known};
use super::*;
use crate::geo::Point;

mod again_tests;

fn profile() -> Profile {
    Profile::embedded().unwrap()
}

fn day(n: i64) -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(n)
}

const TEXT: &str = "楼下烧烤店每天晚上油烟直排，熏得全楼居民无法开窗";

/// A report of a barbecue's fumes by one person, on the given day.
fn report(person: &str, on: i64) -> Report {
    Known {
        id: Uuid::now_v7(),
        channel: "app",
        persons: Some(person)
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        premises: Some("老王烧烤"),
        place: Some(Place {
            point: Point {
                lon: 119.30,
                lat: 26.085,
            },
            accuracy_m: Some(20.0),
        }),
        category: "air.cooking_fume",
        coarse: "air",
        occurred: Some((day(on) - TimeDelta::hours(2), day(on) - TimeDelta::hours(1))),
        received_at: day(on),
        demand: Some("enforcement"),
        description: TEXT,
        ..Known::default()
    }
    .report()
}

fn open(report: Report) -> Candidate {
    Candidate {
        report,
        number: "GL20260302-0001".to_owned(),
        entry_id: Uuid::now_v7(),
        closed_at: None,
        answered_at: None,
        finally_reviewed: false,
        entry: EntryStanding::Open,
    }
}

/// Answered and closed on one day.
fn closed(report: Report, on: i64) -> Candidate {
    Candidate {
        answered_at: Some(day(on)),
        ..settled(report, on)
    }
}

/// Refused or transferred.
fn settled(report: Report, on: i64) -> Candidate {
    Candidate {
        closed_at: Some(day(on)),
        ..open(report)
    }
}

fn ask(new: &Report, old: Candidate) -> (Rule, Outcome) {
    let verdict = decide(new, &[old], &profile());
    (verdict.rule, verdict.outcome)
}

fn photo(name: &str, taken: i64) -> PhotoRef {
    PhotoRef {
        sha256: name.to_owned(),
        taken_at: Some(day(taken)),
    }
}

fn moved(report: Report, metres_north: f64) -> Report {
    let place = report.place.map(|p| Place {
        point: Point {
            lat: p.point.lat + metres_north / 111_195.0,
            ..p.point
        },
        ..p
    });
    Report { place, ..report }
}

fn unnamed(report: Report) -> Report {
    Report {
        premises: None,
        names: Vec::new(),
        ..report
    }
}

#[test]
fn r0_the_upstream_number_again() {
    let numbered = |on| Report {
        channel: "hotline_12345".into(),
        external_no: Some("FZ1".to_owned()),
        ..report("", on)
    };
    assert_eq!(
        ask(&numbered(9), open(numbered(0))),
        (Rule::R0, Outcome::SameSubmission)
    );
    let other_channel = Report {
        channel: "letter".into(),
        ..numbered(9)
    };
    assert_ne!(ask(&other_channel, open(numbered(0))).0, Rule::R0);
}

#[test]
fn r0_the_same_persons_photo_within_a_day() {
    let with = |person: &str, on| Report {
        photos: vec![photo("aa", 0)],
        ..report(person, on)
    };
    let rules = &profile().rules.matching;
    assert!(is_resent(&with("a", 1), &with("a", 0), rules));
    assert!(!is_resent(&with("a", 2), &with("a", 0), rules));
    assert!(!is_resent(&with("b", 0), &with("a", 0), rules));
    assert_eq!(
        ask(&with("a", 2), open(with("a", 0))).0,
        Rule::R1,
        "after a day it is a repeat"
    );
    assert_eq!(
        ask(&with("a", 1), open(with("a", 0))).0,
        Rule::R1,
        "from another sender it is nobody's first record"
    );
    assert_eq!(
        ask(&with("b", 0), open(with("a", 0))).0,
        Rule::R4,
        "shared in a group: R4 evidence"
    );
}

#[test]
fn r1_same_person_while_open() {
    assert_eq!(
        ask(&report("a", 3), open(report("a", 0))),
        (Rule::R1, Outcome::Attached)
    );
    let provisional = ask(&unnamed(report("a", 3)), open(unnamed(report("a", 0))));
    assert_eq!(
        provisional,
        (Rule::R1, Outcome::Provisional),
        "without premises a person confirms"
    );
}

#[test]
fn r1_a_name_without_a_place_is_a_question() {
    let nowhere = |on| Report {
        place: None,
        ..report("a", on)
    };
    assert_eq!(
        ask(&nowhere(3), open(nowhere(0))),
        (Rule::R1, Outcome::Provisional)
    );
    let registered = |on| Report {
        object_id: Some("91350102MA".to_owned()),
        ..nowhere(on)
    };
    assert_eq!(
        ask(&registered(3), open(registered(0))),
        (Rule::R1, Outcome::Attached),
        "a registered object is one wherever"
    );
    let reach = radius_m(&profile(), &report("a", 0));
    assert_eq!(
        ask(&moved(report("a", 3), reach + 25.0), open(report("a", 0))).1,
        Outcome::Provisional,
        "beyond the reach it may be a branch"
    );
}

#[test]
fn a_rule_has_one_name() {
    for rule in Rule::ALL {
        assert_eq!(Rule::named(rule.as_str()), Some(rule));
    }
    assert_eq!(Rule::named("R8"), None);
}

#[test]
fn r4_another_person_while_open() {
    assert_eq!(
        ask(&report("b", 1), open(report("a", 0))),
        (Rule::R4, Outcome::Provisional)
    );
}

#[test]
fn r6_after_write_off() {
    let old = || Candidate {
        entry: EntryStanding::WrittenOff(day(35)),
        ..closed(report("a", 0), 30)
    };
    assert_eq!(ask(&report("b", 40), old()).0, Rule::R6);
    assert_eq!(ask(&report("a", 40), old()).0, Rule::R6);
    let before = Report {
        occurred: report("b", 20).occurred,
        ..report("b", 40)
    };
    assert_eq!(
        ask(&before, old()).0,
        Rule::R5,
        "it was over before the write-off"
    );
    let undated = Report {
        occurred: None,
        ..report("b", 40)
    };
    assert_eq!(
        ask(&undated, old()).0,
        Rule::R6,
        "presumed for another person"
    );
    let archived = Candidate {
        entry: EntryStanding::Archived,
        ..old()
    };
    assert_eq!(
        ask(&report("b", 40), archived).1,
        Outcome::Related,
        "a new entry after archiving"
    );
}

#[test]
fn r7_same_place_another_matter() {
    let noise = Report {
        category: "noise.social".into(),
        coarse: "noise".into(),
        ..report("a", 1)
    };
    assert_eq!(
        ask(&noise, open(report("a", 0))),
        (Rule::R7, Outcome::Related)
    );
}

#[test]
fn r9_another_known_object_is_a_veto() {
    let with = |id: &str, person| Report {
        object_id: Some(id.to_owned()),
        ..report(person, 0)
    };
    assert_eq!(
        ask(&with("91A", "b"), open(with("91B", "a"))),
        (Rule::R9, Outcome::Related)
    );
    assert_eq!(ask(&with("91A", "b"), open(with("91A", "a"))).0, Rule::R4);
}

#[test]
fn r10_the_anonymous_are_nobody() {
    assert_eq!(ask(&report("", 3), open(report("", 0))).0, Rule::R4);
    assert_eq!(ask(&report("", 40), closed(report("", 0), 30)).0, Rule::R5);
}

#[test]
fn r12_one_signer_in_common_is_the_same_person() {
    let joint = Report {
        persons: vec!["x".to_owned(), "a".to_owned()],
        ..report("", 3)
    };
    assert_eq!(ask(&joint, open(report("a", 0))).0, Rule::R1);
}

#[test]
fn between_the_thresholds_a_person_is_asked() {
    let far = Report {
        grams: Vec::new(),
        ..unnamed(moved(report("b", 1), 80.0))
    };
    let old = Report {
        grams: Vec::new(),
        ..unnamed(report("a", 0))
    };
    assert_eq!(ask(&far, open(old)), (Rule::R4, Outcome::Suspected));
}

#[test]
fn far_apart_is_a_new_matter() {
    let (rule, outcome) = ask(
        &unnamed(moved(report("b", 1), 600.0)),
        open(unnamed(report("a", 0))),
    );
    assert_eq!((rule, outcome), (Rule::New, Outcome::New));
}

#[test]
fn branches_of_a_chain_are_not_one_matter() {
    let branch = moved(report("b", 1), 900.0);
    assert_ne!(ask(&branch, open(report("a", 0))).1, Outcome::Provisional);
}

#[test]
fn without_any_place_nothing_is_attached() {
    let nowhere = |person| Report {
        place: None,
        ..unnamed(report(person, 0))
    };
    assert_eq!(ask(&nowhere("b"), open(nowhere("a"))).1, Outcome::Suspected);
}

#[test]
fn another_category_of_the_same_kind_is_only_suspected() {
    let odour = Report {
        category: "air.odour".into(),
        ..report("b", 1)
    };
    assert_eq!(ask(&odour, open(report("a", 0))).1, Outcome::Suspected);
}

fn any_report() -> impl Strategy<Value = Report> {
    let categories = prop::sample::select(vec![
        ("air.cooking_fume", "air"),
        ("air.odour", "air"),
        ("noise.social", "noise"),
    ]);
    (
        categories,
        0.0..900.0f64,
        0i64..90,
        prop::option::of("[ab]"),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |((category, coarse), metres, on, person, named, placed, timed)| {
                let mut report = moved(report(person.as_deref().unwrap_or(""), on), metres);
                report.category = category.into();
                report.coarse = coarse.into();
                report.premises = report.premises.filter(|_| named);
                report.place = report.place.filter(|_| placed);
                report.occurred = report.occurred.filter(|_| timed);
                report
            },
        )
}

proptest! {
    #[test]
    fn the_waterfall_makes_the_score(new in any_report(), old in any_report()) {
        let verdict = decide(&new, &[open(old)], &profile());
        for explained in &verdict.candidates {
            let bits = explained.prior + explained.comparisons.iter().map(|c| c.weight).sum::<f64>();
            prop_assert!((Model::probability(bits) - explained.score).abs() < 1e-9);
            prop_assert!(explained.comparisons.iter().all(|c| !c.words.is_empty() && c.level != "missing"));
        }
    }

    #[test]
    fn the_order_of_candidates_does_not_matter(new in any_report(), olds in prop::collection::vec(any_report(), 0..6)) {
        let profile = profile();
        let candidates: Vec<Candidate> = olds.into_iter().map(open).collect();
        let mut reversed = candidates.clone();
        reversed.reverse();
        prop_assert_eq!(decide(&new, &candidates, &profile), decide(&new, &reversed, &profile));
    }

    #[test]
    fn the_anonymous_never_repeat(new in any_report(), old in any_report()) {
        let anonymous = Report { persons: Vec::new(), ..new };
        prop_assert!(!decide(&anonymous, &[open(old)], &profile()).rule.is_repeat());
    }

    #[test]
    fn nothing_is_attached_against_a_veto(a in any_report(), b in any_report()) {
        let a = Report { object_id: Some("1".to_owned()), ..a };
        let b = Report { object_id: Some("2".to_owned()), ..b };
        let outcome = decide(&a, &[open(b)], &profile()).outcome;
        prop_assert!(!matches!(outcome, Outcome::Attached | Outcome::Provisional | Outcome::Suspected));
    }
}
