//! `dengwen serve`.

use tracing_subscriber::EnvFilter;

use super::say;
use crate::app::{App, Ports};
use crate::config::Settings;
use crate::platform::memory;
use crate::{bucket, jobs, server};

/// Serves until the process is told to stop; requests being answered are answered first.
pub(super) fn run(settings: Settings) -> anyhow::Result<()> {
    memory::give_back();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&settings.log)?)
        .with_writer(std::io::stderr)
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
