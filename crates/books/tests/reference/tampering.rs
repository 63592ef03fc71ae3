//! Whoever changes a stored row is found out.

use books::journal::{Entry, EntryKind};
use books::{Currency, Number};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::ledger::Rows;
use crate::{random, run};

const TAMPERINGS: usize = 12;

#[test]
fn the_auditor_finds_any_tampering() {
    crate::with_room(|| {
        let at = any::<prop::sample::Index>();
        let cases = (random::settings(), random::ops(16), at, 0..TAMPERINGS);
        let outcome = TestRunner::new(crate::config(9)).run(&cases, |(set, ops, at, how)| {
            let Ok(ledger) = run(set, &ops) else { return Ok(()) };
            let mut rows = ledger.rows();
            if tamper(&mut rows, at, how) {
                prop_assert!(rows.audit().broken > 0, "tampering {} was not found", how);
            }
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    });
}

/// Changes the stored rows in one way; `false` where that would change nothing.
fn tamper(rows: &mut Rows, at: prop::sample::Index, how: usize) -> bool {
    if rows.transactions.is_empty() || rows.house.is_empty() {
        return false;
    }
    let last = rows.entries.len() - 1;
    let entry_at = at.index(rows.entries.len());
    let row_at = at.index(rows.transactions.len());
    let sealed = &mut rows.entries[entry_at];
    let row = &mut rows.transactions[row_at];
    match how {
        0 => drop(rows.entries.remove(entry_at)),
        1 => drop(rows.transactions.remove(row_at)),
        2 => row.net_amount = row.net_amount.wrapping_add(1),
        3 => row.ending_balance = row.ending_balance.wrapping_sub(1),
        4 => drop(row.others.0.insert(Currency::parse("chf").expect("a currency"), 1)),
        5 => row.key.customer = Number(99),
        6 => sealed.seal[31] ^= 1,
        7 => {
            let kind = match sealed.entry.kind() {
                EntryKind::Funded => EntryKind::FundingReversed,
                _ => EntryKind::Funded,
            };
            let (number, postings) = (sealed.entry.number(), sealed.entry.postings().to_vec());
            sealed.entry = Entry::new(number, kind, postings).expect("it balances");
        }
        8 => {
            let mut postings = sealed.entry.postings().to_vec();
            for posting in &mut postings {
                posting.amount_minor = -posting.amount_minor;
            }
            let (number, kind) = (sealed.entry.number(), sealed.entry.kind());
            sealed.entry = Entry::new(number, kind, postings).expect("it balances");
        }
        9 if entry_at != last => rows.entries.swap(entry_at, last),
        10 => {
            let at = at.index(rows.house.len());
            rows.house[at].2 = rows.house[at].2.wrapping_add(1);
        }
        11 => rows.head.1 += 1,
        _ => return false,
    }
    true
}
