//! Decisions and refusals: what a command would change, or why it changes nothing.

use std::sync::Arc;

use crate::agent::RequestRow;
use crate::approval::{Approval, ApprovalStatus};
use crate::balance::BalanceTransaction;
use crate::card::{Acquirer, Decline};
use crate::cash_balance::{Balances, CashTransaction, ReconciliationMode, Settings};
use crate::charge::CardCharge;
use crate::currency::Currency;
use crate::customer::{Customer, Purse};
use crate::document::Document;
use crate::event::{Event, EventKind, EventObject, RequestCause};
use crate::funding::Instructions;
use crate::id::{IdKey, Kind, Number, Numbers, RowKey};
use crate::invoice::InvoiceStatus;
use crate::journal::{Account, Entry};
use crate::limits::{Amounts, Tally};
use crate::payment_intent::{IntentStatus, MethodType, PaymentIntent};
use crate::payout::PayoutStatus;
use crate::reconciliation::Payable;
use crate::refund::RefundStatus;
use crate::source::SourceStatus;
use crate::time::{Millis, Timestamp};
use crate::timer::{Look, Lot, Timer};
use crate::topup::TopupStatus;
use crate::webhook::{Attempt, WebhookEndpoint};

/// What surrounds a decision: the moment, the numbers to use, the account's rules.
pub struct Context<'a> {
    /// The moment of the decision.
    pub now: Millis,
    /// The source of row numbers.
    pub numbers: &'a mut Numbers,
    /// Writes ids.
    pub ids: &'a IdKey,
    /// The rules of the account.
    pub rules: &'a Rules,
    /// Draws account numbers.
    pub accounts: &'a dyn AccountNumbers,
    /// Takes cards; none where nobody does.
    pub acquirer: Option<&'a dyn Acquirer>,
    /// The request that asks, if it is one.
    pub cause: Option<Arc<RequestCause>>,
}

/// What the owner of the books decides: settings of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How customers without a mode of their own are reconciled.
    pub default_mode: ReconciliationMode,
    /// What a payment costs, in hundredths of a percent of its amount.
    pub fee_bps: i64,
    /// What a payment costs beside that, in smallest units of its currency.
    pub fee_fixed: i64,
    /// What an instant payout costs, in hundredths of a percent of its amount.
    pub instant_payout_fee_bps: i64,
    /// Days from a payment to the day on which it may be paid out.
    pub settlement_delay_days: i64,
    /// Days that money takes to a bank: of refunds, and of payouts at the least.
    pub bank_delay_days: i64,
    /// The account's own currency: that of what is billed without one.
    pub currency: Currency,
    /// The account's country, two upper-case letters.
    pub country: String,
    /// Whether a customer that ever had a cash balance can never be deleted, even at zero.
    pub strict_delete: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            default_mode: ReconciliationMode::Automatic,
            fee_bps: 0,
            fee_fixed: 0,
            instant_payout_fee_bps: 0,
            settlement_delay_days: 2,
            bank_delay_days: 1,
            currency: Currency::USD,
            country: "US".to_owned(),
            strict_delete: false,
        }
    }
}

/// Draws account numbers at the bank that customers send money to. The same arguments always give
/// the same number.
pub trait AccountNumbers {
    /// The `attempt`-th candidate for a customer; `None` where there is no such rail or country.
    fn draw(
        &self,
        customer: Number,
        transfer_type: &str,
        country: Option<&str>,
        attempt: u32,
    ) -> Option<Instructions>;
}

