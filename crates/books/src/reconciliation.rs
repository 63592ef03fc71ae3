//! Reconciliation: which open payments an amount of money pays.
//!
//! Pure planning over what is open; somebody else books the plan. [`plan`] goes through five
//! steps, as Stripe's page on reconciliation describes them:
//!
//! 1. the reference names one open invoice by its number,
//! 2. or else one payment by its transfer reference; what it names comes first,
//! 3. a group of payments that adds up to exactly what was sent is paid in full,
//! 4. open invoices are paid in full, oldest first, passing over those that do not fit,
//! 5. payment intents are paid oldest first, the last one in part.
//!
//! An invoice gets all that it still takes or nothing. What a step leaves goes on to the next, so
//! that no money lies idle while something takes it. Nobody gets a reference in Japan, so yen
//! starts at the third step.
//!
//! It costs one sort of what is open; one cipher block per payment where a reference could be
//! meant; and the search for groups, which [`GROUP_CANDIDATES_MAX`] and [`GROUP_MEMBERS_MAX`]
//! bound: for each of two sums at most 30,000 steps, each a look-up among the sums of pairs.
//! `cargo run --release -p purser-books --example reconcile` measures it.

use crate::currency::Currency;
use crate::id::{Number, REFERENCE_CHARS};
use crate::time::Timestamp;

/// Payments that one amount may pay as a group, at most.
pub const GROUP_MEMBERS_MAX: usize = 5;

/// Among how many payments a group of two or more is looked for: the oldest of those that are
/// smaller than the sum. A single payment of exactly the sum is looked for among all.
pub const GROUP_CANDIDATES_MAX: usize = 40;

/// Words of a reference that are compared, at most; what comes after them is not read.
pub const REFERENCE_WORDS_MAX: usize = 64;

/// An open place for money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payable {
    /// The payment intent that takes the money.
    pub intent: Number,
    /// What it is.
    pub kind: PayableKind,
    /// In which currency.
    pub currency: Currency,
    /// What it still takes, smallest units; above zero.
    pub remaining: i64,
    /// When it was confirmed or finalized: the number of that moment orders payables by age.
    pub since: Number,
}

/// The two kinds of open places for money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayableKind {
    /// A payment intent that awaits a transfer; may be paid in part.
    Intent,
    /// An open invoice; only ever paid in full.
    Invoice {
        /// The number that people see.
        number: String,
        /// Until when it takes money by itself.
        until: Option<Timestamp>,
    },
}

/// What the money is, and what was told with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// In which currency.
    pub currency: Currency,
    /// What has just come in, smallest units.
    pub amount: i64,
    /// Everything that is available with it.
    pub available: i64,
    /// What the sender typed; none for money that comes back from a payment or a return.
    pub reference: Option<&'a str>,
    /// When it came.
    pub now: Timestamp,
}

/// A payment of a plan: this intent gets this much.
pub type Allocation = (Number, i64);

/// Plans which of the `payables` the arrived money pays, in the order in which it is to be booked.
///
/// Each intent appears at most once, with more than nothing and at most what remains of it; all
/// together get at most what is available. The `payables` come in any order, those that cannot
/// take this money (another currency, an invoice too long past due) are left out. `reference_of`
/// gives the transfer reference of an intent, and is asked only where one could be meant.
pub fn plan(
    arrival: &Arrival<'_>,
    payables: &[Payable],
    reference_of: &dyn Fn(Number) -> String,
) -> Vec<Allocation> {
    if arrival.available <= 0 {
        return Vec::new();
    }
    let mut open: Vec<&Payable> = payables.iter().filter(|p| p.takes(arrival)).collect();
    open.sort_unstable_by_key(|payable| (payable.since, payable.intent));
    let mut draft = Draft {
        open,
        sent: arrival.amount.clamp(0, arrival.available),
        available: arrival.available,
        allocations: Vec::new(),
    };
    if arrival.currency != Currency::JPY
        && let Some(text) = arrival.reference
        && let Some(named) = find_named(text, &draft.open, reference_of)
    {
        draft.pay(|payable| payable.intent == named.intent);
    }
    if let Some(group) = draft.find_group() {
        draft.pay(|payable| group.contains(&payable.intent));
    }
    draft.pay(Payable::is_invoice);
    draft.pay(|payable| !payable.is_invoice());
    draft.allocations
}

