//! What is under way: the money that documents and balance transactions say is somewhere, against
//! what the journal says, and the timers that move it on.

use super::Auditor;
use crate::World;
use crate::balance::{BalanceKind, BalanceTransaction};
use crate::charge::{CardCharge, Stage};
use crate::currency::Currency;
use crate::document::Document;
use crate::id::{Number, RowKey};
use crate::journal::Account;
use crate::payment_intent::{IntentStatus, PaymentIntent};
use crate::payout::{Payout, PayoutMethod, PayoutStatus};
use crate::refund::{Destination, Refund, RefundStatus};
use crate::source::Source;
use crate::time::Timestamp;
use crate::timer::{Timer, TimerKind};
use crate::topup::{Topup, TopupStatus};

/// The accounts that rows tell of, and how the journal and the rows must agree on each.
const TOLD: [(Account, &str); 8] = [
    (Account::MerchantPending, "what is pending equals the lines that are to be settled"),
    (Account::MerchantAvailable, "what is available equals the lines that are settled"),
    (Account::BankPending, "what is pending equals the lines that are to be settled"),
    (Account::BankAvailable, "what is available equals the lines that are settled"),
    (Account::CardNetwork, "card networks owe what the lines say that are to be settled"),
    (Account::Fees, "fees equal those of the balance transactions"),
    (Account::RefundsInTransit, "money on its way to customers equals the refunds under way"),
    (Account::PayoutsInTransit, "money on its way to the merchant equals the payouts under way"),
];

/// The invariant of what payment intents hold.
const HELD: &str = "a payment intent holds what was applied to it";

impl Auditor {
    /// Checks a document by itself and against the journal, which was fed before.
    pub fn document(&mut self, world: World, document: &Document) {
        self.report.documents += 1;
        match document {
            Document::PaymentIntent(intent) => self.intent(world, intent),
            Document::Refund(refund) => self.refund(world, refund),
            Document::Payout(payout) => self.payout(world, payout),
            Document::CardCharge(charge) => self.charge(world, charge),
            Document::Source(source) => self.source(world, source),
            Document::Topup(topup) => self.topup(world, topup),
            _ => {}
        }
    }

    fn intent(&mut self, world: World, intent: &PaymentIntent) {
        let PaymentIntent { key, currency, applied, amount, .. } = *intent;
        let name = || format!("payment intent {} in world {}", key.number.0, world.0);
        let by_card = intent.instrument().is_some();
        let is_complete = intent.status == IntentStatus::Succeeded && !by_card;
        let fits = match intent.status {
            _ if by_card => applied == 0,
            IntentStatus::Succeeded => applied == amount,
            IntentStatus::Canceled => applied == 0,
            _ => (0..=amount).contains(&applied),
        };
        if !fits || intent.charge.is_some() != is_complete {
            let status = intent.status.as_str();
            let detail = format!("{} is {status} with {applied} of {amount}", name());
            self.found("a payment intent has all its money once it succeeded", detail);
        }
        let account = Account::PaymentIntent(key.number);
        let journal = self.house.remove(&(world, account, currency)).unwrap_or_default();
        self.paid_by_card(world, intent);
        let held = if intent.status.is_open() { applied } else { 0 };
        if journal.checked_neg() != Some(held) {
            let detail = format!(
                "{}: it says {held} {currency}, the journal gives {}",
                name(),
                journal.saturating_neg()
            );
            self.found(HELD, detail);
        }
    }

    /// What an intent says of its charge by card, in each state that it can be in.
    fn paid_by_card(&mut self, world: World, intent: &PaymentIntent) {
        let Some(card) = &intent.card else { return };
        let (capturable, received) = (card.capturable, card.received);
        let fits = match intent.status {
            IntentStatus::RequiresCapture => capturable > 0 && capturable <= intent.amount,
            IntentStatus::Succeeded if card.instrument.is_some() => {
                capturable == 0 && received > 0 && received <= intent.amount
            }
            _ => capturable == 0 && received == 0,
        };
        if !fits {
            let (number, status) = (intent.key.number.0, intent.status.as_str());
            let detail = format!(
                "payment intent {number} in world {} is {status}, with {capturable} to capture and \
                 {received} received of {}",
                world.0, intent.amount
            );
            self.found("a payment intent knows what its card paid", detail);
        }
    }

