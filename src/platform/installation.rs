//! Whose database this is: an id, whether it serves in production, and which secret keys it knows.
//! A process enters before it does anything else, and is refused with what to do when its key is
//! not the database's: the first row sealed under a second key would be the beginning of two
//! halves.

use chrono::{DateTime, Utc};
use diesel::{Connection as _, prelude::*};
use serde_json::{Value, json};

use super::crypto::{KeyId, Keys, Secrets, blobs::BlobKey, key_check};
use super::db::{
    Connection, Id, JsonValue, UtcTime,
    schema::{complaint, installation, key_rotation, petitioner, resident, secret_key, staff},
};
use super::problem::Problem;
use super::sealed;
use crate::on_each;

/// A key that seals.
pub const PRESENT: &str = "present";
/// A key from which not everything is sealed anew yet.
pub const FORMER: &str = "former";
/// A key under which nothing is sealed any more.
pub const RETIRED: &str = "retired";
/// A key the operator gave up, and with it what it sealed.
pub const LOST: &str = "lost";

/// Why a process may not serve this database. The text says which check failed and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Another key than the database's.
    #[error(
        "DENGWEN_SECRET_KEY is not the key of this database: its check value is that of key {given}, the database was sealed under key {wanted}. \
         Set the right key. To change keys, set the new one and put the former in DENGWEN_SECRET_KEY_OLD. \
         If the former is lost, `dengwen keys forget {wanted}` gives up what it sealed"
    )]
    WrongKey {
        /// Name of the key given.
        given: KeyId,
        /// Name of the key wanted.
        wanted: String,
    },
    /// The key opens nothing of a database from before check values.
    #[error(
        "DENGWEN_SECRET_KEY (key {0}) does not open what is sealed in this database: set the key it was sealed under"
    )]
    OpensNothing(KeyId),
    /// The keys are being changed and a former one is not given.
    #[error(
        "keys are being changed and what key {0} sealed is not sealed anew yet: put it in DENGWEN_SECRET_KEY_OLD until `dengwen keys rotate` is done"
    )]
    FormerKeyMissing(String),
    /// The key given is one that was changed for another.
    #[error(
        "DENGWEN_SECRET_KEY holds key {given}, which was changed for key {wanted}: set that one, and this one in DENGWEN_SECRET_KEY_OLD until `dengwen keys rotate` is done"
    )]
    KeyWasChanged {
        /// Name of the key given.
        given: KeyId,
        /// Name of the key wanted.
        wanted: String,
    },
    /// There is data and no key.
    #[error(
        "this database is in use and there is no secret key: {0} is missing. Put it back, or set DENGWEN_SECRET_KEY; a new key would open nothing of what is sealed"
    )]
    NoKey(String),
    /// A production database and a development process.
    #[error(
        "this database serves in production: set DENGWEN_MODE=production and its DENGWEN_SECRET_KEY"
    )]
    Production,
    /// The key made on first start cannot be kept.
    #[error("cannot keep the secret key made on first start: {0}")]
    CannotKeep(String),
    /// The database failed.
    #[error("cannot read the installation: {0}")]
    Database(#[from] diesel::result::Error),
    /// A key cannot be used.
    #[error("cannot use the secret key: {0}")]
    Key(String),
}

/// The installation behind a database.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Its id.
    pub id: Id,
    /// Whether its blob store carries its id.
    pub marked: bool,
}

/// A key as the database knows it.
#[derive(Debug, Clone, Queryable)]
pub struct KnownKey {
    /// Its name.
    pub key_id: String,
    /// Its check value.
    pub key_check: Vec<u8>,
    /// What it is used for.
    pub state: String,
    /// Since when.
    pub changed_at: UtcTime,
}

/// Enters: finds or makes the installation, and checks the keys given against those it knows.
///
/// # Errors
/// Why the process may not serve.
pub fn enter(
    conn: &mut Connection,
    secrets: &Secrets,
    production: bool,
    now: DateTime<Utc>,
) -> Result<Installation, Refusal> {
    conn.transaction(|conn| {
        let found: Option<(Id, bool, bool)> = installation::table
            .select((
                installation::id,
                installation::production,
                installation::marked,
            ))
            .first(conn)
            .optional()?;
        match found {
            None => settle(conn, secrets, production, now),
            Some((_, true, _)) if !production => Err(Refusal::Production),
            Some((id, was_production, marked)) => {
                check_keys(conn, secrets, now)?;
                if production && !was_production {
                    diesel::update(installation::table)
                        .set(installation::production.eq(true))
                        .execute(conn)?;
                }
                Ok(Installation { id, marked })
            }
        }
    })
}

