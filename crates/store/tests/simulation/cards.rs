//! What clients ask about cards, sources and top-ups, and whoever takes the cards.

use std::collections::BTreeMap;

use books::balance::SourceType;
use books::card::{
    Acquirer, Approved, Authorization, Authorized, Brand, Card, Checks, Decline, Funding, Risk,
    SentBack,
};
use books::cash_balance::{BankTransfer, Sender};
use books::charge::{ChargeProfile, Stage};
use books::command::{
    Capture, CardCommand, CardEdit, CardGiven, ChargeCommand, ChargeDraft, ChargeEdit,
    Confirmation, Given, IntentCommand, IntentDraft, IntentEdit, MethodDraft, PayWith, Payer,
    Presence, SourceCommand, SourceDraft, SourceGiven, TopupCommand, TopupDraft, WalletCommand,
};
use books::payment_intent::{
    BillingDetails, InstrumentKey, IntentProfile, IntentStatus, MethodType, PaymentIntent,
};
use books::payout::PayoutFailure;
use books::source::{Owner, RefundAttributes, SourceKind};
use books::{Command, Currency, Document, Kind, Number, RowKey};

use crate::clients::{Known, add, amount, currency, keep, options, texts};
use crate::random::Random;

/// Cards by what they do; more of those that pay.
const CARDS: [&str; 12] = [
    "pays",
    "pays",
    "pays",
    "pays",
    "at_once",
    "declines",
    "declines_later",
    "asks",
    "asks",
    "disputes",
    "later",
    "bounces",
];

/// Takes cards by what their reference says.
pub struct Network;

fn declined() -> Decline {
    Decline { code: "card_declined".into(), decline_code: None }
}

impl Acquirer for Network {
    fn verify(&self, card: &Card) -> Result<Checks, Decline> {
        match card.reference.as_str() {
            "declines" => Err(declined()),
            _ => Ok(Checks::default()),
        }
    }

    fn authorize(&self, ask: &Authorization<'_>) -> Authorized {
        let does = ask.card.reference.as_str();
        match does {
            "declines" | "declines_later" => Authorized::Declined(declined(), Risk::Normal),
            "asks" if ask.is_authenticated => Authorized::Approved(Approved::default()),
            "asks" if ask.holder_is_there => Authorized::NeedsHolder,
            "asks" => Authorized::Declined(declined(), Risk::Normal),
            _ => Authorized::Approved(Approved {
                settles_at_once: does == "at_once",
                is_disputed: does == "disputes",
                ..Approved::default()
            }),
        }
    }

    fn capture(&self, _: &Card, _: i64, _: Currency) -> Result<(), Decline> {
        Ok(())
    }

    fn void(&self, _: &Card, _: i64, _: Currency) {}

    fn refund(&self, card: &Card, _: i64, _: Currency) -> SentBack {
        match card.reference.as_str() {
            "later" => SentBack::Later,
            "bounces" => SentBack::Bounces,
            _ => SentBack::Arrived,
        }
    }
}

fn card(random: &mut Random) -> Box<Card> {
    Box::new(Card {
        brand: Brand::Visa,
        country: "US".into(),
        exp_month: 12,
        exp_year: 2034,
        fingerprint: "f".into(),
        funding: Funding::Credit,
        last4: "4242".into(),
        reference: random.pick(&CARDS).to_string(),
        name: None,
        address: None,
        checks: Checks::default(),
    })
}

/// What clients know of cards, sources and top-ups.
#[derive(Default)]
pub struct Instruments {
    tokens: Vec<RowKey>,
    cards: Vec<RowKey>,
    sources: Vec<RowKey>,
    transactions: Vec<RowKey>,
    topups: Vec<Number>,
    charges: Vec<RowKey>,
    /// Charges that can be captured.
    authorized: Vec<RowKey>,
    /// Intents whose card's holder is to authenticate, and those that can be captured.
    waiting: Vec<RowKey>,
    capturable: Vec<RowKey>,
}

impl Instruments {
    /// Takes note of a document as it is now.
    pub fn learn(&mut self, document: &Document) {
        let key = document.key();
        match document {
            Document::Token(_) => add(&mut self.tokens, key),
            Document::Card(card) => keep(&mut self.cards, key, !card.deleted),
            Document::Source(_) => add(&mut self.sources, key),
            Document::SourceTransaction(_) => add(&mut self.transactions, key),
            Document::Topup(_) => add(&mut self.topups, key.number),
            Document::CardCharge(charge) => {
                add(&mut self.charges, key);
                let waits = matches!(charge.stage, Stage::Authorized { .. });
                keep(&mut self.authorized, key, waits && charge.payment_intent.is_none());
            }
            Document::PaymentIntent(intent) => {
                let latest = intent.card.as_ref().and_then(|card| card.latest_charge);
                latest.into_iter().for_each(|number| {
                    add(&mut self.charges, RowKey { number, ..key });
                });
                keep(&mut self.waiting, key, intent.waits_for_holder());
                let waits = intent.status == IntentStatus::RequiresCapture;
                keep(&mut self.capturable, key, waits);
            }
            _ => {}
        }
    }

