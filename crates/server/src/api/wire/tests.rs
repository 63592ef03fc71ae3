//! Holds objects in all their states against the field tables.

#[path = "../../../tests/support/wire.rs"]
mod tables;

use books::balance::{BalanceKind, BalanceTransaction, SourceType};
use books::cash_balance::{Balances, BankTransfer, Cause, ReconciliationMode, Sender, Settings};
use books::customer::{Address, Customer};
use books::event::{EventKind, EventObject};
use books::invoice::{Invoice, InvoiceItem, InvoiceStatus, Transitions};
use books::journal::Account;
use books::payment_intent::{
    BillingDetails, Cancellation, ChargeRow, IntentStatus, PaymentError, PaymentIntent,
    PaymentMethod,
};
use books::payout::{BankAccount, Payout, PayoutFailure, PayoutStatus};
use books::refund::{Destination, Refund, RefundAccount, RefundOrigin, RefundStatus};
use books::{Currency, Purse};
use serde_json::{Value, json};

use super::samples::*;
use super::*;

/// What an object looks like, after it was found to be as its table says.
#[track_caller]
fn check(shown: Json) -> Value {
    let value = serde_json::to_value(&shown).unwrap();
    assert_eq!(tables::check(&value), Vec::<String>::new(), "{value:#}");
    value
}

#[test]
fn payment_intents_in_every_state() {
    let wire = wire();
    let new =
        check(wire.payment_intent(&PaymentIntent {
            automatic_methods: Some("always".into()),
            ..intent()
        }));
    assert_eq!(new["next_action"], Value::Null);
    assert_eq!(new["automatic_payment_methods"]["enabled"], true);
    assert_eq!(new["payment_method_options"]["customer_balance"], json!({ "funding_type": null }));

    let awaiting_one = check(wire.payment_intent(&awaiting()));
    let told = &awaiting_one["next_action"]["display_bank_transfer_instructions"];
    assert_eq!(told["amount_remaining"], 600);
    assert_eq!(told["financial_addresses"].as_array().unwrap().len(), 2);
    assert_eq!(told["reference"].as_str().unwrap().len(), 12);
    let name = awaiting_one["id"].as_str().unwrap().strip_prefix("pi_").unwrap();
    let url = told["hosted_instructions_url"].as_str().unwrap();
    let page = format!("http://127.0.0.1:12111/bank_transfers/instructions/test_{name}");
    assert_eq!(url.strip_prefix(&page).map(str::len), Some(24 + 32));
    let secret = format!("pi_{name}_secret_");
    let secret = awaiting_one["client_secret"].as_str().unwrap().strip_prefix(&secret);
    assert_eq!(secret.map(str::len), Some(25));

    let paid = check(wire.payment_intent(&succeeded()));
    assert_eq!(paid["next_action"], Value::Null);
    assert_eq!(paid["amount_received"], 1000);
    assert!(paid["latest_charge"].as_str().unwrap().starts_with("py_"));

    let canceled = Cancellation { at: AT, reason: Some("abandoned".into()) };
    let canceled = PaymentIntent {
        status: IntentStatus::Canceled,
        applied: 0,
        canceled: Some(canceled),
        ..awaiting()
    };
    let canceled = check(wire.payment_intent(&canceled));
    assert_eq!(canceled["canceled_at"], AT.0);
    assert_eq!(canceled["next_action"], Value::Null);

    let failed = PaymentError::BalanceTooLow { payment_method: number(2) };
    let failed =
        check(wire.payment_intent(&PaymentIntent { last_error: Some(failed), ..intent() }));
    let error = &failed["last_payment_error"];
    assert_eq!(error["payment_method"]["object"], "payment_method");
    assert_eq!(error["code"], "payment_intent_payment_attempt_failed");
}

