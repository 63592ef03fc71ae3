//! Clients: what they know of the books, from answers alone, and what they ask next.

use std::collections::BTreeMap;

use books::cash_balance::{BankTransfer, ReconciliationMode, Sender};
use books::command::{
    BankAccountDraft, Confirmation, Edit, IntentCommand, IntentDraft, IntentEdit, InvoiceCommand,
    InvoiceDraft, ItemDraft, MetadataPatch, ModeChange, PayoutCommand, PayoutDraft, Presence,
    REVERSAL_PREFIX, RefundCommand, RefundOf, RefundTerms,
};
use books::invoice::InvoiceStatus;
use books::payment_intent::{BillingDetails, IntentProfile, TransferOptions};
use books::payout::{PayoutFailure, PayoutMethod};
use books::refund::RefundAccount;
use books::{Command, Currency, Document, IdKey, Kind, Number, Reply, RowKey, Timestamp};

use crate::cards::{Instruments, source_type};
use crate::random::Random;

/// What the clients of one world know.
#[derive(Default)]
pub struct Known {
    /// How many customers they would like to have.
    customers_wanted: usize,
    pub customers: Vec<Number>,
    intents: Vec<RowKey>,
    pub open_intents: Vec<RowKey>,
    charges: Vec<RowKey>,
    methods: Vec<RowKey>,
    refunds: Vec<RowKey>,
    invoices: Vec<RowKey>,
    drafts: Vec<RowKey>,
    open_invoices: Vec<RowKey>,
    transfers: Vec<RowKey>,
    payouts: Vec<Number>,
    accounts: Vec<Number>,
    references: Vec<String>,
    pub instruments: Instruments,
}

impl Known {
    pub fn wanting(customers_wanted: usize) -> Known {
        Known { customers_wanted, ..Known::default() }
    }

    /// What is asked first.
    pub fn first(&self, random: &mut Random) -> Vec<Command> {
        let mut commands: Vec<_> =
            (0..self.customers_wanted).map(|_| create_customer(random)).collect();
        commands.push(bank_account(random, Currency::USD));
        commands
    }

    /// Takes note of an answer.
    pub fn learn(&mut self, reply: &Reply, ids: &IdKey) {
        match reply {
            Reply::Customer(customer) if customer.deleted => {
                // Somebody may not have heard of it.
                let at = self.customers.iter().position(|known| *known == customer.number);
                if let Some(at) = at.filter(|_| customer.number.0 % 3 > 0) {
                    self.customers.swap_remove(at);
                }
            }
            Reply::Customer(customer) => add(&mut self.customers, customer.number),
            Reply::CashTransaction(row) => add(&mut self.transfers, row.key),
            Reply::Document(document) => self.learn_document(document, ids),
            Reply::PaymentFailed(intent) => {
                self.learn_document(&Document::from((**intent).clone()), ids);
            }
            Reply::ChargeFailed(charge) => {
                self.learn_document(&Document::from((**charge).clone()), ids);
            }
            _ => {}
        }
    }

    /// Takes note of a document as it is now.
    pub fn learn_document(&mut self, document: &Document, ids: &IdKey) {
        let key = document.key();
        self.instruments.learn(document);
        match document {
            Document::CardCharge(_) => add(&mut self.charges, key),
            Document::PaymentIntent(intent) => {
                add(&mut self.intents, key);
                keep(&mut self.open_intents, key, intent.status.is_open());
                let reference = ids.transfer_reference(key.number);
                if intent.status.is_open() && !self.references.contains(&reference) {
                    self.references.push(reference);
                }
                let of = |number| RowKey { number, ..key };
                if let Some(charge) = &intent.charge {
                    add(&mut self.charges, of(charge.number));
                }
                if let Some(method) = intent.payment_method {
                    add(&mut self.methods, of(method));
                }
            }
            Document::Refund(_) => add(&mut self.refunds, key),
            Document::Payout(_) => add(&mut self.payouts, key.number),
            Document::BankAccount(_) => add(&mut self.accounts, key.number),
            Document::Invoice(invoice) => {
                add(&mut self.invoices, key);
                keep(&mut self.drafts, key, invoice.status == InvoiceStatus::Draft);
                keep(&mut self.open_invoices, key, invoice.status == InvoiceStatus::Open);
                if let Some(number) = &invoice.number
                    && !self.references.contains(number)
                {
                    self.references.push(number.clone());
                }
                if let Some(number) = invoice.payment_intent {
                    add(&mut self.intents, RowKey { number, ..key });
                }
            }
            _ => {}
        }
    }

