//! What can be asked in a sequence. Objects are named by their places, counted round, so that a
//! sequence stays one when a part of it is left out.

pub type Cur = &'static str;

/// What a transfer to await is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Awaits {
    /// None: the payment fails where the balance does not suffice.
    Nothing,
    /// The rail of the currency.
    Usual,
    /// The same, in another country where there is a choice.
    Elsewhere,
    /// The rail of another currency.
    Wrong,
}

/// What a sender writes.
#[derive(Clone, Debug)]
pub enum Words {
    Nothing,
    Garbage,
    /// References of intents and numbers of invoices.
    Names(Vec<Name>),
    /// `reversal_`, and perhaps a name.
    Reversal(Option<Name>),
}

#[derive(Clone, Copy, Debug)]
pub enum Name {
    Intent(usize),
    Invoice(usize),
}

/// How names are written.
#[derive(Clone, Copy, Debug)]
pub enum Style {
    Plain,
    Lower,
    InText,
}

/// By which network dollars come; nothing to other money.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Network {
    Simulated,
    Ach,
    Swift,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Default,
    Automatic,
    Manual,
}

/// What a card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plastic {
    Pays,
    /// The money may be paid out at once.
    PaysAtOnce,
    /// Also when it is to be kept.
    Declines,
    /// It can be kept.
    DeclinesLater,
    /// Its holder has to authenticate.
    Asks,
    /// It declines when the holder did.
    AsksInVain,
    Disputes,
    RefundsLater,
    RefundsBounce,
}

/// One command. Fields named `who`, `intent`, `refund` and so on are places.
#[derive(Clone, Debug)]
pub enum Op {
    AddCustomer {
        email: bool,
    },
    SetEmail {
        who: usize,
        email: bool,
    },
    SetMode {
        who: usize,
        mode: Mode,
    },
    Delete {
        who: usize,
    },
    Instructions {
        who: usize,
        cur: Cur,
    },
    Fund {
        who: usize,
        amount: i64,
        cur: Cur,
        words: Words,
        style: Style,
        network: Network,
    },
    PullBack {
        transfer: usize,
    },
    Intent {
        who: usize,
        amount: i64,
        cur: Cur,
        awaits: Awaits,
        method: bool,
        confirm: bool,
    },
    Change {
        intent: usize,
        change: Change,
    },
    Confirm {
        intent: usize,
        awaits: Option<Awaits>,
        method: bool,
        strange: bool,
    },
    Cancel {
        intent: usize,
    },
    Apply {
        intent: usize,
        amount: Option<i64>,
        cur: Option<Cur>,
    },
    Invoice {
        who: usize,
        cur: Cur,
        number: Option<u8>,
        days: Option<i64>,
        awaits: Awaits,
    },
    Item {
        invoice: usize,
        amount: i64,
        cur: Option<Cur>,
    },
    Finalize {
        invoice: usize,
    },
    PayInvoice {
        invoice: usize,
        elsewhere: bool,
    },
    Void {
        invoice: usize,
    },
    GiveUp {
        invoice: usize,
    },
    Refund {
        intent: usize,
        amount: Option<i64>,
        email: bool,
        by_charge: bool,
    },
    RefundToCash {
        intent: usize,
        amount: Option<i64>,
    },
    Return {
        who: usize,
        amount: i64,
        cur: Cur,
        email: bool,
    },
    CancelRefund {
        refund: usize,
    },
    ExpireRefund {
        refund: usize,
    },
    GiveDetails {
        refund: usize,
        bounces: bool,
    },
    AddAccount {
        cur: Cur,
        fails: bool,
        default: bool,
    },
    RemoveAccount {
        account: usize,
    },
    MakeDefault {
        account: usize,
    },
    Payout {
        amount: i64,
        cur: Cur,
        account: Option<usize>,
        instant: bool,
        of_bank: bool,
    },
    CancelPayout {
        payout: usize,
    },
    ReversePayout {
        payout: usize,
    },
    TopUp {
        amount: i64,
        cur: Cur,
        fails: Option<bool>,
    },
    CancelTopUp {
        topup: usize,
    },
    /// A card of nobody.
    Charge {
        amount: i64,
        cur: Cur,
        card: Plastic,
        capture: bool,
    },
    AddCard {
        who: usize,
        card: Plastic,
    },
    /// What a customer's wallet has.
    ChargeWallet {
        who: usize,
        amount: i64,
        cur: Cur,
        capture: bool,
    },
    Capture {
        charge: usize,
        amount: Option<i64>,
    },
    RefundCharge {
        charge: usize,
        amount: Option<i64>,
        email: bool,
    },
    /// An intent that cards pay, and where it says so, a cash balance.
    CardIntent {
        who: Option<usize>,
        amount: i64,
        cur: Cur,
        by: ByCard,
        confirm: bool,
    },
    PayByCard {
        intent: usize,
        card: Plastic,
        away: bool,
    },
    Authenticate {
        intent: usize,
        succeeds: bool,
    },
    CaptureIntent {
        intent: usize,
        amount: Option<i64>,
    },
    /// An account that takes transfers.
    AddSource {
        cur: Cur,
        amount: Option<i64>,
        often: bool,
        email: bool,
    },
    Receive {
        source: usize,
        amount: i64,
        network: Network,
    },
    PullBackOfSource {
        transfer: usize,
    },
    SendBack {
        source: usize,
        amount: Option<i64>,
    },
    ChargeSource {
        source: usize,
        amount: i64,
        cur: Cur,
    },
    Wait {
        s: i64,
    },
}

/// How an intent is paid by card.
#[derive(Clone, Copy, Debug)]
pub struct ByCard {
    pub card: Option<Plastic>,
    /// What a transfer is awaited for, if a cash balance can pay, too.
    pub cash: Option<Awaits>,
    /// Whether a card is only authorized at first.
    pub manual: bool,
    /// Whether the holder is away.
    pub away: bool,
}

/// A change to a payment intent; what is nothing stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub amount: Option<i64>,
    pub cur: Option<Cur>,
    pub awaits: Option<Awaits>,
    pub method: bool,
    pub metadata: bool,
}

/// The settings of the server.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub manual: bool,
    pub fee_bps: i64,
    pub fee_fixed: i64,
    pub settle_days: i64,
    pub bank_days: i64,
    pub instant_bps: i64,
    pub strict_delete: bool,
}

/// The place of an object in its list. Places are counted back from the newest of those that can
/// do what is asked; each fourth place counts all.
pub fn choose(count: usize, is_apt: impl Fn(usize) -> bool, place: usize) -> Option<usize> {
    let apt: Vec<usize> = (0..count).filter(|at| is_apt(*at)).collect();
    let from = if place % 4 == 3 || apt.is_empty() { (0..count).collect() } else { apt };
    from.iter().rev().nth(place.checked_rem(from.len())?).copied()
}
