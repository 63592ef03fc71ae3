//! What makes each type of event happen: requests to the API, as data.
//!
//! Paths and values name with `$` what earlier answers showed. Customers say themselves how their
//! money is matched to payments, so that fixtures work whatever the server's default is.

mod cards;

use books::event::EventKind::{self, *};

/// One step of a fixture.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A request.
    Ask(Ask),
    /// The sandbox clock is moved to a moment that an answer showed, unless it was there before.
    WaitUntil(&'static str),
}

/// A request, and what its answer shows that later steps need.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// HTTP method.
    pub method: &'static str,
    /// Path, with a `$name` for an id.
    pub path: &'static str,
    /// Parameters; a value may be a `$name`.
    pub params: &'static [(&'static str, &'static str)],
    /// What later steps need: names, and where the answer has them.
    pub keep: &'static [(&'static str, &'static str)],
    /// Whether it is to be refused.
    pub refused: bool,
}

const fn post(path: &'static str, params: &'static [(&'static str, &'static str)]) -> Ask {
    Ask { method: "POST", path, params, keep: &[], refused: false }
}

impl Ask {
    const fn keep(self, keep: &'static [(&'static str, &'static str)]) -> Step {
        Step::Ask(Ask { keep, ..self })
    }

    const fn refused(self) -> Ask {
        Ask { refused: true, ..self }
    }
}

const CUSTOMER: Step = post(
    "/v1/customers",
    &[
        ("email", "ada@example.com"),
        ("name", "Ada Lovelace"),
        ("cash_balance[settings][reconciliation_mode]", "automatic"),
    ],
)
.keep(&[("customer", "/id")]);
const RENAMED: Step = post("/v1/customers/$customer", &[("name", "Ada King")]).keep(&[]);
const CUSTOMER_DELETED: Step =
    Step::Ask(Ask { method: "DELETE", ..post("/v1/customers/$customer", &[]) });

/// 20 dollars come in.
const MONEY: Step = post(
    "/v1/test_helpers/customers/$customer/fund_cash_balance",
    &[("amount", "2000"), ("currency", "usd")],
)
.keep(&[("transaction", "/id")]);
/// 5 dollars come in.
const LESS_MONEY: Step = post(
    "/v1/test_helpers/customers/$customer/fund_cash_balance",
    &[("amount", "500"), ("currency", "usd")],
)
.keep(&[("transaction", "/id")]);

/// A payment that a card is authorized for.
const RESERVED: Step = post(
    "/v1/payment_intents",
    &[
        ("amount", "2000"),
        ("currency", "usd"),
        ("payment_method", "pm_card_visa"),
        ("payment_method_types[]", "card"),
        ("capture_method", "manual"),
        ("confirm", "true"),
    ],
)
.keep(&[]);
const INTENT: Step = post(
    "/v1/payment_intents",
    &[
        ("amount", "2000"),
        ("currency", "usd"),
        ("customer", "$customer"),
        ("payment_method_types[]", "customer_balance"),
    ],
)
.keep(&[("payment_intent", "/id")]);
const INTENT_CANCELED: Step = post("/v1/payment_intents/$payment_intent/cancel", &[]).keep(&[]);
/// A payment of 20 dollars: from the balance if they are there, else it awaits a transfer.
const CONFIRMED: &[(&str, &str)] = &[
    ("amount", "2000"),
    ("currency", "usd"),
    ("customer", "$customer"),
    ("confirm", "true"),
    ("payment_method_types[]", "customer_balance"),
    ("payment_method_data[type]", "customer_balance"),
    ("payment_method_options[customer_balance][funding_type]", "bank_transfer"),
    ("payment_method_options[customer_balance][bank_transfer][type]", "us_bank_transfer"),
    ("expand[]", "latest_charge.balance_transaction"),
];
const PAID: Step = post("/v1/payment_intents", CONFIRMED).keep(&[
    ("payment_intent", "/id"),
    ("charge", "/latest_charge/id"),
    ("available_on", "/latest_charge/balance_transaction/available_on"),
]);
const AWAITED: Step = post("/v1/payment_intents", CONFIRMED).keep(&[("payment_intent", "/id")]);
/// Without money in the balance, and without a way to send some, a payment fails.
const FAILED: Step = post(
    "/v1/payment_intents",
    &[
        ("amount", "2000"),
        ("currency", "usd"),
        ("customer", "$customer"),
        ("confirm", "true"),
        ("payment_method_types[]", "customer_balance"),
        ("payment_method_data[type]", "customer_balance"),
    ],
)
.refused()
.keep(&[("payment_intent", "/error/payment_intent/id")]);

const REFUND: Step =
    post("/v1/refunds", &[("payment_intent", "$payment_intent"), ("amount", "500")])
        .keep(&[("refund", "/id")]);
/// The customer says where the refund goes to.
const REFUND_DETAILS: Step = post(
    "/purser/v1/refunds/$refund/bank_details",
    &[
        ("bank_account[account_number]", "000123456789"),
        ("bank_account[routing_number]", "110000000"),
    ],
)
.keep(&[]);
const REFUND_EXPIRED: Step = post("/v1/test_helpers/refunds/$refund/expire", &[]).keep(&[]);

