//! The scenarios of `tests/scenarios`, one test for each file.
//!
//! `BLESS=1 cargo test -p purser --test scenarios` writes the answers into the files.

mod runner;
mod support;

use std::collections::BTreeSet;

/// A test for each name, and the list of all names.
macro_rules! scenarios {
    ($($name:ident)*) => {
        $(
            #[test]
            #[allow(non_snake_case, reason = "named like its file")]
            fn $name() {
                runner::play(stringify!($name));
            }
        )*

        const LISTED: &[&str] = &[$(stringify!($name)),*];
    };
}

scenarios! {
    S01_fresh_customer
    S02_reconciliation_mode
    S03_fund_nothing_open
    S18_currencies_do_not_mix
    S23_funding_instructions
    S24_fund_validation
    S24_fund_with_live_key
    S29_reversal_without_overdraft
    S32_delete
    S33_idempotency
    S35_paging
    S36_expansion
    S40_modes_apart
}

#[test]
fn every_file_is_listed() {
    let files = std::fs::read_dir(runner::folder()).expect("the folder of the scenarios");
    let names = files.map(|file| {
        let name = file.expect("a file").file_name().into_string().expect("a name in UTF-8");
        name.strip_suffix(".txt").unwrap_or(&name).to_owned()
    });
    let listed: BTreeSet<String> = LISTED.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(names.collect::<BTreeSet<String>>(), listed);
}
