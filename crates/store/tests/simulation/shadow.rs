//! The shadow of the books: what must have become of each command, from what is known about the
//! ones before it. It knows keys and their answers, what was made, and which timers are done; it
//! knows nothing about money, which the auditor does.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use books::command::{
    CardCommand, ChargeCommand, IntentCommand, InvoiceCommand, LaterCommand, PayoutCommand,
    RefundCommand, SourceCommand, TopupCommand, WalletCommand,
};
use books::timer::Timer;
use books::{Command, Document, Kind, Number, Refusal, Reply, RowKey, World};
use store::{Kept, Outcome};

use crate::cards::latest_charge;
use crate::job::{Ask, Decided};
use crate::life::Wave;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// A key must be remembered for so long; from `FORGOTTEN_MS` on it must be free again.
pub const REMEMBERED_MS: i64 = 23 * HOUR_MS;
const FORGOTTEN_MS: i64 = 25 * HOUR_MS;

/// What a key was used for.
pub struct Used {
    pub ask: Ask,
    pub at_ms: i64,
    request_id: String,
    kept: Kept,
    reply: Option<Reply>,
}

/// What became of one command of a wave.
pub enum Fate {
    /// It was answered; this is what there is to learn.
    Answered(Option<Reply>),
    /// Nobody was answered; it may have happened.
    Unanswered,
}

/// Everything that must be so.
#[derive(Default)]
pub struct Shadow {
    used: BTreeMap<(World, String), Used>,
    fired: HashSet<(World, Timer)>,
    /// Rows of successful fundings.
    pub funded: BTreeSet<(World, RowKey)>,
    /// Rows that only requests make, by the kind of document.
    pub made: BTreeMap<&'static str, BTreeSet<(World, Number)>>,
    /// How often each thing happened, for the log.
    pub counts: BTreeMap<&'static str, usize>,
}

/// What must become of a command.
enum Expected<'a> {
    Decided,
    Replay(&'a Used),
    KeyReused,
    /// The key is just about to be forgotten.
    Either,
}

impl Shadow {
    /// Holds a wave against what must have become of it. `first_request` is the number of the
    /// request before it.
    pub fn check(
        &mut self,
        asks: &[Ask],
        wave: &Wave,
        first_request: u64,
        now_ms: i64,
    ) -> Result<Vec<Fate>, String> {
        let mut fates = Vec::with_capacity(asks.len());
        for (at, ask) in asks.iter().enumerate() {
            let (outcome, decided) = (&wave.outcomes[at], &wave.decided[at]);
            let happened = wave.death.is_none_or(|death| {
                let (first, count) = death.batch;
                at < first || (at < first + count && death.committed)
            });
            let request_id = format!("req_{}", first_request + at as u64 + 1);
            let name = || format!("{request_id} ({:?}, {:?})", ask.key, ask.command);
            match (outcome, wave.death) {
                (Some(_), _) if !happened => {
                    return Err(format!("{} was answered before its commit", name()));
                }
                (None, None) => return Err(format!("{} was never answered", name())),
                (None, Some(death)) if at < death.batch.0 => {
                    return Err(format!("{} was committed and is not answered", name()));
                }
                _ if !happened => fates.push(Fate::Unanswered),
                _ => {
                    let fate = self.check_one(ask, outcome, decided, request_id.clone(), now_ms);
                    fates.push(fate.map_err(|why| format!("{}: {why}", name()))?);
                }
            }
        }
        Ok(fates)
    }

    fn check_one(
        &mut self,
        ask: &Ask,
        outcome: &Option<Outcome>,
        decided: &Option<Decided>,
        request_id: String,
        now_ms: i64,
    ) -> Result<Fate, String> {
        let expected = self.expected(ask, now_ms);
        if let Some(Outcome::Failed(error)) = outcome {
            return Err(format!("it failed: {error:?}"));
        }
        let learned = match (&expected, outcome) {
            (Expected::Replay(used), Some(Outcome::Replay(answer))) => {
                if answer.request_id != used.request_id || answer.kept != used.kept {
                    return Err(format!("the replay differs: {answer:?}, not {:?}", used.kept));
                }
                Some(used.reply.clone())
            }
            (Expected::KeyReused, Some(Outcome::KeyReused)) => Some(None),
            (Expected::Replay(_) | Expected::KeyReused, None) if decided.is_none() => None,
            (Expected::Either, Some(Outcome::Replay(_) | Outcome::KeyReused)) => Some(None),
            (Expected::Either, None) if decided.is_none() => None,
            (Expected::Decided | Expected::Either, Some(Outcome::Decided { result, kept })) => {
                let seen = decided.as_ref().ok_or("nobody saw it being decided")?;
                if seen.result != *result || seen.kept != *kept {
                    return Err(format!("decided {:?}, answered {result:?}", seen.result));
                }
                Some(result.clone().ok())
            }
            (Expected::Decided | Expected::Either, None) if decided.is_some() => None,
            _ => return Err(self.surprise(&expected, outcome, decided)),
        };
        if let Some(decided) = decided {
            self.note(ask, decided, request_id)?;
        }
        Ok(learned.map_or(Fate::Unanswered, Fate::Answered))
    }

