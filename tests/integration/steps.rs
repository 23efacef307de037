//! Steps: what the tables say of each state, event and actor is what happens, and whatever an event
//! touches says so in its own history.

use std::fmt::Debug;

use chrono::{DateTime, TimeDelta, Utc};
use dengwen::{
    complaint::{self, machine::RatedReply, queries::Complaint},
    handover::{self as handovers, queries::Handover},
    ledger::{self, queries::Entry},
    notice::{self as notices, queries::Notice},
    platform::db::{
        Connection, Id,
        schema::{
            complaint as complaints, handover, ledger_entry, notice, record as records,
            verification,
        },
    },
    record::{
        self, Actor, Step, Subject, Who,
        machine::{EventName, State},
    },
    verification::{self as visits, queries::Visit},
};
use diesel::{Connection as _, prelude::*, result::Error};
use serde_json::{Value, json};

use crate::support::{
    self, World,
    bodies::{fumes, river},
};

/// How a subject is put into a state past its machine, and looked at.
struct Bench<S: Subject> {
    id: Id,
    put: fn(&mut Connection, Id, S::State),
    look: fn(&mut Connection, Id) -> (String, i32),
    /// Facts in which every guard holds.
    facts: fn() -> S::Facts,
}

/// The newest line of a subject's history: event, states, kind and name of the actor.
type Line = (String, Option<String>, Option<String>, String, String);

fn newest(conn: &mut Connection, id: Id) -> Option<Line> {
    records::table
        .filter(records::subject_id.eq(id))
        .order(records::id.desc())
        .select((
            records::event,
            records::from_state,
            records::to_state,
            records::actor_kind,
            records::actor_name,
        ))
        .first(conn)
        .optional()
        .unwrap()
}

fn actor(who: Who) -> Actor {
    match who {
        Who::Role(role) => Actor::Staff {
            id: Id::new(),
            name: role.as_str().to_owned(),
            role,
        },
        Who::Reporter => Actor::Reporter,
        Who::System => Actor::System,
        Who::Import => Actor::Import,
    }
}

/// What is done inside is looked at and taken back.
fn taken_back<T>(conn: &mut Connection, play: impl FnOnce(&mut Connection) -> T) -> T {
    let mut seen = None;
    let ended = conn.transaction::<(), Error, _>(|conn| {
        seen = Some(play(conn));
        Err(Error::RollbackTransaction)
    });
    assert_eq!(ended, Err(Error::RollbackTransaction));
    seen.unwrap()
}

