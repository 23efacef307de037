//! `dengwen serve`.

use tracing_subscriber::{
    filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::say;
use crate::app::{App, Ports};
use crate::config::Settings;
use crate::platform::memory;
use crate::{bucket, jobs, server};

/// Serves until the process is told to stop; requests being answered are answered first.
pub(super) fn run(settings: Settings) -> anyhow::Result<()> {
    memory::give_back();
    tracing_subscriber::registry()
        .with(filter(&settings.log)?)
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .init();
    actix_web::rt::System::new().block_on(async {
        let app = App::build(settings, Ports::default())?;
        bucket::at_start(&app).await?;
        let workers = std::thread::available_parallelism()?.get();
        let (server, running) = server::start(app, workers)?;
        let address = server.address;
        say(&format!(
            "dengwen listens on http://{address}\ndocumentation: http://{address}/docs/\n"
        ))?;
        let app = server.app.clone();
        actix_web::rt::spawn(jobs::run_forever(app.clone()));
        actix_web::rt::spawn(bucket::watch(app.clone()));
        tokio::spawn(async move {
            stop_signal().await;
            tracing::info!("stopping");
            server.stop().await;
        });
        running.await?;
        if app.db.hanging() > 0 {
            // A thread in a database that stands still would keep the process for ever.
            tracing::warn!("stopped while the database stood still");
            std::process::exit(0);
        }
        app.settle();
        Ok(())
    })
}

/// What is logged: levels and `TARGET=LEVEL`s, separated by commas.
///
/// # Errors
/// When a level is none.
fn filter(text: &str) -> anyhow::Result<Targets> {
    // An empty target would be everything there is.
    let directives = text.split(',').map(str::trim).filter(|d| !d.is_empty());
    let directives: Vec<&str> = directives.collect();
    anyhow::ensure!(!directives.is_empty(), "DENGWEN_LOG says nothing");
    directives
        .join(",")
        .parse()
        .map_err(|e| anyhow::anyhow!("DENGWEN_LOG: {e}"))
}

/// Waits for Ctrl-C or, on Unix, the service manager's SIGTERM.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if let Err(e) = tokio::signal::ctrl_c().await {
        tracing::error!("cannot wait for Ctrl-C: {e}");
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_is_levels_and_targets() {
        for text in ["info,dengwen=debug", " info , dengwen=debug,"] {
            let filter = filter(text).unwrap();
            assert!(filter.would_enable("actix_server", &Level::INFO), "{text}");
            assert!(
                !filter.would_enable("actix_server", &Level::DEBUG),
                "{text}"
            );
            assert!(
                filter.would_enable("dengwen::jobs", &Level::DEBUG),
                "{text}"
            );
        }
        for text in ["dengwen=loud", "a=b=c", ","] {
            assert!(filter(text).is_err(), "{text}");
        }
    }
}