/// What a command sees of the books: the state that commands before it left.
///
/// Looking costs a read for what is not at hand. A store that fails to read answers `None` and
/// sees to it that the decision is dropped.
pub trait View {
    /// A customer's purse; also of one that was deleted.
    fn purse(&self, customer: Number) -> Option<Purse>;
    /// A customer's document.
    fn customer(&self, customer: Number) -> Option<Customer>;
    /// The funding instructions of a customer in a currency and country.
    fn instructions(&self, customer: Number, of: Currency, country: &str) -> Option<Instructions>;
    /// Whether some customer has this account number already.
    fn is_taken(&self, account_key: &str) -> bool;
    /// The open places for money of a customer, in no order.
    fn payables(&self, customer: Number) -> Vec<Payable>;
    /// A document.
    fn document(&self, kind: Kind, key: RowKey) -> Option<Document>;
    /// The bank accounts of the merchant that are not removed.
    fn bank_accounts(&self) -> Vec<Document>;
    /// The cards and sources that a customer has, newest first.
    fn wallet(&self, customer: Number) -> Vec<Document>;
    /// The webhook endpoints that are not removed.
    fn webhook_endpoints(&self) -> Vec<Document>;
    /// A line of the merchant's balance.
    fn balance_transaction(&self, number: Number) -> Option<BalanceTransaction>;
    /// A cash balance transaction.
    fn cash_transaction(&self, key: RowKey) -> Option<CashTransaction>;
    /// Whether the transfer that funded this transaction was pulled back.
    fn is_reversed(&self, funded: RowKey) -> bool;
    /// What new money came into a cash balance in a currency after a transaction: what was funded,
    /// and what was refunded from payments. It may stop counting at `enough`.
    fn credited_after(&self, customer: Number, of: Currency, after: Number, enough: i64) -> i64;
    /// The newest lot of a cash balance in a currency that is older than a transaction.
    fn lot_before(&self, customer: Number, of: Currency, before: Number) -> Option<Lot>;
    /// What was counted of a key on a day.
    fn spent(&self, key: &str, day: i64, tally: Tally) -> i64;
    /// The sums of the house accounts that are not zero.
    fn house(&self) -> Vec<(Account, Currency, i64)>;
}

impl Context<'_> {
    /// The next row number.
    pub fn number(&mut self) -> Number {
        self.numbers.next(self.now)
    }

    /// The second of the decision.
    pub fn second(&self) -> Timestamp {
        self.now.seconds()
    }

    /// An event of this moment and cause.
    pub fn event(&mut self, kind: EventKind, object: EventObject) -> Event {
        Event { number: self.number(), kind, object, cause: self.cause.clone() }
    }
}

/// One thing that a decision writes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The customer's document, new or changed.
    Customer(Box<Customer>),
    /// A journal entry, and the cash balance transaction that it books.
    Booked(Entry, Option<CashTransaction>),
    /// A new line of the merchant's balance.
    BalanceTransaction(Box<BalanceTransaction>),
    /// A customer's new funding instructions.
    Instructions(Number, Instructions),
    /// A document, new or changed.
    Document(Document),
    /// Something to be done later.
    TimerSet(Timer),
    /// A timer that is done with.
    TimerDone(Timer),
    /// All lots up to this one were looked at.
    Looked(Look, Number),
    /// An endpoint was told of events up to this one.
    Told(Number, Number),
    /// An attempt to tell an endpoint of an event.
    Attempt(Number, Attempt),
    /// An event.
    Event(Event),
    /// What is counted of a key so far today.
    Spent(Spent),
    /// A request, noted with who asked and why.
    Request(Box<RequestRow>),
}

/// What is counted of a key on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Id of the key.
    pub key: Arc<str>,
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// What is counted.
    pub tally: Tally,
    /// How much altogether.
    pub total: i64,
}

/// What a command would change, in order, and what it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// All or nothing.
    pub changes: Vec<Change>,
    /// The object to answer with.
    pub reply: Reply,
}

/// The object that a command answers with, as it stands after the command.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A customer; a deleted one shows as such.
    Customer(Box<Customer>),
    /// A cash balance: whose, and under which settings; its amounts are those of the moment.
    CashBalance(Number, Settings, Balances),
    /// A cash balance transaction.
    CashTransaction(CashTransaction),
    /// Funding instructions, narrowed to these address types where some were asked for.
    Instructions(Instructions, Vec<String>),
    /// A document.
    Document(Document),
    /// A webhook endpoint with its secret: it was just made, or its secret was.
    WithSecret(Box<WebhookEndpoint>),
    /// The payment failed, and the intent says so: an error on the wire, but one with effects.
    PaymentFailed(Box<PaymentIntent>),
    /// The card was declined, and the charge says so: an error on the wire, but one with effects.
    ChargeFailed(Box<CardCharge>),
    /// The charge that is part of this intent.
    ChargeOfIntent(Box<PaymentIntent>),
    /// The request has to wait until a person agrees: an error on the wire.
    Held(Box<Approval>),
    /// Nothing to show: something that nobody asked for was done.
    Done,
}