impl Payable {
    fn is_invoice(&self) -> bool {
        matches!(self.kind, PayableKind::Invoice { .. })
    }

    fn takes(&self, arrival: &Arrival<'_>) -> bool {
        let in_time = match &self.kind {
            PayableKind::Invoice { until: Some(until), .. } => arrival.now <= *until,
            _ => true,
        };
        in_time && self.currency == arrival.currency && self.remaining > 0
    }

    /// What it would get out of `available`: an invoice all or nothing.
    fn share(&self, available: i64) -> i64 {
        match self.kind {
            PayableKind::Invoice { .. } if self.remaining > available => 0,
            _ => self.remaining.min(available),
        }
    }
}

/// A plan that is being made.
struct Draft<'a> {
    /// What takes money and has none in the plan yet, oldest first.
    open: Vec<&'a Payable>,
    /// What the plan has left of the money that was sent.
    sent: i64,
    /// What the plan has left of all that is available; never less than `sent`.
    available: i64,
    allocations: Vec<Allocation>,
}

impl Draft<'_> {
    /// Gives those that are due their shares, oldest first, and closes the ones that got any.
    fn pay(&mut self, is_due: impl Fn(&Payable) -> bool) {
        self.open.retain(|payable| {
            let share = match is_due(payable) {
                true => payable.share(self.available),
                false => 0,
            };
            if share > 0 {
                self.available -= share;
                self.sent = (self.sent - share).max(0);
                self.allocations.push((payable.intent, share));
            }
            share == 0
        });
    }

    /// The best group for what was sent, or else for all that is available.
    fn find_group(&self) -> Option<Vec<Number>> {
        let old = (self.available != self.sent).then_some(self.available);
        [Some(self.sent), old]
            .into_iter()
            .flatten()
            .filter(|sum| *sum > 0)
            .find_map(|sum| find_group(&self.open, sum))
    }
}

/// The one payable that a reference names: an invoice by its number, or else a payment by its
/// transfer reference. None where it names nothing, and where it names several.
///
/// Letters of either case are the same. The whole text is looked at first, then each word in it:
/// letters, digits and dashes up to anything else, so that `invoice ABCD1234-0001, thanks` is
/// found. A transfer reference is one word, so for it the words are enough.
fn find_named<'a>(
    text: &str,
    open: &[&'a Payable],
    reference_of: &dyn Fn(Number) -> String,
) -> Option<&'a Payable> {
    let whole = text.trim();
    let words: Vec<&str> = whole
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .take(REFERENCE_WORDS_MAX)
        .collect();
    let codes: Vec<&str> =
        words.iter().copied().filter(|word| word.len() == REFERENCE_CHARS).collect();
    let has_number = |payable: &Payable, texts: &[&str]| match &payable.kind {
        PayableKind::Invoice { number, .. } => is_one_of(number.trim(), texts),
        PayableKind::Intent => false,
    };
    let has_reference =
        |payable: &Payable| !codes.is_empty() && is_one_of(&reference_of(payable.intent), &codes);
    let ways: [&dyn Fn(&Payable) -> bool; 3] =
        [&|p| has_number(p, &[whole]), &|p| has_number(p, &words), &has_reference];
    for is_named in ways {
        let mut named = open.iter().filter(|payable| is_named(payable));
        match (named.next(), named.next()) {
            (None, _) => {}
            (Some(payable), None) => return Some(payable),
            (Some(_), Some(_)) => return None,
        }
    }
    None
}

/// Whether `name` is one of `texts`, in letters of either case; no name is nobody's.
fn is_one_of(name: &str, texts: &[&str]) -> bool {
    let folded = |text: &str| text.to_lowercase();
    let is_plain = name.is_ascii();
    !name.is_empty()
        && texts.iter().any(|text| match is_plain && text.is_ascii() {
            true => text.eq_ignore_ascii_case(name),
            false => folded(text) == folded(name),
        })
}

