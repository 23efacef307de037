//! Sealing what is sealed anew, under the present key: column by column, in batches.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Text},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Anew, RowKey, SealedColumn, TextAnew, answer_id, sealed_in};
use crate::on_each;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, JsonSql, JsonValue, UuidSql, schema::idempotency},
    problem::{OnDb, Problem},
};

/// Rows sealed anew in one transaction.
const RESEAL_BATCH: i64 = 200;

/// What a batch did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Rows sealed anew.
    pub changed: u64,
    /// Rows that no given key opens; left as they are.
    pub unreadable: u64,
    /// Where the next batch begins; absent after the last.
    pub next: Option<Value>,
}

#[derive(QueryableByName)]
struct ById {
    #[diesel(sql_type = UuidSql)]
    id: Id,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
}

#[derive(QueryableByName)]
struct TextById {
    #[diesel(sql_type = UuidSql)]
    id: Id,
    #[diesel(sql_type = Text)]
    stored: String,
}

#[derive(QueryableByName)]
struct InHistory {
    #[diesel(sql_type = UuidSql)]
    id: Id,
    #[diesel(sql_type = UuidSql)]
    subject: Id,
    #[diesel(sql_type = JsonSql)]
    detail: JsonValue,
}

/// Seals the rows of a column after `after` anew under the present key, as many as one transaction
/// should take. A row that changes meanwhile is left to the next round.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub fn reseal(
    conn: &mut Connection,
    keys: &Keys,
    column: &SealedColumn,
    after: Option<&Value>,
) -> Result<Resealed, Problem> {
    if column.key == RowKey::Answer {
        let after = after.and_then(|at| serde_json::from_value(at.clone()).ok());
        return reseal_answers(conn, keys, column, after.unwrap_or_default());
    }
    let after = after.and_then(Value::as_str).and_then(|id| id.parse().ok());
    let after = Id(after.unwrap_or(Uuid::nil()));
    match column.key {
        RowKey::Only | RowKey::Answer => reseal_only(conn, keys, column),
        RowKey::Id(key) if column.text => reseal_texts(conn, keys, column, key, after),
        RowKey::Id(key) => reseal_ids(conn, keys, column, key, after),
        RowKey::InHistory(field, event) => {
            reseal_history(conn, keys, column, (field, event), after)
        }
    }
}

fn reseal_only(
    conn: &mut Connection,
    keys: &Keys,
    column: &SealedColumn,
) -> Result<Resealed, Problem> {
    #[derive(QueryableByName)]
    struct Only {
        #[diesel(sql_type = Binary)]
        sealed: Vec<u8>,
    }
    let SealedColumn {
        table,
        column: name,
        ..
    } = column;
    let sql = format!("SELECT {name} AS sealed FROM {table} WHERE {name} IS NOT NULL");
    let row: Option<Only> = on_each!(conn, |c| diesel::sql_query(sql).get_result(c))
        .optional()
        .or_fault("load what is sealed")?;
    let mut done = Resealed::default();
    let Some(Only { sealed }) = row else {
        return Ok(done);
    };
    match column.anew(keys, &[], &sealed)? {
        Anew::Present => {}
        Anew::Unreadable => done.unreadable = 1,
        Anew::Sealed(anew) => {
            let sql = format!("UPDATE {table} SET {name} = $1 WHERE {name} = $2");
            let changed = on_each!(conn, |c| diesel::sql_query(sql)
                .bind::<Binary, _>(&anew)
                .bind::<Binary, _>(&sealed)
                .execute(c));
            done.changed = changed.or_fault("seal anew")? as u64;
        }
    }
    Ok(done)
}

fn reseal_ids(
    conn: &mut Connection,
    keys: &Keys,
    column: &SealedColumn,
    key: &str,
    after: Id,
) -> Result<Resealed, Problem> {
    let SealedColumn {
        table,
        column: name,
        ..
    } = column;
    let sql = format!(
        "SELECT {key} AS id, {name} AS sealed FROM {table} \
         WHERE {key} > $1 AND {name} IS NOT NULL ORDER BY {key} LIMIT $2"
    );
    let rows: Vec<ById> = on_each!(conn, |c| diesel::sql_query(sql)
        .bind::<UuidSql, _>(after)
        .bind::<BigInt, _>(RESEAL_BATCH)
        .load(c))
    .or_fault("load what is sealed")?;
    let mut done = Resealed {
        next: rows.last().map(|row| json!(row.id)),
        ..Resealed::default()
    };
    let sql = format!("UPDATE {table} SET {name} = $1 WHERE {key} = $2 AND {name} = $3");
    for ById { id, sealed } in rows {
        match column.anew(keys, id.0.as_bytes(), &sealed)? {
            Anew::Present => {}
            Anew::Unreadable => done.unreadable += 1,
            Anew::Sealed(anew) => {
                let changed = on_each!(conn, |c| diesel::sql_query(&sql)
                    .bind::<Binary, _>(&anew)
                    .bind::<UuidSql, _>(id)
                    .bind::<Binary, _>(&sealed)
                    .execute(c));
                done.changed += changed.or_fault("seal anew")? as u64;
            }
        }
    }
    Ok(done)
}

