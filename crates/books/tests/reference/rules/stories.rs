//! The stories.

use super::{PLAIN, check, check_with};
use crate::ops::Settings;

#[test]
fn paying() {
    check(&[
        // From the balance; with a transfer; in parts; too much.
        [
            "fund 5000; pi 3000",
            "funded 5000, applied_to_payment -3000",
            "succeeded 3000",
            "pending 3000 usd",
        ],
        [
            "pi 1099; fund 1099 pi:0; wait 2d",
            "funded 1099, applied_to_payment -1099",
            "succeeded 1099",
            "available 1099 usd",
        ],
        [
            "pi 1000; fund 400; fund 600",
            "funded 400, applied_to_payment -400, funded 600, applied_to_payment -600",
            "succeeded 1000",
            "pending 1000 usd",
        ],
        ["fund 300; pi 1000", "funded 300, applied_to_payment -300", "requires_action 300", ""],
        // By hand.
        ["manual; fund 1000; pi 1000", "funded 1000", "requires_action 0", ""],
        [
            "manual; pi 1000; fund 1500; apply 400; apply 5000 => apply too much; apply",
            "funded 1500, applied_to_payment -400, applied_to_payment -600",
            "succeeded 1000",
            "pending 1000 usd",
        ],
        ["manual; pi 1000; apply => cash too low", "", "requires_action 0", ""],
        // Without a transfer to await: all or nothing, in either mode.
        [
            "fund 100; pi 1000 fails => payment failed; fund 900",
            "funded 100, funded 900",
            "requires_payment_method 0",
            "",
        ],
        [
            "manual; fund 1000; pi 1000 fails",
            "funded 1000, applied_to_payment -1000",
            "succeeded 1000",
            "pending 1000 usd",
        ],
    ]);
}

#[test]
fn matching() {
    check(&[
        // A reference is before age and amount, but not in Japan.
        [
            "pi 1000; pi 1000; fund 1000 pi:0",
            "funded 1000, applied_to_payment -1000",
            "requires_action 0, succeeded 1000",
            "pending 1000 usd",
        ],
        [
            "pi 5000 jpy; pi 5000 jpy; fund 5000 jpy pi:0",
            "funded 5000, applied_to_payment -5000",
            "succeeded 5000, requires_action 0",
            "pending 5000 jpy",
        ],
        // An exact sum: the smallest group, then the oldest.
        [
            "pi 300; pi 700; pi 1000; fund 1000",
            "funded 1000, applied_to_payment -1000",
            "requires_action 0, requires_action 0, succeeded 1000",
            "pending 1000 usd",
        ],
        [
            "pi 300; pi 700; pi 5000; fund 1000",
            "funded 1000, applied_to_payment -300, applied_to_payment -700",
            "succeeded 300, succeeded 700, requires_action 0",
            "pending 1000 usd",
        ],
        // No sum: oldest first.
        [
            "pi 500; pi 500; pi 500; fund 800",
            "funded 800, applied_to_payment -500, applied_to_payment -300",
            "succeeded 500, requires_action 300, requires_action 0",
            "pending 500 usd",
        ],
        ["fund 1000 eur; pi 1000", "funded 1000", "requires_action 0", ""],
    ]);
}

#[test]
fn changing_and_canceling() {
    check(&[
        [
            "pi 1000; fund 400; cancel; cancel => intent state",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400",
            "canceled 0",
            "",
        ],
        [
            "pi 1000; fund 400; pi 300; cancel :1",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400, \
             applied_to_payment -300",
            "canceled 0, succeeded 300",
            "pending 300 usd",
        ],
        [
            "pi 1000; fund 400; change 400; confirm",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400, \
             applied_to_payment -400",
            "succeeded 400",
            "pending 400 usd",
        ],
        [
            "pi 1000; fund 400; pi 400; change 400 :1; confirm",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400, \
             applied_to_payment -400",
            "requires_action 0, succeeded 400",
            "pending 400 usd",
        ],
        // What an intent holds comes back in the currency that it is in.
        [
            "pi 1000; fund 400; change eur",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400",
            "requires_confirmation 0",
            "",
        ],
        // A payment that failed awaits nothing, and so holds nothing.
        [
            "pi 1000; fund 400; confirm fails => payment failed",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400",
            "requires_payment_method 0",
            "",
        ],
    ]);
}

