//! Masked copies of a complaint's words, made anew when more is known of who petitions: a name that was
//! not known when they were made stands in them otherwise.

use diesel::prelude::*;

use super::{older::mask_evidence, queries};
use crate::ledger::supplements;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id,
        schema::{complaint_text, rating, supplement},
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy;
use crate::text::KnownPeople;

/// Makes the masked copies of what this room keeps of a complaint anew.
///
/// # Errors
/// A fault when the database fails.
pub fn again(conn: &mut Connection, keys: &Keys, complaint: Id) -> Result<(), Problem> {
    let known = privacy::known_of(conn, keys, &[complaint])?;
    let text = queries::text_of(conn, complaint).or_fault("load the text")?;
    // Of words whose key is lost the copy is all there is.
    let text = text.opened(keys, complaint);
    let address = text.address.as_deref().map(|words| known.mask(words).text);
    diesel::update(complaint_text::table.find(complaint))
        .set((
            complaint_text::description_masked.eq(known.mask(&text.description).text),
            complaint_text::address_masked.eq(address),
        ))
        .execute(conn)
        .or_fault("mask the words anew")?;
    for added in supplements::of(conn, &[complaint]).or_fault("load supplements")? {
        let added = added.opened(keys);
        diesel::update(supplement::table.find(added.id))
            .set(supplement::text_masked.eq(known.mask(&added.text).text))
            .execute(conn)
            .or_fault("mask a supplement anew")?;
    }
    ratings(conn, keys, complaint, &known)?;
    mask_evidence(conn, keys, complaint)
}

fn ratings(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    known: &KnownPeople,
) -> Result<(), Problem> {
    let rows: Vec<(Id, Option<String>)> = rating::table
        .filter(rating::complaint_id.eq(complaint))
        .select((rating::reply_id, rating::text))
        .load(conn)
        .or_fault("load ratings")?;
    for (reply, stored) in rows {
        let words =
            stored.and_then(|stored| sealed::RATING.open_text(keys, reply.0.as_bytes(), stored));
        if let Some(words) = words {
            diesel::update(rating::table.find(reply))
                .set(rating::text_masked.eq(known.mask(&words).text))
                .execute(conn)
                .or_fault("mask a rating anew")?;
        }
    }
    Ok(())
}
