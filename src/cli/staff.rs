//! `dengwen staff`: accounts are made here, never over HTTP.

use std::io::BufRead as _;

use chrono::Utc;
use clap::{Args, Subcommand};
use diesel::Connection as _;

use super::{open_database, operator_error, say};
use crate::account::{
    Role, password,
    queries::{self, NewStaff, StaffRow},
};
use crate::config::Settings;
use crate::district::Profile;
use crate::platform::{clock::to_micros, db::Connection, problem::OnDb};
use crate::record::{self, Actor, Event};

/// What to do with staff accounts.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Add an account
    Add(Add),
    /// List all accounts
    List,
    /// Disable an account and end its sessions
    Disable {
        /// User name
        username: String,
    },
    /// Let a disabled account sign in again
    Enable {
        /// User name
        username: String,
    },
    /// Set a new password and end the account's sessions
    ResetPassword {
        /// User name
        username: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

/// A new account.
#[derive(Debug, Args)]
pub struct Add {
    /// User name
    username: String,
    /// Role
    #[arg(long)]
    role: Role,
    /// Name to show; the user name unless said
    #[arg(long)]
    name: Option<String>,
    /// Street code, for a street's account
    #[arg(long, value_name = "CODE")]
    street: Option<String>,
    /// Grid code, for a grid officer
    #[arg(long, value_name = "CODE")]
    grid: Option<String>,
    /// Unit code
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Read the password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
}

pub(super) fn run(settings: &Settings, action: Action) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    let mut conn = database.blocking().map_err(operator_error)?;
    match action {
        Action::Add(new) => {
            let profile = match &settings.district {
                Some(folder) => Profile::load_dir(folder)?,
                None => Profile::embedded()?,
            };
            add(&mut conn, &profile, new)
        }
        Action::List => list(&mut conn),
        Action::Disable { username } => {
            conn.transaction::<_, anyhow::Error, _>(|conn| {
                let id = existing(conn, &username)?.id;
                queries::disable_staff(conn, id, now())?;
                note(conn, id, "disable")
            })?;
            say(&format!("{username} is disabled\n"))
        }
        Action::Enable { username } => {
            conn.transaction::<_, anyhow::Error, _>(|conn| {
                let account = existing(conn, &username)?;
                anyhow::ensure!(account.disabled, "{username} is not disabled");
                queries::enable_staff(conn, account.id, now())?;
                note(conn, account.id, "enable")
            })?;
            say(&format!("{username} is enabled and may sign in\n"))
        }
        Action::ResetPassword { username, .. } => {
            let hash = password::hash(&password_from_stdin()?).map_err(operator_error)?;
            let disabled = conn.transaction::<_, anyhow::Error, _>(|conn| {
                let account = existing(conn, &username)?;
                queries::set_password(conn, account.id, &hash, now())?;
                note(conn, account.id, "reset_password")?;
                Ok(account.disabled)
            })?;
            let still = if disabled {
                format!("the account stays disabled: `dengwen staff enable {username}`")
            } else {
                "their sessions were ended".to_owned()
            };
            say(&format!("{username} has a new password; {still}\n"))
        }
    }
}

fn add(conn: &mut Connection, profile: &Profile, new: Add) -> anyhow::Result<()> {
    check_post(profile, &new)?;
    let hash = password::hash(&password_from_stdin()?).map_err(operator_error)?;
    let row = NewStaff {
        display_name: new.name.unwrap_or_else(|| new.username.clone()),
        username: new.username.clone(),
        role: new.role.to_string(),
        unit_code: new.unit,
        street_code: new.street,
        grid_code: new.grid,
        password_hash: hash,
    };
    conn.transaction::<_, anyhow::Error, _>(|conn| {
        // People read names without their case, so no two accounts differ by it alone.
        let twin = queries::all_staff(conn)?
            .into_iter()
            .find(|known| known.username.eq_ignore_ascii_case(&new.username));
        if let Some(twin) = twin {
            anyhow::bail!("there is a {} already", twin.username);
        }
        let id = queries::insert_staff(conn, &row, now())?;
        note(conn, id, "add")
    })?;
    say(&format!("added {} ({})\n", new.username, new.role))
}

/// A grid officer without a grid would never get a task, and a street without a code would see
/// nothing; better to say so now.
fn check_post(profile: &Profile, new: &Add) -> anyhow::Result<()> {
    let name_ok = (1..=64).contains(&new.username.len())
        && new
            .username
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    anyhow::ensure!(name_ok, "a user name has 1 to 64 of a-z A-Z 0-9 . _ -");
    anyhow::ensure!(
        new.role != Role::GridOfficer || new.grid.is_some(),
        "a grid_officer needs --grid CODE"
    );
    anyhow::ensure!(
        new.role != Role::Street || new.street.is_some(),
        "a street account needs --street CODE"
    );
    if let Some(code) = &new.grid {
        anyhow::ensure!(
            profile.grid(code).is_some(),
            "the profile has no grid {code}"
        );
    }
    if let Some(code) = &new.street {
        anyhow::ensure!(
            profile.street(code).is_some(),
            "the profile has no street {code}"
        );
    }
    if let Some(code) = &new.unit {
        anyhow::ensure!(
            profile.unit(code).is_some(),
            "the profile has no unit {code}"
        );
    }
    Ok(())
}

fn list(conn: &mut Connection) -> anyhow::Result<()> {
    for staff in queries::all_staff(conn)? {
        let place = staff
            .grid_code
            .or(staff.street_code)
            .or(staff.unit_code)
            .unwrap_or_default();
        let state = if staff.disabled { "disabled" } else { "active" };
        say(&format!(
            "{:<24} {:<16} {:<16} {state}\n",
            staff.username, staff.role, place
        ))?;
    }
    Ok(())
}

fn existing(conn: &mut Connection, username: &str) -> anyhow::Result<StaffRow> {
    queries::staff_by_name(conn, username)?.ok_or_else(|| anyhow::anyhow!("there is no {username}"))
}

fn note(conn: &mut Connection, id: crate::platform::db::Id, event: &str) -> anyhow::Result<()> {
    let event = Event::new("staff", id, event, &Actor::System);
    record::append(conn, &event, now())
        .or_fault("record")
        .map_err(operator_error)
}

fn password_from_stdin() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    anyhow::ensure!(!password.is_empty(), "no password came on standard input");
    Ok(password)
}

fn now() -> chrono::DateTime<Utc> {
    to_micros(Utc::now())
}