#[test]
fn invoices() {
    check(&[
        [
            "pi 500; invoice 700; fund 700 in:0",
            "funded 700, applied_to_payment -700",
            "requires_action 0, succeeded 700",
            "pending 700 usd",
        ],
        // Never in part, and not thirty days after it was due.
        ["invoice 700; fund 600 in:0", "funded 600", "requires_action 0", ""],
        [
            "invoice 700 days:1; wait 31d; fund 700",
            "funded 700, applied_to_payment -700",
            "succeeded 700",
            "pending 700 usd",
        ],
        ["invoice 700 days:1; wait 31d; wait 1s; fund 700", "funded 700", "requires_action 0", ""],
        // Given up it takes nothing by itself, but can be paid.
        [
            "invoice 700; give-up; fund 700; pay",
            "funded 700, applied_to_payment -700",
            "succeeded 700",
            "pending 700 usd",
        ],
        ["invoice 700; void; fund 700; pay => invoice state", "funded 700", "canceled 0", ""],
        ["invoice 700; pay elsewhere; fund 700", "funded 700", "canceled 0", ""],
        // Its intent is its own business.
        [
            "invoice 700; change 300 => intent of invoice; cancel => intent of invoice; \
             confirm => intent of invoice; manual; fund 900; apply 100",
            "funded 900, applied_to_payment -700",
            "succeeded 700",
            "pending 700 usd",
        ],
        // One that is smaller than any payment can be.
        [
            "invoice 30; describe; confirm anew => intent of invoice; fund 30",
            "funded 30, applied_to_payment -30",
            "succeeded 30",
            "pending 30 usd",
        ],
    ]);
}

#[test]
fn refunds() {
    let paid = "fund 1000; pi 1000; wait 2d";
    let rows = "funded 1000, applied_to_payment -1000";
    for (then, more_rows, house) in [
        ("refund 400", "", "available 600 usd, returning 400 usd"),
        ("refund 400; cancel-refund; cancel-refund => refund state", "", "available 1000 usd"),
        ("refund 400; details; wait 1d", "", "available 600 usd"),
        (
            "refund 400; details; cancel-refund => refund state",
            "",
            "available 600 usd, returning 400 usd",
        ),
        ("refund 400; details bounce; wait 1d", "", "available 600 usd, returning 400 usd"),
        ("refund 400; details bounce; wait 1d; wait 45d", "", "available 1000 usd"),
        ("refund 400; wait 44d", "", "available 600 usd, returning 400 usd"),
        ("refund 400; wait 45d", "", "available 1000 usd"),
        ("refund 400; expire", "", "available 1000 usd"),
        ("refund 400; refund 700 => refund too large", "", "available 600 usd, returning 400 usd"),
        ("refund; refund => already refunded", "", "returning 1000 usd"),
        ("wait 178d; refund; details; wait 1d", "", ""),
        ("wait 178d; wait 1s; refund => refund too late", "", "available 1000 usd"),
        ("to-cash 400", ", refunded_from_payment 400", "available 600 usd"),
        // The merchant may owe more than there is.
        ("payout 1000; refund 400", "", "available -400 usd, returning 400 usd, leaving 1000 usd"),
    ] {
        let (story, rows) = (format!("{paid}; {then}"), format!("{rows}{more_rows}"));
        check(&[[&story, &rows, "succeeded 1000", house]]);
    }
    check(&[
        ["pi 1000; refund => nothing to refund", "", "requires_action 0", ""],
        [
            "fund 1000; pi 1000; pi 300; to-cash 400",
            "funded 1000, applied_to_payment -1000, refunded_from_payment 400, \
             applied_to_payment -300",
            "succeeded 1000, succeeded 300",
            "pending 1300 usd, available -400 usd",
        ],
        // The other customer has no address to be asked at.
        [
            "fund 500 other; pi 500 other; refund silent => no email",
            "",
            "succeeded 500",
            "pending 500 usd",
        ],
    ]);
}