impl<S: Subject> Bench<S>
where
    S::State: Debug,
    S::Event: Debug,
{
    /// What the table says of a triple: where it leads, or the status it is refused with.
    fn said(from: Option<S::State>, event: S::Event, who: Who) -> Result<S::State, u16> {
        let mut rows = S::MACHINE.rows.iter();
        match rows.find(|row| row.from == from && row.event == event) {
            None => Err(409),
            Some(row) if !row.who.contains(&who) => Err(403),
            Some(row) => Ok(row.to),
        }
    }

    fn step<'a>(&self, from: Option<S::State>, event: S::Event, by: &'a Actor) -> Step<'a, S> {
        match from {
            Some(from) => Step::new(self.id, from, event, by),
            None => Step::birth(self.id, event, by),
        }
    }

    /// Every actor takes every step from one state; answers how many steps were taken.
    fn from(&self, conn: &mut Connection, from: Option<S::State>, now: DateTime<Utc>) -> usize {
        if let Some(state) = from {
            (self.put)(conn, self.id, state);
        }
        let stood = ((self.look)(conn, self.id), newest(conn, self.id));
        let mut taken = 0;
        for event in S::Event::ALL.iter().copied() {
            for who in Who::all() {
                let triple = format!("{}: {from:?} {event:?} {who}", S::Event::KIND);
                let by = actor(who);
                match Self::said(from, event, who) {
                    Ok(to) => {
                        taken += 1;
                        self.is_taken(conn, from, event, to, &by, now);
                        self.guards_refuse(conn, from, event, &by, now);
                    }
                    Err(status) => {
                        let step = self.step(from, event, &by).given((self.facts)());
                        let refused = record::advance(conn, &step, now).expect_err(&triple);
                        assert_eq!(refused.code().status(), status, "{triple}");
                    }
                }
            }
        }
        let stands = ((self.look)(conn, self.id), newest(conn, self.id));
        assert_eq!(stands, stood, "a refused step of {from:?} left a trace");
        taken
    }

    fn is_taken(
        &self,
        conn: &mut Connection,
        from: Option<S::State>,
        event: S::Event,
        to: S::State,
        by: &Actor,
        now: DateTime<Utc>,
    ) {
        let step = self.step(from, event, by).given((self.facts)());
        let before = (self.look)(conn, self.id);
        let (led, stands, line) = taken_back(conn, |conn| {
            let led = record::advance(conn, &step, now).unwrap();
            (led, (self.look)(conn, self.id), newest(conn, self.id))
        });
        assert_eq!(led, to, "{event:?} from {from:?}");
        if from.is_some() {
            let moved = (to.as_str().to_owned(), before.1 + 1);
            assert_eq!(stands, moved, "{event:?} from {from:?}");
        }
        let name = match by {
            Actor::Staff { name, .. } => name.clone(),
            _ => String::new(),
        };
        let written = (
            event.as_str().to_owned(),
            from.map(|state| state.as_str().to_owned()),
            Some(to.as_str().to_owned()),
            by.kind().to_owned(),
            name,
        );
        assert_eq!(line, Some(written));
    }

    /// Without facts, a row with a check takes nobody further.
    fn guards_refuse(
        &self,
        conn: &mut Connection,
        from: Option<S::State>,
        event: S::Event,
        by: &Actor,
        now: DateTime<Utc>,
    ) {
        let mut rows = S::MACHINE.rows.iter();
        let row = rows.find(|row| row.from == from && row.event == event);
        if row.is_some_and(|row| row.guards.iter().any(|guard| guard.check.is_some())) {
            let step = self.step(from, event, by);
            assert!(
                record::advance(conn, &step, now).is_err(),
                "{event:?} {from:?}"
            );
        }
    }

    /// Every triple of the machine.
    fn all(&self, conn: &mut Connection, now: DateTime<Utc>) {
        let states = S::State::ALL.iter().copied().map(Some);
        let taken: usize = states
            .chain([None])
            .map(|from| self.from(conn, from, now))
            .sum();
        let named: usize = S::MACHINE.rows.iter().map(|row| row.who.len()).sum();
        assert_eq!(taken, named, "every row was taken by everybody it names");
    }
}

fn complaint_facts() -> complaint::machine::Facts {
    complaint::machine::Facts {
        reason: true,
        notice: true,
        procedure: true,
        receiver: true,
        final_review: true,
        parts: 1,
        completed: true,
        objection: true,
        answer: true,
        undone: true,
        rated: Some(RatedReply {
            again: false,
            age: TimeDelta::zero(),
            open: TimeDelta::days(14),
        }),
        found_it: true,
        untouched: true,
        outcome: true,
        reviewed: true,
    }
}

fn visit_facts() -> visits::machine::Facts {
    visits::machine::Facts {
        reason: true,
        officer: true,
        was_there: true,
        is_whole: true,
        made_by_another: true,
        needless: true,
    }
}

fn handover_facts() -> handovers::machine::Facts {
    handovers::machine::Facts {
        answer: true,
        reason: true,
    }
}

fn notice_facts() -> notices::machine::Facts {
    notices::machine::Facts {
        proof: true,
        reason: true,
    }
}

