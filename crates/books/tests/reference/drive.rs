//! What a sequence asks for, as commands for the books; and what they answer, in the words of the
//! reference.

mod cards;

use books::balance::SourceType;
use books::cash_balance::{BankTransfer, ReconciliationMode, Sender};
use books::command::{
    BankAccountDraft, Confirmation, Edit, IntentCommand, IntentDraft, IntentEdit, InvoiceCommand,
    InvoiceDraft, ItemDraft, ModeChange, PayoutCommand, PayoutDraft, RefundCommand, RefundOf,
    RefundTerms,
};
use books::invoice::{Invoice, InvoiceStatus};
use books::payment_intent::{BillingDetails, IntentStatus, PaymentIntent, TransferOptions};
use books::payout::{PayoutFailure, PayoutMethod, PayoutStatus};
use books::refund::{RefundAccount, RefundStatus};
use books::{Command, Currency, Document, Kind, Number, Refusal, Reply, RowKey, View};

use crate::ledger::Ledger;
use crate::model::{Outcome, rail};
use crate::ops::{Awaits, Change, Cur, Mode, Name, Network, Op, Style, Words, choose};

/// The command, where what it is about exists. Waiting is none.
pub fn command(ledger: &Ledger, op: &Op) -> Option<Command> {
    Some(match *op {
        Op::AddCustomer { email } => Command::CreateCustomer { edits: vec![email_edit(email)] },
        Op::SetEmail { who, email } => Command::UpdateCustomer {
            customer: customer(ledger, who)?,
            edits: vec![email_edit(email)],
        },
        Op::SetMode { who, mode } => {
            let mode = Some(mode_change(mode));
            Command::UpdateCashBalance { customer: customer(ledger, who)?, mode }
        }
        Op::Delete { who } => Command::DeleteCustomer { customer: customer(ledger, who)? },
        Op::Instructions { who, cur } => {
            let usual = transfer(Awaits::Usual, cur)?;
            Command::GetInstructions {
                customer: customer(ledger, who)?,
                transfer_type: usual.transfer_type,
                country: usual.country,
                address_types: vec![],
            }
        }
        Op::Fund { who, amount, cur, ref words, style, network } => {
            let mut sender = Sender::simulated(currency(cur))?;
            if let (Sender::UsBankTransfer { network, .. }, Network::Swift) = (&mut sender, network)
            {
                *network = "swift".into();
            }
            Command::Fund {
                customer: customer(ledger, who)?,
                amount_minor: amount,
                currency: currency(cur),
                transfer: BankTransfer { reference: text(ledger, words, style), sender },
                simulated: network == Network::Simulated,
            }
        }
        Op::PullBack { transfer } => {
            let all = ledger.transfers();
            let at = choose(all.len(), |_| true, transfer)?;
            Command::ReverseTransfer { transaction: all[at] }
        }
        Op::Intent { .. }
        | Op::Change { .. }
        | Op::Confirm { .. }
        | Op::Cancel { .. }
        | Op::Apply { .. } => Command::Intent(about_intents(ledger, op)?),
        Op::Invoice { .. }
        | Op::Item { .. }
        | Op::Finalize { .. }
        | Op::PayInvoice { .. }
        | Op::Void { .. }
        | Op::GiveUp { .. } => Command::Invoice(about_invoices(ledger, op)?),
        Op::Refund { .. }
        | Op::RefundToCash { .. }
        | Op::Return { .. }
        | Op::CancelRefund { .. }
        | Op::ExpireRefund { .. }
        | Op::GiveDetails { .. } => Command::Refund(about_refunds(ledger, op)?),
        Op::AddAccount { .. }
        | Op::RemoveAccount { .. }
        | Op::MakeDefault { .. }
        | Op::Payout { .. }
        | Op::CancelPayout { .. }
        | Op::ReversePayout { .. } => Command::Payout(about_payouts(ledger, op)?),
        Op::Wait { .. } => return None,
        _ => return cards::command(ledger, op),
    })
}