    fn expected(&self, ask: &Ask, now_ms: i64) -> Expected<'_> {
        let Some(key) = &ask.key else { return Expected::Decided };
        match self.used.get(&(ask.world, key.clone())) {
            Some(used) if now_ms - used.at_ms < REMEMBERED_MS => {
                match used.ask.fingerprint() == ask.fingerprint() {
                    true => Expected::Replay(used),
                    false => Expected::KeyReused,
                }
            }
            Some(used) if now_ms - used.at_ms < FORGOTTEN_MS => Expected::Either,
            _ => Expected::Decided,
        }
    }

    fn surprise(
        &self,
        expected: &Expected<'_>,
        outcome: &Option<Outcome>,
        decided: &Option<Decided>,
    ) -> String {
        let expected = match expected {
            Expected::Decided => "a decision".to_owned(),
            Expected::Replay(used) => format!("a replay of {}", used.request_id),
            Expected::KeyReused => "a key that was used for something else".to_owned(),
            Expected::Either => "anything".to_owned(),
        };
        let got = match outcome {
            None => "no answer".to_owned(),
            Some(Outcome::Decided { result, .. }) => format!("decided {result:?}"),
            Some(Outcome::Replay(answer)) => format!("a replay of {}", answer.request_id),
            Some(Outcome::KeyReused) => "a reused key".to_owned(),
            Some(Outcome::Failed(error)) => format!("{error:?}"),
        };
        format!("it was to be {expected}; got {got}; inside: {decided:?}")
    }

    /// Takes note of what was decided and is on disk.
    fn note(&mut self, ask: &Ask, decided: &Decided, request_id: String) -> Result<(), String> {
        let Decided { result, kept, at_ms } = decided;
        let kind = kind_of(&ask.command);
        *self.counts.entry(if result.is_ok() { kind } else { "refused" }).or_default() += 1;
        if let (Some(key), Some(kept)) = (&ask.key, kept) {
            let (kept, reply) = (kept.clone(), result.clone().ok());
            let used = Used { ask: ask.clone(), at_ms: *at_ms, request_id, kept, reply };
            self.used.insert((ask.world, key.clone()), used);
        }
        match (&ask.command, result) {
            (Command::Later(_), Err(refusal)) => return Err(format!("refused: {refusal:?}")),
            (Command::Later(LaterCommand::Settle(timers)), Ok(_)) => {
                self.fired.extend(timers.iter().map(|timer| (ask.world, *timer)));
            }
            (Command::Later(LaterCommand::Due(timer)), Ok(_)) => {
                self.fired.insert((ask.world, *timer));
            }
            (_, Err(Refusal::AmountTooLarge)) => return Err("amounts are small here".into()),
            (command, Ok(reply)) => self.note_made(ask.world, command, reply),
            (_, Err(_)) => {}
        }
        Ok(())
    }

    fn note_made(&mut self, world: World, command: &Command, reply: &Reply) {
        match (command, reply) {
            (Command::Fund { .. }, Reply::CashTransaction(row)) => {
                self.funded.insert((world, row.key));
            }
            (Command::CreateCustomer { .. }, Reply::Customer(customer)) => {
                self.made.entry("customer").or_default().insert((world, customer.number));
            }
            (
                Command::Invoice(InvoiceCommand::Create { .. } | InvoiceCommand::CreateItem { .. })
                | Command::Payout(
                    PayoutCommand::Create(_)
                    | PayoutCommand::Reverse { .. }
                    | PayoutCommand::CreateBankAccount(_),
                ),
                Reply::Document(document),
            )
            | (
                Command::Card(CardCommand::MakeToken { .. })
                | Command::Wallet(WalletCommand::Add { .. })
                | Command::Charge(ChargeCommand::Create { .. })
                | Command::Source(SourceCommand::Create(_) | SourceCommand::Receive { .. })
                | Command::Topup(TopupCommand::Create(_)),
                Reply::Document(document),
            ) => self.note_row(world, document.kind(), document.key().number),
            (_, Reply::ChargeFailed(charge)) => {
                self.note_row(world, Kind::Charge, charge.key.number);
            }
            // A confirmation may have charged a card.
            (Command::Intent(_), Reply::PaymentFailed(intent))
            | (Command::Intent(_), Reply::Document(Document::PaymentIntent(intent))) => {
                if let Some(charge) = latest_charge(intent) {
                    self.note_row(world, Kind::Charge, charge);
                }
            }
            _ => {}
        }
    }

    fn note_row(&mut self, world: World, kind: Kind, number: Number) {
        self.made.entry(kind.object()).or_default().insert((world, number));
    }

    /// No timer whose effect is on disk is ever due again.
    pub fn check_due(&self, due: &[(World, Timer)]) -> Result<(), String> {
        match due.iter().find(|timer| self.fired.contains(timer)) {
            Some(again) => Err(format!("{again:?} was carried out and is due again")),
            None => Ok(()),
        }
    }

    /// Requests whose keys must still be known, the last ones first.
    pub fn remembered(&self, now_ms: i64) -> Vec<&Used> {
        let fresh = |used: &&Used| now_ms - used.at_ms < REMEMBERED_MS;
        let mut fresh: Vec<&Used> = self.used.values().filter(fresh).collect();
        fresh.sort_by_key(|used| (-used.at_ms, used.request_id.clone()));
        fresh
    }

    /// Requests whose keys must be free again.
    pub fn forgotten(&self, now_ms: i64) -> Vec<&Used> {
        let old = |used: &&Used| now_ms - used.at_ms >= FORGOTTEN_MS;
        self.used.values().filter(old).collect()
    }
}