fn entry_facts() -> ledger::machine::Facts {
    ledger::machine::Facts {
        number: String::new(),
        complaints: 1,
        reason: true,
        meeting: true,
        minutes: true,
        level: true,
        chosen_owner: true,
        emptied: false,
        undone: true,
    }
}

/// Puts a row into a state past its machine, and looks at state and version.
macro_rules! bench {
    ($subject:ty, $table:ident, $id:expr, $facts:expr) => {
        Bench::<$subject> {
            id: $id,
            put: |conn, id, state| {
                diesel::update($table::table.find(id))
                    .set($table::state.eq(state))
                    .execute(conn)
                    .unwrap();
            },
            look: |conn, id| {
                $table::table
                    .find(id)
                    .select(($table::state, $table::version))
                    .first::<(<$subject as Subject>::State, i32)>(conn)
                    .map(|(state, version)| (state.as_str().to_owned(), version))
                    .unwrap()
            },
            facts: $facts,
        }
    };
}

/// A filed complaint: its number and tracking code.
async fn filed(world: &World, body: Value) -> (String, String) {
    let receipt = world.file(body).await;
    (receipt.text("/number"), receipt.text("/tracking_code"))
}

/// D30: every state, event and actor of every machine. What the table names is done and on record,
/// with the states and the actor; the rest is refused with 409 or 403, and nothing is changed.
async fn every_triple_is_as_the_tables_say(world: World) {
    let brigade = world.brigade().await;
    let (number, _) = filed(&world, fumes(None, 0.0)).await;
    let of = |step: &str| format!("/api/v1/complaints/{number}/{step}");
    brigade.accept(&number).await;
    brigade
        .post(&of("verifications"), json!({}))
        .await
        .expect(201);
    let (other, _) = filed(&world, river(None)).await;
    brigade.transfer(&other, "dept_urban").await;
    let now = world.server.app.now();
    world.db_read(|c| {
        let (filed, entry): (Id, Id) = complaints::table
            .filter(complaints::number.eq(&number))
            .select((complaints::id, complaints::entry_id))
            .first(c)
            .unwrap();
        let visit: Id = verification::table
            .select(verification::id)
            .first(c)
            .unwrap();
        let sent: Id = handover::table.select(handover::id).first(c).unwrap();
        let told: Id = notice::table.select(notice::id).first(c).unwrap();
        taken_back(c, |c| {
            bench!(Complaint, complaints, filed, complaint_facts).all(c, now);
            bench!(Visit, verification, visit, visit_facts).all(c, now);
            bench!(Handover, handover, sent, handover_facts).all(c, now);
            bench!(Notice, notice, told, notice_facts).all(c, now);
            bench!(Entry, ledger_entry, entry, entry_facts).all(c, now);
        });
    });
}

/// A step from a state that was left meanwhile is refused, and leaves nothing.
async fn a_step_from_a_state_that_was_left_is_refused(world: World) {
    let (number, _) = filed(&world, fumes(None, 0.0)).await;
    let now = world.server.app.now();
    world.db_read(|c| {
        let id: Id = complaints::table
            .filter(complaints::number.eq(&number))
            .select(complaints::id)
            .first(c)
            .unwrap();
        let stood = newest(c, id);
        let left = record::ComplaintState::Accepted;
        let by = actor(Who::Role(dengwen::account::Role::Brigade));
        let step = Step::<Complaint>::new(id, left, record::ComplaintEvent::Start, &by);
        let refused = record::advance(c, &step, now).expect_err("it waits for acceptance");
        assert_eq!(refused.code().status(), 409);
        assert_eq!(newest(c, id), stood);
    });
}