/// Whether the database belongs to an installation already.
///
/// # Errors
/// What the database answers.
pub fn is_known(conn: &mut Connection) -> QueryResult<bool> {
    let found: Option<Id> = installation::table
        .select(installation::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// The first start on a database, or the first since installations are known.
fn settle(
    conn: &mut Connection,
    secrets: &Secrets,
    production: bool,
    now: DateTime<Utc>,
) -> Result<Installation, Refusal> {
    if is_in_use(conn)? {
        refuse_made(secrets)?;
        if !opens_a_sample(conn, secrets)? {
            return Err(Refusal::OpensNothing(KeyId::of(&secrets.present)));
        }
    }
    // Kept before it is used: a key that seals and is lost is worse than one that seals nothing.
    secrets.keep().map_err(Refusal::CannotKeep)?;
    let row = (
        installation::slot.eq(1),
        installation::id.eq(Id::new()),
        installation::production.eq(production),
        installation::marked.eq(false),
        installation::created_at.eq(UtcTime(now)),
    );
    on_each!(conn, |c| diesel::insert_into(installation::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    name_key(conn, &secrets.present, PRESENT, now)?;
    let id = installation::table.select(installation::id).first(conn)?;
    Ok(Installation { id, marked: false })
}

fn refuse_made(secrets: &Secrets) -> Result<(), Refusal> {
    match &secrets.unkept {
        Some(path) => Err(Refusal::NoKey(path.display().to_string())),
        None => Ok(()),
    }
}

fn is_in_use(conn: &mut Connection) -> QueryResult<bool> {
    let staff: Option<Id> = staff::table.select(staff::id).first(conn).optional()?;
    // By the order of an index, so that one row is read and no more.
    let complaint: Option<Id> = complaint::table
        .order(complaint::id.asc())
        .select(complaint::id)
        .first(conn)
        .optional()?;
    let resident: Option<Id> = resident::table
        .order(resident::id.asc())
        .select(resident::id)
        .first(conn)
        .optional()?;
    Ok(staff.is_some() || complaint.is_some() || resident.is_some())
}

/// Whether the keys open the newest of what is sealed; where nothing is sealed, any key does.
fn opens_a_sample(conn: &mut Connection, secrets: &Secrets) -> Result<bool, Refusal> {
    let keys = Keys::derive(&secrets.present, &secrets.former);
    let person: Option<(Id, Option<Vec<u8>>)> = petitioner::table
        .filter(petitioner::sealed.is_not_null())
        .order(petitioner::id.desc())
        .select((petitioner::id, petitioner::sealed))
        .first(conn)
        .optional()?;
    let phone: Option<(Id, Option<Vec<u8>>)> = resident::table
        .filter(resident::sealed_phone.is_not_null())
        .order(resident::id.desc())
        .select((resident::id, resident::sealed_phone))
        .first(conn)
        .optional()?;
    let opens = |column: sealed::SealedColumn, row: Option<(Id, Option<Vec<u8>>)>| match row {
        Some((id, Some(bytes))) => column.open(&keys, id.0.as_bytes(), &bytes).is_ok(),
        _ => true,
    };
    Ok(opens(sealed::PETITIONER, person) && opens(sealed::RESIDENT_PHONE, phone))
}

/// The key photos are sealed under, made when there is none. One that no key opens was sealed under
/// a secret key that is lost, and with it the originals; new ones get a new one.
///
/// # Errors
/// When the database or the cipher fails.
pub fn photo_key(conn: &mut Connection, keys: &Keys) -> Result<BlobKey, Refusal> {
    let fault = |p: Problem| Refusal::Key(p.internal().unwrap_or_default().to_owned());
    let stored = |conn: &mut Connection| {
        installation::table
            .select(installation::sealed_photo_key)
            .first::<Option<Vec<u8>>>(conn)
    };
    let open = |bytes: &[u8]| open_photo_key(keys, bytes);
    let before = stored(conn)?;
    if let Some(key) = before.as_deref().and_then(open) {
        return Ok(key);
    }
    if before.is_some() {
        tracing::error!("the photo key was sealed under a lost key: older originals stay closed");
    }
    let new = sealed::PHOTO_KEY
        .seal(keys, &[], BlobKey::new().bytes())
        .map_err(fault)?;
    // Of several starting processes one makes it, and all use that.
    let set = installation::sealed_photo_key.eq(new);
    match before {
        None => {
            let none = installation::table.filter(installation::sealed_photo_key.is_null());
            diesel::update(none).set(set).execute(conn)?
        }
        Some(lost) => {
            let same = installation::table.filter(installation::sealed_photo_key.eq(lost));
            diesel::update(same).set(set).execute(conn)?
        }
    };
    let kept = stored(conn)?;
    kept.as_deref()
        .and_then(open)
        .ok_or_else(|| Refusal::Key("the photo key cannot be opened".to_owned()))
}

/// The key photos are sealed under, opened; `None` when another secret key sealed it.
#[must_use]
pub fn open_photo_key(keys: &Keys, stored: &[u8]) -> Option<BlobKey> {
    let plain = sealed::PHOTO_KEY.open(keys, &[], stored).ok()?;
    BlobKey::of(&plain)
}

/// The keys the database knows, oldest first.
///
/// # Errors
/// What the database answers.
pub fn known_keys(conn: &mut Connection) -> QueryResult<Vec<KnownKey>> {
    secret_key::table
        .order(secret_key::created_at.asc())
        .select((
            secret_key::key_id,
            secret_key::key_check,
            secret_key::state,
            secret_key::changed_at,
        ))
        .load(conn)
}

fn check_keys(conn: &mut Connection, secrets: &Secrets, now: DateTime<Utc>) -> Result<(), Refusal> {
    refuse_made(secrets)?;
    let given = KeyId::of(&secrets.present);
    let known = known_keys(conn)?;
    let is = |key: &KnownKey, root| key.key_check == key_check(root);
    let present = known.iter().find(|key| key.state == PRESENT);
    match present {
        Some(key) if is(key, &secrets.present) => {}
        Some(key) if secrets.former.iter().any(|root| is(key, root)) => {
            change(conn, &key.key_id, secrets, now)?;
        }
        Some(key) => {
            let wanted = key.key_id.clone();
            let was_changed = known
                .iter()
                .any(|key| key.state == FORMER && is(key, &secrets.present));
            return Err(if was_changed {
                Refusal::KeyWasChanged { given, wanted }
            } else {
                Refusal::WrongKey { given, wanted }
            });
        }
        None => name_key(conn, &secrets.present, PRESENT, now)?,
    }
    let missing = known.iter().find(|key| {
        let given = secrets.former.iter().any(|root| is(key, root));
        key.state == FORMER && !given && !is(key, &secrets.present)
    });
    match missing {
        Some(key) => Err(Refusal::FormerKeyMissing(key.key_id.clone())),
        None => Ok(()),
    }
}

/// Begins a change of keys: from now on the new one seals.
fn change(
    conn: &mut Connection,
    from: &str,
    secrets: &Secrets,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    set_state(conn, from, FORMER, now)?;
    name_key(conn, &secrets.present, PRESENT, now)?;
    let to = KeyId::of(&secrets.present).to_string();
    diesel::delete(key_rotation::table.find(&to)).execute(conn)?;
    diesel::insert_into(key_rotation::table)
        .values((
            key_rotation::to_key.eq(to),
            key_rotation::step.eq("begun"),
            key_rotation::position.eq(JsonValue(json!({}))),
            key_rotation::rows_done.eq(0),
            key_rotation::started_at.eq(UtcTime(now)),
            key_rotation::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)?;
    Ok(())
}

fn name_key(
    conn: &mut Connection,
    root: &super::crypto::RootKey,
    state: &str,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let name = KeyId::of(root).to_string();
    let row = (
        secret_key::key_id.eq(&name),
        secret_key::key_check.eq(key_check(root)),
        secret_key::state.eq(state),
        secret_key::created_at.eq(UtcTime(now)),
        secret_key::changed_at.eq(UtcTime(now)),
    );
    on_each!(conn, |c| diesel::insert_into(secret_key::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    set_state(conn, &name, state, now).map(|_| ())
}

/// Says of a key what it is used for from now on; answers how many keys have that name.
///
/// # Errors
/// What the database answers.
pub fn set_state(
    conn: &mut Connection,
    key_id: &str,
    state: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(secret_key::table.find(key_id))
        .set((
            secret_key::state.eq(state),
            secret_key::changed_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// Takes the change to a key, so that a second process that goes on with it waits; answers whether
/// it was begun.
///
/// # Errors
/// What the database answers.
pub fn take_change(conn: &mut Connection, to: &str, now: DateTime<Utc>) -> QueryResult<bool> {
    let taken = diesel::update(key_rotation::table.find(to))
        .set(key_rotation::updated_at.eq(UtcTime(now)))
        .execute(conn)?;
    Ok(taken > 0)
}

/// Keeps how far the change to a key has come.
///
/// # Errors
/// What the database answers.
pub fn keep_change(
    conn: &mut Connection,
    to: &str,
    step: &str,
    position: Value,
    rows: i64,
) -> QueryResult<usize> {
    diesel::update(key_rotation::table.find(to))
        .set((
            key_rotation::step.eq(step),
            key_rotation::position.eq(JsonValue(position)),
            key_rotation::rows_done.eq(rows),
        ))
        .execute(conn)
}

/// Says at which step the change to a key stands.
///
/// # Errors
/// What the database answers.
pub fn keep_step(conn: &mut Connection, to: &str, step: &str) -> QueryResult<usize> {
    diesel::update(key_rotation::table.find(to))
        .set(key_rotation::step.eq(step))
        .execute(conn)
}

/// Retires every former key.
///
/// # Errors
/// What the database answers.
pub fn retire_former(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(secret_key::table.filter(secret_key::state.eq(FORMER)))
        .set((
            secret_key::state.eq(RETIRED),
            secret_key::changed_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}
