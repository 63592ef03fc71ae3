//! The command line.

pub mod agent;
pub mod approvals;
pub mod backup;
pub mod clock;
pub mod copy;
pub mod dashboard_user;
pub mod doctor;
pub mod export;
pub mod keys;
pub mod listen;
pub mod mcp;
mod output;
pub mod serve;
mod server;
pub mod trigger;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::settings::Settings;

/// A self-hosted engine for customer cash balances that speaks the Stripe API.
///
/// Without a command it serves, with the defaults of `purser serve`.
#[derive(Parser)]
#[command(name = "purser", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (this is what happens without a command, too).
    Serve(Box<Settings>),
    /// Examine a database, also while a server is running on it; exits with 1 on any finding.
    Doctor(doctor::Doctor),
    /// Copy a SQLite database to a new file, also while a server is running on it.
    Backup(backup::Backup),
    /// Copy a whole database into another, between SQLite and PostgreSQL and back.
    Copy(copy::Copy),
    /// Write transactions or the journal to a file, also while a server is running.
    Export(export::Export),
    /// Make, list and revoke API keys.
    Keys(keys::Keys),
    /// Say who can sign in to the dashboard with a name and a password.
    DashboardUser(dashboard_user::DashboardUser),
    /// Show the clock of a running sandbox, or move it forward.
    Clock(clock::Clock),
    /// Show what agents wait for, and agree or disagree.
    Approvals(approvals::Approvals),
    /// Show events of a running server as they happen, and forward them to a receiver.
    Listen(listen::Listen),
    /// Make an event of a type really happen on a running sandbox.
    Trigger(trigger::Trigger),
    /// Be an agent of the Open Context Protocol: find the tools of any API, and call them.
    Agent(agent::Agent),
    /// Serve the tools of a running server to an MCP client, on standard input and output.
    Mcp(mcp::Mcp),
    /// Print the sandbox's bank profile, to start one of your own for `serve --bank-profile`.
    BankProfile,
}

/// Runs the program with a clock and a source of randomness.
pub fn run(clock: Clock, entropy: Entropy) -> ExitCode {
    let command = Cli::parse().command.unwrap_or_else(|| {
        #[derive(Parser)]
        struct Defaults {
            #[command(flatten)]
            settings: Settings,
        }
        Command::Serve(Box::new(Defaults::parse_from(["purser serve"]).settings))
    });
    let done = match command {
        Command::Serve(settings) => serve::run(*settings, clock, entropy),
        Command::Doctor(doctor) => doctor.run(),
        Command::Backup(backup) => backup.run(),
        Command::Copy(copy) => copy.run(),
        Command::Export(export) => export.run(),
        Command::Keys(keys) => keys.run(clock, &entropy),
        Command::DashboardUser(user) => user.run(clock, &entropy),
        Command::Clock(clock) => clock.run(),
        Command::Approvals(approvals) => approvals.run(),
        Command::Listen(listen) => listen.run(clock),
        Command::Trigger(trigger) => trigger.run(),
        Command::Agent(agent) => agent.run(clock, entropy),
        Command::Mcp(mcp) => mcp.run(entropy),
        Command::BankProfile => bank_profile(),
    };
    done.unwrap_or_else(|message| {
        eprintln!("purser: {message}");
        ExitCode::FAILURE
    })
}

fn bank_profile() -> Done {
    let profile = toml::to_string(&bank::BankProfile::default()).map_err(|e| e.to_string())?;
    output::say!("{}", profile.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// What a command ends with: an exit code, or a sentence and failure.
type Done = Result<ExitCode, String>;

#[cfg(test)]
mod tests {
    #[test]
    fn the_printed_bank_profile_can_be_read() {
        let printed = toml::to_string(&bank::BankProfile::default()).unwrap();
        let read: bank::BankProfile = toml::from_str(&printed).unwrap();
        read.validate().unwrap();
        assert_eq!(toml::to_string(&read).unwrap(), printed);
    }
}
