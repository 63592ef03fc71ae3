//! SQL through PostgreSQL's own client, so that this crate needs no other.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::programs;
use super::server::POLL_INTERVAL;

/// How long one call may take before it is taken for stuck.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// Runs SQL in the database of this connection string: tuples only, fields apart by `|`, statements
/// committed one by one, the first error ends it. Fails with what psql says.
pub fn run(connection: &str, options: &str, sql: &str) -> Result<String, String> {
    let mut command = Command::new(programs::folder().join("psql"));
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", connection]);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG")) {
            command.env_remove(name);
        }
    }
    command.env("PGOPTIONS", options).env("PGCONNECT_TIMEOUT", "10").env("PGAPPNAME", "harness");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("psql does not run: {error}"))?;
    let mut input = child.stdin.take().expect("stdin is a pipe");
    let sql = sql.to_owned();
    // A psql that ends at an error closes its input early, which is no failure of its own.
    std::thread::spawn(move || input.write_all(sql.as_bytes()));
    let (output, errors) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if begun.elapsed() > CALL_LIMIT => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("psql did not end within {CALL_LIMIT:?}"));
            }
            None => std::thread::sleep(POLL_INTERVAL),
        }
    };
    let text = |collected: std::thread::JoinHandle<Vec<u8>>| {
        let bytes = collected.join().expect("reading does not panic");
        String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()
    };
    let (output, errors) = (text(output), text(errors));
    if status.success() { Ok(output) } else { Err(errors) }
}

fn collect(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    let mut from = from.expect("a pipe");
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}