/// A card is charged 20 dollars.
const CHARGED: Step =
    post("/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")])
        .keep(&[("charge", "/id")]);
/// The card's bank sets 20 dollars aside.
const SET_ASIDE: Step = post(
    "/v1/charges",
    &[("amount", "2000"), ("currency", "usd"), ("source", "tok_visa"), ("capture", "false")],
)
.keep(&[("charge", "/id"), ("capture_before", "/payment_method_details/card/capture_before")]);
const DECLINED: Step = post(
    "/v1/charges",
    &[("amount", "2000"), ("currency", "usd"), ("source", "tok_chargeDeclined")],
)
.refused()
.keep(&[("charge", "/error/charge")]);
const CAPTURED: Step = post("/v1/charges/$charge/capture", &[]).keep(&[]);
const LET_GO: Step = Step::WaitUntil("capture_before");
const CHARGE_CHANGED: Step =
    post("/v1/charges/$charge", &[("metadata[triggered]", "true")]).keep(&[]);

const SETTLED: Step = Step::WaitUntil("available_on");
const OWN_ACCOUNT: Step =
    Step::Ask(Ask { method: "GET", keep: &[("account", "/id")], ..post("/v1/account", &[]) });
const BANK: Step = post(
    "/v1/accounts/$account/external_accounts",
    &[
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "US"),
        ("external_account[currency]", "usd"),
        ("external_account[account_number]", "000123456789"),
        ("external_account[routing_number]", "110000000"),
    ],
)
.keep(&[("bank_account", "/id")]);
/// An account for tests that sends every payout back.
const CLOSED_BANK: Step = post(
    "/v1/accounts/$account/external_accounts",
    &[
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "US"),
        ("external_account[currency]", "usd"),
        ("external_account[account_number]", "000111111116"),
        ("external_account[routing_number]", "110000000"),
    ],
)
.keep(&[("bank_account", "/id")]);
const PAYOUT: Step = post(
    "/v1/payouts",
    &[("amount", "1000"), ("currency", "usd"), ("destination", "$bank_account")],
)
.keep(&[("payout", "/id"), ("arrival", "/arrival_date")]);
/// The bank account of a fixture goes again, so that no payout of others is sent there.
const BANK_GONE: Step = Step::Ask(Ask {
    method: "DELETE",
    ..post("/v1/accounts/$account/external_accounts/$bank_account", &[])
});
const PAYOUT_CHANGED: Step =
    post("/v1/payouts/$payout", &[("metadata[triggered]", "true")]).keep(&[]);
const PAYOUT_CANCELED: Step = post("/v1/payouts/$payout/cancel", &[]).keep(&[]);
const ARRIVED: Step = Step::WaitUntil("arrival");

const DRAFT: Step = post(
    "/v1/invoices",
    &[
        ("customer", "$customer"),
        ("currency", "usd"),
        ("collection_method", "send_invoice"),
        ("days_until_due", "1"),
        ("payment_settings[payment_method_types][]", "customer_balance"),
    ],
)
.keep(&[("invoice", "/id")]);
const ITEM: Step = post(
    "/v1/invoiceitems",
    &[
        ("customer", "$customer"),
        ("invoice", "$invoice"),
        ("amount", "2000"),
        ("currency", "usd"),
        ("description", "Two hours"),
    ],
)
.keep(&[("item", "/id")]);
const OPENED: Step = post("/v1/invoices/$invoice/finalize", &[]).keep(&[("due_date", "/due_date")]);
const GIVEN_UP: Step = post("/v1/invoices/$invoice/mark_uncollectible", &[]).keep(&[]);
const VOIDED: Step = post("/v1/invoices/$invoice/void", &[]).keep(&[]);
const OVERDUE: Step = Step::WaitUntil("due_date");

/// An account that takes transfers, and one of 20 dollars that arrives there.
const RECEIVER: Step = post(
    "/v1/sources",
    &[
        ("type", "ach_credit_transfer"),
        ("currency", "usd"),
        ("owner[email]", "amount_2000@example.com"),
    ],
)
.keep(&[("account", "/ach_credit_transfer/account_number")]);
/// One more transfer, whose sender's bank pulls it back.
const TRANSFER: Step = post(
    "/purser/v1/bank_transfers",
    &[("amount", "500"), ("currency", "usd"), ("account_number", "$account")],
)
.keep(&[("transfer", "/id")]);
const PULLED_BACK: Step = post("/purser/v1/bank_transfers/$transfer/reverse", &[]).keep(&[]);

