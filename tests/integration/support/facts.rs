//! What holds of the ledger whatever was done, looked at in the database. Each check answers what
//! breaks it, in words, and nothing when it holds.

use std::collections::{BTreeMap, HashMap, HashSet};

use dengwen::{
    clock::{kinds::NOTIFY, queries as clocks},
    complaint::{links::is_joined, machine::waits_in_queue, recount, untold::DECIDED},
    ledger::queries as ledger,
    platform::db::{
        Connection, Id, JsonValue,
        schema::{
            complaint, complaint_place, filer_key, handover, ledger_entry, ledger_merge,
            match_decision, notice, petitioner, record, reporter_wish, triage_claim, verification,
        },
    },
    record::{ComplaintState, EntryState, HandoverState, machine::Trait},
};
use diesel::{Connection as _, PgConnection, prelude::*, sql_types::BigInt};

use super::{On, World};

#[derive(Queryable, Selectable)]
#[diesel(table_name = complaint)]
struct Complaint {
    id: Id,
    number: String,
    state: ComplaintState,
    hidden: bool,
    in_queue: bool,
    entry_id: Id,
    link: String,
    repeat_of: Option<Id>,
    closed_at: Option<dengwen::platform::db::UtcTime>,
    untold_since: Option<dengwen::platform::db::UtcTime>,
}

/// Everything that does not hold.
pub fn broken(world: &World) -> Vec<String> {
    world.db_read(|c| {
        let complaints: Vec<Complaint> = complaint::table
            .order(complaint::id)
            .select(Complaint::as_select())
            .load(c)
            .unwrap();
        let mut wrong = standing(c, &complaints);
        wrong.extend(claims(c, &complaints));
        wrong.extend(places(c, &complaints));
        wrong.extend(handovers(c, &complaints));
        wrong.extend(untold(c, &complaints));
        wrong.extend(counters(world, c));
        wrong.extend(histories(c));
        wrong.extend(undoings(c, &complaints));
        wrong.extend(reporters(c));
        wrong
    })
}

/// One entry a complaint, and no entry without one that is not merged; links that count point into
/// the own entry; the queue is what the states say.
fn standing(conn: &mut Connection, complaints: &[Complaint]) -> Vec<String> {
    let entries: Vec<ledger::EntryRow> = ledger_entry::table
        .select(ledger::EntryRow::as_select())
        .load(conn)
        .unwrap();
    let by_id: HashMap<Id, &Complaint> = complaints.iter().map(|c| (c.id, c)).collect();
    let inhabited: HashSet<Id> = complaints.iter().map(|c| c.entry_id).collect();
    let mut wrong = Vec::new();
    for entry in &entries {
        let merged = entry.state == EntryState::Merged;
        if merged == inhabited.contains(&entry.id) || merged != entry.merged_into.is_some() {
            wrong.push(format!(
                "entry {} is {:?}, merged into {:?}, with complaints: {}",
                entry.number,
                entry.state,
                entry.merged_into,
                inhabited.contains(&entry.id)
            ));
        }
    }
    for row in complaints {
        let named = row.repeat_of.map(|id| by_id[&id]);
        if let Some(named) = named.filter(|n| is_joined(&row.link) && n.entry_id != row.entry_id) {
            wrong.push(format!(
                "{} is {} with {}, which stands in another entry",
                row.number, row.link, named.number
            ));
        }
        if row.link == "own" && named.is_some() || row.link == "suspected" && named.is_none() {
            wrong.push(format!(
                "{} is {} and names {:?}",
                row.number, row.link, row.repeat_of
            ));
        }
        if row.in_queue != waits_in_queue(row.state, row.hidden) {
            wrong.push(format!(
                "{} is {:?}, hidden {}, in the queue {}",
                row.number, row.state, row.hidden, row.in_queue
            ));
        }
        if row.closed_at.is_some() != row.state.is(Trait::Ended) {
            wrong.push(format!(
                "{} is {:?}, closed at {:?}",
                row.number, row.state, row.closed_at
            ));
        }
    }
    wrong
}

/// What is claimed waits in the queue.
fn claims(conn: &mut Connection, complaints: &[Complaint]) -> Vec<String> {
    let claimed: Vec<Id> = triage_claim::table
        .select(triage_claim::complaint_id)
        .load(conn)
        .unwrap();
    let claimed: HashSet<Id> = claimed.into_iter().collect();
    let stray = complaints
        .iter()
        .filter(|row| claimed.contains(&row.id) && !row.in_queue);
    stray
        .map(|row| format!("{} is {:?} and claimed", row.number, row.state))
        .collect()
}

