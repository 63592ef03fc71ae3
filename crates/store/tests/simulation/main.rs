//! The whole of the books and the store, under clients that retry and repeat themselves, a clock
//! that jumps, and a process that dies between any two steps of the lane.
//!
//! A run follows from its seed alone. `PURSER_SIM_SEED=n` repeats one and prints what it does;
//! `PURSER_SIM_SEEDS=n` runs so many instead of [`SEEDS`]. A seed that was found goes to [`FOUND`].

mod audit;
mod cards;
mod clients;
mod director;
mod job;
mod life;
mod random;
mod shadow;
mod simulator;
mod worker;

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use simulator::{Log, Summary, run};

/// Seeds that are run every time.
const SEEDS: u64 = 200;
/// Seeds that once found something.
const FOUND: &[u64] = &[];
/// Findings after which no more seeds are run.
const FINDINGS_MAX: usize = 5;

#[test]
fn nothing_is_lost_and_nothing_happens_twice() {
    if let Some(seed) = number("PURSER_SIM_SEED") {
        let (result, _) = run(seed, Log { prints: true, lines: None });
        match result {
            Ok(summary) => println!("seed {seed}: nothing found in {}", told(1, &summary)),
            Err(why) => panic!("seed {seed}: {why}"),
        }
        return;
    }
    let count = number("PURSER_SIM_SEEDS").unwrap_or(SEEDS);
    let seeds: Vec<u64> = FOUND.iter().copied().chain(0..count).collect();
    let (next, findings) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let total =
        Mutex::new(Summary { requests: 0, deaths: BTreeMap::new(), counts: BTreeMap::new() });
    let work = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            match try_seed(*seed) {
                Ok(summary) => add(&mut total.lock().expect("nobody panics"), summary),
                Err(why) => {
                    let mut findings = findings.lock().expect("nobody panics");
                    findings.push(format!("seed {seed}: {why}\n  repeat it: just sim {seed}"));
                    if findings.len() >= FINDINGS_MAX {
                        next.store(seeds.len(), Ordering::Relaxed);
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    let findings = findings.into_inner().expect("nobody panics");
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    let total = total.into_inner().expect("nobody panics");
    println!("nothing found in {}", told(seeds.len(), &total));
    assert!(total.deaths.values().sum::<usize>() >= seeds.len(), "too few crashes");
}

/// The same seed gives the same run, to the last word.
#[test]
fn a_seed_repeats_its_run() {
    for seed in [1, 7] {
        let told = || run(seed, Log { prints: false, lines: Some(Vec::new()) });
        let ((first, one), (second, two)) = (told(), told());
        assert_eq!(first.err(), None);
        assert_eq!(second.err(), None);
        let (one, two) = (one.lines.unwrap_or_default(), two.lines.unwrap_or_default());
        assert!(one.len() > 50, "a run has more to tell: {one:#?}");
        let apart = one.iter().zip(&two).position(|(one, two)| one != two);
        let shown = apart.map(|at| (&one[at], &two[at]));
        assert_eq!(shown, None, "seed {seed} goes another way at line {apart:?}");
        assert_eq!(one.len(), two.len(), "seed {seed}");
    }
}

fn try_seed(seed: u64) -> Result<Summary, String> {
    let told = catch_unwind(|| run(seed, Log::default()).0);
    told.unwrap_or_else(|_| Err("the simulator panicked".into()))
}

fn add(total: &mut Summary, summary: Summary) {
    total.requests += summary.requests;
    for (at, count) in summary.deaths {
        *total.deaths.entry(at).or_default() += count;
    }
    for (what, count) in summary.counts {
        *total.counts.entry(what).or_default() += count;
    }
}

fn told(seeds: usize, summary: &Summary) -> String {
    let Summary { requests, deaths, counts } = summary;
    format!("{seeds} seeds, {requests} commands\n  deaths: {deaths:?}\n  done: {counts:?}")
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is '{text}', and no number")))
}