    /// Documents that must be there.
    pub fn documents(&self) -> Vec<(Kind, RowKey)> {
        let topups =
            self.topups.iter().map(|number| RowKey { customer: Number(0), number: *number });
        let topups: Vec<RowKey> = topups.collect();
        let all = [
            (Kind::Token, &self.tokens),
            (Kind::Card, &self.cards),
            (Kind::Source, &self.sources),
            (Kind::SourceTransaction, &self.transactions),
            (Kind::Topup, &topups),
            (Kind::Charge, &self.charges),
        ];
        let rows =
            all.into_iter().flat_map(|(kind, rows)| rows.iter().map(move |key| (kind, *key)));
        rows.collect()
    }
}

impl Known {
    /// What is asked next about cards.
    pub fn about_cards(&self, random: &mut Random) -> Option<Command> {
        match random.below(20) {
            0 => Some(Command::Card(CardCommand::MakeToken { card: card(random) })),
            1 | 2 => self.about_wallet(random),
            3..8 => self.charge(random),
            8..10 => {
                let likely = match random.percent(80) {
                    true => &self.instruments.authorized,
                    false => &self.instruments.charges,
                };
                let charge = self.of(random, likely)?;
                let amount = random.percent(50).then(|| amount(random));
                let edits = vec![ChargeEdit::Description(Some("captured".into()))];
                Some(Command::Charge(ChargeCommand::Capture { charge, amount, edits }))
            }
            10..14 => self.create_card_intent(random),
            _ => self.about_card_intent(random).map(Command::Intent),
        }
    }

    fn given(&self, random: &mut Random) -> CardGiven {
        match random.recent(&self.instruments.tokens).filter(|_| random.percent(40)) {
            Some(token) => CardGiven::Token(token),
            None => CardGiven::Fresh(card(random)),
        }
    }

    fn about_wallet(&self, random: &mut Random) -> Option<Command> {
        let customer = random.recent(&self.customers)?;
        Some(Command::Wallet(match random.below(6) {
            0 => {
                let key = self.of(random, &self.instruments.cards)?;
                let (customer, named) = (key.customer, InstrumentKey::Card(key));
                WalletCommand::Remove { customer, named }
            }
            1 => {
                let given = Given::Source(self.of(random, &self.instruments.sources)?);
                WalletCommand::Add { customer, given, metadata: texts(random) }
            }
            _ => {
                let given = Given::Card(self.given(random));
                WalletCommand::Add { customer, given, metadata: texts(random) }
            }
        }))
    }

    fn charge(&self, random: &mut Random) -> Option<Command> {
        let payer = match random.below(10) {
            0 | 1 => Payer::Default(random.recent(&self.customers)?),
            2 | 3 => {
                let key = self.of(random, &self.instruments.cards)?;
                Payer::Customer(key.customer, InstrumentKey::Card(key))
            }
            4..7 => Payer::Source(self.of(random, &self.instruments.sources)?),
            _ => Payer::Given(self.given(random)),
        };
        let draft = Box::new(ChargeDraft {
            amount: amount(random),
            currency: currency(random),
            capture: random.percent(60),
            profile: ChargeProfile { metadata: texts(random), ..ChargeProfile::default() },
        });
        Some(Command::Charge(ChargeCommand::Create { payer, draft }))
    }

    fn pay_with(&self, random: &mut Random) -> CardEdit {
        if let Some(key) = random.recent(&self.instruments.cards).filter(|_| random.percent(20)) {
            return CardEdit::Instrument(PayWith::Kept(InstrumentKey::Card(key)));
        }
        CardEdit::Instrument(PayWith::New(Box::new(MethodDraft {
            card: self.given(random),
            param: "payment_method",
            billing_details: BillingDetails::default(),
            allow_redisplay: None,
            metadata: BTreeMap::new(),
        })))
    }

