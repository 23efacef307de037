//! `dengwen staff`: accounts are made here, never over HTTP.

use std::io::BufRead as _;

use chrono::Utc;
use clap::{Args, Subcommand};

use super::{open_database, operator_error, say, write};
use crate::account::{
    Role, password,
    queries::{self, NewStaff, StaffRow},
    second_factor, session,
    strength::{self, Whose},
};
use crate::config::Settings;
use crate::district::Profile;
use crate::platform::{
    clock::to_micros,
    db::{Connection, Database, Id},
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, AccountEvent, Actor, Event};

/// What to do with staff accounts.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Add an account
    Add(Add),
    /// List all accounts
    List,
    /// Bind a service account to the channels it files under
    Channels {
        /// User name
        username: String,
        /// Channel code; again for each
        #[arg(long = "channel", value_name = "CODE", required = true)]
        channels: Vec<String>,
    },
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
    /// Take an account's second factor away, as when its phone is lost, and end its sessions
    ResetTotp {
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
    /// Channel code, for a service; again for each channel it files under
    #[arg(long = "channel", value_name = "CODE")]
    channels: Vec<String>,
    /// Read the password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
}

pub(super) fn run(settings: &Settings, action: Action) -> anyhow::Result<()> {
    let database = open_database(settings)?;
    match action {
        Action::Add(new) => add(&database, &profile(settings)?, new),
        Action::Channels { username, channels } => {
            check_channels(&profile(settings)?, &channels)?;
            let named = channels.join(", ");
            change(
                &database,
                &username,
                AccountEvent::BindChannels,
                move |conn, account| {
                    if account.role != Role::Service.as_str() {
                        let message = "this is no service account: staff file under every channel";
                        return Err(Problem::because(Code::GuardFailed, message));
                    }
                    queries::bind_channels(conn, account.id, &channels).or_fault("bind channels")
                },
            )?;
            say(&format!("{username} files under {named}\n"))
        }
        Action::List => list(&mut *database.blocking().map_err(operator_error)?),
        Action::Disable { username } => {
            change(
                &database,
                &username,
                AccountEvent::Disable,
                |conn, account| queries::disable_staff(conn, account.id, now()).or_fault("disable"),
            )?;
            say(&format!("{username} is disabled\n"))
        }
        Action::Enable { username } => {
            change(
                &database,
                &username,
                AccountEvent::Enable,
                |conn, account| {
                    if !account.disabled {
                        let message = format!("{} is not disabled", account.username);
                        return Err(Problem::because(Code::WrongState, message));
                    }
                    queries::enable_staff(conn, account.id, now()).or_fault("enable")
                },
            )?;
            say(&format!("{username} is enabled and may sign in\n"))
        }
        Action::ResetPassword { username, .. } => reset_password(settings, &database, &username),
        Action::ResetTotp { username } => {
            change(
                &database,
                &username,
                AccountEvent::SecondFactorOff,
                |conn, account| {
                    if !second_factor::queries::remove(conn, account.id).or_fault("remove")? {
                        let message = format!("{} has no second factor", account.username);
                        return Err(Problem::because(Code::WrongState, message));
                    }
                    session::queries::revoke_others(conn, account.id, None, now())
                        .or_fault("end sessions")
                },
            )?;
            say(&format!(
                "{username} signs in without a second factor; their sessions were ended\n"
            ))
        }
    }
}

fn profile(settings: &Settings) -> anyhow::Result<Profile> {
    Ok(match &settings.district {
        Some(folder) => Profile::load_dir(folder)?,
        None => Profile::embedded()?,
    })
}

fn check_channels(profile: &Profile, channels: &[String]) -> anyhow::Result<()> {
    for code in channels {
        anyhow::ensure!(
            profile.channel(code).is_some(),
            "the profile has no channel {code}"
        );
    }
    Ok(())
}

/// Changes an account and records it, in one write.
fn change(
    database: &Database,
    username: &str,
    event: AccountEvent,
    how: impl FnOnce(&mut Connection, &StaffRow) -> Result<(), Problem> + Send + 'static,
) -> anyhow::Result<StaffRow> {
    let username = username.to_owned();
    write(database, move |conn| {
        let account = existing(conn, &username)?;
        how(conn, &account)?;
        note(conn, account.id, event)?;
        Ok(account)
    })
}

fn reset_password(settings: &Settings, database: &Database, username: &str) -> anyhow::Result<()> {
    let account = {
        let mut conn = database.blocking().map_err(operator_error)?;
        existing(&mut conn, username).map_err(operator_error)?
    };
    let hash = new_hash(&profile(settings)?, username, &account.display_name)?;
    let account = change(
        database,
        username,
        AccountEvent::ResetPassword,
        move |conn, account| {
            queries::set_password(conn, account.id, &hash, None, now()).or_fault("set password")
        },
    )?;
    let still = if account.disabled {
        format!("the account stays disabled: `dengwen staff enable {username}`")
    } else {
        "their sessions were ended".to_owned()
    };
    say(&format!("{username} has a new password; {still}\n"))
}

/// Reads a password from standard input and hashes it, if it is not easily guessed.
fn new_hash(profile: &Profile, username: &str, display_name: &str) -> anyhow::Result<String> {
    let password = password_from_stdin()?;
    let whose = Whose {
        username,
        display_name,
        district: strength::words_of(profile),
    };
    strength::check("password", &password, &whose)
        .and_then(|()| password::hash(&password))
        .map_err(operator_error)
}

fn add(database: &Database, profile: &Profile, new: Add) -> anyhow::Result<()> {
    check_post(profile, &new)?;
    let display_name = new.name.unwrap_or_else(|| new.username.clone());
    let row = NewStaff {
        password_hash: new_hash(profile, &new.username, &display_name)?,
        display_name,
        username: new.username.clone(),
        role: new.role.to_string(),
        unit_code: new.unit,
        street_code: new.street,
        grid_code: new.grid,
    };
    let channels = new.channels;
    write(database, move |conn| {
        // People read names without their case, so no two accounts differ by it alone.
        let known = queries::all_staff(conn).or_fault("list accounts")?;
        let twin = known
            .into_iter()
            .find(|known| known.username.eq_ignore_ascii_case(&row.username));
        if let Some(twin) = twin {
            let message = format!("there is a {} already", twin.username);
            return Err(Problem::because(Code::AlreadyExists, message));
        }
        let id = queries::insert_staff(conn, &row, now()).or_fault("add an account")?;
        queries::bind_channels(conn, id, &channels).or_fault("bind channels")?;
        note(conn, id, AccountEvent::Add)
    })?;
    say(&format!("added {} ({})\n", new.username, new.role))
}

/// A grid officer without a grid would never get a task, and a street without a code or a department
/// without a unit would see nothing; better to say so now.
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
    anyhow::ensure!(
        !matches!(new.role, Role::Department | Role::Park) || new.unit.is_some(),
        "a {} account needs --unit CODE",
        new.role
    );
    anyhow::ensure!(
        (new.role == Role::Service) != new.channels.is_empty(),
        "a service, and nobody else, needs --channel CODE for each channel it files under"
    );
    check_channels(profile, &new.channels)?;
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

fn existing(conn: &mut Connection, username: &str) -> Result<StaffRow, Problem> {
    queries::staff_by_name(conn, username)
        .or_fault("load an account")?
        .ok_or_else(|| Problem::because(Code::NotFound, format!("there is no {username}")))
}

fn note(conn: &mut Connection, id: Id, event: AccountEvent) -> Result<(), Problem> {
    let event = Event::of(event, id, &Actor::System);
    record::append(conn, &event, now()).or_fault("record")
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
