//! 保密: a reporter who asks for secrecy is known to the named posts of the profile alone (信访工作条例
//! 30 条, GB/T 33358: the ticket is sealed if the caller asks). To everybody else who otherwise sees
//! reporters they are what they are to a role without need.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use crate::account::Role;
use crate::district::Profile;
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint, ledger_entry, reporter_wish},
    },
    problem::{Code, OnDb, Problem},
};

/// Whose reporters somebody needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nobody's.
    Nobody,
    /// Those of complaints for which nobody asked for secrecy.
    InTheOpen,
    /// Everybody's.
    Everybody,
}

impl Need {
    /// Of a role, as the profile says.
    #[must_use]
    pub fn of(role: Role, profile: &Profile) -> Self {
        let posts = &profile.rules.privacy.secrecy_posts;
        if !role.may_see_reporter() {
            Self::Nobody
        } else if posts.iter().any(|post| post == role.as_str()) {
            Self::Everybody
        } else {
            Self::InTheOpen
        }
    }
}

/// Those among complaints whose reporter asks for secrecy.
///
/// # Errors
/// A fault when the database fails.
pub fn among(conn: &mut Connection, complaints: &[Id]) -> Result<HashSet<Id>, Problem> {
    let secret: Vec<Id> = reporter_wish::table
        .filter(reporter_wish::complaint_id.eq_any(complaints))
        .filter(reporter_wish::secrecy.eq(true))
        .select(reporter_wish::complaint_id)
        .load(conn)
        .or_fault("look for wishes of secrecy")?;
    Ok(secret.into_iter().collect())
}

/// Those among the complaints of entries, each with its entry.
///
/// # Errors
/// A fault when the database fails.
pub fn within(conn: &mut Connection, entries: &[Id]) -> Result<Vec<(Id, Id)>, Problem> {
    complaint::table
        .inner_join(reporter_wish::table)
        .filter(complaint::entry_id.eq_any(entries))
        .filter(reporter_wish::secrecy.eq(true))
        .select((complaint::entry_id, complaint::id))
        .load(conn)
        .or_fault("look for wishes of secrecy")
}

/// Whoever asks for secrecy beside each of these complaints: in its matter, or in the complaint it is
/// held to repeat. Words about the one name the other.
pub(super) fn beside(
    conn: &mut Connection,
    complaints: &[Id],
) -> Result<HashMap<Id, Vec<Id>>, Problem> {
    let rows: Vec<(Id, Id, Option<Id>, i32)> = complaint::table
        .inner_join(ledger_entry::table)
        .filter(complaint::id.eq_any(complaints))
        .select((
            complaint::id,
            complaint::entry_id,
            complaint::repeat_of,
            ledger_entry::complaint_count,
        ))
        .load(conn)
        .or_fault("load matters")?;
    let shared = rows.iter().filter(|(.., count)| *count > 1);
    let entries: Vec<Id> = shared.map(|(_, entry, ..)| *entry).collect();
    let mut secret_of: HashMap<Id, Vec<Id>> = HashMap::new();
    if !entries.is_empty() {
        for (entry, secret) in within(conn, &entries)? {
            secret_of.entry(entry).or_default().push(secret);
        }
    }
    let repeated: Vec<Id> = rows.iter().filter_map(|(_, _, named, _)| *named).collect();
    let repeated = if repeated.is_empty() {
        HashSet::new()
    } else {
        among(conn, &repeated)?
    };
    let beside = rows.into_iter().map(|(id, entry, named, _)| {
        let mut secret = secret_of.get(&entry).cloned().unwrap_or_default();
        secret.extend(named.filter(|named| repeated.contains(named)));
        (id, secret)
    });
    Ok(beside.filter(|(_, secret)| !secret.is_empty()).collect())
}

/// Lets a role at who reported, unless that is kept from it.
///
/// # Errors
/// 403 that names the posts it is for; a fault when the database fails.
pub fn admit(
    conn: &mut Connection,
    profile: &Profile,
    role: Role,
    complaint: Id,
) -> Result<(), Problem> {
    if Need::of(role, profile) == Need::Everybody || among(conn, &[complaint])?.is_empty() {
        return Ok(());
    }
    let posts = profile.rules.privacy.secrecy_posts.join(", ");
    let detail = format!("its reporter asks for secrecy (保密): this is for {posts}");
    Err(Problem::because(Code::Forbidden, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrecy_leaves_the_named_posts() {
        let mut profile = Profile::embedded().unwrap();
        let need = |profile: &Profile| {
            [Role::Office, Role::Brigade, Role::Admin, Role::Street]
                .map(|role| Need::of(role, profile))
        };
        let (open, all, none) = (Need::InTheOpen, Need::Everybody, Need::Nobody);
        assert_eq!(need(&profile), [all, open, open, none]);
        // A post without need of reporters gets none by being named.
        profile.rules.privacy.secrecy_posts = vec!["brigade".to_owned(), "street".to_owned()];
        assert_eq!(need(&profile), [open, all, open, none]);
    }
}
