//! Commands in short: what tests ask for most, with everything else left as it usually is.

use std::collections::BTreeMap;

use books::approval::AskedFor;
use books::balance::SourceType;
use books::cash_balance::{BankTransfer, Sender};
use books::command::{
    BankAccountDraft, Confirmation, Edit, Guarded, IntentCommand, IntentDraft, InvoiceCommand,
    InvoiceDraft, ItemDraft, LaterCommand, PayoutCommand, PayoutDraft, Presence, RefundCommand,
    RefundOf, RefundTerms, SourceCommand, SourceDraft, SourceGiven, Stage, TopupCommand,
    TopupDraft,
};
use books::payment_intent::{BillingDetails, IntentProfile, TransferOptions};
use books::payout::{PayoutFailure, PayoutMethod};
use books::refund::RefundAccount;
use books::source::{Owner, RefundAttributes, SourceKind};
use books::{AgentNote, Command, Currency, Limits, Number, RequestRow, RowKey};

use super::Ask;

pub fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a currency")
}

pub fn create() -> Ask {
    Command::CreateCustomer { edits: vec![] }.into()
}

pub fn delete(customer: Number) -> Ask {
    Command::DeleteCustomer { customer }.into()
}

/// From here on there is somebody to ask for bank details.
pub fn email(customer: Number) -> Ask {
    let edits = vec![Edit::Email(Some("ada@example.com".into()))];
    Command::UpdateCustomer { customer, edits }.into()
}

pub fn fund(customer: Number, amount_minor: i64, code: &str) -> Ask {
    fund_as(customer, amount_minor, code, None)
}

/// Money with what the sender typed.
pub fn fund_as(customer: Number, amount_minor: i64, code: &str, reference: Option<&str>) -> Ask {
    let currency = currency(code);
    let sender = Sender::simulated(currency).unwrap_or(Sender::MxBankTransfer {});
    let transfer = BankTransfer { reference: reference.map(str::to_owned), sender };
    Command::Fund { customer, amount_minor, currency, transfer, simulated: true }.into()
}

pub fn pull_back(transaction: RowKey) -> Ask {
    Command::ReverseTransfer { transaction }.into()
}

pub fn instructions(customer: Number, rail: &str) -> Ask {
    let (transfer_type, country) = (rail.to_owned(), None);
    Command::GetInstructions { customer, transfer_type, country, address_types: vec![] }.into()
}

/// A source whose account takes transfers in dollars.
pub fn receiver() -> Ask {
    let kind = SourceKind::AchCreditTransfer;
    let given = SourceGiven::Receiver(kind, RefundAttributes::default());
    let draft = SourceDraft {
        given,
        is_reusable: true,
        amount: None,
        currency: Some(Currency::USD),
        owner: Owner::default(),
        statement_descriptor: None,
        metadata: BTreeMap::new(),
        simulated: None,
    };
    Command::Source(SourceCommand::Create(Box::new(draft))).into()
}

/// A transfer to the account of a source.
pub fn receive(source: RowKey, amount: i64) -> Ask {
    let sender = Sender::simulated(Currency::USD).expect("dollars are sent");
    let transfer = BankTransfer { reference: None, sender };
    Command::Source(SourceCommand::Receive { source, amount, transfer }).into()
}

/// A transfer to the account of a source is pulled back.
pub fn lose(transaction: RowKey) -> Ask {
    Command::Source(SourceCommand::PullBack { transaction }).into()
}

/// A payment that is confirmed at once, and that awaits a transfer for what is missing.
pub fn pay(customer: Number, amount: i64, code: &str) -> Ask {
    intent(customer, amount, code, TransferOptions::usual(currency(code)), true)
}

/// A payment that is confirmed at once, and fails where the cash balance does not suffice.
pub fn pay_or_fail(customer: Number, amount: i64, code: &str) -> Ask {
    intent(customer, amount, code, None, true)
}