#[test]
fn instructions_are_narrowed_to_what_was_asked_for() {
    let wire = wire();
    let told = |intent: PaymentIntent| {
        let shown = check(wire.payment_intent(&intent));
        shown["next_action"]["display_bank_transfer_instructions"].clone()
    };
    let sepa = told(PaymentIntent {
        currency: Currency::EUR,
        transfer: Some(transfer("eu_bank_transfer", Some("DE"), &["sepa"])),
        instructions: Some(instructions("eu_bank_transfer", &["iban"]).into()),
        ..awaiting()
    });
    assert_eq!(sepa["financial_addresses"][0]["type"], "iban");
    let swift = told(PaymentIntent {
        transfer: Some(transfer("us_bank_transfer", None, &["swift"])),
        ..awaiting()
    });
    assert_eq!(swift["financial_addresses"].as_array().unwrap().len(), 1);
    let japan = told(PaymentIntent {
        currency: Currency::JPY,
        transfer: Some(transfer("jp_bank_transfer", None, &[])),
        instructions: Some(instructions("jp_bank_transfer", &["zengin"]).into()),
        ..awaiting()
    });
    assert_eq!(japan["reference"], Value::Null);
}

#[test]
fn charges_and_payment_methods() {
    let wire = wire();
    assert_eq!(wire.charge(&awaiting()), Json::Null);
    let row = ChargeRow { key: key(4), payment_intent: number(1) };
    assert_eq!(wire.document(&Document::Charge(row)), Json::Null);
    let charge = check(wire.charge(&succeeded()));
    assert_eq!(charge["refunded"], false);
    let paid = check(wire.payment_intent(&succeeded()));
    assert_eq!(paid["latest_charge"], charge["id"]);
    let mut refunded = succeeded();
    refunded.charge.as_mut().unwrap().amount_refunded = 1000;
    let charge = check(wire.charge(&refunded));
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&true.into(), &1000.into()));

    let mut method = PaymentMethod::cash_balance(key(2), number(1), BillingDetails::default());
    let shown = check(wire.payment_method(&method));
    assert_eq!(shown["id"], paid["payment_method"]);
    assert_eq!(shown["billing_details"]["address"]["city"], Value::Null);
    method.billing_details.address =
        Some(Address { city: Some("Bonn".into()), ..Address::default() });
    let shown = check(wire.payment_method(&method));
    assert_eq!(shown["billing_details"]["address"]["city"], "Bonn");
}

#[test]
fn refunds_in_every_state() {
    let wire = wire();
    let bank = || {
        Destination::Bank(RefundAccount {
            transfer_type: "us_bank_transfer".into(),
            last4: "6789".into(),
            reference: "R".into(),
            bounces: false,
        })
    };
    let asked = refund(RefundStatus::RequiresAction, Destination::BankToBeNamed);
    let shown = check(wire.refund(&asked));
    assert_eq!(shown["next_action"]["display_details"]["email_sent"]["email_sent_to"], "a@b.co");
    assert_eq!(shown.get("destination_details"), None);
    assert!(shown["id"].as_str().unwrap().starts_with("pyr_"));

    let shown = check(wire.refund(&refund(RefundStatus::Pending, bank())));
    assert_eq!(shown["pending_reason"], "processing");
    assert_eq!(shown.get("next_action"), None);
    let sent = &shown["destination_details"]["us_bank_transfer"];
    assert_eq!(sent, &json!({ "reference": null, "reference_status": "pending" }));

    let shown = check(wire.refund(&refund(RefundStatus::Succeeded, bank())));
    let sent = &shown["destination_details"]["us_bank_transfer"];
    assert_eq!(sent, &json!({ "reference": "R", "reference_status": "available" }));
    assert_eq!(shown.get("pending_reason"), None);

    let home = check(wire.refund(&refund(RefundStatus::Succeeded, Destination::CashBalance)));
    assert_eq!(home["destination_details"]["type"], "customer_cash_balance");

    let failed = check(wire.refund(&Refund {
        status: RefundStatus::Failed,
        failure_balance_transaction: Some(number(8)),
        failure_reason: Some("unknown".into()),
        ..asked.clone()
    }));
    assert!(failed["failure_balance_transaction"].as_str().unwrap().starts_with("txn_"));

    let back = check(wire.refund(&Refund {
        status: RefundStatus::Canceled,
        origin: RefundOrigin::CashBalance { lot: None },
        balance_transaction: None,
        ..asked
    }));
    for name in ["charge", "payment_intent", "payment_method", "balance_transaction"] {
        assert_eq!(back[name], Value::Null, "{name}");
    }
}