/// Lines of a history, by event: who, and the detail.
fn lines(world: &World, number: &str, event: &str) -> Vec<(String, String, Value)> {
    world.db_read(|c| {
        let complaint: Option<Id> = complaints::table
            .filter(complaints::number.eq(number))
            .select(complaints::id)
            .first(c)
            .optional()
            .unwrap();
        let subject = complaint.unwrap_or_else(|| {
            let entry = ledger_entry::table.filter(ledger_entry::number.eq(number));
            entry.select(ledger_entry::id).first(c).unwrap()
        });
        let found: Vec<(String, String, dengwen::platform::db::JsonValue)> = records::table
            .filter(records::subject_id.eq(subject))
            .filter(records::event.eq(event))
            .order(records::id)
            .select((records::actor_kind, records::actor_name, records::detail))
            .load(c)
            .unwrap();
        found
            .into_iter()
            .map(|(kind, name, d)| (kind, name, d.0))
            .collect()
    })
}

/// D30: what the software finds by rule is the software's, whoever's words made it look again.
async fn what_is_found_by_rule_is_the_systems(world: World) {
    supplemented_by(world, "reporter").await;
}

/// The same words by the other door: new facts that staff add for a caller are judged again, too.
async fn what_staff_add_is_judged_as_well(world: World) {
    supplemented_by(world, "staff").await;
}

async fn supplemented_by(world: World, who: &str) {
    let brigade = world.brigade().await;
    filed(&world, fumes(Some("13960700001"), 0.0)).await;
    let (number, code) = filed(&world, fumes(Some("13960700002"), 10.0)).await;
    let reject = json!({ "decision": "reject", "reason": "另一家店" });
    let path = format!("/api/v1/complaints/{number}/match-decision");
    let rejected = brigade.post(&path, reject).await.expect(200);
    assert_eq!(rejected.text("/state"), "awaiting_acceptance");
    let told = json!({ "text": "今晚又是油烟直排。", "new_facts": true });
    let added = match who {
        "staff" => {
            let path = format!("/api/v1/complaints/{number}/supplements");
            brigade.post(&path, told).await.expect(201)
        }
        _ => {
            let path = format!("/api/v1/tracking/{code}/supplements");
            world.resident().post(&path, told).await.expect(201)
        }
    };
    assert_eq!(
        added.text("/state"),
        "screening",
        "the question is open again"
    );
    let reopened = lines(&world, &number, "reopen_match");
    let [(kind, name, detail)] = reopened.as_slice() else {
        panic!("{reopened:?}");
    };
    assert_eq!((kind.as_str(), name.as_str()), ("system", ""));
    assert_eq!(detail["cause"], "supplement");
    let supplemented = lines(&world, &number, "supplement");
    assert_eq!(supplemented[0].0, who, "who spoke stands beside it");
    assert_eq!(lines(&world, &number, "settle_match")[0].0, "staff");
}