    /// Documents that must be there.
    pub fn documents(&self) -> Vec<(Kind, RowKey)> {
        let payouts = self.payouts.iter().map(|number| (Kind::Payout, of_the_account(*number)));
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|number| (Kind::BankAccount, of_the_account(*number)));
        let rows = |kind: Kind, rows: &[RowKey]| -> Vec<(Kind, RowKey)> {
            rows.iter().map(|key| (kind, *key)).collect()
        };
        let mut all = rows(Kind::PaymentMethod, &self.methods);
        all.extend(rows(Kind::Charge, &self.charges));
        all.extend(accounts.chain(payouts));
        all.extend(rows(Kind::Refund, &self.refunds));
        all.extend(rows(Kind::Invoice, &self.invoices));
        all.extend(rows(Kind::PaymentIntent, &self.intents));
        all.extend(self.instruments.documents());
        all
    }

    /// What is asked next.
    pub fn next(&self, random: &mut Random, now: Timestamp) -> Command {
        if self.customers.len() < self.customers_wanted && random.percent(15) {
            return create_customer(random);
        }
        for _ in 0..20 {
            let command = match random.below(170) {
                0..11 => self.about_customer(random),
                11..33 => self.fund(random),
                33..60 => self.about_intent(random),
                60..76 => self.about_refund(random),
                76..84 => self.about_payout(random),
                100..155 => self.about_cards(random),
                155.. => self.about_sources(random),
                _ => self.about_invoice(random, now),
            };
            if let Some(command) = command {
                return command;
            }
        }
        create_customer(random)
    }

    fn about_customer(&self, random: &mut Random) -> Option<Command> {
        let customer = random.recent(&self.customers)?;
        let manual = Some(ModeChange::Own(ReconciliationMode::Manual));
        let automatic = Some(ModeChange::Own(ReconciliationMode::Automatic));
        Some(match random.below(15) {
            0 => create_customer(random),
            1..4 => Command::UpdateCustomer { customer, edits: edits(random) },
            4..6 => Command::DeleteCustomer { customer },
            6..9 => {
                let modes = [manual, automatic, automatic, Some(ModeChange::MerchantDefault), None];
                Command::UpdateCashBalance { customer, mode: *random.pick(&modes) }
            }
            9..12 => {
                let transaction = random.recent(&self.transfers)?;
                Command::ReverseTransfer { transaction }
            }
            _ => {
                let currency = currency(random);
                let transfer = options(random, currency)?;
                Command::GetInstructions {
                    customer,
                    transfer_type: transfer.transfer_type,
                    country: transfer.country,
                    address_types: vec![],
                }
            }
        })
    }

    fn fund(&self, random: &mut Random) -> Option<Command> {
        let customer = random.recent(&self.customers)?;
        let currency = currency(random);
        let reference = match random.below(10) {
            0..3 if !self.references.is_empty() => Some(random.pick(&self.references).clone()),
            3 => Some(format!("{REVERSAL_PREFIX}{}", random.below(9))),
            4 => Some("thank you".to_owned()),
            _ => None,
        };
        let usual = Sender::simulated(currency);
        let sender = match usual.or(Sender::simulated(Currency::USD))? {
            Sender::UsBankTransfer { sender_name, .. } if random.percent(15) => {
                Sender::UsBankTransfer { network: "swift".into(), sender_name }
            }
            sender => sender,
        };
        let amount_minor = match random.below(100) {
            0..40 => amount(random),
            40..60 => amount(random) + amount(random),
            60..99 => random.between(1, 6000),
            _ => 999_999_999_999,
        };
        let transfer = BankTransfer { reference, sender };
        let simulated = random.percent(90);
        Some(Command::Fund { customer, amount_minor, currency, transfer, simulated })
    }

    fn about_intent(&self, random: &mut Random) -> Option<Command> {
        let kind = random.below(30);
        if kind < 12 {
            return self.create_intent(random);
        }
        let open = !self.open_intents.is_empty() && random.percent(70);
        let from = if open { &self.open_intents } else { &self.intents };
        let intent = self.of(random, from)?;
        Some(Command::Intent(match kind {
            12..16 => IntentCommand::Update { intent, edits: intent_edits(random) },
            16..22 => {
                let payment_method = random.recent(&self.methods).filter(|_| random.percent(10));
                let mut edits = Vec::new();
                if random.percent(60) {
                    edits.push(IntentEdit::Method(BillingDetails::default()));
                }
                // The wire lets nobody change the amount here.
                if random.percent(15) {
                    let currency = currency(random);
                    edits.push(IntentEdit::Transfer(options(random, currency)));
                }
                let confirmation =
                    Box::new(Confirmation { payment_method, edits, ..Confirmation::default() });
                IntentCommand::Confirm { intent, confirmation }
            }
            22..26 => {
                let reason = random.percent(50).then(|| "abandoned".to_owned());
                IntentCommand::Cancel { intent, reason }
            }
            _ => {
                let amount = random.percent(50).then(|| amount(random));
                let currency = random.percent(30).then(|| currency(random));
                IntentCommand::Apply { intent, amount, currency }
            }
        }))
    }

    fn create_intent(&self, random: &mut Random) -> Option<Command> {
        let customer = random.recent(&self.customers)?;
        let currency = currency(random);
        let metadata = texts(random);
        let profile = IntentProfile { metadata, ..IntentProfile::default() };
        let draft = IntentDraft {
            amount: amount(random),
            currency,
            methods: Vec::new(),
            transfer: options(random, currency).filter(|_| random.percent(85)),
            method: random.percent(85).then(BillingDetails::default),
            automatic_methods: random.percent(20).then(|| "always".to_owned()),
            card: Vec::new(),
            presence: Presence::default(),
            profile,
        };
        let (draft, confirm) = (Box::new(draft), random.percent(80));
        Some(Command::Intent(IntentCommand::Create { customer, draft, confirm }))
    }

    fn about_refund(&self, random: &mut Random) -> Option<Command> {
        let amount_of = |random: &mut Random| random.percent(60).then(|| random.between(1, 2500));
        let terms = |random: &mut Random| RefundTerms {
            instructions_email: random.percent(60).then(|| "ada@example.com".to_owned()),
            reason: None,
            metadata: texts(random),
        };
        let kind = random.below(16);
        if kind < 7 {
            let of = match random.percent(50) {
                true => RefundOf::Charge(self.of(random, &self.charges)?),
                false => RefundOf::Intent(self.of(random, &self.intents)?),
            };
            let (amount, terms) = (amount_of(random), terms(random));
            return Some(Command::Refund(match kind < 4 {
                true => RefundCommand::OfPayment { of, amount, terms },
                false => RefundCommand::ToCashBalance { of, amount, terms },
            }));
        }
        if kind < 10 {
            let customer = random.recent(&self.customers)?;
            let (amount, currency) = (random.between(1, 5000), currency(random));
            let terms = terms(random);
            let command = RefundCommand::Return { customer, amount, currency, terms };
            return Some(Command::Refund(command));
        }
        let refund = self.of(random, &self.refunds)?;
        Some(Command::Refund(match kind {
            10 => RefundCommand::Update { refund, metadata: patch(random) },
            11 => RefundCommand::Cancel { refund },
            12 => RefundCommand::Expire { refund },
            _ => {
                let account = RefundAccount {
                    transfer_type: "us_bank_transfer".into(),
                    last4: "6789".into(),
                    reference: format!("R{}", random.below(99)),
                    bounces: random.percent(35),
                };
                RefundCommand::GiveBankDetails { refund, account }
            }
        }))
    }

    fn about_payout(&self, random: &mut Random) -> Option<Command> {
        let currency = currency(random);
        let kind = random.below(14);
        if kind < 6 {
            let destination = random.recent(&self.accounts).filter(|_| random.percent(20));
            return Some(Command::Payout(PayoutCommand::Create(Box::new(PayoutDraft {
                amount: random.between(1, 1000),
                currency,
                destination,
                method: match random.percent(25) {
                    true => PayoutMethod::Instant,
                    false => PayoutMethod::Standard,
                },
                source_type: source_type(random),
                description: None,
                statement_descriptor: None,
                metadata: texts(random),
            }))));
        }
        if kind < 7 {
            return Some(bank_account(random, currency));
        }
        Some(Command::Payout(match kind {
            7 => {
                let payout = random.recent(&self.payouts)?;
                PayoutCommand::Update { payout, metadata: patch(random) }
            }
            8 | 9 => PayoutCommand::Cancel { payout: random.recent(&self.payouts)? },
            10 | 11 => {
                let payout = random.recent(&self.payouts)?;
                PayoutCommand::Reverse { payout, metadata: texts(random) }
            }
            12 => {
                let account = random.recent(&self.accounts)?;
                let (metadata, default_for_currency) = (patch(random), random.percent(50));
                PayoutCommand::UpdateBankAccount { account, metadata, default_for_currency }
            }
            _ => PayoutCommand::DeleteBankAccount { account: random.recent(&self.accounts)? },
        }))
    }

    fn about_invoice(&self, random: &mut Random, now: Timestamp) -> Option<Command> {
        let kind = random.below(18);
        if kind < 4 {
            let customer = random.recent(&self.customers)?;
            let draft = Box::new(invoice(random, now));
            return Some(Command::Invoice(InvoiceCommand::Create { customer, draft }));
        }
        let likely = if kind < 11 { &self.drafts } else { &self.open_invoices };
        let from = match likely.is_empty() || random.percent(20) {
            true => &self.invoices,
            false => likely,
        };
        let invoice = self.of(random, from)?;
        Some(Command::Invoice(match kind {
            4..8 => {
                let alone = random.percent(10);
                let draft = ItemDraft {
                    amount: if random.percent(90) { amount(random) } else { -amount(random) },
                    currency: alone.then(|| currency(random)),
                    quantity: 1,
                    unit_amount: None,
                    description: None,
                    discountable: true,
                    period: None,
                    metadata: texts(random),
                };
                let (customer, draft) = (invoice.customer, Box::new(draft));
                let invoice = (!alone).then_some(invoice);
                InvoiceCommand::CreateItem { customer, draft, invoice }
            }
            8..11 => InvoiceCommand::Finalize { invoice },
            11..15 => InvoiceCommand::Pay { invoice, out_of_band: random.percent(25) },
            15 | 16 => InvoiceCommand::Void { invoice },
            _ => InvoiceCommand::MarkUncollectible { invoice },
        }))
    }

    /// One of these rows; now and then one that is not there, or of another customer.
    pub fn of(&self, random: &mut Random, rows: &[RowKey]) -> Option<RowKey> {
        let row = random.recent(rows)?;
        Some(match random.below(60) {
            0 => RowKey { number: Number(12_345), ..row },
            1 => RowKey { customer: random.recent(&self.customers)?, ..row },
            _ => row,
        })
    }
}