#[test]
fn payouts_and_bank_accounts() {
    let wire = wire();
    let account = check(wire.bank_account(&bank_account()));
    assert_eq!(account["account"], "acct_1000000000000001");
    for status in PayoutStatus::ALL {
        let shown = check(wire.payout(&payout(status)));
        assert_eq!(shown["destination"], account["id"]);
    }
    let failed = check(wire.payout(&Payout {
        failure: Some(PayoutFailure::NoAccount),
        failure_balance_transaction: Some(number(13)),
        reversed_by: Some(number(14)),
        ..payout(PayoutStatus::Failed)
    }));
    assert_eq!(failed["failure_code"], "no_account");
    let gone = check(wire.bank_account(&BankAccount { deleted: true, ..bank_account() }));
    let id = account["id"].clone();
    let want = json!({ "id": id, "object": "bank_account", "currency": "usd", "deleted": true });
    assert_eq!(gone, want);
}

#[test]
fn invoices_and_their_items() {
    let wire = wire();
    let draft = check(wire.invoice(&Invoice {
        lines: Vec::new(),
        due_date: None,
        number: None,
        transfer: None,
        transitions: Transitions::default(),
        custom_fields: None,
        rendering: None,
        ..invoice(InvoiceStatus::Draft)
    }));
    assert_eq!(draft["effective_at"], Value::Null);
    let open = check(wire.invoice(&invoice(InvoiceStatus::Open)));
    assert_eq!((&open["total"], &open["amount_remaining"]), (&800.into(), &800.into()));
    let id = open["id"].as_str().unwrap();
    assert_eq!(open["lines"]["url"], format!("/v1/invoices/{id}/lines"));
    let options = &open["payment_settings"]["payment_method_options"]["customer_balance"];
    assert_eq!(options["bank_transfer"]["eu_bank_transfer"]["country"], "DE");
    for status in [InvoiceStatus::Uncollectible, InvoiceStatus::Void] {
        check(wire.invoice(&invoice(status)));
    }
    let paid = Invoice { amount_paid: 800, ..invoice(InvoiceStatus::Paid) };
    let paid = check(wire.invoice(&paid));
    assert_eq!((&paid["amount_remaining"], &paid["attempted"]), (&0.into(), &true.into()));
    let elsewhere =
        Invoice { amount_paid: 800, paid_out_of_band: true, ..invoice(InvoiceStatus::Paid) };
    assert_eq!(check(wire.invoice(&elsewhere))["amount_paid_off_stripe"], 800);

    let line = check(wire.invoice_line(&invoice(InvoiceStatus::Open), &item()));
    let shown = check(wire.invoice_item(&item()));
    assert_eq!(line["parent"]["invoice_item_details"]["invoice_item"], shown["id"]);
    assert_eq!(line["pricing"]["unit_amount_decimal"], "300");
    assert_eq!((&shown["invoice"], &line["invoice"]), (&open["id"], &open["id"]));
    check(wire.invoice_item(&InvoiceItem { invoice: None, quantity: 7, ..item() }));
}

#[test]
fn cash_balances_and_all_causes() {
    let wire = wire();
    let (payment_intent, refund) = (number(1), number(6));
    let (balance_transaction, linked_transaction) = (number(5), number(31));
    let sender = Sender::simulated(Currency::USD).unwrap();
    let causes = [
        (Cause::Funded(BankTransfer { reference: None, sender }), "bank_transfer"),
        (Cause::FundingReversed { funded: Some(number(29)) }, ""),
        (Cause::AppliedToPayment { payment_intent }, "payment_intent"),
        (Cause::UnappliedFromPayment { payment_intent }, "payment_intent"),
        (Cause::RefundedFromPayment { refund }, "refund"),
        (Cause::ReturnInitiated, ""),
        (Cause::ReturnCanceled, ""),
        (Cause::TransferredToBalance { balance_transaction }, "balance_transaction"),
        (
            Cause::AdjustedForOverdraft { balance_transaction, linked_transaction },
            "balance_transaction linked_transaction",
        ),
    ];
    for (cause, names) in causes {
        let shown = check(wire.cash_transaction(&cash_transaction(cause.clone())));
        let told = shown.get(cause.type_name()).and_then(Value::as_object);
        let told = told.map(|told| told.keys().cloned().collect::<Vec<_>>().join(" "));
        assert_eq!(told.unwrap_or_default(), names, "{}", cause.type_name());
    }
    let customer = Customer { id: wire.ids.customer(number(0)), ..Customer::default() };
    check(wire.customer(&customer));
    check(wire.customer(&customer.tombstone()));
    let standing = customer.standing();
    check(wire.purse(&Purse { standing, available: Balances::default() }));
    let made = instructions("us_bank_transfer", &["aba", "swift"]);
    check(wire.funding_instructions(&made, &[]));
}