/// Customers are counted from the first.
fn customer(ledger: &Ledger, who: usize) -> Option<Number> {
    let at = who.checked_rem(ledger.holders.len())?;
    ledger.holders.keys().nth(at).copied()
}

/// A document that can do what is asked, if there is one.
fn row(
    ledger: &Ledger,
    kind: Kind,
    is_apt: impl Fn(&Document) -> bool,
    place: usize,
) -> Option<Document> {
    let all = ledger.keys(kind);
    let all: Vec<Document> = all.iter().filter_map(|key| ledger.document(kind, *key)).collect();
    choose(all.len(), |at| is_apt(&all[at]), place).map(|at| all[at].clone())
}

fn intent(ledger: &Ledger, place: usize) -> Option<PaymentIntent> {
    let open = |it: &Document| matches!(it, Document::PaymentIntent(it) if is_open(it));
    match row(ledger, Kind::PaymentIntent, open, place)? {
        Document::PaymentIntent(intent) => Some(*intent),
        _ => None,
    }
}

fn paid_intent(ledger: &Ledger, place: usize) -> Option<PaymentIntent> {
    let paid = |it: &Document| match it {
        Document::PaymentIntent(it) => it.status == IntentStatus::Succeeded,
        _ => false,
    };
    match row(ledger, Kind::PaymentIntent, paid, place)? {
        Document::PaymentIntent(intent) => Some(*intent),
        _ => None,
    }
}

fn invoice(ledger: &Ledger, states: &[InvoiceStatus], place: usize) -> Option<Invoice> {
    let apt = |it: &Document| matches!(it, Document::Invoice(it) if states.contains(&it.status));
    match row(ledger, Kind::Invoice, apt, place)? {
        Document::Invoice(invoice) => Some(*invoice),
        _ => None,
    }
}

/// Whether it is not decided yet what pays.
fn is_open(intent: &PaymentIntent) -> bool {
    intent.status.is_open() && intent.status != IntentStatus::RequiresCapture
}

pub fn currency(cur: Cur) -> Currency {
    Currency::parse(cur).expect("a currency")
}

fn transfer(awaits: Awaits, cur: Cur) -> Option<TransferOptions> {
    let (cur, elsewhere) = rail(awaits, cur)?;
    let mut usual = TransferOptions::usual(currency(cur))?;
    if elsewhere {
        usual.country = Some("DE".into());
    }
    Some(usual)
}

fn mode_change(mode: Mode) -> ModeChange {
    match mode {
        Mode::Default => ModeChange::MerchantDefault,
        Mode::Automatic => ModeChange::Own(ReconciliationMode::Automatic),
        Mode::Manual => ModeChange::Own(ReconciliationMode::Manual),
    }
}

fn email_edit(email: bool) -> Edit {
    Edit::Email(email.then(|| "a@b.co".into()))
}

fn text(ledger: &Ledger, words: &Words, style: Style) -> Option<String> {
    let name = |name: &Name| {
        let known = match *name {
            Name::Intent(place) => {
                intent(ledger, place).map(|it| ledger.ids.transfer_reference(it.key.number))
            }
            Name::Invoice(place) => {
                invoice(ledger, &[InvoiceStatus::Open], place).and_then(|it| it.number)
            }
        };
        known.unwrap_or_else(|| "nobody".into())
    };
    let text = match words {
        Words::Nothing => return None,
        Words::Garbage => "ABCDEFGH1234".into(),
        Words::Names(names) => names.iter().map(name).collect::<Vec<_>>().join(" "),
        Words::Reversal(None) => return Some("reversal_7".into()),
        Words::Reversal(Some(named)) => return Some(format!("reversal_{}", name(named))),
    };
    Some(match style {
        Style::Plain => text,
        Style::Lower => format!(" {} ", text.to_lowercase()),
        Style::InText => format!("for {text}, thanks"),
    })
}