#[test]
fn returns_and_reversals() {
    check(&[
        [
            "fund 1000; return 600; return 500 => cash too low; cancel-refund",
            "funded 1000, return_initiated -600, return_canceled 600",
            "",
            "",
        ],
        [
            "fund 1000; return 600; expire; expire => refund state",
            "funded 1000, return_initiated -600, return_canceled 600",
            "",
            "",
        ],
        ["fund 1000; return 600; details; wait 1d", "funded 1000, return_initiated -600", "", ""],
        ["fund 1000 reversal", "funded 1000, funding_reversed -1000", "", ""],
        [
            "pi 1000; fund 1000 reversal",
            "funded 1000, applied_to_payment -1000, funding_reversed -1000, \
             adjusted_for_overdraft 1000",
            "succeeded 1000",
            "pending 1000 usd, available -1000 usd",
        ],
        // A part-paid intent keeps its money.
        [
            "pi 1000; fund 300 reversal",
            "funded 300, applied_to_payment -300, funding_reversed -300, \
             adjusted_for_overdraft 300",
            "requires_action 300",
            "available -300 usd",
        ],
        // Five days, dollars over ACH, once.
        ["fund 100 ach; wait 5d; pull-back", "funded 100, funding_reversed -100", "", ""],
        ["fund 100 ach; wait 5d; wait 1s; pull-back => not reversible", "funded 100", "", ""],
        ["fund 100 swift; pull-back => not reversible", "funded 100", "", ""],
        ["fund 100 eur; pull-back => not reversible", "funded 100", "", ""],
        // What came over SWIFT cannot go back.
        [
            "fund 300 swift; fund 200; return 300 => cash too low; return 200",
            "funded 300, funded 200, return_initiated -200",
            "",
            "returning 200 usd",
        ],
        [
            "fund 100 reversal; pull-back => not reversible",
            "funded 100, funding_reversed -100",
            "",
            "",
        ],
    ]);
}

#[test]
fn money_that_nobody_claims() {
    check(&[
        ["fund 700 eur; wait 74d", "funded 700", "", ""],
        ["fund 700 eur; wait 75d", "funded 700, return_initiated -700", "", "returning 700 eur"],
        [
            "fund 700 eur; wait 90d",
            "funded 700, return_initiated -700, return_canceled 700, transferred_to_balance -700",
            "",
            "available 700 eur",
        ],
        // Expiry in a test is what comes at day 90.
        [
            "fund 700 eur; wait 75d; expire",
            "funded 700, return_initiated -700, return_canceled 700, transferred_to_balance -700",
            "",
            "available 700 eur",
        ],
        // Whoever gives the details in time gets it. Whoever cancels has it, until day 90.
        ["fund 700 eur; wait 75d; details; wait 15d", "funded 700, return_initiated -700", "", ""],
        [
            "fund 700 eur; wait 75d; cancel-refund; wait 14d",
            "funded 700, return_initiated -700, return_canceled 700",
            "",
            "",
        ],
        [
            "fund 700 eur; wait 75d; cancel-refund; wait 15d",
            "funded 700, return_initiated -700, return_canceled 700, transferred_to_balance -700",
            "",
            "available 700 eur",
        ],
        // SWIFT cannot be sent back.
        [
            "fund 700 swift; wait 75d",
            "funded 700, transferred_to_balance -700",
            "",
            "available 700 usd",
        ],
        // The oldest money is spent first, so what is left is young.
        [
            "fund 700; wait 10d; fund 300; pi 700; wait 65d",
            "funded 700, funded 300, applied_to_payment -700",
            "succeeded 700",
            "available 700 usd",
        ],
        [
            "fund 700; wait 10d; fund 300; pi 700; wait 75d",
            "funded 700, funded 300, applied_to_payment -700, return_initiated -300",
            "succeeded 700",
            "available 700 usd, returning 300 usd",
        ],
        // Each lot for itself, whatever came in the same moment.
        [
            "fund 200 swift; pi 50; fund 50; wait 75d",
            "funded 200, applied_to_payment -50, funded 50, transferred_to_balance -150, \
             return_initiated -50",
            "succeeded 50",
            "available 200 usd, returning 50 usd",
        ],
    ]);
}

#[test]
fn money_that_comes_back_is_as_old_as_it_was() {
    check(&[
        [
            "fund 400; pi 1000; wait 70d; cancel; wait 4d",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400",
            "canceled 0",
            "",
        ],
        [
            "fund 400; pi 1000; wait 70d; cancel; wait 5d",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400, \
             return_initiated -400",
            "canceled 0",
            "returning 400 usd",
        ],
        [
            "fund 400; pi 1000; wait 80d; cancel",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400, \
             return_initiated -400",
            "canceled 0",
            "returning 400 usd",
        ],
        [
            "fund 400; pi 1000; wait 95d; cancel",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400, \
             transferred_to_balance -400",
            "canceled 0",
            "available 400 usd",
        ],
        // And over SWIFT it came all the same.
        [
            "fund 400 swift; pi 1000; wait 80d; cancel",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400, \
             transferred_to_balance -400",
            "canceled 0",
            "available 400 usd",
        ],
    ]);
}

