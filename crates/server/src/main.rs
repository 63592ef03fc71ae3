//! The program. Only this file reads the clock and the source of randomness.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use books::time::Millis;
use purser::clock::Clock;
use purser::entropy::Entropy;

/// Documents are many small pieces of memory, which this allocator hands out faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut seed = [0; 32];
    if let Err(error) = getrandom::fill(&mut seed) {
        eprintln!("purser: the system gives no random bytes: {error}");
        return ExitCode::FAILURE;
    }
    purser::cli::run(Clock::new(system_time), Entropy::from_seed(seed))
}

fn system_time() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(since.as_millis() as i64)
}
