//! Objects for the tests, one of each kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use books::balance::SourceType;
use books::cash_balance::{Balances, CashTransaction, Cause, ReconciliationMode};
use books::customer::{Address, CustomField, RenderingOptions};
use books::event::{Event, EventKind, EventObject, RequestCause};
use books::funding::Instructions;
use books::invoice::{Addressee, Invoice, InvoiceItem, InvoiceStatus, Transitions};
use books::payment_intent::{
    Charge, IntentProfile, IntentShipping, IntentStatus, PaymentIntent, TransferOptions,
};
use books::payout::{BankAccount, Payout, PayoutMethod, PayoutStatus};
use books::refund::{Destination, DetailsRequest, Refund, RefundOrigin, RefundStatus};
use books::{Currency, IdKey, Number, RowKey, Timestamp, World};
use serde_json::json;

use crate::api::wire::Wire;

pub const AT: Timestamp = Timestamp(1_790_000_000);

pub fn wire() -> Wire {
    Wire {
        ids: IdKey::new([7; 16]),
        world: World(1),
        account: "acct_1000000000000001".into(),
        livemode: false,
        default_mode: ReconciliationMode::Automatic,
        public_url: "http://127.0.0.1:12111".into(),
    }
}

/// The `n`-th row of the moment.
pub fn number(n: i64) -> Number {
    Number(Number::first_at(AT).0 + n)
}

pub fn key(n: i64) -> RowKey {
    RowKey { customer: number(0), number: number(n) }
}

pub fn metadata() -> BTreeMap<String, String> {
    BTreeMap::from([("order".to_owned(), "7".to_owned())])
}

pub fn instructions(transfer_type: &str, types: &[&str]) -> Instructions {
    let holder = json!({ "city": null, "country": "DE", "line1": null, "line2": null,
        "postal_code": null, "state": null });
    let address = |kind: &&str| {
        let mut details = json!({ "account_holder_address": holder, "bank_address": holder,
            "account_holder_name": "Purser" });
        let own: &[(&str, &str)] = match *kind {
            "iban" => &[("iban", "DE89"), ("bic", "X"), ("country", "DE")],
            "zengin" => &[
                ("account_number", "1"),
                ("account_type", "futsu"),
                ("bank_code", "2"),
                ("bank_name", "B"),
                ("branch_code", "3"),
                ("branch_name", "C"),
            ],
            "swift" => &[
                ("account_number", "1"),
                ("account_type", "checking"),
                ("bank_name", "B"),
                ("swift_code", "S"),
            ],
            _ => &[
                ("account_number", "1"),
                ("account_type", "checking"),
                ("bank_name", "B"),
                ("routing_number", "2"),
            ],
        };
        for (name, value) in own {
            details[*name] = (*value).into();
        }
        json!({ "type": kind, "supported_networks": [], *kind: details })
    };
    Instructions {
        currency: Currency::USD,
        country: "US".into(),
        transfer_type: transfer_type.into(),
        account_key: "1".into(),
        financial_addresses: types.iter().map(address).collect::<Vec<_>>().into(),
    }
}

pub fn transfer(transfer_type: &str, country: Option<&str>, types: &[&str]) -> TransferOptions {
    TransferOptions {
        transfer_type: transfer_type.into(),
        country: country.map(str::to_owned),
        address_types: types.iter().map(|kind| (*kind).to_owned()).collect(),
    }
}

pub fn intent() -> PaymentIntent {
    PaymentIntent {
        key: key(1),
        amount: 1000,
        currency: Currency::USD,
        status: IntentStatus::RequiresPaymentMethod,
        applied: 0,
        transfer: None,
        payment_method: None,
        confirmed: None,
        instructions: None,
        charge: None,
        billed: None,
        canceled: None,
        last_error: None,
        methods: Vec::new(),
        card: None,
        automatic_methods: None,
        billing_details: Default::default(),
        profile: IntentProfile::default(),
    }
}

pub fn awaiting() -> PaymentIntent {
    PaymentIntent {
        status: IntentStatus::RequiresAction,
        applied: 400,
        transfer: Some(transfer("us_bank_transfer", None, &[])),
        payment_method: Some(number(2)),
        confirmed: Some(number(3)),
        instructions: Some(instructions("us_bank_transfer", &["aba", "swift"]).into()),
        ..intent()
    }
}