    fn charge(&mut self, world: World, charge: &CardCharge) {
        let CardCharge { amount, amount_captured: captured, amount_refunded: refunded, .. } =
            *charge;
        let fits = match &charge.stage {
            Stage::Captured { .. } => {
                (1..=amount).contains(&captured)
                    && (0..=captured).contains(&refunded)
                    && charge.balance_transaction.is_some()
            }
            Stage::Authorized { .. } | Stage::Released { .. } | Stage::Failed { .. } => {
                (captured, refunded, charge.balance_transaction) == (0, 0, None) && !charge.disputed
            }
        };
        if !fits {
            let detail = format!(
                "charge {} in world {} of {amount}: {captured} captured, {refunded} refunded",
                charge.key.number.0, world.0
            );
            self.found("a charge has no more than was captured", detail);
        }
        if let Stage::Authorized { until, .. } = charge.stage {
            self.awaited.insert((world, TimerKind::AuthorizationEnds, charge.key), Some(until));
        }
    }

    /// What a source received and was not charged or returned is on an account of its own.
    fn source(&mut self, world: World, source: &Source) {
        let Some(receiver) = &source.receiver else { return };
        let held = receiver.held();
        let at = (world, Account::Source(source.key.number), receiver.instructions.currency);
        let journal = self.house.remove(&at).unwrap_or_default();
        if held < 0 || journal.checked_neg() != Some(held) {
            let detail = format!(
                "source {} in world {}: it says {held}, the journal gives {}",
                source.key.number.0,
                world.0,
                journal.saturating_neg()
            );
            self.found("a source holds what it received", detail);
        }
    }

    /// Checks what a source says it received, and had to give back, against its transactions:
    /// the sum of all, and of those that were pulled back.
    pub fn received(&mut self, world: World, source: &Source, sum: i64, pulled_back: i64) {
        let Some(receiver) = &source.receiver else { return };
        if receiver.amount_received != sum || receiver.amount_returned < pulled_back {
            let detail = format!(
                "source {} in world {}: it says {} received and {} returned, its transactions \
                 {sum} and {pulled_back}",
                source.key.number.0, world.0, receiver.amount_received, receiver.amount_returned
            );
            self.found("a source knows what it received", detail);
        }
    }

    fn topup(&mut self, world: World, topup: &Topup) {
        let (number, is_there) = (topup.number.0, topup.status == TopupStatus::Succeeded);
        if topup.balance_transaction.is_some() != is_there {
            let detail = format!("top-up {number} in world {}", world.0);
            self.found("a top-up is in the balance once it succeeded", detail);
        }
        if topup.status == TopupStatus::Pending {
            let key = RowKey { customer: Number(0), number: topup.number };
            let due = Some(topup.expected_availability_date);
            self.awaited.insert((world, TimerKind::TopupArrives, key), due);
        }
    }

    /// Checks what a charge says was refunded against the sum of its refunds that did not fail and
    /// were not canceled.
    pub fn refunded(&mut self, world: World, intent: &PaymentIntent, sum: i64) {
        let Some(charge) = &intent.charge else { return };
        let told = (charge.amount_refunded, intent.amount);
        if charge.amount_refunded != sum || sum > intent.amount {
            self.wrongly_refunded(world, charge.number, told, sum);
        }
    }

    /// The same of a charge of a card or a source. What was not captured may have been let go by a
    /// refund, as a whole.
    pub fn charge_refunded(&mut self, world: World, charge: &CardCharge, sum: i64) {
        let fits = match charge.stage {
            Stage::Captured { .. } => charge.amount_refunded == sum,
            Stage::Released { .. } => sum == 0 || sum == charge.amount,
            Stage::Authorized { .. } | Stage::Failed { .. } => sum == 0,
        };
        if !fits {
            let told = (charge.amount_refunded, charge.amount);
            self.wrongly_refunded(world, charge.key.number, told, sum);
        }
    }

    fn wrongly_refunded(
        &mut self,
        world: World,
        charge: Number,
        (refunded, of): (i64, i64),
        sum: i64,
    ) {
        let (number, world) = (charge.0, world.0);
        let detail = format!(
            "charge {number} in world {world}: it says {refunded} of {of}, the refunds {sum}"
        );
        self.found("a charge knows what was refunded of it", detail);
    }

