//! The number a complaint has upstream. It is the number of a file, no secret, and stands in the
//! complaint's row as a key, by which it is found in whatever spelling it comes again; as it was
//! written it is kept beside, sealed, where the two differ. Of one in which a name or a number of
//! somebody's stands, a blind index of the key stands in the row.

use diesel::prelude::*;

use super::queries::{self, ComplaintRow};
use crate::platform::{
    crypto::Keys,
    db::{Connection, schema::complaint},
    problem::{OnDb, Problem},
    sealed::{EXTERNAL_NO, INDEXED},
};
use crate::text::{KnownPeople, file_number};

/// What the blind index is made for.
const KIND: &str = "external-no";

/// An upstream number as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// What stands in the complaint's row: the number's key, or its blind index.
    pub stands: String,
    /// The number as it was written, sealed, where something else stands for it.
    pub sealed: Option<String>,
}

impl Upstream {
    /// Of the number of a complaint with this id, and what is known of those who petition in it.
    ///
    /// # Errors
    /// A fault when the cipher fails.
    pub fn of(
        keys: &Keys,
        complaint: &[u8],
        known: &KnownPeople,
        number: &str,
    ) -> Result<Self, Problem> {
        let key = file_number(number);
        let stands = if known.stands_in(number) {
            indexed(&keys.blind_index(KIND, &key))
        } else {
            key
        };
        let sealed = if stands == number {
            None
        } else {
            Some(EXTERNAL_NO.seal_text(keys, complaint, number)?)
        };
        Ok(Self { stands, sealed })
    }
}

/// What stands before the number in complaints that an import took in before it told the numbers of
/// others from its own.
const IMPORTED: &str = "import-";

fn indexed(index: &str) -> String {
    format!("{INDEXED}{index}")
}

/// All that may stand in a row for a number: who names whom is not known of it alone, while keys are
/// changed indexes are made by two, and a row from before has it as it was written or, of an import,
/// behind a word of its own.
#[must_use]
pub fn lookups(keys: &Keys, number: &str) -> Vec<String> {
    let imported = format!("{IMPORTED}{number}");
    let mut found = Vec::new();
    for number in [number, &imported] {
        let key = file_number(number);
        let indexes = keys.blind_indexes(KIND, &key);
        found.extend(indexes.iter().map(|index| indexed(index)));
        found.extend([key, number.to_owned()]);
    }
    found
}

/// The number of what stands in the row and what was sealed beside it, opened.
#[must_use]
pub fn read(stands: Option<String>, opened: Option<String>) -> Option<String> {
    opened.or_else(|| stands.filter(|number| !number.starts_with(INDEXED)))
}

/// Brings a number's index under the present key; answers whether it was under another.
///
/// # Errors
/// A fault when the database fails.
pub fn index_anew(conn: &mut Connection, keys: &Keys, row: &ComplaintRow) -> Result<bool, Problem> {
    let Some(stands) = row
        .external_no
        .as_ref()
        .filter(|no| no.starts_with(INDEXED))
    else {
        return Ok(false);
    };
    let text = queries::text_of(conn, row.id).or_fault("load the text")?;
    let stored = text.external_no;
    let number = stored.and_then(|no| EXTERNAL_NO.open_text(keys, row.id.0.as_bytes(), no));
    let Some(present) = number.map(|no| indexed(&keys.blind_index(KIND, &file_number(&no)))) else {
        return Ok(false);
    };
    if *stands == present {
        return Ok(false);
    }
    diesel::update(complaint::table.find(row.id))
        .set(complaint::external_no.eq(present))
        .execute(conn)
        .or_fault("index an upstream number")?;
    Ok(true)
}
