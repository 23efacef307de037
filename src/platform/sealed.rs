//! Every column that holds sealed bytes, in one table. Changing keys, checking a backup and
//! `docs/security.md` go by it, and a house test compares it with the schema, so that nothing
//! sealed can be forgotten when keys change.

use diesel::{
    OptionalExtension as _, QueryResult, QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Binary, Text},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::crypto::Keys;
use super::db::{Connection, Id, JsonSql, JsonValue, UuidSql};
use super::problem::{OnDb, Problem};
use crate::on_each;

/// How a column's rows are told apart, and with that what each is sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKey {
    /// By an id; the row's sealed bytes open under it alone. The column of the id.
    Id(&'static str),
    /// The one row there is.
    Only,
    /// Base64 in a history event's JSON; sealed for the event's subject. The JSON's field and the
    /// event's name.
    InHistory(&'static str, &'static str),
}

/// A column that holds sealed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedColumn {
    /// Its table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// How rows are told apart.
    pub key: RowKey,
    /// Whether the column's name is part of what it is sealed for. The oldest columns lack it.
    pub named: bool,
    /// What is in it.
    pub holds: &'static str,
}

/// Who petitions: name, phone, identity number.
pub const PETITIONER: SealedColumn = SealedColumn {
    table: "petitioner",
    column: "sealed",
    key: RowKey::Id("id"),
    named: false,
    holds: "name, phone, identity number and address of who petitions",
};

/// The phone a resident signs in with.
pub const RESIDENT_PHONE: SealedColumn = SealedColumn {
    table: "resident",
    column: "sealed_phone",
    key: RowKey::Id("id"),
    named: false,
    holds: "the phone a resident signs in with",
};

/// The secret of a member of staff's second factor.
pub const SECOND_FACTOR: SealedColumn = SealedColumn {
    table: "second_factor",
    column: "sealed_secret",
    key: RowKey::Id("staff_id"),
    named: true,
    holds: "the secret of a member of staff's second factor",
};

/// What a correction replaced.
pub const CORRECTION: SealedColumn = SealedColumn {
    table: "record",
    column: "detail",
    key: RowKey::InHistory("before", "correct"),
    named: false,
    holds: "what a correction replaced",
};

/// The key photos are sealed under.
pub const PHOTO_KEY: SealedColumn = SealedColumn {
    table: "installation",
    column: "sealed_photo_key",
    key: RowKey::Only,
    named: true,
    holds: "the key photos are sealed under",
};

/// All of them.
pub const ALL: &[SealedColumn] = &[
    PHOTO_KEY,
    PETITIONER,
    RESIDENT_PHONE,
    SECOND_FACTOR,
    CORRECTION,
];

/// Rows sealed anew in one transaction.
pub const RESEAL_BATCH: i64 = 200;

impl SealedColumn {
    fn context(&self, id: &[u8]) -> Vec<u8> {
        if self.named {
            [
                self.table.as_bytes(),
                b".",
                self.column.as_bytes(),
                b"\0",
                id,
            ]
            .concat()
        } else {
            id.to_vec()
        }
    }

    /// Seals a row's bytes for this column.
    ///
    /// # Errors
    /// A fault when the cipher fails.
    pub fn seal(&self, keys: &Keys, id: &[u8], plain: &[u8]) -> Result<Vec<u8>, Problem> {
        keys.seal(plain, &self.context(id))
    }

    /// Opens a row's bytes.
    ///
    /// # Errors
    /// A fault when they belong to another row or column, were changed, or their key is not known.
    pub fn open(&self, keys: &Keys, id: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Problem> {
        keys.open(sealed, &self.context(id))
    }

    /// Bytes sealed under the present key in place of these; `None` when they are already, or no
    /// key opens them.
    fn anew(&self, keys: &Keys, id: &[u8], sealed: &[u8]) -> Result<Anew, Problem> {
        if sealed.starts_with(&keys.seal_prefix()) && self.open(keys, id, sealed).is_ok() {
            return Ok(Anew::Present);
        }
        match self.open(keys, id, sealed) {
            Ok(plain) => self.seal(keys, id, &plain).map(Anew::Sealed),
            Err(_) => Ok(Anew::Unreadable),
        }
    }
}

/// What became of a row when keys change.
enum Anew {
    Present,
    Sealed(Vec<u8>),
    Unreadable,
}

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
    let after = after.and_then(Value::as_str).and_then(|id| id.parse().ok());
    let after = Id(after.unwrap_or(Uuid::nil()));
    match column.key {
        RowKey::Only => reseal_only(conn, keys, column),
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

fn reseal_history(
    conn: &mut Connection,
    keys: &Keys,
    column: &SealedColumn,
    (field, event): (&str, &str),
    after: Id,
) -> Result<Resealed, Problem> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
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