pub fn intent(
    customer: Number,
    amount: i64,
    code: &str,
    transfer: Option<TransferOptions>,
    confirm: bool,
) -> Ask {
    let draft = IntentDraft {
        amount,
        currency: currency(code),
        methods: Vec::new(),
        transfer,
        method: Some(BillingDetails::default()),
        automatic_methods: None,
        card: Vec::new(),
        presence: Presence::default(),
        profile: IntentProfile::default(),
    };
    Command::Intent(IntentCommand::Create { customer, draft: Box::new(draft), confirm }).into()
}

pub fn confirm(intent: RowKey) -> Ask {
    let confirmation = Box::new(Confirmation::default());
    Command::Intent(IntentCommand::Confirm { intent, confirmation }).into()
}

pub fn apply(intent: RowKey, amount: i64) -> Ask {
    let (amount, currency) = (Some(amount), None);
    Command::Intent(IntentCommand::Apply { intent, amount, currency }).into()
}

pub fn cancel(intent: RowKey) -> Ask {
    Command::Intent(IntentCommand::Cancel { intent, reason: None }).into()
}

pub fn refund(intent: RowKey, amount: i64) -> Ask {
    let (of, terms) = (RefundOf::Intent(intent), RefundTerms::default());
    Command::Refund(RefundCommand::OfPayment { of, amount: Some(amount), terms }).into()
}

pub fn refund_to_cash(intent: RowKey, amount: i64) -> Ask {
    let (of, terms) = (RefundOf::Intent(intent), RefundTerms::default());
    Command::Refund(RefundCommand::ToCashBalance { of, amount: Some(amount), terms }).into()
}

pub fn send_back(customer: Number, amount: i64, code: &str) -> Ask {
    let (currency, terms) = (currency(code), RefundTerms::default());
    Command::Refund(RefundCommand::Return { customer, amount, currency, terms }).into()
}

pub fn cancel_refund(refund: RowKey) -> Ask {
    Command::Refund(RefundCommand::Cancel { refund }).into()
}

pub fn expire_refund(refund: RowKey) -> Ask {
    Command::Refund(RefundCommand::Expire { refund }).into()
}

/// Names the bank account that a refund goes to.
pub fn details(refund: RowKey, bounces: bool) -> Ask {
    let account = RefundAccount {
        transfer_type: "us_bank_transfer".into(),
        last4: "6789".into(),
        reference: "ref".into(),
        bounces,
    };
    Command::Refund(RefundCommand::GiveBankDetails { refund, account }).into()
}

pub fn bank_account(code: &str, fails: Option<PayoutFailure>) -> Ask {
    let draft = BankAccountDraft {
        country: "US".into(),
        currency: currency(code),
        last4: "6789".into(),
        routing_number: None,
        fingerprint: "print".into(),
        account_holder_name: None,
        account_holder_type: None,
        default_for_currency: true,
        metadata: BTreeMap::new(),
        fails,
    };
    Command::Payout(PayoutCommand::CreateBankAccount(Box::new(draft))).into()
}

pub fn payout(amount: i64, code: &str) -> Ask {
    let draft = PayoutDraft {
        amount,
        currency: currency(code),
        destination: None,
        method: PayoutMethod::Standard,
        source_type: SourceType::Card,
        description: None,
        statement_descriptor: None,
        metadata: BTreeMap::new(),
    };
    Command::Payout(PayoutCommand::Create(Box::new(draft))).into()
}

/// One that arrives within seconds.
pub fn instant_payout(amount: i64, code: &str) -> Ask {
    let Ask { command, .. } = payout(amount, code);
    let Command::Payout(PayoutCommand::Create(mut draft)) = command else {
        panic!("a payout is asked for");
    };
    draft.method = PayoutMethod::Instant;
    Command::Payout(PayoutCommand::Create(draft)).into()
}

pub fn topup(amount: i64, code: &str, fails: Option<PayoutFailure>) -> Ask {
    let draft = TopupDraft {
        amount,
        currency: currency(code),
        named: Some(fails),
        description: None,
        statement_descriptor: None,
        transfer_group: None,
        metadata: BTreeMap::new(),
    };
    Command::Topup(TopupCommand::Create(Box::new(draft))).into()
}

