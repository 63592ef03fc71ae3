//! Random commands against a plain reference: after every step the books and the reference must
//! say the same about everything, and the auditor must have nothing to say, until somebody
//! tampers with a row.
//!
//! Each run takes the same sequences: `PURSER_CASES` (256 unless given) of them, shared among
//! [`SEEDS`]. With `PURSER_SEED` they begin somewhere else:
//! `PURSER_CASES=10000 PURSER_SEED=7 cargo test --release -p purser-books --test reference`.

mod acquirer;
mod compare;
mod coverage;
mod drive;
mod guarded;
mod ledger;
mod model;
mod ops;
mod random;
mod rules;
mod tampering;

use books::Rules;
use books::cash_balance::ReconciliationMode;
use ledger::Ledger;
use model::{Model, Outcome};
use ops::{Op, Settings};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// Where sequences begin; one test for each, so that they run side by side.
const SEEDS: [u64; 4] = [1, 2, 3, 4];
/// Sequences of all seeds together.
const CASES: u32 = 256;
/// Commands of a sequence, at most.
const OPS_MAX: usize = 45;
/// A Thursday at noon, so that weekends come soon.
const START_S: i64 = 1_769_083_200;

/// The books and the reference side by side.
pub struct Sides {
    pub(crate) ledger: Ledger,
    pub(crate) model: Model,
}

impl Sides {
    /// Two customers, of whom one has an email address, and a bank account for dollars.
    pub fn new(set: Settings) -> Sides {
        let mode = match set.manual {
            true => ReconciliationMode::Manual,
            false => ReconciliationMode::Automatic,
        };
        let rules = Rules {
            default_mode: mode,
            fee_bps: set.fee_bps,
            fee_fixed: set.fee_fixed,
            settlement_delay_days: set.settle_days,
            bank_delay_days: set.bank_days,
            instant_payout_fee_bps: set.instant_bps,
            strict_delete: set.strict_delete,
            ..Rules::default()
        };
        let mut sides =
            Sides { ledger: Ledger::new(rules, START_S), model: Model::new(set, START_S) };
        for op in [
            Op::AddCustomer { email: true },
            Op::AddCustomer { email: false },
            Op::AddAccount { cur: "usd", fails: false, default: false },
        ] {
            sides.step(&op).expect("both begin alike");
        }
        sides
    }

    /// One command on both sides, each of which must come out alike; says how.
    pub fn step(&mut self, op: &Op) -> Result<Option<Outcome>, TestCaseError> {
        let events_before = self.ledger.events.len();
        let command = drive::command(&self.ledger, op);
        let result = match (op, command) {
            (Op::Wait { s }, _) => {
                self.ledger.advance(self.ledger.now().0 + s);
                Some(Ok("done"))
            }
            (_, Some(command)) => Some(drive::told(&self.ledger.step(&command))),
            (_, None) => None,
        };
        prop_assert_eq!(result, self.model.step(op), "{:?}", op);
        compare::agree(&self.ledger, &self.model, events_before)?;
        Ok(result)
    }
}

/// Runs a sequence on both sides; the auditor reads the end of it.
pub fn run(set: Settings, ops: &[Op]) -> Result<Ledger, TestCaseError> {
    let mut sides = Sides::new(set);
    for (at, op) in ops.iter().enumerate() {
        sides
            .step(op)
            .map_err(|error| TestCaseError::fail(format!("step {at} {op:?}: {error}")))?;
    }
    let report = sides.ledger.rows().audit();
    prop_assert_eq!(report.findings, vec![]);
    prop_assert_eq!(report.broken, 0);
    prop_assert_eq!(report.entries, sides.ledger.entries.len() as u64);
    Ok(sides.ledger)
}

fn from_environment<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The share of one seed in the sequences.
pub fn config(seed: u64) -> ProptestConfig {
    let start: u64 = from_environment("PURSER_SEED", 0);
    ProptestConfig {
        cases: from_environment("PURSER_CASES", CASES).div_ceil(SEEDS.len() as u32),
        rng_seed: RngSeed::Fixed(start.wrapping_mul(1000).wrapping_add(seed)),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

fn check(seed: usize) {
    with_room(move || {
        let mut runner = TestRunner::new(config(SEEDS[seed]));
        let sequences = (random::settings(), random::ops(OPS_MAX));
        if let Err(error) = runner.run(&sequences, |(set, ops)| run(set, &ops).map(drop)) {
            panic!("{error}");
        }
    });
}

/// Runs a test on a thread with room for the trees of random values, which are deep and, without
/// optimization, more than the stack of a test holds.
pub fn with_room(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(test);
    if let Err(panic) = thread.expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn the_books_agree_with_the_reference_from_the_first_seed() {
    check(0);
}

#[test]
fn the_books_agree_with_the_reference_from_the_second_seed() {
    check(1);
}

#[test]
fn the_books_agree_with_the_reference_from_the_third_seed() {
    check(2);
}

#[test]
fn the_books_agree_with_the_reference_from_the_fourth_seed() {
    check(3);
}
