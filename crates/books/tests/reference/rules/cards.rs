//! Stories of cards, sources and top-ups.

use super::{PLAIN, Settings, check, check_with};

/// Stories in which the first customer's cash balance and intents show nothing.
#[track_caller]
fn check_house(stories: &[(&str, &str)]) {
    for (story, house) in stories {
        check(&[[story, "", "", house]]);
    }
}

#[test]
fn charges() {
    check_house(&[
        ("card 1000", "pending 1000 usd, network -1000 usd"),
        ("card 1000; wait 2d", "available 1000 usd"),
        ("card 1000 at-once", "available 1000 usd"),
        ("card 49 => below minimum", ""),
        ("card 1000 declines => charge failed", ""),
        ("card 1000 asks => charge failed", ""),
        ("card 1000 declines => charge failed; capture => charge had failed", ""),
        ("card 1000 hold", ""),
        ("card 1000 hold; capture", "pending 1000 usd, network -1000 usd"),
        ("card 1000 hold; capture 300", "pending 300 usd, network -300 usd"),
        ("card 1000 hold; capture 1001 => capture too large", ""),
        (
            "card 1000 hold; capture; capture => already captured",
            "pending 1000 usd, network -1000 usd",
        ),
        ("card 1000 hold; wait 7d; capture => authorization ended", ""),
        // The money is taken back from what may be paid out, whatever is pending still.
        (
            "card 1000 disputes; refund-charge => charge disputed",
            "pending 1000 usd, available -1000 usd, network -1000 usd",
        ),
        ("card 1000 disputes; wait 2d", ""),
        ("card 1000 hold disputes; capture 400; wait 2d", ""),
    ]);
    let set = Settings { fee_bps: 290, fee_fixed: 30, ..PLAIN };
    // The merchant pays for what was captured, not for what was set aside.
    let house = "pending 455 usd, fees 45 usd, network -500 usd";
    check_with(set, ["card 1000 hold; capture 500", "", "", house]);
    check_with(set, ["card 500; wait 2d", "", "", "available 455 usd, fees 45 usd"]);
}

#[test]
fn refunds_of_charges() {
    let settled = "card 1000; wait 2d";
    for (then, house) in [
        ("refund-charge", ""),
        ("refund-charge 300", "available 700 usd"),
        ("refund-charge 300; refund-charge 701 => refund too large", "available 700 usd"),
        ("refund-charge; refund-charge => already refunded", ""),
    ] {
        check_house(&[(&format!("{settled}; {then}"), house)]);
    }
    check_house(&[
        ("card 1000; refund-charge", "pending 1000 usd, available -1000 usd, network -1000 usd"),
        ("card 1000 later; wait 2d; refund-charge; wait 1d", ""),
        ("card 1000 bounces; wait 2d; refund-charge 400", "available 600 usd"),
        ("card 1000 bounces; wait 2d; refund-charge 400; wait 1d", "available 1000 usd"),
        ("card 1000 hold; refund-charge 400 => part of authorization", ""),
        ("card 1000 hold; refund-charge; capture => authorization ended", ""),
        ("card 1000 hold; refund-charge; refund-charge => already refunded", ""),
    ]);
}