#[test]
fn lines_of_the_balance_of_every_kind() {
    let wire = wire();
    for kind in BalanceKind::ALL {
        let row = BalanceTransaction {
            number: number(5),
            kind,
            currency: Currency::USD,
            amount: 1000,
            fee: 29,
            available_on: AT,
            source_type: SourceType::Card,
            source: Some((Kind::Charge, key(4))),
            description: None,
        };
        let shown = check(wire.balance_transaction(&row, AT));
        assert_eq!(shown["net"], 971);
        assert!(shown["source"].as_str().unwrap().starts_with("py_"));
    }
}

#[test]
fn events_show_what_they_are_about() {
    let wire = wire();
    let mut before = succeeded();
    before.charge.as_mut().unwrap().amount_refunded = 400;
    let (paid, part_paid) = (Document::from(succeeded()), Document::from(before));
    let given = refund(RefundStatus::Canceled, Destination::BankToBeNamed);
    let asked = Document::from(Refund { status: RefundStatus::RequiresAction, ..given.clone() });
    let given = Document::from(given);
    let open = Document::from(invoice(InvoiceStatus::Open));
    let account = Document::from(payout(PayoutStatus::Paid));
    let cases = [
        (EventKind::PaymentIntentSucceeded, &paid, None, "payment_intent", None),
        (EventKind::ChargeSucceeded, &paid, None, "charge", None),
        (
            EventKind::ChargeRefunded,
            &part_paid,
            Some(&paid),
            "charge",
            Some(json!({ "amount_refunded": 0 })),
        ),
        (EventKind::RefundCreated, &given, None, "refund", None),
        (
            EventKind::ChargeRefundUpdated,
            &given,
            Some(&asked),
            "refund",
            Some(json!({ "status": "requires_action" })),
        ),
        (EventKind::InvoicePaid, &open, None, "invoice", None),
        (EventKind::PayoutPaid, &account, None, "payout", None),
    ];
    for (kind, now, before, object, changed) in cases {
        let about = EventObject::Document { now: now.clone(), before: before.cloned() };
        let shown = check(wire.event(&event(kind, about), None, 0));
        assert_eq!(shown["data"]["object"]["object"], object, "{}", kind.as_str());
        let mut told = shown["data"].get("previous_attributes").cloned();
        if let Some(told) = told.as_mut().and_then(Value::as_object_mut) {
            // What the customer was asked for went away with the status.
            told.remove("next_action");
        }
        assert_eq!(told, changed, "{}", kind.as_str());
    }
}

#[test]
fn events_about_money_show_all_of_it() {
    let wire = wire();
    let row = cash_transaction(Cause::FundingReversed { funded: Some(number(29)) });
    let created = EventKind::CustomerCashBalanceTransactionCreated;
    let about = EventObject::CashTransaction(row.key);
    check(wire.event(&event(created, about), Some(&row), 1));
    let settings =
        Settings { reconciliation_mode: ReconciliationMode::Manual, using_merchant_default: false };
    let about = EventObject::CashBalance(row.key, settings);
    let shown =
        check(wire.event(&event(EventKind::CashBalanceFundsAvailable, about), Some(&row), 0));
    assert_eq!(shown["data"]["object"]["available"], json!({ "usd": 1000 }));
    let house = vec![
        (Account::MerchantPending, Currency::EUR, -5),
        (Account::MerchantAvailable, Currency::GBP, -70),
    ];
    let about = EventObject::Balance(house);
    let shown = check(wire.event(&event(EventKind::BalanceAvailable, about), None, 0));
    assert_eq!(shown["data"]["object"]["available"][0]["amount"], 70);
    assert_eq!(shown["data"]["object"]["pending"][0]["currency"], "gbp");
}