/// The best group that adds up to exactly `sum`: of the fewest payables, then of the most
/// invoices, then of the oldest payment intents, then of the oldest invoices.
fn find_group(open: &[&Payable], sum: i64) -> Option<Vec<Number>> {
    let exact = || open.iter().filter(|payable| payable.remaining == sum);
    let single = exact().find(|payable| payable.is_invoice()).or_else(|| exact().next());
    if let Some(payable) = single {
        return Some(vec![payable.intent]);
    }
    let candidates = Candidates::of(open, sum);
    let mut group = Vec::with_capacity(GROUP_MEMBERS_MAX);
    for size in (2..=GROUP_MEMBERS_MAX).filter(|size| candidates.can_reach(*size, sum)) {
        let invoices_max = size.min(candidates.payables.len() - candidates.intents);
        let invoices_min = size.saturating_sub(candidates.intents);
        for invoices in (invoices_min..=invoices_max).rev() {
            if candidates.choose(0, [size - invoices, invoices], sum, &mut group) {
                return Some(group);
            }
        }
    }
    None
}

/// What a group of two or more is chosen from.
struct Candidates<'a> {
    /// First the payment intents, oldest first, then the invoices, oldest first. So groups of a
    /// kind, tried in the order of these places, come best first.
    payables: Vec<&'a Payable>,
    /// How many of them are payment intents.
    intents: usize,
    /// What they take, smallest first.
    amounts: Vec<i64>,
    /// The sums of two of them, smallest first, by how many of the two are invoices.
    pairs: [Vec<i64>; 3],
}

impl<'a> Candidates<'a> {
    fn of(open: &[&'a Payable], sum: i64) -> Candidates<'a> {
        let smaller = open.iter().copied().filter(|payable| payable.remaining < sum);
        let mut payables: Vec<&Payable> = smaller.take(GROUP_CANDIDATES_MAX).collect();
        payables.sort_by_key(|payable| payable.is_invoice());
        let intents = payables.partition_point(|payable| !payable.is_invoice());
        let mut amounts: Vec<i64> = payables.iter().map(|payable| payable.remaining).collect();
        amounts.sort_unstable();
        let mut pairs = [Vec::new(), Vec::new(), Vec::new()];
        for (at, one) in payables.iter().enumerate() {
            for other in &payables[at + 1..] {
                if one.remaining <= sum - other.remaining {
                    let invoices = usize::from(one.is_invoice()) + usize::from(other.is_invoice());
                    pairs[invoices].push(one.remaining + other.remaining);
                }
            }
        }
        pairs.iter_mut().for_each(|sums| sums.sort_unstable());
        Candidates { payables, intents, amounts, pairs }
    }

    /// Whether `size` of them lie around `sum` at all: the smallest not above, the largest not
    /// below. A total that does not fit into an `i64` is above.
    fn can_reach(&self, size: usize, sum: i64) -> bool {
        let total = |amounts: &[i64]| amounts.iter().fold(0i64, |sum, a| sum.saturating_add(*a));
        let count = self.amounts.len();
        count >= size
            && total(&self.amounts[..size]) <= sum
            && total(&self.amounts[count - size..]) >= sum
    }

    /// Adds the first members from place `from` on that add up to `sum`, as many intents and
    /// invoices as `[intents, invoices]` says, to `group`; or says that there are none.
    ///
    /// Where two are left to choose, their sum must be that of a pair, which nearly always
    /// settles it: without that, four loops would run where three do. The depth is that of the
    /// group.
    fn choose(
        &self,
        from: usize,
        [intents, invoices]: [usize; 2],
        sum: i64,
        group: &mut Vec<Number>,
    ) -> bool {
        let left = intents + invoices;
        if left == 2 && self.pairs[invoices].binary_search(&sum).is_err() {
            return false;
        }
        let (places, rest) = match intents {
            0 => (from.max(self.intents)..self.payables.len(), [0, invoices - 1]),
            _ => (from..self.intents, [intents - 1, invoices]),
        };
        for at in places {
            let Payable { remaining, intent, .. } = *self.payables[at];
            let is_member = match left {
                1 => remaining == sum,
                _ => remaining < sum && self.choose(at + 1, rest, sum - remaining, group),
            };
            if is_member {
                group.push(intent);
                return true;
            }
        }
        false
    }
}