/// The steps to an event of a type.
pub fn steps(kind: EventKind) -> &'static [Step] {
    match kind {
        BalanceAvailable => &[CUSTOMER, MONEY, PAID, SETTLED],
        CashBalanceFundsAvailable => &[CUSTOMER, MONEY],
        ChargeCaptured => &[SET_ASIDE, CAPTURED],
        ChargeExpired => &[SET_ASIDE, LET_GO],
        ChargeFailed => &[DECLINED],
        ChargeUpdated => &[CHARGED, CHARGE_CHANGED],
        ChargeRefundUpdated => &[CUSTOMER, MONEY, PAID, REFUND, REFUND_DETAILS],
        ChargeRefunded | RefundCreated => &[CUSTOMER, MONEY, PAID, REFUND],
        ChargeSucceeded | PaymentIntentSucceeded => &[CUSTOMER, MONEY, PAID],
        CustomerCreated => &[CUSTOMER],
        CustomerDeleted => &[CUSTOMER, CUSTOMER_DELETED],
        CustomerUpdated => &[CUSTOMER, RENAMED],
        CustomerCashBalanceTransactionCreated => &[CUSTOMER, MONEY],
        InvoiceCreated => &[CUSTOMER, DRAFT],
        InvoiceFinalized => &[CUSTOMER, DRAFT, ITEM, OPENED],
        InvoiceMarkedUncollectible => &[CUSTOMER, DRAFT, ITEM, OPENED, GIVEN_UP],
        InvoiceOverdue => &[CUSTOMER, DRAFT, ITEM, OPENED, OVERDUE],
        InvoicePaid | InvoicePaymentSucceeded => &[CUSTOMER, DRAFT, ITEM, OPENED, MONEY],
        InvoiceUpdated | InvoiceitemCreated => &[CUSTOMER, DRAFT, ITEM],
        InvoiceVoided => &[CUSTOMER, DRAFT, ITEM, OPENED, VOIDED],
        PaymentIntentAmountCapturableUpdated => &[RESERVED],
        PaymentIntentCanceled => &[CUSTOMER, INTENT, INTENT_CANCELED],
        PaymentIntentCreated => &[CUSTOMER, INTENT],
        PaymentIntentPartiallyFunded => &[CUSTOMER, AWAITED, LESS_MONEY],
        PaymentIntentPaymentFailed => &[CUSTOMER, FAILED],
        PaymentIntentRequiresAction => &[CUSTOMER, AWAITED],
        PayoutCanceled => {
            &[CUSTOMER, MONEY, PAID, SETTLED, OWN_ACCOUNT, BANK, PAYOUT, BANK_GONE, PAYOUT_CANCELED]
        }
        PayoutCreated => &[CUSTOMER, MONEY, PAID, SETTLED, OWN_ACCOUNT, BANK, PAYOUT, BANK_GONE],
        PayoutFailed => {
            &[CUSTOMER, MONEY, PAID, SETTLED, OWN_ACCOUNT, CLOSED_BANK, PAYOUT, BANK_GONE, ARRIVED]
        }
        PayoutPaid => {
            &[CUSTOMER, MONEY, PAID, SETTLED, OWN_ACCOUNT, BANK, PAYOUT, BANK_GONE, ARRIVED]
        }
        PayoutUpdated => {
            &[CUSTOMER, MONEY, PAID, SETTLED, OWN_ACCOUNT, BANK, PAYOUT, BANK_GONE, PAYOUT_CHANGED]
        }
        RefundFailed => &[CUSTOMER, MONEY, PAID, REFUND, REFUND_EXPIRED],
        RefundUpdated => &[CUSTOMER, MONEY, PAID, REFUND, REFUND_DETAILS],
        SourceChargeable | SourceTransactionCreated => &[RECEIVER],
        SourceTransactionUpdated => &[RECEIVER, TRANSFER, PULLED_BACK],
        other => cards::steps(other),
    }
}

/// Whether a fixture moves the sandbox clock.
pub fn moves_clock(kind: EventKind) -> bool {
    steps(kind).iter().any(|step| matches!(step, Step::WaitUntil(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::routes;

    fn is_route(ask: &Ask) -> bool {
        let fits = |pattern: &str| {
            let (mut ours, mut theirs) = (ask.path.split('/'), pattern.split('/'));
            ours.by_ref().zip(theirs.by_ref()).all(|(our, their)| {
                our == their || (our.starts_with('$') && their.starts_with('{'))
            }) && ask.path.split('/').count() == pattern.split('/').count()
        };
        routes::all().iter().any(|route| route.method == ask.method && fits(route.path))
    }

    /// Each type has a fixture, whose requests exist, and which names only what an earlier answer
    /// showed.
    #[test]
    fn fixtures_are_whole() {
        for kind in EventKind::ALL {
            let mut known = Vec::new();
            for step in steps(*kind) {
                let ask = match step {
                    Step::Ask(ask) => ask,
                    Step::WaitUntil(name) => {
                        assert!(known.contains(name), "{}: ${name}", kind.as_str());
                        continue;
                    }
                };
                assert!(is_route(ask), "{}: {} {}", kind.as_str(), ask.method, ask.path);
                let values = ask.params.iter().map(|(_, value)| *value);
                for name in ask.path.split('/').chain(values).filter_map(|t| t.strip_prefix('$')) {
                    assert!(known.contains(&name), "{}: ${name}", kind.as_str());
                }
                known.extend(ask.keep.iter().map(|(name, _)| *name));
            }
            assert!(!steps(*kind).is_empty(), "{}", kind.as_str());
        }
    }
}
