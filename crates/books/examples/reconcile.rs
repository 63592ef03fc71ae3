//! How long it takes to plan what a transfer pays, by how much is open.
//!
//! `cargo run --release -p purser-books --example reconcile`

use std::hint::black_box;
use std::time::{Duration, Instant};

use books::reconciliation::{
    Arrival, GROUP_CANDIDATES_MAX, GROUP_MEMBERS_MAX, Payable, PayableKind, plan,
};
use books::{Currency, IdKey, Number, Timestamp};

const RUNS: usize = 301;
const SIZES: [usize; 5] = [1, 10, GROUP_CANDIDATES_MAX, 100, 1000];

fn main() {
    println!("plan() by open payments, median of {RUNS} runs\n");
    print!("| {:<42} |", "transfer");
    SIZES.iter().for_each(|size| print!(" {size:>9} |"));
    print!("\n|{:-<44}|", "");
    SIZES.iter().for_each(|_| print!("----------:|"));
    println!();
    for (name, case) in CASES {
        print!("| {name:<42} |");
        for size in SIZES {
            print!(" {:>6.1} µs |", median(size, case).as_secs_f64() * 1e6);
        }
        println!();
    }
}

/// What to send to whom; the payables are an even number of cents each.
type Case = fn(&mut Vec<Payable>) -> (i64, i64, Option<String>);

const CASES: [(&str, Case); 6] = [
    ("the amount of the newest", |open| {
        let amount = open.last().map_or(0, |payable| payable.remaining);
        (amount, amount, None)
    }),
    ("the reference of the newest", |open| {
        let newest = open.last().map(|payable| ids().transfer_reference(payable.intent));
        (1000, 1000, newest)
    }),
    ("words that name nothing", |_| (777, 777, Some("PAYMENT12345 of ABCD1234-9999".into()))),
    ("the newest group of five", |open| {
        let from = open.len().min(GROUP_CANDIDATES_MAX).saturating_sub(GROUP_MEMBERS_MAX);
        let group = &mut open[from..];
        group.iter_mut().take(GROUP_MEMBERS_MAX).for_each(|payable| payable.remaining += 1);
        let sum = group.iter().take(GROUP_MEMBERS_MAX).map(|payable| payable.remaining).sum();
        (sum, sum, None)
    }),
    ("no group, new or with old money", |_| (250_001, 280_001, None)),
    ("no group, though many pairs fit", |open| {
        // A sum that ends in 3 needs three payments that end in 1, and there are two: each of
        // them, with two others, seems to lack just the pair that it is itself part of.
        let amounts = [90_000, 100_000, 110_000].into_iter().cycle();
        open.iter_mut().zip(amounts).for_each(|(payable, amount)| payable.remaining = amount);
        open.iter_mut().take(2).for_each(|payable| payable.remaining += 1);
        (400_003, 500_003, None)
    }),
];

fn median(size: usize, case: Case) -> Duration {
    let mut payables = open(size);
    let (amount, available, reference) = case(&mut payables);
    let arrival = Arrival {
        currency: Currency::EUR,
        amount,
        available,
        reference: reference.as_deref(),
        now: Timestamp(1_790_000_000),
    };
    // The store gives them in the order of their numbers, which is not that of their age.
    payables.reverse();
    let ids = ids();
    let reference_of = |intent| ids.transfer_reference(intent);
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(plan(black_box(&arrival), black_box(&payables), &reference_of));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

/// Payments of 200.00 to 1,000.00, oldest first. Every twentieth is an invoice: with
/// two of them among the candidates, the search for groups takes the most steps.
fn open(size: usize) -> Vec<Payable> {
    let mut noise = 1u64;
    (0..size as i64)
        .map(|at| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let remaining = 20_000 + 2 * (noise >> 33) as i64 % 80_000;
            let number = format!("ABCD1234-{at:04}");
            let kind = match at % 20 {
                19 => PayableKind::Invoice { number, until: None },
                _ => PayableKind::Intent,
            };
            let intent = Number(1_000_000 + at);
            Payable { intent, kind, currency: Currency::EUR, remaining, since: intent }
        })
        .collect()
}

fn ids() -> IdKey {
    IdKey::new([7; 16])
}
