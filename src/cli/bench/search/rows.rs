//! Writes made-up complaints as filing does, many at once.

use chrono::TimeDelta;
use diesel::{connection::Connection as _, prelude::*};
use serde_json::json;
use uuid::Uuid;

use super::letters::{Letter, Writer};
use crate::complaint::{
    person::Person,
    petitioners::person_keys,
    term_blocks,
    terms::{EDITION, Mark, of_day, of_words},
};
use crate::district::calendar::date_of;
use crate::on_each;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{
            complaint, complaint_place, complaint_text, ledger_entry, petitioner, search_item,
        },
    },
    problem::Problem,
    sealed,
};

/// Complaints written in one transaction; as many as eight blocks hold.
pub(super) const BATCH: u64 = 32_768;

/// Complaints of one statement.
const AT_ONCE: usize = 250;

/// Complaints of one entry.
const OF_AN_ENTRY: u64 = 4;

fn id_of(kind: u16, n: u64) -> Id {
    Id(Uuid::from_u128(
        u128::from(n) << 80 | 0x7000_8000_0000_0000_0000 | u128::from(kind),
    ))
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.internal().unwrap_or_default())
}

/// Writes complaints with these numbers.
pub(super) fn write(
    conn: &mut Connection,
    keys: &Keys,
    writer: &Writer<'_>,
    numbers: std::ops::Range<u64>,
) -> anyhow::Result<()> {
    conn.transaction(|conn| -> anyhow::Result<()> {
        let mut filed = Vec::new();
        let numbers: Vec<u64> = numbers.collect();
        for chunk in numbers.chunks(AT_ONCE) {
            let letters: Vec<(u64, Letter)> =
                chunk.iter().map(|n| (*n, writer.letter(*n))).collect();
            entries(conn, &letters)?;
            complaints(conn, &letters)?;
            details(conn, keys, &letters)?;
            for (n, letter) in &letters {
                let seq = i64::try_from(*n)?;
                filed.extend(terms_of(keys, letter).map(|term| (term, seq)));
            }
        }
        term_blocks::put(conn, filed)?;
        Ok(())
    })
}

fn terms_of(keys: &Keys, letter: &Letter) -> impl Iterator<Item = i64> {
    let codes = [
        Mark::Category(&letter.category),
        Mark::Category(&letter.coarse),
        Mark::Channel(letter.channel),
        Mark::Street(&letter.street),
        Mark::Grid(&letter.grid),
    ];
    let words = [
        Some(&letter.description),
        Some(&letter.address),
        letter.premises.as_ref(),
    ];
    let words: Vec<i64> = words
        .into_iter()
        .flatten()
        .flat_map(|text| of_words(text))
        .collect();
    let persons = person_keys(keys, &person(letter));
    let persons: Vec<i64> = persons.iter().map(|key| Mark::Person(key).term()).collect();
    let day = of_day(date_of(letter.received_at));
    codes
        .map(Mark::term)
        .into_iter()
        .chain(words)
        .chain(persons)
        .chain(day)
}

fn person(letter: &Letter) -> Person {
    Person {
        name: Some("林小雨".to_owned()),
        phone: Some(letter.phone.clone()),
        ..Person::default()
    }
}

