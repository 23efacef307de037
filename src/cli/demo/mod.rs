//! `dengwen demo`: one full story through the real HTTP API, on a database of its own.

mod arrivals;
mod client;
mod story;

use std::path::Path;

use chrono::Utc;

use crate::account::{
    Role, password,
    queries::{self, NewStaff},
};
use crate::app::{App, Ports};
use crate::config::{Mode, Settings};
use crate::platform::{clock::to_micros, db::DatabaseUrl, problem::OnDb};
use crate::{jobs, server};

/// The password of every account of the demonstration.
const PASSWORD: &str = "dengwen-demo";

/// The accounts: user name, role, and the grid of officers.
const ACCOUNTS: [(&str, Role, Option<&str>); 5] = [
    ("brigade", Role::Brigade, None),
    ("office", Role::Office, None),
    ("group", Role::SteeringGroup, None),
    ("leader", Role::Leader, None),
    ("officer", Role::GridOfficer, Some(story::GRID)),
];

/// Plays the story and, unless `once`, goes on serving.
pub(super) fn run(settings: Settings, once: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        settings.mode == Mode::Development,
        "the demonstration does not run in production"
    );
    let settings = in_own_folder(settings)?;
    actix_web::rt::System::new().block_on(async {
        let app = App::build(settings, Ports::default())?;
        add_accounts(&app)?;
        let (server, running) = server::start(app, 2)?;
        let serving = actix_web::rt::spawn(running);
        actix_web::rt::spawn(jobs::run_forever(server.app.clone()));
        story::play(&format!("http://{}", server.address), PASSWORD).await?;
        if once {
            server.stop().await;
            return Ok(());
        }
        tell!("\nThe server keeps running. Press Ctrl-C to end it.")?;
        tell!("  API documentation  http://{}/docs/", server.address)?;
        let names: Vec<&str> = ACCOUNTS.iter().map(|(name, ..)| *name).collect();
        tell!(
            "  sign in as         {} (password {PASSWORD})",
            names.join(", ")
        )?;
        tokio::signal::ctrl_c().await?;
        server.stop().await;
        serving.await??;
        Ok(())
    })
}

/// A new folder each time, so that the demonstration never touches data and always starts alike.
fn in_own_folder(settings: Settings) -> anyhow::Result<Settings> {
    let name = Utc::now().format("demo-%Y%m%d-%H%M%S%3f").to_string();
    let data_dir = Path::new(&settings.data_dir).join(name);
    let database_url: DatabaseUrl =
        format!("sqlite://{}", data_dir.join("dengwen.db").display()).parse()?;
    tell!("Data of this demonstration: {}", data_dir.display())?;
    Ok(Settings {
        database_url,
        data_dir,
        blob_url: None,
        ..settings
    })
}

fn add_accounts(app: &App) -> anyhow::Result<()> {
    let hash = password::hash(PASSWORD).map_err(super::operator_error)?;
    let mut conn = app.db.blocking().map_err(super::operator_error)?;
    for (username, role, grid) in ACCOUNTS {
        let new = NewStaff {
            username: username.to_owned(),
            display_name: role.zh().to_owned(),
            role: role.to_string(),
            unit_code: None,
            street_code: None,
            grid_code: grid.map(str::to_owned),
            password_hash: hash.clone(),
        };
        queries::insert_staff(&mut conn, &new, to_micros(Utc::now()))
            .or_fault("add an account")
            .map_err(super::operator_error)?;
    }
    Ok(())
}
