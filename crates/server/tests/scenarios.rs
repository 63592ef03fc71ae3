//! The scenarios of `tests/scenarios`: each file is a test on SQLite, and one on PostgreSQL, with
//! the same answers.
//!
//! `BLESS=1 cargo test -p purser --test scenarios` writes the answers into the files, those that
//! are given on SQLite; `cargo test -p purser --test scenarios on_postgres` is the other half.

mod runner;
mod support;

use std::collections::BTreeSet;

use support::server::Kind;

/// Two tests for each name, and the list of all names.
macro_rules! scenarios {
    ($($name:ident)*) => {
        $(
            #[test]
            #[allow(non_snake_case, reason = "named like its file")]
            fn $name() {
                runner::play(stringify!($name), Kind::Sqlite);
            }
        )*

        mod on_postgres {
            use super::{Kind, runner};
            $(
                #[test]
                #[allow(non_snake_case, reason = "named like its file")]
                fn $name() {
                    runner::play(stringify!($name), Kind::Postgres);
                }
            )*
        }

        const LISTED: &[&str] = &[$(stringify!($name)),*];
    };
}

scenarios! {
    S01_fresh_customer
    S02_reconciliation_mode
    S03_fund_nothing_open
    S04_fees_and_no_delay
    S04_pay_from_balance
    S05_wait_for_transfer
    S05_wait_in_other_currencies
    S06_underpay_then_complete
    S07_overpay
    S08_part_at_confirm
    S09_apply_more_ways
    S09_manual_mode
    S10_manual_mode_money_first
    S11_apply_errors
    S12_reference_beats_age_and_amount
    S13_exact_sum_smallest_group
    S14_exact_sum_of_a_group
    S15_oldest_first
    S16_ties_by_age
    S17_japan_ignores_references
    S18_currencies_do_not_mix
    S19_cancel_part_paid
    S20_change_amount_of_part_paid
    S21_too_little_and_no_funding_type
    S22_bad_creates
    S23_funding_instructions
    S24_fund_validation
    S24_fund_with_live_key
    S25_refund_to_bank
    S26_refund_pays_out_bounces_expires
    S27_refund_to_cash_balance
    S28_return_of_cash
    S29_reversal_without_overdraft
    S30_overdraft
    S31_sweep
    S32_delete
    S33_idempotency
    S35_paging
    S36_expansion
    S38_events
    S39_payout
    S40_modes_apart
    S41_legacy_card
    agents_approvals
    agents_cards
    agents_limits
    agents_reach
    agents_what_counts
    automatic_payment_methods
    balance_available
    balance_of_cards
    bank_transfers
    bank_transfers_in_production
    cards_of_customers
    cards_payment_methods
    cards_tokens
    cards_used_once
    charges_by_card
    charges_captured_later
    charges_declined
    charges_of_cash_balances
    charges_of_sources
    charges_with_fees
    clock
    clock_in_production
    customer_search
    customer_sources
    customer_sources_src
    customers_with_a_source
    fees_and_settlement
    intents_authenticated
    intents_bad_cards
    intents_by_card
    intents_captured_later
    intents_card_or_cash
    intents_declined
    intents_in_production
    invoices_bad_requests
    invoices_given_up
    invoices_life
    invoices_oldest_first
    invoices_overdue
    invoices_paid_by_hand
    invoices_under_and_over
    journal
    payment_intent_life
    payments_changed_while_waiting
    payments_of_deleted_customers
    payouts_instant
    payouts_more
    payouts_source_types
    payouts_that_fail
    payouts_weekend
    positions
    reconciliation_old_money
    reconciliation_ties
    refunds_after_deletion
    refunds_by_rail
    refunds_more
    refunds_of_card_payments
    refunds_to_cards
    returns_by_age
    returns_by_age_given_back
    returns_of_swift_money
    search_cards
    search_customers
    search_payments
    sources_are_charged
    sources_are_refunded
    sources_bad_requests
    sources_of_cards
    sources_of_customers
    sources_pay_intents
    sources_receive_transfers
    sources_return_money
    topups
    topups_in_live_mode
    trails
    webhook_endpoints
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