fn about_intents(ledger: &Ledger, op: &Op) -> Option<IntentCommand> {
    Some(match *op {
        Op::Intent { who, amount, cur, awaits, method, confirm } => {
            let draft = Box::new(IntentDraft {
                amount,
                currency: currency(cur),
                methods: Vec::new(),
                transfer: transfer(awaits, cur),
                method: method.then(BillingDetails::default),
                automatic_methods: Default::default(),
                card: Vec::new(),
                presence: Default::default(),
                profile: Default::default(),
            });
            IntentCommand::Create { customer: customer(ledger, who)?, draft, confirm }
        }
        Op::Change { intent: place, ref change } => {
            let intent = intent(ledger, place)?;
            IntentCommand::Update { intent: intent.key, edits: edits(&intent, change) }
        }
        Op::Confirm { intent: place, awaits, method, strange } => {
            let intent = intent(ledger, place)?;
            let edits = edits(&intent, &Change { awaits, method, ..Change::default() });
            let stranger = RowKey { number: Number(1), ..intent.key };
            let payment_method = strange.then_some(stranger);
            let confirmation =
                Box::new(Confirmation { payment_method, edits, ..Confirmation::default() });
            IntentCommand::Confirm { intent: intent.key, confirmation }
        }
        Op::Cancel { intent: place } => {
            IntentCommand::Cancel { intent: intent(ledger, place)?.key, reason: None }
        }
        Op::Apply { intent: place, amount, cur } => {
            let intent = intent(ledger, place)?.key;
            IntentCommand::Apply { intent, amount, currency: cur.map(currency) }
        }
        _ => unreachable!("not about intents"),
    })
}

fn edits(intent: &PaymentIntent, change: &Change) -> Vec<IntentEdit> {
    let mut edits = Vec::new();
    let currency = change.cur.map_or(intent.currency, currency);
    let cur = ["usd", "eur", "jpy"].into_iter().find(|cur| *cur == currency.as_str());
    edits.extend(
        change
            .awaits
            .map(|awaits| IntentEdit::Transfer(transfer(awaits, cur.expect("one of three")))),
    );
    edits.extend(change.method.then(|| IntentEdit::Method(BillingDetails::default())));
    edits.extend(change.amount.map(IntentEdit::Amount));
    edits.extend(change.cur.map(|_| IntentEdit::Currency(currency)));
    if change.metadata {
        edits.push(IntentEdit::Metadata(Some([("a".to_owned(), Some("b".to_owned()))].into())));
    }
    edits
}

fn about_invoices(ledger: &Ledger, op: &Op) -> Option<InvoiceCommand> {
    let draft = |place| Some(invoice(ledger, &[InvoiceStatus::Draft], place)?.key);
    let open = |place| Some(invoice(ledger, &[InvoiceStatus::Open], place)?.key);
    let hoped_for = |place| {
        let states = [InvoiceStatus::Open, InvoiceStatus::Uncollectible];
        Some(invoice(ledger, &states, place)?.key)
    };
    Some(match *op {
        Op::Invoice { who, cur, number, days, awaits } => {
            let draft = Box::new(InvoiceDraft {
                currency: currency(cur),
                collection_method: "send_invoice".into(),
                days_until_due: days,
                due_date: None,
                number: number.map(|number| format!("INV-{number}")),
                transfer: transfer(awaits, cur),
                description: None,
                footer: None,
                custom_fields: None,
                rendering: None,
                metadata: Default::default(),
            });
            InvoiceCommand::Create { customer: customer(ledger, who)?, draft }
        }
        Op::Item { invoice: place, amount, cur } => {
            let item = Box::new(ItemDraft {
                amount,
                currency: cur.map(currency),
                unit_amount: Default::default(),
                quantity: 1,
                description: None,
                discountable: true,
                period: None,
                metadata: Default::default(),
            });
            let on = draft(place)?;
            InvoiceCommand::CreateItem { customer: on.customer, draft: item, invoice: Some(on) }
        }
        Op::Finalize { invoice: place } => InvoiceCommand::Finalize { invoice: draft(place)? },
        Op::PayInvoice { invoice: place, elsewhere } => {
            InvoiceCommand::Pay { invoice: hoped_for(place)?, out_of_band: elsewhere }
        }
        Op::Void { invoice: place } => InvoiceCommand::Void { invoice: hoped_for(place)? },
        Op::GiveUp { invoice: place } => {
            InvoiceCommand::MarkUncollectible { invoice: open(place)? }
        }
        _ => unreachable!("not about invoices"),
    })
}