/// Why a command changes nothing. Each is somebody's mistake, never a fault of Purser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such customer (any more).
    CustomerMissing {
        /// The parameter that named the customer.
        param: &'static str,
    },
    /// The customer that is to be changed was deleted.
    CustomerDeleted,
    /// A customer whose cash balance is not zero cannot be deleted.
    CustomerHoldsCash,
    /// There is no bank transfer in this currency.
    NoTransferIn(Currency),
    /// The sum would not fit 64 bits.
    AmountTooLarge,
    /// Metadata would have too many keys.
    TooManyMetadataKeys(usize),
    /// All candidate account numbers of the bank profile are taken.
    NoAccountNumberLeft,
    /// There is no such object.
    Missing {
        /// What.
        kind: Kind,
        /// Which.
        key: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// A payment intent cannot do this in its state.
    IntentState {
        /// What was to be done: `confirmed`, `canceled`.
        action: &'static str,
        /// The state it is in.
        status: IntentStatus,
        /// The states in which it can be done.
        allowed: &'static [IntentStatus],
    },
    /// A payment in this currency must be of so much at least.
    AmountBelowMinimum(Currency, i64),
    /// A payment in this currency can be of so much at most.
    AmountAboveMaximum(Currency, i64),
    /// A charge in this currency must be of a multiple of so much.
    AmountUneven(Currency, i64),
    /// A payment intent must have a payment method to be confirmed.
    NoPaymentMethod,
    /// The transfer type moves another currency.
    TransferCurrency(Currency),
    /// More than what the payment still takes.
    ApplyTooMuch {
        /// What it takes.
        remaining: i64,
    },
    /// The cash balance holds too little to pay an invoice.
    InvoiceNotCovered {
        /// What is there.
        available: i64,
    },
    /// The payment is in this currency, not in the one given.
    OtherCurrency(Currency),
    /// The cash balance holds this much only.
    CashTooLow {
        /// What is there.
        available: i64,
        /// The parameter that asked for more, if one did.
        param: Option<&'static str>,
    },
    /// The payment was not completed, so nothing can be refunded.
    NothingToRefund,
    /// All of the charge has been refunded.
    AlreadyRefunded {
        /// How its id is spelled.
        kind: Kind,
        /// The customer and the number of the charge.
        charge: RowKey,
    },
    /// More than what of the charge is left to refund.
    RefundTooLarge {
        /// What is left.
        unrefunded: i64,
    },
    /// The payment is too old to be refunded.
    RefundTooLate,
    /// There is no address to ask for bank details at.
    NoEmail,
    /// A refund cannot do this in its state.
    RefundState {
        /// What was to be done.
        action: &'static str,
        /// The state it is in.
        status: RefundStatus,
    },
    /// The part of the merchant's balance that a payout comes from is too low.
    BalanceTooLow {
        /// Which part: `card`, `bank_account`, or what is there for instant payouts.
        part: &'static str,
        /// What is there, and what of it can be paid out where that costs something.
        available: i64,
        /// In which currency.
        currency: Currency,
    },
    /// The merchant has no bank account for this currency.
    NoBankAccount(Currency),
    /// The bank account takes another currency.
    BankAccountCurrency(Currency),
    /// The bank account takes no instant payouts.
    NoInstantPayouts,
    /// A top-up cannot do this in its state.
    TopupState(TopupStatus),
    /// A payout cannot do this in its state.
    PayoutState {
        /// What was to be done.
        action: &'static str,
        /// The state it is in.
        status: PayoutStatus,
    },
    /// A payout was taken back already, or is itself taking another one back.
    PayoutReversed,
    /// An invoice cannot do this in its state.
    InvoiceState {
        /// What was to be done.
        action: &'static str,
        /// The state it is in.
        status: InvoiceStatus,
    },
    /// Everything on an invoice is in its currency.
    InvoiceCurrency(Currency),
    /// What is on the invoice is more than one payment can be.
    InvoiceTooLarge(i64),
    /// The invoice has as many lines as it can have.
    InvoiceFull,
    /// The intent belongs to an invoice, which is to be changed instead.
    IntentOfInvoice,
    /// A transfer that cannot be pulled back (any more), or was pulled back already.
    NotReversible,
    /// There are as many webhook endpoints as there can be.
    TooManyEndpoints,
    /// As many secrets of a webhook endpoint sign as can sign at once.
    TooManySecrets,
    /// The key may not act for this customer.
    CustomerOutOfReach,
    /// More than the key may move.
    LimitExceeded {
        /// The limit's name.
        limit: &'static str,
        /// In which currency.
        currency: Currency,
        /// What it allows.
        most: i64,
        /// What it would be with this.
        total: i64,
    },
    /// A person has to agree to this, and cannot be asked this way.
    ApprovalNeeded {
        /// What it would move.
        amounts: Amounts,
    },
    /// The key asked for as many approvals today as it may.
    TooManyApprovals,
    /// The approval was decided on, or expired.
    ApprovalState(ApprovalStatus),
    /// Nobody takes cards here.
    NoAcquirer,
    /// The token was used already.
    TokenUsed {
        /// Which.
        token: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// The card, source or payment method is not this customer's.
    NotTheCustomers {
        /// What.
        kind: Kind,
        /// Which.
        key: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// The payment does not take this type of payment method.
    MethodNotTaken {
        /// Which.
        method: MethodType,
        /// The parameter that asked for it, if one did.
        param: Option<&'static str>,
    },
    /// The payment method is a cash balance, which pays only the payment that it was made for.
    MethodOfOnePayment {
        /// The parameter that named it.
        param: &'static str,
    },
    /// A payment from a cash balance is somebody's.
    CashNeedsCustomer,
    /// A cash balance cannot be captured later.
    CashIsTakenAtOnce,
    /// A cash balance cannot be saved for payments while the customer is away.
    CashNotOffSession,
    /// Only sources of cards pay payment intents.
    SourceIsNoCard {
        /// Which.
        source: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// Nobody is to authenticate for this payment.
    HolderNotAwaited,
    /// The customer has as many cards and sources as it can have.
    TooManySources,
    /// The source received money that was neither charged nor returned, so it has to stay.
    SourceHoldsMoney {
        /// Which.
        source: RowKey,
        /// How much, in the smallest unit of its currency.
        held: i64,
    },
    /// The payment method is attached to another customer.
    MethodAttached {
        /// Which.
        method: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// The payment method was detached, or paid without being a customer's: it is used up.
    MethodSpent {
        /// Which.
        method: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// The payment method is a cash balance, which stays with its payment.
    MethodOfCash {
        /// Which.
        method: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// Only a payment method that is attached to a customer can do this.
    MethodNotAttached {
        /// Which.
        method: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// The payment method came to another customer a moment ago.
    MethodMoved,
    /// The customer has no card and no source to charge.
    NoDefaultSource {
        /// Which customer.
        customer: Number,
    },
    /// The customer has no such card or source.
    NotLinked {
        /// Which customer.
        customer: Number,
        /// What.
        kind: Kind,
        /// Which.
        key: RowKey,
        /// The parameter that named it.
        param: &'static str,
    },
    /// The source is a customer's, and charged without naming whose it is.
    CustomerNotNamed {
        /// What.
        kind: Kind,
        /// Which.
        key: RowKey,
    },
    /// The money of the charge was taken already.
    AlreadyCaptured {
        /// How its id is spelled.
        kind: Kind,
        /// Which.
        charge: RowKey,
    },
    /// What was set aside for the charge was let go.
    AuthorizationEnded {
        /// How its id is spelled.
        kind: Kind,
        /// Which.
        charge: RowKey,
    },
    /// The charge failed, so there is no money in it.
    ChargeFailed {
        /// How its id is spelled.
        kind: Kind,
        /// Which.
        charge: RowKey,
    },
    /// More than what was set aside.
    CaptureTooLarge {
        /// What was.
        authorized: i64,
        /// The parameter that asked for more.
        param: &'static str,
    },
    /// The charge is one of a payment intent, which is to be captured or canceled instead.
    ChargeOfIntent,
    /// What describes the charge is what describes its payment intent.
    FieldOfIntent {
        /// The parameter that would change it.
        param: &'static str,
    },
    /// The holder of the card disputes the charge, and has the money back already.
    ChargeDisputed {
        /// How its id is spelled.
        kind: Kind,
        /// Which.
        charge: RowKey,
    },
    /// What was set aside is let go as a whole.
    PartOfAuthorization {
        /// How much it is.
        authorized: i64,
    },
    /// A card or a source paid, so the money does not go into a cash balance.
    NotFromCash,
    /// The card was declined, and nothing was written.
    CardDeclined {
        /// Why.
        decline: Decline,
        /// The parameter that named the card.
        param: &'static str,
    },
    /// The source cannot be charged as it stands.
    SourceState {
        /// Which.
        source: RowKey,
        /// What was to be done: `charged`.
        action: &'static str,
        /// The state it is in.
        status: SourceStatus,
        /// The parameter that named it.
        param: &'static str,
    },
    /// The source is in this currency.
    SourceCurrency(Currency),
    /// The source holds less than that.
    SourceTooLow {
        /// What it holds.
        available: i64,
        /// In which currency.
        currency: Currency,
    },
    /// The source is for a payment of so much at most.
    SourceAmount {
        /// How much.
        most: i64,
    },
}