/// A name for the log.
fn kind_of(command: &Command) -> &'static str {
    match command {
        Command::CreateCustomer { .. } => "customer",
        Command::UpdateCustomer { .. } => "customer update",
        Command::DeleteCustomer { .. } => "customer delete",
        Command::UpdateCashBalance { .. } => "cash balance update",
        Command::GetInstructions { .. } => "instructions",
        Command::Fund { .. } => "fund",
        Command::ReverseTransfer { .. } => "reversal",
        Command::Intent(IntentCommand::Create { .. }) => "intent",
        Command::Intent(IntentCommand::Update { .. }) => "intent update",
        Command::Intent(IntentCommand::Confirm { .. }) => "intent confirm",
        Command::Intent(IntentCommand::Cancel { .. }) => "intent cancel",
        Command::Intent(IntentCommand::Apply { .. }) => "intent apply",
        Command::Intent(IntentCommand::Capture { .. }) => "intent capture",
        Command::Intent(IntentCommand::Authenticate { .. }) => "intent authenticate",
        Command::Card(CardCommand::MakeToken { .. }) => "token",
        Command::Wallet(WalletCommand::Add { .. }) => "wallet add",
        Command::Wallet(WalletCommand::Remove { .. }) => "wallet remove",
        Command::Charge(ChargeCommand::Create { .. }) => "charge",
        Command::Charge(ChargeCommand::Capture { .. }) => "capture",
        Command::Source(SourceCommand::Create(_)) => "source",
        Command::Source(SourceCommand::Receive { .. }) => "source receive",
        Command::Source(SourceCommand::PullBack { .. }) => "source pull back",
        Command::Source(SourceCommand::SendBack { .. }) => "source send back",
        Command::Topup(TopupCommand::Create(_)) => "topup",
        Command::Topup(TopupCommand::Cancel { .. }) => "topup cancel",
        Command::Refund(RefundCommand::OfPayment { .. }) => "refund",
        Command::Refund(RefundCommand::ToCashBalance { .. }) => "refund to cash",
        Command::Refund(RefundCommand::Return { .. }) => "return",
        Command::Refund(RefundCommand::Update { .. }) => "refund update",
        Command::Refund(RefundCommand::Cancel { .. }) => "refund cancel",
        Command::Refund(RefundCommand::Expire { .. }) => "refund expire",
        Command::Refund(RefundCommand::GiveBankDetails { .. }) => "refund details",
        Command::Payout(PayoutCommand::Create(_)) => "payout",
        Command::Payout(PayoutCommand::Update { .. }) => "payout update",
        Command::Payout(PayoutCommand::Cancel { .. }) => "payout cancel",
        Command::Payout(PayoutCommand::Reverse { .. }) => "payout reverse",
        Command::Payout(PayoutCommand::CreateBankAccount(_)) => "bank account",
        Command::Payout(PayoutCommand::UpdateBankAccount { .. }) => "bank account update",
        Command::Payout(PayoutCommand::DeleteBankAccount { .. }) => "bank account delete",
        Command::Invoice(InvoiceCommand::Create { .. }) => "invoice",
        Command::Invoice(InvoiceCommand::CreateItem { .. }) => "invoice item",
        Command::Invoice(InvoiceCommand::Finalize { .. }) => "invoice finalize",
        Command::Invoice(InvoiceCommand::Pay { .. }) => "invoice pay",
        Command::Invoice(InvoiceCommand::Void { .. }) => "invoice void",
        Command::Invoice(InvoiceCommand::MarkUncollectible { .. }) => "invoice uncollectible",
        Command::Later(LaterCommand::Settle(_)) => "settle",
        Command::Later(LaterCommand::Due(_)) => "due",
        Command::Later(LaterCommand::Look(..)) => "look",
        Command::Later(LaterCommand::Looked(..)) => "looked",
        _ => "something else",
    }
}