pub fn cancel_topup(topup: RowKey) -> Ask {
    Command::Topup(TopupCommand::Cancel { topup: topup.number }).into()
}

pub fn cancel_payout(payout: RowKey) -> Ask {
    Command::Payout(PayoutCommand::Cancel { payout: payout.number }).into()
}

pub fn reverse_payout(payout: RowKey) -> Ask {
    let metadata = BTreeMap::new();
    Command::Payout(PayoutCommand::Reverse { payout: payout.number, metadata }).into()
}

pub fn invoice(customer: Number, code: &str) -> Ask {
    let draft = InvoiceDraft {
        currency: currency(code),
        collection_method: "send_invoice".into(),
        days_until_due: Some(30),
        due_date: None,
        number: None,
        transfer: TransferOptions::usual(currency(code)),
        description: None,
        footer: None,
        custom_fields: None,
        rendering: None,
        metadata: BTreeMap::new(),
    };
    Command::Invoice(InvoiceCommand::Create { customer, draft: Box::new(draft) }).into()
}

/// Something on an invoice.
pub fn item(invoice: RowKey, amount: i64) -> Ask {
    let draft = ItemDraft {
        amount,
        currency: None,
        quantity: 1,
        unit_amount: None,
        description: None,
        discountable: true,
        period: None,
        metadata: BTreeMap::new(),
    };
    let (customer, draft, invoice) = (invoice.customer, Box::new(draft), Some(invoice));
    Command::Invoice(InvoiceCommand::CreateItem { customer, draft, invoice }).into()
}

pub fn finalize(invoice: RowKey) -> Ask {
    Command::Invoice(InvoiceCommand::Finalize { invoice }).into()
}

pub fn pay_invoice(invoice: RowKey, out_of_band: bool) -> Ask {
    Command::Invoice(InvoiceCommand::Pay { invoice, out_of_band }).into()
}

pub fn void(invoice: RowKey) -> Ask {
    Command::Invoice(InvoiceCommand::Void { invoice }).into()
}

pub fn uncollectible(invoice: RowKey) -> Ask {
    Command::Invoice(InvoiceCommand::MarkUncollectible { invoice }).into()
}

pub fn later(command: LaterCommand) -> Ask {
    Command::Later(command).into()
}

/// The same of a key that may move a hundred cents of a dollar a day, and nothing else.
pub fn limited(key: &str, ask: Ask) -> Ask {
    let per_day = BTreeMap::from([(Currency::USD, 100)]);
    guarded(key, Limits { per_day, ..Limits::default() }, ask)
}

/// The same of a key that may move nothing without approval.
pub fn supervised(key: &str, ask: Ask) -> Ask {
    let approve_above = BTreeMap::from([(Currency::USD, 0)]);
    guarded(key, Limits { approve_above, ..Limits::default() }, ask)
}

fn guarded(key: &str, limits: Limits, ask: Ask) -> Ask {
    let asked = AskedFor {
        request_id: "req_asked".into(),
        method: "POST".into(),
        path: "/".into(),
        operation: "Anything".into(),
        params: "{}".into(),
        idempotency_key: Some("once".into()),
        key: key.into(),
        key_masked: key.into(),
        agent: AgentNote::default(),
    };
    Command::Guarded(Box::new(Guarded {
        command: ask.command,
        key: key.into(),
        limits: limits.into(),
        asked: Box::new(asked),
        stage: Stage::Asked,
    }))
    .into()
}

/// A note of a request that changed nothing.
pub fn note(request_id: &str, context: Option<&str>, customer: Option<Number>) -> Ask {
    let agent = AgentNote { context_id: context.map(str::to_owned), ..AgentNote::default() };
    let request_id = request_id.to_owned();
    Command::Note(Box::new(RequestRow { request_id, customer, agent, ..RequestRow::default() }))
        .into()
}
