//! An export is consistent whatever is written meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Desk, column, rows};
use crate::support::on_both;
use crate::support::server::{Kind, Server};

/// Entries that are there before the first export.
const BEFORE: usize = 450;
const WRITERS: usize = 3;
const EXPORTS: usize = 4;

on_both! { an_export_is_consistent_while_others_write }

fn an_export_is_consistent_while_others_write(kind: Kind) {
    let server = Server::started_on(kind);
    let desk = Desk::of(&server);
    let customers: Vec<String> = (0..WRITERS).map(|_| desk.customer("Ada")).collect();
    for at in 0..BEFORE {
        desk.fund(&customers[at % WRITERS], 100, "usd");
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for customer in &customers {
            let (desk, is_over) = (desk.clone(), &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    desk.fund(customer, 107, "usd");
                    desk.pay(customer, 50, "usd");
                }
            });
        }
        let mut lengths = Vec::new();
        for _ in 0..EXPORTS {
            check_journal(&desk.file("journal.hledger"));
            lengths.push(check_transactions(&desk.file("transactions.csv")));
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(lengths.is_sorted() && lengths[0] >= BEFORE, "{lengths:?}");
        assert!(lengths[EXPORTS - 1] > lengths[0], "nothing was written meanwhile: {lengths:?}");
    });
}

/// What the accounts hold in the end is what the entries come to.
fn check_journal(text: &str) {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    let mut checked = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("    ")) {
        let (account, rest) = line.split_once("  ").expect("an account and an amount");
        let minor = |text: &str| -> i64 { text.replace('.', "").parse().expect("an amount") };
        match rest.split_once(" =* ") {
            Some((_, held)) => {
                let of_it = sums.iter().filter(|(name, _)| name.starts_with(account));
                let held = held.split(' ').next().unwrap();
                assert_eq!(of_it.map(|(_, sum)| sum).sum::<i64>(), minor(held), "{account}");
                checked += 1;
            }
            None => {
                *sums.entry(account).or_default() += minor(rest.split(' ').next().unwrap());
            }
        }
    }
    assert!(checked >= 2, "{text}");
}

/// Each transaction goes on where the one before it ended; gives how many there are.
fn check_transactions(text: &str) -> usize {
    let mut held: BTreeMap<&str, i64> = BTreeMap::new();
    let cells = column(text, "customer").into_iter().zip(column(text, "net_amount_minor"));
    for ((customer, change), ending) in cells.zip(column(text, "ending_balance_minor")) {
        let sum = held.entry(customer).or_default();
        *sum += change.parse::<i64>().unwrap();
        assert_eq!(*sum, ending.parse::<i64>().unwrap());
    }
    rows(text).len()
}