pub fn add<T: PartialEq>(to: &mut Vec<T>, item: T) {
    if !to.contains(&item) {
        to.push(item);
    }
}

/// Adds something to what is so, or takes it out where it is not so any more.
pub fn keep<T: PartialEq>(among: &mut Vec<T>, item: T, is_so: bool) {
    match is_so {
        true => add(among, item),
        false => among.retain(|known| *known != item),
    }
}

fn of_the_account(number: Number) -> RowKey {
    RowKey { customer: Number(0), number }
}

pub fn currency(random: &mut Random) -> Currency {
    let code = match random.below(100) {
        0..70 => "usd",
        70..85 => "eur",
        85..92 => "gbp",
        92..95 => "jpy",
        95..98 => "mxn",
        _ => "sek",
    };
    Currency::parse(code).expect("these are currencies")
}

/// Few amounts, so that sums match.
pub fn amount(random: &mut Random) -> i64 {
    *random.pick(&[500, 1000, 1000, 2000, 2000, 3500, 5000, 49])
}

pub fn options(random: &mut Random, currency: Currency) -> Option<TransferOptions> {
    let mut transfer = TransferOptions::usual(currency)?;
    if currency == Currency::EUR {
        transfer.country = Some(random.pick(&["IE", "DE", "FR"]).to_string());
    }
    Some(transfer)
}

