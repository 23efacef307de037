//! What comes again after the answer, beside what was shown, or by a number that is quoted.

use super::*;

#[test]
fn r2_same_person_after_closing_without_a_new_fact() {
    let again = Report {
        occurred: report("a", 0).occurred,
        ..report("a", 40)
    };
    assert_eq!(
        ask(&again, closed(report("a", 0), 30)),
        (Rule::R2, Outcome::Provisional)
    );
    let late = Report {
        received_at: day(30 + 366),
        ..again.clone()
    };
    assert_eq!(
        ask(&late, closed(report("a", 0), 30)).1,
        Outcome::Related,
        "the window has passed"
    );
    let in_time = Report {
        received_at: day(30 + 365),
        ..again
    };
    assert_eq!(ask(&in_time, closed(report("a", 0), 30)).0, Rule::R2);
}

#[test]
fn r3_same_person_after_closing_with_a_new_fact() {
    let happened = report("a", 40);
    assert_eq!(ask(&happened, closed(report("a", 0), 30)).0, Rule::R3);
    let old_story = Report {
        occurred: report("a", 0).occurred,
        ..report("a", 40)
    };
    let photographed = Report {
        photos: vec![photo("bb", 39)],
        ..old_story.clone()
    };
    assert_eq!(ask(&photographed, closed(report("a", 0), 30)).0, Rule::R3);
    let old_photo = Report {
        photos: vec![photo("bb", 1)],
        ..old_story.clone()
    };
    assert_eq!(ask(&old_photo, closed(report("a", 0), 30)).0, Rule::R2);
    let demands = Report {
        demand: Some("compensation".to_owned()),
        ..old_story
    };
    assert_eq!(ask(&demands, closed(report("a", 0), 30)).0, Rule::R3);
}

#[test]
fn what_happened_between_the_answer_and_the_closing_is_new() {
    let old = Candidate {
        answered_at: Some(day(20)),
        ..closed(report("a", 0), 60)
    };
    let since = Report {
        occurred: report("a", 40).occurred,
        ..report("a", 100)
    };
    assert_eq!(ask(&since, old.clone()).0, Rule::R3);
    let before = Report {
        occurred: report("a", 19).occurred,
        ..report("a", 100)
    };
    assert_eq!(ask(&before, old).0, Rule::R2);
}

#[test]
fn who_was_refused_or_sent_on_repeats_no_answer() {
    let again = Report {
        occurred: report("a", 0).occurred,
        ..report("a", 40)
    };
    assert_eq!(
        ask(&again, settled(report("a", 0), 30)),
        (Rule::R5, Outcome::Provisional)
    );
    assert_eq!(
        ask(&report("a", 40), settled(report("a", 0), 30)).0,
        Rule::R3
    );
    let reviewed = Candidate {
        finally_reviewed: true,
        ..settled(report("a", 0), 30)
    };
    assert_eq!(ask(&again, reviewed).0, Rule::R11);
}

#[test]
fn r5_another_person_after_closing() {
    assert_eq!(
        ask(&report("b", 40), closed(report("a", 0), 30)).0,
        Rule::R5
    );
}

#[test]
fn r11_after_the_final_review() {
    let again = Report {
        occurred: report("a", 0).occurred,
        ..report("a", 40)
    };
    let old = Candidate {
        finally_reviewed: true,
        ..closed(report("a", 0), 30)
    };
    assert_eq!(ask(&again, old.clone()).0, Rule::R11);
    assert_eq!(
        ask(&report("a", 40), old).0,
        Rule::R3,
        "new facts are verified again"
    );
}

#[test]
fn r11_stands_over_r2_and_has_no_window() {
    let again = |on| Report {
        occurred: report("a", 0).occurred,
        ..report("a", on)
    };
    let reviewed = Candidate {
        finally_reviewed: true,
        ..closed(report("a", 1), 30)
    };
    let answered = closed(report("a", 0), 35);
    let verdict = decide(&again(40), &[answered, reviewed.clone()], &profile());
    assert_eq!(
        (verdict.rule, verdict.target),
        (Rule::R11, Some(reviewed.report.id))
    );
    let late = Report {
        received_at: day(30 + 1_000),
        ..again(40)
    };
    assert_eq!(ask(&late, reviewed).0, Rule::R11);
}

#[test]
fn a_quoted_number_is_asked_about() {
    let upstream = Report {
        external_no: Some("X3FJ202603020070".to_owned()),
        ..unnamed(report("a", 0))
    };
    let far = Report {
        place: None,
        category: "noise.social".into(),
        coarse: "noise".into(),
        ..unnamed(report("b", 9))
    };
    let quoting = |text: &str| Report {
        quotes: crate::text::quoted_numbers(text),
        ..far.clone()
    };
    let text = "受理编号x3fj202603020070没有人管";
    let (rule, outcome) = ask(&quoting(text), open(upstream.clone()));
    assert_eq!((rule, outcome), (Rule::R4, Outcome::Suspected));
    assert_eq!(ask(&far, open(upstream.clone())).1, Outcome::New);
    let verdict = decide(&quoting(text), &[open(upstream.clone())], &profile());
    let said = &verdict.candidates[0].comparisons;
    assert!(
        said.iter()
            .any(|c| c.level == "quotes_number" && c.words == "文中引用前件编号")
    );
    // A contradiction stands: it is named and not asked about.
    let elsewhere = Report {
        place: moved(report("b", 9), 5_000.0).place,
        ..quoting(text)
    };
    assert_eq!(ask(&elsewhere, open(upstream)).1, Outcome::Related);
}

#[test]
fn what_the_reporter_says_is_another_is_asked() {
    let (old, new) = (open(report("a", 0)), report("b", 1));
    let verdict = decide(&new, std::slice::from_ref(&old), &profile());
    let asked = verdict.clone().beside(std::slice::from_ref(&old.number));
    assert_eq!((asked.rule, asked.outcome), (Rule::R4, Outcome::Suspected));
    assert_eq!(
        (asked.target, asked.target_entry),
        (Some(old.report.id), None)
    );
    assert_eq!(
        verdict.clone().beside(&["GL20260302-0009".to_owned()]),
        verdict
    );
    // Another matter they were not shown still joins.
    let further = Candidate {
        number: "GL20260302-0002".to_owned(),
        ..open(report("c", 0))
    };
    let verdict = decide(&new, &[old.clone(), further.clone()], &profile());
    let joined = verdict.beside(&[old.number]);
    assert_eq!(
        (joined.outcome, joined.target),
        (Outcome::Provisional, Some(further.report.id))
    );
}
