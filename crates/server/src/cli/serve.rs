//! `purser serve`.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::Done;
use crate::app::App;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::http;
use crate::settings::{LogFormat, Settings};

/// Serves until it is told to stop.
pub fn run(mut settings: Settings, clock: Clock, entropy: Entropy) -> Done {
    start_log(&settings);
    let listen = settings.listen;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("no runtime can be started: {e}"))?;
    let listener = runtime
        .block_on(TcpListener::bind(listen))
        .map_err(|e| format!("cannot listen on {listen}: {e}"))?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    // Links name the port, which is known only now where any would do.
    settings.listen = address;
    let app = Arc::new(App::start(settings, clock, entropy)?);
    runtime.block_on(async {
        let stop = stop_signal()?;
        greet(&app, &format!("http://{address}"));
        http::run(app.clone(), listener, stop).await;
        Ok::<(), String>(())
    })?;
    // Dropping the application finishes what waits in the lane.
    drop(runtime);
    drop(app);
    Ok(ExitCode::SUCCESS)
}

/// Completes on SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    let on = |kind| signal(kind).map_err(|e| format!("signals cannot be received: {e}"));
    let (mut term, mut int) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tracing::info!("stopping: open requests may finish");
    })
}

fn greet(app: &App, url: &str) {
    let (mode, key) = match app.settings.production {
        true => ("production", "YOUR_SECRET_KEY"),
        false => ("sandbox: every sk_test_... key works", "sk_test_123"),
    };
    let mut out = std::io::stdout().lock();
    // A closed standard output is no reason not to serve.
    let _ = writeln!(
        out,
        "Purser {}\n  listening  {url}\n  mode       {mode}\n  account    {}\n  data       {}\n  \
         try        curl {url}/v1/customers -u {key}: -d email=ada@example.com",
        env!("CARGO_PKG_VERSION"),
        app.account,
        app.store
            .file()
            .map_or_else(|| app.settings.store.to_string(), |f| f.display().to_string()),
    );
    let _ = out.flush();
}

fn start_log(settings: &Settings) {
    // The MCP crate tells of every request, with what clients sent: that is for no log.
    let heard = Targets::new()
        .with_default(settings.log_level)
        .with_target("rmcp", settings.log_level.min(tracing::Level::ERROR));
    let log = tracing_subscriber::fmt()
        .with_max_level(settings.log_level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    // A second subscriber is refused: in tests the first one stays.
    let _ = match settings.log_format {
        LogFormat::Text => log.finish().with(heard).try_init(),
        LogFormat::Json => log.json().flatten_event(true).finish().with(heard).try_init(),
    };
}