/// A place says whether somebody is owed an answer there.
fn places(conn: &mut Connection, complaints: &[Complaint]) -> Vec<String> {
    let owed: Vec<Id> = complaint_place::table
        .filter(complaint_place::owed)
        .select(complaint_place::complaint_id)
        .load(conn)
        .unwrap();
    let owed: HashSet<Id> = owed.into_iter().collect();
    let stray = complaints
        .iter()
        .filter(|row| owed.contains(&row.id) != row.state.is(Trait::Owed));
    stray
        .map(|row| {
            format!(
                "{} is {:?}, and its place says otherwise",
                row.number, row.state
            )
        })
        .collect()
}

/// What a unit still has was transferred, and is with no other unit.
fn handovers(conn: &mut Connection, complaints: &[Complaint]) -> Vec<String> {
    let open: Vec<Id> = handover::table
        .filter(handover::state.ne_all(HandoverState::that_are(Trait::Ended)))
        .select(handover::complaint_id)
        .load(conn)
        .unwrap();
    let stray = complaints.iter().filter(|row| {
        let count = open.iter().filter(|id| **id == row.id).count();
        count > usize::from(row.state == ComplaintState::Transferred)
    });
    stray
        .map(|row| format!("{} is {:?} and with a unit", row.number, row.state))
        .collect()
}

/// Whoever waits to be told was decided on, and their clock to be told runs; and so the other way round.
fn untold(conn: &mut Connection, complaints: &[Complaint]) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in complaints {
        let runs = clocks::running(conn, &NOTIFY, row.id).unwrap().is_some();
        let owed = runs && DECIDED.contains(&row.state);
        if owed != row.untold_since.is_some() {
            wrong.push(format!(
                "{} is {:?}, its clock to tell runs: {runs}, and it waits since {:?}",
                row.number, row.state, row.untold_since
            ));
        }
    }
    wrong
}

/// Counting an entry again changes nothing.
fn counters(world: &World, conn: &mut Connection) -> Vec<String> {
    let (profile, now) = (&world.server.app.profile, world.server.app.now());
    let load = |conn: &mut Connection| -> Vec<ledger::EntryRow> {
        ledger_entry::table
            .order(ledger_entry::id)
            .select(ledger::EntryRow::as_select())
            .load(conn)
            .unwrap()
    };
    let before = load(conn);
    for entry in &before {
        recount::entry(conn, profile, entry.id, now).unwrap();
    }
    let counted = |row: &ledger::EntryRow| {
        format!(
            "{} complaints, {} reporters, {} duplicates, {} repeats, {} renewed, strong {}, collective {}, level {}, lead {:?}, due {:?}, source {:?}",
            row.complaint_count,
            row.distinct_reporters,
            row.duplicate_count,
            row.repeat_count,
            row.renewed_count,
            row.strong_concern,
            row.collective_visit,
            row.escalation_level,
            row.lead_complaint_id,
            row.due_on,
            row.source_class
        )
    };
    let again = load(conn);
    before
        .iter()
        .zip(&again)
        .filter(|(was, is)| counted(was) != counted(is))
        .map(|(was, is)| {
            format!(
                "entry {}: kept {}; recounted {}",
                was.number,
                counted(was),
                counted(is)
            )
        })
        .collect()
}

/// Each step of a history begins where the one before ended, and the last ends at the present.
fn histories(conn: &mut Connection) -> Vec<String> {
    type Step = (Id, String, Option<String>, Option<String>);
    let steps: Vec<Step> = record::table
        .filter(record::to_state.is_not_null())
        .filter(record::subject_kind.eq_any([
            "complaint",
            "handover",
            "ledger_entry",
            "notice",
            "verification",
        ]))
        .order(record::id)
        .select((
            record::subject_id,
            record::event,
            record::from_state,
            record::to_state,
        ))
        .load(conn)
        .unwrap();
    let mut stands: HashMap<Id, String> = HashMap::new();
    let mut wrong = Vec::new();
    for (subject, event, from, to) in steps {
        let from = from.unwrap_or_default();
        let before = stands.insert(subject, to.unwrap_or_default());
        if let Some(before) = before.filter(|before| *before != from) {
            wrong.push(format!(
                "{}: {event} from {from}, where it was {before}",
                subject.0
            ));
        }
    }
    let mut present: Vec<(Id, String)> = Vec::new();
    present.extend(
        complaint::table
            .select((complaint::id, complaint::state))
            .load::<(Id, String)>(conn)
            .unwrap(),
    );
    present.extend(
        ledger_entry::table
            .select((ledger_entry::id, ledger_entry::state))
            .load::<(Id, String)>(conn)
            .unwrap(),
    );
    present.extend(
        verification::table
            .select((verification::id, verification::state))
            .load::<(Id, String)>(conn)
            .unwrap(),
    );
    present.extend(
        handover::table
            .select((handover::id, handover::state))
            .load::<(Id, String)>(conn)
            .unwrap(),
    );
    present.extend(
        notice::table
            .select((notice::id, notice::state))
            .load::<(Id, String)>(conn)
            .unwrap(),
    );
    for (id, state) in present {
        if stands.get(&id) != Some(&state) {
            wrong.push(format!(
                "{} is {state}; its history ends at {:?}",
                id.0,
                stands.get(&id)
            ));
        }
    }
    wrong
}