fn reseal_texts(
    conn: &mut Connection,
    keys: &Keys,
    column: &SealedColumn,
    key: &str,
    after: Id,
) -> Result<Resealed, Problem> {
    let SealedColumn {
        table,
        column: name,
        ..
    } = column;
    let sql = format!(
        "SELECT {key} AS id, {name} AS stored FROM {table} \
         WHERE {key} > $1 AND {name} IS NOT NULL ORDER BY {key} LIMIT $2"
    );
    let rows: Vec<TextById> = on_each!(conn, |c| diesel::sql_query(sql)
        .bind::<UuidSql, _>(after)
        .bind::<BigInt, _>(RESEAL_BATCH)
        .load(c))
    .or_fault("load what is sealed")?;
    let mut done = Resealed {
        next: rows.last().map(|row| json!(row.id)),
        ..Resealed::default()
    };
    let sql = format!("UPDATE {table} SET {name} = $1 WHERE {key} = $2 AND {name} = $3");
    for TextById { id, stored } in rows {
        match column.text_anew(keys, id.0.as_bytes(), &stored)? {
            TextAnew::Present => {}
            TextAnew::Unreadable => done.unreadable += 1,
            TextAnew::Sealed(anew) => {
                let changed = on_each!(conn, |c| diesel::sql_query(&sql)
                    .bind::<Text, _>(&anew)
                    .bind::<UuidSql, _>(id)
                    .bind::<Text, _>(&stored)
                    .execute(c));
                done.changed += changed.or_fault("seal anew")? as u64;
            }
        }
    }
    Ok(done)
}

fn reseal_answers(
    conn: &mut Connection,
    keys: &Keys,
    column: &SealedColumn,
    (scope, key): (String, String),
) -> Result<Resealed, Problem> {
    let rows: Vec<(String, String, Option<JsonValue>)> = idempotency::table
        .filter(
            idempotency::scope
                .gt(&scope)
                .or(idempotency::scope.eq(&scope).and(idempotency::key.gt(&key))),
        )
        .order((idempotency::scope.asc(), idempotency::key.asc()))
        .limit(RESEAL_BATCH)
        .select((idempotency::scope, idempotency::key, idempotency::body))
        .load(conn)
        .or_fault("load kept answers")?;
    let mut done = Resealed {
        next: rows.last().map(|(scope, key, _)| json!((scope, key))),
        ..Resealed::default()
    };
    for (scope, key, body) in rows {
        let Some(JsonValue(body)) = body else {
            continue;
        };
        // An answer from before is a document; a sealed one is a text.
        let stored = match body {
            Value::String(text) if sealed_in(&text).is_some() => text,
            plain => plain.to_string(),
        };
        match column.text_anew(keys, &answer_id(&scope, &key), &stored)? {
            TextAnew::Present => {}
            TextAnew::Unreadable => done.unreadable += 1,
            TextAnew::Sealed(anew) => {
                done.changed += diesel::update(idempotency::table.find((&scope, &key)))
                    .set(idempotency::body.eq(JsonValue(Value::String(anew))))
                    .execute(conn)
                    .or_fault("seal an answer anew")? as u64;
            }
        }
    }
    Ok(done)
}

fn reseal_history(
    conn: &mut Connection,
    keys: &Keys,
    column: &SealedColumn,
    (field, event): (&str, &str),
    after: Id,
) -> Result<Resealed, Problem> {
    let SealedColumn {
        table,
        column: name,
        ..
    } = column;
    let rows = history_after(conn, table, name, event, after).or_fault("load what is sealed")?;
    let mut done = Resealed {
        next: rows.last().map(|row| json!(row.id)),
        ..Resealed::default()
    };
    let sql = format!("UPDATE {table} SET {name} = $1 WHERE id = $2");
    for InHistory {
        id,
        subject,
        mut detail,
    } in rows
    {
        let Some(text) = detail.0.get(field).and_then(Value::as_str) else {
            continue;
        };
        let sealed = STANDARD.decode(text).unwrap_or_default();
        match column.anew(keys, subject.0.as_bytes(), &sealed)? {
            Anew::Present => {}
            Anew::Unreadable => done.unreadable += 1,
            Anew::Sealed(anew) => {
                if let Some(place) = detail.0.get_mut(field) {
                    *place = json!(STANDARD.encode(anew));
                }
                let changed = on_each!(conn, |c| diesel::sql_query(&sql)
                    .bind::<JsonSql, _>(&detail)
                    .bind::<UuidSql, _>(id)
                    .execute(c));
                done.changed += changed.or_fault("seal anew")? as u64;
            }
        }
    }
    Ok(done)
}

/// The next events of a name. History is append-only but for this: an event's sealed part is the
/// same words under another key.
fn history_after(
    conn: &mut Connection,
    table: &str,
    name: &str,
    event: &str,
    after: Id,
) -> QueryResult<Vec<InHistory>> {
    let sql = format!(
        "SELECT id, subject_id AS subject, {name} AS detail FROM {table} \
         WHERE id > $1 AND event = $2 ORDER BY id LIMIT $3"
    );
    on_each!(conn, |c| diesel::sql_query(sql)
        .bind::<UuidSql, _>(after)
        .bind::<Text, _>(event)
        .bind::<BigInt, _>(RESEAL_BATCH)
        .load(c))
}