/// A complaint moved by a merge, by its undoing and by a decision on its link says so itself, and so
/// do the entries it leaves and joins.
async fn whatever_a_move_touches_says_so(world: World) {
    let brigade = world.brigade().await;
    let (a, _) = filed(&world, fumes(Some("13960700003"), 0.0)).await;
    let (b, _) = filed(&world, river(Some("13960700004"))).await;
    let (source, target) = (world.entry_of(&a), world.entry_of(&b));
    let merge = json!({ "into": target, "reason": "同一排口" });
    let path = format!("/api/v1/entries/{source}/merge");
    let merged = brigade.post(&path, merge).await.expect(200);
    let staff = ("staff".to_owned(), "brigade".to_owned());
    let by_staff = |detail: Value| (staff.0.clone(), staff.1.clone(), detail);
    assert_eq!(
        lines(&world, &a, "change_entry"),
        [by_staff(
            json!({ "from": source, "to": target, "cause": "merge" })
        )]
    );
    assert_eq!(
        lines(&world, &source, "complaint_left"),
        [by_staff(
            json!({ "complaints": [a], "to": target, "cause": "merge" })
        )]
    );
    let joined = lines(&world, &target, "complaint_joined");
    assert_eq!(joined.len(), 2, "its own, and the other's");
    assert_eq!(
        (joined[0].0.as_str(), &joined[0].2["cause"]),
        ("system", &json!("register"))
    );
    assert_eq!(
        joined[0].2["complaint_count"],
        json!({ "from": 0, "to": 1 })
    );
    assert_eq!(
        joined[1],
        by_staff(json!({ "complaints": [a], "from": source, "cause": "merge" }))
    );
    let counted = lines(&world, &target, "recounted");
    assert_eq!(counted.len(), 1);
    assert_eq!(counted[0].0, "system");
    assert_eq!(
        counted[0].2["complaint_count"],
        json!({ "from": 1, "to": 2 })
    );
    assert!(
        counted[0].2.get("strong_concern").is_none(),
        "only what changed"
    );
    let undo = format!("/api/v1/merges/{}/undo", merged.text("/merge_id"));
    brigade
        .post(&undo, json!({ "reason": "两个问题" }))
        .await
        .expect(200);
    let moved = lines(&world, &a, "change_entry");
    assert_eq!(
        moved[1],
        by_staff(json!({ "from": target, "to": source, "cause": "undo_merge" }))
    );
    assert!(
        lines(&world, &b, "change_entry").is_empty(),
        "it never moved"
    );
    let confirm = json!({ "decision": "confirm", "target": b });
    let path = format!("/api/v1/complaints/{a}/match-decision");
    brigade.post(&path, confirm).await.expect(200);
    let moved = lines(&world, &a, "change_entry");
    assert_eq!(
        moved[2],
        by_staff(json!({ "from": source, "to": target, "cause": "decide_match" }))
    );
    assert_eq!(support::facts::broken(&world), Vec::<String>::new());
}

/// R8: the parts of a letter say which letter they were split from.
async fn parts_say_which_letter_they_come_from(world: World) {
    let brigade = world.brigade().await;
    let (letter, _) = filed(&world, fumes(Some("13960700005"), 0.0)).await;
    let claim = json!({ "number": letter });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
    let split = json!({
        "action": "split",
        "reason": "一信多诉",
        "parts": [{ "category": "water.black_odorous", "description": "门前的河水又黑又臭" }]
    });
    let path = format!("/api/v1/complaints/{letter}/decision");
    let parts = brigade.post(&path, split).await.expect(200).body["parts"].clone();
    let part = parts[0].as_str().unwrap();
    let from = lines(&world, part, "split_from");
    assert_eq!(from.len(), 1);
    assert_eq!(from[0].2, json!({ "letter": letter }));
    assert_eq!(
        lines(&world, &letter, "split")[0].2,
        json!({ "parts": [part] })
    );
}

/// A street reads of an entry's history no number of a complaint that is not its own.
async fn a_history_names_no_other_streets_complaints(world: World) {
    let brigade = world.brigade().await;
    let street = world.street("street", "350102004").await;
    let (own, _) = filed(&world, fumes(Some("13960700006"), 0.0)).await;
    let (other, _) = filed(&world, river(Some("13960700007"))).await;
    let (source, target) = (world.entry_of(&other), world.entry_of(&own));
    let merge = json!({ "into": target, "reason": "同一排口" });
    let path = format!("/api/v1/entries/{source}/merge");
    brigade.post(&path, merge).await.expect(200);
    let path = format!("/api/v1/entries/{target}");
    let seen = street.get(&path).await.expect(200).body["history"].to_string();
    assert!(seen.contains(&own) && !seen.contains(&other), "{seen}");
    let all = brigade.get(&path).await.expect(200).body["history"].to_string();
    assert!(all.contains(&other), "{all}");
}

on_both!(
    every_triple_is_as_the_tables_say,
    a_step_from_a_state_that_was_left_is_refused,
    what_is_found_by_rule_is_the_systems,
    what_staff_add_is_judged_as_well,
    whatever_a_move_touches_says_so,
    parts_say_which_letter_they_come_from,
    a_history_names_no_other_streets_complaints,
);