fn about_refunds(ledger: &Ledger, op: &Op) -> Option<RefundCommand> {
    let waits = |it: &Document| match it {
        Document::Refund(refund) => refund.status == RefundStatus::RequiresAction,
        _ => false,
    };
    let refund = |place| Some(row(ledger, Kind::Refund, waits, place)?.key());
    let terms = |email: bool| RefundTerms {
        instructions_email: email.then(|| "c@d.co".into()),
        ..RefundTerms::default()
    };
    Some(match *op {
        Op::Refund { intent: place, amount, email, by_charge } => {
            let intent = paid_intent(ledger, place)?;
            let of_cash = intent.charge.as_ref().map(|charge| charge.number);
            let of_card = intent.card.as_ref().and_then(|card| card.latest_charge);
            let of = match of_cash.or(of_card) {
                Some(number) if by_charge => RefundOf::Charge(RowKey { number, ..intent.key }),
                _ => RefundOf::Intent(intent.key),
            };
            RefundCommand::OfPayment { of, amount, terms: terms(email) }
        }
        Op::RefundToCash { intent: place, amount } => {
            let of = RefundOf::Intent(paid_intent(ledger, place)?.key);
            RefundCommand::ToCashBalance { of, amount, terms: terms(false) }
        }
        Op::Return { who, amount, cur, email } => {
            let (customer, currency) = (customer(ledger, who)?, currency(cur));
            RefundCommand::Return { customer, amount, currency, terms: terms(email) }
        }
        Op::CancelRefund { refund: place } => RefundCommand::Cancel { refund: refund(place)? },
        Op::ExpireRefund { refund: place } => RefundCommand::Expire { refund: refund(place)? },
        Op::GiveDetails { refund: place, bounces } => {
            let account = RefundAccount {
                transfer_type: "us_bank_transfer".into(),
                last4: "6789".into(),
                reference: "r".into(),
                bounces,
            };
            RefundCommand::GiveBankDetails { refund: refund(place)?, account }
        }
        _ => unreachable!("not about refunds"),
    })
}

fn about_payouts(ledger: &Ledger, op: &Op) -> Option<PayoutCommand> {
    let is_there = |it: &Document| matches!(it, Document::BankAccount(it) if !it.deleted);
    let the_account = |place| Some(row(ledger, Kind::BankAccount, is_there, place)?.key().number);
    let the_payout = |status, place| {
        let is_so = |it: &Document| matches!(it, Document::Payout(it) if it.status == status);
        Some(row(ledger, Kind::Payout, is_so, place)?.key().number)
    };
    Some(match *op {
        Op::AddAccount { cur, fails, default } => {
            PayoutCommand::CreateBankAccount(Box::new(BankAccountDraft {
                country: "US".into(),
                currency: currency(cur),
                last4: "6789".into(),
                routing_number: None,
                fingerprint: "f".into(),
                account_holder_name: None,
                account_holder_type: None,
                default_for_currency: default,
                metadata: Default::default(),
                fails: fails.then_some(PayoutFailure::NoAccount),
            }))
        }
        Op::RemoveAccount { account } => {
            PayoutCommand::DeleteBankAccount { account: the_account(account)? }
        }
        Op::MakeDefault { account } => PayoutCommand::UpdateBankAccount {
            account: the_account(account)?,
            metadata: Some(Default::default()),
            default_for_currency: true,
        },
        Op::Payout { amount, cur, account, instant, of_bank } => {
            let destination = match account {
                Some(place) => Some(the_account(place)?),
                None => None,
            };
            PayoutCommand::Create(Box::new(PayoutDraft {
                amount,
                currency: currency(cur),
                destination,
                method: if instant { PayoutMethod::Instant } else { PayoutMethod::Standard },
                source_type: if of_bank { SourceType::BankAccount } else { SourceType::Card },
                description: None,
                statement_descriptor: None,
                metadata: Default::default(),
            }))
        }
        Op::CancelPayout { payout } => {
            PayoutCommand::Cancel { payout: the_payout(PayoutStatus::Pending, payout)? }
        }
        Op::ReversePayout { payout } => {
            let payout = the_payout(PayoutStatus::Paid, payout)?;
            PayoutCommand::Reverse { payout, metadata: Default::default() }
        }
        _ => unreachable!("not about payouts"),
    })
}