#[test]
fn intents_by_card() {
    let owed = "pending 1000 usd, network -1000 usd";
    check(&[
        ["pi-card 1000", "", "succeeded 0", owed],
        ["pi-card 1000 declines => payment failed", "", "requires_payment_method 0", ""],
        ["pi-card 1000 asks", "", "requires_action 0", ""],
        ["pi-card 1000 asks away => payment failed", "", "requires_payment_method 0", ""],
        ["pi-card 1000 asks; authenticate", "", "succeeded 0", owed],
        ["pi-card 1000 asks; authenticate fails", "", "requires_payment_method 0", ""],
        ["pi-card 1000 in-vain; authenticate", "", "requires_payment_method 0", ""],
        [
            "pi-card 1000; authenticate => holder not awaited; refund 400; wait 2d",
            "",
            "succeeded 0",
            "available 600 usd",
        ],
        ["pi-card 1000; to-cash => not from cash", "", "succeeded 0", owed],
        ["pi-card 1000 hold", "", "requires_capture 0", ""],
        ["pi-card 1000 hold; capture-pi 700; wait 2d", "", "succeeded 0", "available 700 usd"],
        ["pi-card 1000 hold; capture => charge of intent", "", "requires_capture 0", ""],
        ["pi-card 1000 hold; cancel; capture-pi => intent state", "", "canceled 0", ""],
        ["pi-card 1000 hold; wait 7d", "", "canceled 0", ""],
        // Cash that came for a payment goes back when a card pays the whole of it.
        [
            "pi 1000; fund 400; pay-by pays => method not taken; cancel",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400",
            "canceled 0",
            "",
        ],
        [
            "pi-card 1000 or-cash asks; apply => cash too low; fund 400; apply; pay-by pays",
            "funded 400, applied_to_payment -400, unapplied_from_payment 400",
            "succeeded 0",
            owed,
        ],
        [
            "pi-card 1000 or-cash declines => payment failed; fund 1000; apply",
            "funded 1000, applied_to_payment -1000",
            "succeeded 1000",
            "pending 1000 usd",
        ],
    ]);
}

#[test]
fn sources_and_top_ups() {
    check_house(&[
        ("source; charge-source 100 => source state", ""),
        ("source; receive 1000", ""),
        ("source; receive 1000; charge-source 400", "bank pending 400 usd"),
        ("source; receive 1000; charge-source 1001 => source too low", ""),
        ("source; receive 1000; charge-source 400 eur => source currency", ""),
        ("source; receive 1000; send-back; charge-source 100 => source too low", ""),
        ("source; receive 1000; pull-back-of; pull-back-of => not reversible", ""),
        ("source; receive 1000; wait 6d; pull-back-of => not reversible", ""),
        ("source 500; receive 499; charge-source 100 => source state", ""),
        ("source 500 once; receive 600; charge-source 501 => source amount", ""),
        (
            "source 500 once; receive 600; charge-source 500; wait 2d; \
             charge-source 100 => source state",
            "bank available 500 usd",
        ),
        (
            "source; receive 1000; charge-source 400; wait 2d; refund-charge 300",
            "returning 300 usd, bank available 100 usd",
        ),
        ("source; receive 1000; charge-source 400; wait 2d; refund-charge; details; wait 1d", ""),
        (
            "source; receive 1000; charge-source 400; wait 2d; refund-charge; cancel-refund",
            "bank available 400 usd",
        ),
        ("top-up 500", ""),
        ("top-up 500; wait 1d; cancel-top-up => topup state", "available 500 usd"),
        ("top-up 500 fails; wait 1d", ""),
        ("top-up 500; cancel-top-up; wait 1d", ""),
        // Money of sources is paid out as such.
        (
            "source; receive 1000; charge-source 1000; wait 2d; payout 1000 => balance too low; \
             payout 400 bank",
            "leaving 400 usd, bank available 600 usd",
        ),
    ]);
}

#[test]
fn instant_payouts() {
    let set = Settings { instant_bps: 100, ..PLAIN };
    for (then, house) in [
        ("payout 900 instant", "pending 1000 usd, available -909 usd, fees 9 usd, leaving 900 usd"),
        ("payout 991 instant => balance too low", "pending 1000 usd"),
        ("payout 900 instant; wait 10s", "pending 1000 usd, available -909 usd, fees 9 usd"),
        (
            "payout 900 instant; cancel-payout => payout state; wait 2d",
            "available 91 usd, fees 9 usd",
        ),
    ] {
        let house = match house.contains("pending") {
            true => format!("{house}, network -1000 usd"),
            false => house.to_owned(),
        };
        check_with(set, [&format!("card 1000; {then}"), "", "", &house]);
    }
    let fails = "account fails; card 1000 at-once; payout 900 instant; wait 10s";
    check_with(set, [fails, "", "", "available 1000 usd"]);
    let euros = "account eur; card 1000 eur at-once; payout 500 eur instant => no instant payouts";
    check_with(set, [euros, "", "", "available 1000 eur"]);
}