pub fn texts(random: &mut Random) -> BTreeMap<String, String> {
    let order = || ("order".to_owned(), "6735".to_owned());
    random.percent(30).then(order).into_iter().collect()
}

fn patch(random: &mut Random) -> MetadataPatch {
    let value = random.percent(70).then(|| random.below(100).to_string());
    random.percent(80).then(|| BTreeMap::from([("note".to_owned(), value)]))
}

fn create_customer(random: &mut Random) -> Command {
    Command::CreateCustomer { edits: edits(random) }
}

fn bank_account(random: &mut Random, currency: Currency) -> Command {
    let fails = random.percent(30).then_some(PayoutFailure::AccountClosed);
    Command::Payout(PayoutCommand::CreateBankAccount(Box::new(BankAccountDraft {
        country: "US".into(),
        currency,
        last4: "6789".into(),
        routing_number: None,
        fingerprint: "f".into(),
        account_holder_name: None,
        account_holder_type: None,
        default_for_currency: random.percent(30),
        metadata: texts(random),
        fails,
    })))
}

fn edits(random: &mut Random) -> Vec<Edit> {
    let mut edits = vec![Edit::Metadata(patch(random))];
    if random.percent(70) {
        edits.push(Edit::Email(Some(format!("{}@example.com", random.below(5)))));
    }
    if random.percent(15) {
        edits.push(Edit::Mode(ModeChange::Own(ReconciliationMode::Manual)));
    }
    if random.percent(10) {
        edits.push(Edit::NextInvoiceSequence(random.between(1, 50)));
    }
    edits
}