/// The outcome in the words of the reference.
pub fn told(result: &Result<Reply, Refusal>) -> Outcome {
    let refusal = match result {
        Ok(Reply::PaymentFailed(_)) => return Ok("payment failed"),
        Ok(Reply::ChargeFailed(_)) => return Ok("charge failed"),
        Ok(_) => return Ok("done"),
        Err(refusal) => refusal,
    };
    Err(match refusal {
        Refusal::CustomerMissing { .. } => "customer missing",
        Refusal::CustomerDeleted => "customer deleted",
        Refusal::CustomerHoldsCash => "holds cash",
        Refusal::AmountTooLarge => "too large",
        Refusal::Missing { .. } => "missing",
        Refusal::IntentState { .. } => "intent state",
        Refusal::AmountBelowMinimum(..) => "below minimum",
        Refusal::NoPaymentMethod => "no payment method",
        Refusal::TransferCurrency(_) => "transfer currency",
        Refusal::ApplyTooMuch { .. } => "apply too much",
        Refusal::OtherCurrency(_) => "other currency",
        Refusal::CashTooLow { .. } | Refusal::InvoiceNotCovered { .. } => "cash too low",
        Refusal::NothingToRefund => "nothing to refund",
        Refusal::AlreadyRefunded { .. } => "already refunded",
        Refusal::RefundTooLarge { .. } => "refund too large",
        Refusal::RefundTooLate => "refund too late",
        Refusal::NoEmail => "no email",
        Refusal::RefundState { .. } => "refund state",
        Refusal::BalanceTooLow { .. } => "balance too low",
        Refusal::NoBankAccount(_) => "no bank account",
        Refusal::BankAccountCurrency(_) => "account currency",
        Refusal::PayoutState { .. } => "payout state",
        Refusal::PayoutReversed => "payout reversed",
        Refusal::InvoiceState { .. } => "invoice state",
        Refusal::InvoiceCurrency(_) => "invoice currency",
        Refusal::IntentOfInvoice => "intent of invoice",
        Refusal::NotReversible => "not reversible",
        Refusal::CardDeclined { .. } => "card declined",
        Refusal::NoDefaultSource { .. } => "no default source",
        Refusal::ChargeOfIntent => "charge of intent",
        Refusal::AlreadyCaptured { .. } => "already captured",
        Refusal::AuthorizationEnded { .. } => "authorization ended",
        Refusal::ChargeFailed { .. } => "charge had failed",
        Refusal::CaptureTooLarge { .. } => "capture too large",
        Refusal::ChargeDisputed { .. } => "charge disputed",
        Refusal::PartOfAuthorization { .. } => "part of authorization",
        Refusal::NotFromCash => "not from cash",
        Refusal::CashNeedsCustomer => "cash needs customer",
        Refusal::MethodNotTaken { .. } => "method not taken",
        Refusal::HolderNotAwaited => "holder not awaited",
        Refusal::SourceState { .. } => "source state",
        Refusal::SourceCurrency(_) => "source currency",
        Refusal::SourceAmount { .. } => "source amount",
        Refusal::SourceTooLow { .. } => "source too low",
        Refusal::TopupState(_) => "topup state",
        Refusal::NoInstantPayouts => "no instant payouts",
        _ => "something else",
    })
}