#[test]
fn payouts() {
    let paid = "fund 3000; pi 3000; wait 2d";
    for (then, house) in [
        ("payout 2000", "available 1000 usd, leaving 2000 usd"),
        ("payout 2000; cancel-payout; cancel-payout => payout state", "available 3000 usd"),
        ("payout 5000 => balance too low", "available 3000 usd"),
        ("payout 2000 eur => no bank account", "available 3000 usd"),
        // It is Saturday noon: on Monday it leaves, on Tuesday it arrives.
        ("payout 2000; wait 35h; cancel-payout", "available 3000 usd"),
        (
            "payout 2000; wait 36h; cancel-payout => payout state",
            "available 1000 usd, leaving 2000 usd",
        ),
        ("payout 2000; wait 59h", "available 1000 usd, leaving 2000 usd"),
        ("payout 2000; wait 60h", "available 1000 usd"),
        ("account fails; payout 2000; wait 3d", "available 3000 usd"),
        (
            "payout 2000; wait 3d; reverse-payout; reverse-payout => payout reversed",
            "pending 2000 usd, available 1000 usd, leaving -2000 usd",
        ),
        ("payout 2000; wait 3d; reverse-payout; wait 4d", "available 3000 usd"),
        ("payout 2000; reverse-payout => payout state", "available 1000 usd, leaving 2000 usd"),
    ] {
        let (story, rows) = (format!("{paid}; {then}"), "funded 3000, applied_to_payment -3000");
        check(&[[&story, rows, "succeeded 3000", house]]);
    }
}

#[test]
fn fees_are_rounded_half_up_and_never_exceed_the_payment() {
    for ((fee_bps, fee_fixed), amount, house) in [
        ((290, 30), 1000, "pending 941 usd, fees 59 usd"),
        ((50, 0), 100, "pending 99 usd, fees 1 usd"),
        ((49, 0), 100, "pending 100 usd"),
        ((150, 60), 50, "fees 50 usd"),
    ] {
        let set = Settings { fee_bps, fee_fixed, ..PLAIN };
        let rows = format!("funded {amount}, applied_to_payment -{amount}");
        let intents = format!("succeeded {amount}");
        check_with(set, [&format!("fund {amount}; pi {amount}"), &rows, &intents, house]);
        // At once where nothing has to settle.
        let house = house.replace("pending", "available");
        let set = Settings { settle_days: 0, ..set };
        check_with(set, [&format!("fund {amount}; pi {amount}"), &rows, &intents, &house]);
    }
}

#[test]
fn deleting() {
    check(&[
        ["delete; delete => customer missing; fund 100 => customer missing", "", "", ""],
        ["fund 100; delete => holds cash", "funded 100", "", ""],
        [
            "pi 1000; fund 100; delete => holds cash",
            "funded 100, applied_to_payment -100",
            "requires_action 100",
            "",
        ],
        [
            "fund 100; pi 100; delete; refund; cancel-refund",
            "funded 100, applied_to_payment -100",
            "succeeded 100",
            "pending 100 usd",
        ],
        // An intent that is left can be given up, and no more.
        [
            "pi 1000; delete; apply => customer missing; confirm => customer missing; cancel",
            "",
            "canceled 0",
            "",
        ],
        // Money that comes all the same is there.
        [
            "delete; fund 100 ach; wait 90d",
            "funded 100, return_initiated -100, return_canceled 100, transferred_to_balance -100",
            "",
            "available 100 usd",
        ],
    ]);
    let strict = Settings { strict_delete: true, ..PLAIN };
    check_with(strict, ["delete", "", "", ""]);
    let rows = "funded 100, applied_to_payment -100";
    let story = "fund 100; pi 100; delete => holds cash";
    check_with(strict, [story, rows, "succeeded 100", "pending 100 usd"]);
}

#[test]
fn more_than_fits_is_refused() {
    let most = i64::MAX;
    let story = format!("fund {most}; fund 1 => too large; fund 1 other => too large");
    check(&[[&story, &format!("funded {most}"), "", ""]]);
}