fn intent_edits(random: &mut Random) -> Vec<IntentEdit> {
    let currency = currency(random);
    let mut edits = vec![IntentEdit::Metadata(patch(random))];
    match random.below(6) {
        0..3 => edits.push(IntentEdit::Amount(amount(random))),
        3 => {
            edits.push(IntentEdit::Currency(currency));
            edits.push(IntentEdit::Transfer(options(random, currency)));
        }
        4 => edits.push(IntentEdit::Method(BillingDetails::default())),
        _ => {}
    }
    edits
}

fn invoice(random: &mut Random, now: Timestamp) -> InvoiceDraft {
    let currency = currency(random);
    let sent = random.percent(70);
    let by_date = random.percent(30);
    InvoiceDraft {
        currency,
        collection_method: if sent { "send_invoice" } else { "charge_automatically" }.into(),
        days_until_due: (sent && !by_date).then(|| random.between(0, 40)),
        due_date: (sent && by_date).then(|| Timestamp(now.0 + random.between(-100, 3_000_000))),
        number: random.percent(15).then(|| format!("INV-{}", random.below(20))),
        transfer: options(random, currency).filter(|_| random.percent(70)),
        description: None,
        footer: None,
        custom_fields: None,
        rendering: None,
        metadata: texts(random),
    }
}