fn entries(conn: &mut Connection, letters: &[(u64, Letter)]) -> QueryResult<()> {
    let rows: Vec<_> = letters
        .iter()
        .filter(|(n, _)| n % OF_AN_ENTRY == 0 || *n == 1)
        .map(|(n, letter)| {
            (
                (
                    ledger_entry::id.eq(id_of(1, n / OF_AN_ENTRY)),
                    ledger_entry::number.eq(format!("GL-2026-{}", n / OF_AN_ENTRY)),
                    ledger_entry::state.eq("clue"),
                    ledger_entry::title.eq("bench"),
                    ledger_entry::category.eq(&letter.category),
                    ledger_entry::coarse.eq(&letter.coarse),
                    ledger_entry::complaint_count.eq(4),
                    ledger_entry::distinct_reporters.eq(3),
                    ledger_entry::duplicate_count.eq(0),
                ),
                (
                    ledger_entry::repeat_count.eq(0),
                    ledger_entry::strong_concern.eq(false),
                    ledger_entry::collective_visit.eq(false),
                    ledger_entry::escalation_level.eq(0),
                    ledger_entry::cycle_no.eq(1),
                    ledger_entry::version.eq(1),
                    ledger_entry::created_at.eq(UtcTime(letter.received_at)),
                    ledger_entry::updated_at.eq(UtcTime(letter.received_at)),
                ),
            )
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    on_each!(conn, |c| diesel::insert_into(ledger_entry::table)
        .values(rows)
        .execute(c))
    .map(|_| ())
}

fn complaints(conn: &mut Connection, letters: &[(u64, Letter)]) -> QueryResult<()> {
    let rows: Vec<_> = letters
        .iter()
        .map(|(n, letter)| {
            let ended = letter.state == "closed";
            (
                (
                    complaint::id.eq(id_of(0, *n)),
                    complaint::number.eq(format!("GL{n:012}")),
                    complaint::tracking_code.eq(format!("B{n}")),
                    complaint::channel.eq(letter.channel),
                    complaint::external_no.eq(format!("FZ-{n}")),
                    complaint::discovery_mode.eq("public"),
                    complaint::category.eq(&letter.category),
                    complaint::coarse.eq(&letter.coarse),
                    complaint::state.eq(letter.state),
                    complaint::entry_id.eq(id_of(1, n / OF_AN_ENTRY)),
                    complaint::link.eq("own"),
                    complaint::anonymous.eq(false),
                ),
                (
                    complaint::person_count.eq(1),
                    complaint::hidden.eq(false),
                    complaint::risk.eq(0),
                    complaint::flags.eq(JsonValue(json!({}))),
                    complaint::due_on.eq(date_of(letter.received_at + TimeDelta::days(15))),
                    complaint::in_queue.eq(!ended && n % 2 == 0),
                    complaint::queue_rank.eq(0),
                    complaint::received_at.eq(UtcTime(letter.received_at)),
                    complaint::closed_at
                        .eq(ended.then(|| UtcTime(letter.received_at + TimeDelta::days(10)))),
                    complaint::version.eq(1),
                    complaint::updated_at.eq(UtcTime(letter.received_at)),
                ),
            )
        })
        .collect();
    on_each!(conn, |c| diesel::insert_into(complaint::table)
        .values(rows)
        .execute(c))
    .map(|_| ())
}

fn details(conn: &mut Connection, keys: &Keys, letters: &[(u64, Letter)]) -> anyhow::Result<()> {
    let (mut texts, mut places, mut people, mut items) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (n, letter) in letters {
        let id = id_of(0, *n);
        let bytes = id.0.as_bytes();
        let sealed = sealed::DESCRIPTION.seal_text(keys, bytes, &letter.description);
        let address = sealed::ADDRESS.seal_text(keys, bytes, &letter.address);
        let premises = sealed::PREMISES.seal_maybe(keys, bytes, letter.premises.as_deref());
        texts.push((
            complaint_text::complaint_id.eq(id),
            complaint_text::description.eq(sealed.map_err(told)?),
            complaint_text::description_masked.eq(&letter.description),
            complaint_text::address.eq(address.map_err(told)?),
            complaint_text::address_masked.eq(&letter.address),
            complaint_text::premises.eq(premises.map_err(told)?),
        ));
        places.push((
            complaint_place::complaint_id.eq(id),
            complaint_place::kind.eq("point"),
            complaint_place::street_code.eq(&letter.street),
            complaint_place::grid_code.eq(&letter.grid),
        ));
        let signer = id_of(2, *n);
        let plain = serde_json::to_vec(&person(letter))?;
        let sealed = sealed::PETITIONER.seal(keys, signer.0.as_bytes(), &plain);
        people.push((
            petitioner::id.eq(signer),
            petitioner::complaint_id.eq(id),
            petitioner::position.eq(0),
            petitioner::kind.eq("reporter"),
            petitioner::sealed.eq(sealed.map_err(told)?),
            petitioner::person_keys.eq(JsonValue(json!(person_keys(keys, &person(letter))))),
            petitioner::created_at.eq(UtcTime(letter.received_at)),
        ));
        items.push((
            search_item::seq.eq(i64::try_from(*n)?),
            search_item::complaint_id.eq(id),
            search_item::edition.eq(EDITION),
        ));
    }
    on_each!(conn, |c| {
        diesel::insert_into(complaint_text::table)
            .values(texts)
            .execute(c)?;
        diesel::insert_into(complaint_place::table)
            .values(places)
            .execute(c)?;
        diesel::insert_into(petitioner::table)
            .values(people)
            .execute(c)?;
        diesel::insert_into(search_item::table)
            .values(items)
            .execute(c)?;
    });
    Ok(())
}