    fn refund(&mut self, world: World, refund: &Refund) {
        let request = refund.details_request.as_ref();
        if let Destination::Card { bounces } = refund.destination {
            // The card network has had it since the refund was made.
            let comes_back = bounces && refund.status == RefundStatus::Succeeded;
            if refund.status == RefundStatus::Pending || comes_back {
                self.awaited.insert((world, TimerKind::RefundArrives, refund.key), None);
            }
            return;
        }
        let (kind, due) = match refund.status {
            RefundStatus::RequiresAction => {
                (TimerKind::RefundExpires, request.map(|request| request.expires_at))
            }
            RefundStatus::Pending => (TimerKind::RefundArrives, None),
            RefundStatus::Succeeded | RefundStatus::Failed | RefundStatus::Canceled => return,
        };
        self.tell((world, Account::RefundsInTransit, refund.currency), refund.amount);
        self.awaited.insert((world, kind, refund.key), due);
    }

    fn payout(&mut self, world: World, payout: &Payout) {
        let key = RowKey { customer: Number(0), number: payout.number };
        match payout.status {
            // What is taken back never leaves the house: it only arrives.
            PayoutStatus::Pending if payout.original_payout.is_none() => {
                self.awaited.insert((world, TimerKind::PayoutLeaves, key), None);
            }
            PayoutStatus::Pending | PayoutStatus::InTransit => {}
            PayoutStatus::Paid | PayoutStatus::Failed | PayoutStatus::Canceled => return,
        }
        let arrives = (world, TimerKind::PayoutArrives, key);
        // An instant one arrives on that day, but not at its first moment.
        let is_standard = payout.method == PayoutMethod::Standard;
        self.awaited.insert(arrives, is_standard.then_some(payout.arrival_date));
        self.tell((world, Account::PayoutsInTransit, payout.currency), payout.amount);
    }

    /// Checks a line of the merchant's balance. `settles` says whether it has a timer for its day;
    /// `latest` is the moment of the newest row of all.
    pub fn line(
        &mut self,
        world: World,
        line: &BalanceTransaction,
        settles: bool,
        latest: Timestamp,
    ) {
        self.report.lines += 1;
        let net = line.amount.saturating_sub(line.fee);
        // The clock may be further than the newest row, so that nothing can be told of the others.
        if line.available_on > latest && !settles && net != 0 {
            let detail = format!("balance transaction {} in world {}", line.number.0, world.0);
            self.found("what is pending has a timer", detail);
        }
        let account = match settles {
            true => line.source_type.pending(),
            false => line.source_type.available(),
        };
        if settles && line.kind == BalanceKind::Charge {
            // A claim, so the other way round.
            self.tell((world, Account::CardNetwork, line.currency), -line.amount);
        }
        self.tell((world, account, line.currency), net);
        self.tell((world, Account::Fees, line.currency), line.fee);
    }

    /// Notes that rows say this much more is owed on an account.
    fn tell(&mut self, at: (World, Account, Currency), amount: i64) {
        let sum = self.told.entry(at).or_default();
        *sum = sum.saturating_sub(amount);
    }

    /// Notes a timer that is set. One that is left over from what has moved on does no harm.
    pub fn timer(&mut self, world: World, timer: &Timer) {
        let at = (world, timer.kind, timer.key);
        if self.awaited.get(&at).is_some_and(|due| due.is_none_or(|due| due == timer.due)) {
            self.awaited.remove(&at);
        }
    }

    /// Checks what can only be told when all documents, lines and timers were fed. To be called
    /// before the sums are.
    pub fn all_was_fed(&mut self) {
        for ((world, kind, key), _) in std::mem::take(&mut self.awaited) {
            let (kind, number) = (kind.as_str(), key.number.0);
            let detail = format!("there is no timer {kind} of {number} in world {}", world.0);
            self.found("what is under way has its timer", detail);
        }
        let left = |at: &(World, Account, Currency)| !at.1.is_house();
        let intents: Vec<_> = self.house.keys().filter(|at| left(at)).copied().collect();
        for at in intents {
            let sum = self.house.remove(&at).unwrap_or_default().saturating_neg();
            let (world, account, currency) = at;
            let detail =
                format!("{account:?} in world {}: nothing tells of {sum} {currency}", world.0);
            self.found(HELD, detail);
        }
        for (account, invariant) in TOLD {
            let told = self.told.keys().chain(self.house.keys());
            let mut all: Vec<_> = told.filter(|at| at.1 == account).copied().collect();
            all.sort_unstable();
            all.dedup();
            for at in all {
                let journal = self.house.get(&at).copied().unwrap_or_default();
                let rows = self.told.get(&at).copied().unwrap_or_default();
                if journal != rows {
                    let (world, account, currency) = at;
                    let detail = format!(
                        "{account:?} in world {}: the journal gives {journal} {currency}, \
                         the rows {rows}",
                        world.0
                    );
                    self.found(invariant, detail);
                }
            }
        }
    }
}