/// A merge that stands merged its source; a confirmation that stands made a link that counts; and
/// no decision is undone more often than somebody undid one.
fn undoings(conn: &mut Connection, complaints: &[Complaint]) -> Vec<String> {
    let mut wrong = Vec::new();
    let merges: Vec<(Id, Id, String, Option<Id>)> = ledger_merge::table
        .inner_join(ledger_entry::table.on(ledger_entry::id.eq(ledger_merge::source_entry_id)))
        .filter(ledger_merge::undone_at.is_null())
        .select((
            ledger_merge::id,
            ledger_merge::target_entry_id,
            ledger_entry::number,
            ledger_entry::merged_into,
        ))
        .load(conn)
        .unwrap();
    for (id, target, source, into) in merges {
        if into != Some(target) {
            wrong.push(format!(
                "merge {} stands, and {source} is merged into {into:?}",
                id.0
            ));
        }
    }
    type Decision = (Id, String, bool);
    let decisions: Vec<Decision> = match_decision::table
        .order(match_decision::id)
        .select((
            match_decision::complaint_id,
            match_decision::decision,
            match_decision::undone_at.is_not_null(),
        ))
        .load(conn)
        .unwrap();
    let mut of: BTreeMap<Id, Vec<(String, bool)>> = BTreeMap::new();
    for (complaint, decision, undone) in decisions {
        of.entry(complaint).or_default().push((decision, undone));
    }
    for row in complaints {
        let made = of.remove(&row.id).unwrap_or_default();
        let undone = made.iter().filter(|(_, undone)| *undone).count();
        let undoings = made.iter().filter(|(what, _)| what == "undo").count();
        if undone > undoings {
            wrong.push(format!(
                "{}: {undone} decisions undone by {undoings}",
                row.number
            ));
        }
        let standing = made
            .iter()
            .rfind(|(what, undone)| what != "undo" && !undone);
        if standing.is_some_and(|(what, _)| what == "confirm") && row.link != "confirmed" {
            wrong.push(format!(
                "{} was confirmed, and its link is {}",
                row.number, row.link
            ));
        }
    }
    wrong
}

/// What lists say of a wish of secrecy is what was wished; and each complaint is filed under the keys of
/// who filed it, and nobody else's.
fn reporters(conn: &mut Connection) -> Vec<String> {
    let complaints: Vec<(Id, String, JsonValue)> = complaint::table
        .select((complaint::id, complaint::number, complaint::flags))
        .load(conn)
        .unwrap();
    let secret: Vec<Id> = reporter_wish::table
        .filter(reporter_wish::secrecy.eq(true))
        .select(reporter_wish::complaint_id)
        .load(conn)
        .unwrap();
    let named: Vec<(Id, JsonValue)> = petitioner::table
        .filter(petitioner::kind.eq("reporter"))
        .select((petitioner::complaint_id, petitioner::person_keys))
        .load(conn)
        .unwrap();
    let named: HashMap<Id, JsonValue> = named.into_iter().collect();
    let mut filed: HashMap<Id, HashSet<String>> = HashMap::new();
    let under: Vec<(Id, String)> = filer_key::table
        .select((filer_key::complaint_id, filer_key::key))
        .load(conn)
        .unwrap();
    for (complaint, key) in under {
        filed.entry(complaint).or_default().insert(key);
    }
    let mut wrong = Vec::new();
    for (id, number, flags) in complaints {
        if (flags.0["secrecy"] == true) != secret.contains(&id) {
            wrong.push(format!(
                "{number} says otherwise of secrecy than its reporter"
            ));
        }
        let keys: HashSet<String> = named.get(&id).map_or_else(HashSet::new, |keys| {
            serde_json::from_value(keys.0.clone()).unwrap()
        });
        if filed.remove(&id).unwrap_or_default() != keys {
            wrong.push(format!("{number} is not filed under its reporter's keys"));
        }
    }
    wrong
}

/// How many transactions PostgreSQL ended because they waited for each other. Its backends tell
/// what they counted when they end, so this ends them: nothing may be asked of the world after.
pub fn deadlocks(world: &World) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    if world.on == On::Sqlite {
        return 0;
    }
    let mut conn = PgConnection::establish(&world.database_url).unwrap();
    let mut ask = |sql: &str| {
        diesel::sql_query(sql)
            .get_result::<Count>(&mut conn)
            .unwrap()
            .count
    };
    let others = "SELECT count(pg_terminate_backend(pid)) AS count FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut looks = 0;
    while ask(others) > 0 {
        looks += 1;
        assert!(looks < 200, "the backends do not end");
        ask("SELECT count(pg_sleep(0.02)) AS count");
    }
    ask("SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()")
}