pub fn succeeded() -> PaymentIntent {
    let charge = Charge {
        number: number(4),
        balance_transaction: number(5),
        amount_refunded: 0,
        description: None,
        metadata: Default::default(),
    };
    PaymentIntent {
        status: IntentStatus::Succeeded,
        applied: 1000,
        charge: Some(charge),
        profile: IntentProfile {
            description: Some("Seven boxes".into()),
            metadata: metadata(),
            shipping: Some(IntentShipping { name: "J".into(), ..IntentShipping::default() }),
            ..IntentProfile::default()
        },
        ..awaiting()
    }
}

pub fn refund(status: RefundStatus, destination: Destination) -> Refund {
    Refund {
        key: key(6),
        amount: 400,
        currency: Currency::USD,
        status,
        origin: RefundOrigin::Payment {
            payment_intent: number(1),
            charge: number(4),
            payment_method: number(2),
        },
        destination,
        details_request: Some(DetailsRequest {
            sent_to: Some("a@b.co".into()),
            sent_at: AT,
            expires_at: Timestamp(AT.0 + 1),
        }),
        instructions_email: Some("a@b.co".into()),
        reason: Some("duplicate".into()),
        metadata: metadata(),
        balance_transaction: Some(number(7)),
        failure_balance_transaction: None,
        failure_reason: None,
    }
}

pub fn bank_account() -> BankAccount {
    BankAccount {
        number: number(11),
        country: "US".into(),
        currency: Currency::USD,
        last4: "6789".into(),
        routing_number: Some("110000000".into()),
        fingerprint: "f".into(),
        account_holder_name: None,
        account_holder_type: Some("company".into()),
        default_for_currency: true,
        metadata: metadata(),
        fails: None,
        deleted: false,
    }
}

pub fn payout(status: PayoutStatus) -> Payout {
    Payout {
        number: number(10),
        amount: 2000,
        currency: Currency::USD,
        status,
        destination: number(11),
        arrival_date: AT,
        balance_transaction: number(12),
        method: PayoutMethod::Standard,
        source_type: SourceType::Card,
        description: None,
        statement_descriptor: None,
        metadata: metadata(),
        failure: None,
        failure_balance_transaction: None,
        original_payout: None,
        reversed_by: None,
    }
}

pub fn item() -> InvoiceItem {
    InvoiceItem {
        key: key(21),
        invoice: Some(number(20)),
        amount: 900,
        currency: Currency::EUR,
        quantity: 3,
        unit_amount: Some("300".into()),
        description: Some("Boxes".into()),
        discountable: true,
        period: (AT, AT),
        metadata: metadata(),
    }
}

pub fn invoice(status: InvoiceStatus) -> Invoice {
    Invoice {
        key: key(20),
        currency: Currency::EUR,
        status,
        lines: vec![item(), InvoiceItem { amount: -100, quantity: 0, ..item() }],
        collection_method: "send_invoice".into(),
        days_until_due: Some(30),
        due_date: Some(AT),
        number: Some("A-7".into()),
        payment_intent: Some(number(1)),
        amount_paid: 0,
        paid_out_of_band: false,
        transfer: Some(transfer("eu_bank_transfer", Some("DE"), &["sepa"])),
        transitions: Transitions { finalized_at: Some(AT), ..Transitions::default() },
        description: None,
        footer: None,
        custom_fields: Some(vec![CustomField { name: "a".into(), value: "b".into() }]),
        rendering: Some(RenderingOptions::default()),
        metadata: metadata(),
        addressee: Addressee { address: Some(Address::default()), ..Addressee::default() },
    }
}

pub fn cash_transaction(cause: Cause) -> CashTransaction {
    CashTransaction {
        key: key(30),
        currency: Currency::USD,
        net_amount: 1000,
        ending_balance: 1000,
        others: Balances::default(),
        cause,
    }
}

pub fn event(kind: EventKind, object: EventObject) -> Event {
    let cause = RequestCause { request_id: "req_1".into(), idempotency_key: None };
    Event { number: number(40), kind, object, cause: Some(Arc::new(cause)) }
}