    fn create_card_intent(&self, random: &mut Random) -> Option<Command> {
        let customer = match random.percent(85) {
            true => random.recent(&self.customers)?,
            false => Number(0),
        };
        let currency = currency(random);
        let has_cash = customer != Number(0) && random.percent(50);
        let mut methods = vec![MethodType::Card];
        let mut card = vec![];
        if has_cash {
            methods.push(MethodType::CustomerBalance);
        }
        if random.percent(80) {
            card.push(self.pay_with(random));
        }
        if random.percent(30) {
            card.push(CardEdit::CaptureMethod(Some("manual".into())));
        }
        if random.percent(20) {
            card.push(CardEdit::SetupFutureUsage(Some("off_session".into())));
        }
        let draft = Box::new(IntentDraft {
            amount: amount(random),
            currency,
            methods,
            transfer: options(random, currency).filter(|_| has_cash),
            method: None,
            automatic_methods: None,
            card,
            presence: presence(random),
            profile: IntentProfile { metadata: texts(random), ..IntentProfile::default() },
        });
        Some(Command::Intent(IntentCommand::Create {
            customer,
            draft,
            confirm: random.percent(75),
        }))
    }

    fn about_card_intent(&self, random: &mut Random) -> Option<IntentCommand> {
        let known = &self.instruments;
        Some(match random.below(3) {
            0 if !known.waiting.is_empty() => {
                let intent = self.of(random, &known.waiting)?;
                IntentCommand::Authenticate { intent, succeeded: random.percent(75) }
            }
            1 if !known.capturable.is_empty() => {
                let amount = random.percent(50).then(|| amount(random));
                let intent = self.of(random, &known.capturable)?;
                let capture = Box::new(Capture { amount, edits: vec![] });
                IntentCommand::Capture { intent, capture }
            }
            _ => {
                let intent = self.of(random, &self.open_intents)?;
                let edits = vec![IntentEdit::Card(self.pay_with(random))];
                let (presence, is_by_card) = (presence(random), true);
                let confirmation =
                    Confirmation { payment_method: None, edits, presence, is_by_card };
                IntentCommand::Confirm { intent, confirmation: Box::new(confirmation) }
            }
        })
    }

    /// What is asked next about sources and top-ups.
    pub fn about_sources(&self, random: &mut Random) -> Option<Command> {
        let known = &self.instruments;
        Some(match random.below(12) {
            0..3 => Command::Source(SourceCommand::Create(Box::new(self.source(random)))),
            3..6 => {
                let source = self.of(random, &known.sources)?;
                let sender = Sender::simulated(Currency::USD)?;
                let transfer = BankTransfer { reference: None, sender };
                let amount = amount(random) + amount(random);
                Command::Source(SourceCommand::Receive { source, amount, transfer })
            }
            6 => {
                let transaction = self.of(random, &known.transactions)?;
                Command::Source(SourceCommand::PullBack { transaction })
            }
            7 => {
                let source = self.of(random, &known.sources)?;
                let amount = random.percent(50).then(|| amount(random));
                Command::Source(SourceCommand::SendBack { source, amount })
            }
            8 => Command::Topup(TopupCommand::Cancel { topup: random.recent(&known.topups)? }),
            _ => Command::Topup(TopupCommand::Create(Box::new(topup(random)))),
        })
    }

    fn source(&self, random: &mut Random) -> SourceDraft {
        let is_card = random.percent(25);
        let (given, currency) = match random.below(4) {
            _ if is_card => (SourceGiven::Card(self.given(random)), None),
            0 => (receiver(SourceKind::SepaCreditTransfer), Some(Currency::EUR)),
            _ => (receiver(SourceKind::AchCreditTransfer), Some(Currency::USD)),
        };
        SourceDraft {
            given,
            is_reusable: random.percent(50),
            amount: random.percent(50).then(|| amount(random)),
            currency,
            owner: Owner { email: Some("grace@example.com".into()), ..Owner::default() },
            statement_descriptor: None,
            metadata: texts(random),
            // Whoever is answered with a source is not told of a transfer that it made.
            simulated: None,
        }
    }
}

fn receiver(kind: SourceKind) -> SourceGiven {
    SourceGiven::Receiver(kind, RefundAttributes::default())
}

fn presence(random: &mut Random) -> Presence {
    Presence { off_session: random.percent(10), cannot_act: random.percent(5) }
}

fn topup(random: &mut Random) -> TopupDraft {
    let fails = random.percent(25).then_some(PayoutFailure::AccountClosed);
    TopupDraft {
        amount: amount(random),
        currency: currency(random),
        named: random.percent(50).then_some(fails),
        description: None,
        statement_descriptor: None,
        transfer_group: None,
        metadata: texts(random),
    }
}

/// The part of the balance that a payout is to come from.
pub fn source_type(random: &mut Random) -> SourceType {
    if random.percent(20) { SourceType::BankAccount } else { SourceType::Card }
}

/// The newest charge of an intent, which a command about it may have made.
pub fn latest_charge(intent: &PaymentIntent) -> Option<Number> {
    intent.card.as_ref()?.latest_charge
}
