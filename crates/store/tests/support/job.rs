//! Jobs that tell what became of them as a line of text.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use books::card::Acquirer;
use books::event::RequestCause;
use books::payment_intent::PaymentIntent;
use books::{Command, Document, Refusal, Reply, View, World};
use store::{Answer, Idempotency, Job, Kept, Outcome, Readers, Sight, StoreError};

use super::Clock;

pub type Gate = (Sender<()>, Arc<Mutex<Receiver<()>>>);

/// Looks at the books from within a batch.
pub type Look = Arc<dyn Fn(&dyn View) -> String + Send + Sync>;

/// A command to submit.
#[derive(Clone)]
pub struct Ask {
    pub command: Command,
    pub hold: Option<Gate>,
    world: Option<World>,
    key: Option<(&'static str, &'static str)>,
    derange: Option<Arc<Clock>>,
    panic: bool,
    look: Option<Look>,
}

impl From<Command> for Ask {
    fn from(command: Command) -> Ask {
        let (world, key, hold, derange) = (None, None, None, None);
        Ask { command, hold, world, key, derange, panic: false, look: None }
    }
}

impl Ask {
    /// With an idempotency key and the fingerprint of the request.
    pub fn key(mut self, key: &'static str, fingerprint: &'static str) -> Ask {
        self.key = Some((key, fingerprint));
        self
    }

    pub fn world(mut self, world: World) -> Ask {
        self.world = Some(world);
        self
    }

    /// After this command was decided the clock goes wrong, for the next one.
    pub fn derange(mut self, clock: &Arc<Clock>) -> Ask {
        self.derange = Some(clock.clone());
        self
    }

    /// Making the answer to this command meets a bug.
    pub fn panic_in_keep(mut self) -> Ask {
        self.panic = true;
        self
    }

    /// Tells what `look` makes of the books as this command left them, in place of the outcome.
    pub fn seeing(mut self, look: impl Fn(&dyn View) -> String + Send + Sync + 'static) -> Ask {
        self.look = Some(Arc::new(look));
        self
    }

    /// The job, and where it tells what became of it.
    pub fn into_job(
        self,
        world: World,
        readers: &Arc<Readers>,
    ) -> (Box<dyn Job>, Receiver<String>) {
        let (tell, told) = channel();
        let job = TestJob {
            world: self.world.unwrap_or(world),
            idempotency: self.key.map(|(key, fingerprint)| Idempotency {
                key: padded(key),
                fingerprint: padded(fingerprint),
                request_id: format!("req_{key}"),
            }),
            ask: self,
            readers: readers.clone(),
            tell,
        };
        (Box::new(job), told)
    }
}

fn padded(text: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes
}

/// A job as the server has them, whose outcome is a line of text.
struct TestJob {
    ask: Ask,
    world: World,
    idempotency: Option<Idempotency>,
    readers: Arc<Readers>,
    tell: Sender<String>,
}

impl Job for TestJob {
    fn world(&self) -> World {
        self.world
    }

    fn command(&self) -> &Command {
        &self.ask.command
    }

    fn cause(&self) -> Option<Arc<RequestCause>> {
        let request_id = "req_test".to_owned();
        Some(Arc::new(RequestCause { request_id, idempotency_key: None }))
    }

    fn acquirer(&self) -> Option<Arc<dyn Acquirer>> {
        super::cards::acquirer()
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        self.idempotency.as_ref()
    }

    fn keep(
        &self,
        result: &std::result::Result<Reply, Refusal>,
        sight: &Sight<'_>,
    ) -> Option<Kept> {
        if let Some((arrived, released)) = &self.ask.hold {
            let _ = arrived.send(());
            let _ = released.lock().unwrap().recv();
        }
        assert!(!self.ask.panic, "the bug that was asked for");
        if let Some(clock) = &self.ask.derange {
            clock.wrong_once.store(true, Ordering::SeqCst);
        }
        if let Some(look) = &self.ask.look {
            return Some(Kept::Bytes { status: 200, body: look(sight).into_bytes() });
        }
        match result {
            Err(Refusal::CustomerMissing { .. }) => None,
            Ok(Reply::CashTransaction(row)) => Some(Kept::CashTransaction(row.key)),
            other => Some(Kept::Bytes {
                status: if other.is_ok() { 200 } else { 400 },
                body: shown(other).into_bytes(),
            }),
        }
    }

    fn done(self: Box<Self>, outcome: Outcome) {
        let text = match &outcome {
            Outcome::Decided { result, .. } if !self.visible(result) => {
                "answered before a reader can see it".into()
            }
            Outcome::Decided { kept: Some(Kept::Bytes { body, .. }), .. }
                if self.ask.look.is_some() =>
            {
                String::from_utf8_lossy(body).into_owned()
            }
            Outcome::Decided { result, .. } => shown(result),
            Outcome::Replay(answer) => replay(answer),
            Outcome::KeyReused => "key reused".into(),
            Outcome::Failed(error) => format!("failed: {error:?}"),
        };
        // The test may have lost its interest.
        let _ = self.tell.send(text);
    }
}

impl TestJob {
    /// Whether what is being answered can be read by others at this very moment.
    fn visible(&self, result: &std::result::Result<Reply, Refusal>) -> bool {
        let seen = self.readers.snapshot(|reader| {
            Ok(match result {
                Ok(Reply::Customer(customer)) => {
                    let found = reader.customer(self.world, customer.number)?;
                    found.is_some_and(|found| !customer.deleted || found.deleted)
                }
                Ok(Reply::CashTransaction(row)) => {
                    reader.cash_transaction(self.world, row.key)?.as_ref() == Some(row)
                }
                Ok(Reply::Document(document)) => {
                    reader.document(self.world, document.kind(), document.key())?.is_some()
                }
                _ => true,
            })
        });
        // A reader that lost its connection at this very moment has seen nothing wrong.
        matches!(seen, Ok(true) | Err(StoreError::Unreachable(_)))
    }
}

fn shown(result: &std::result::Result<Reply, Refusal>) -> String {
    match result {
        Ok(Reply::Customer(customer)) if customer.deleted => "deleted".into(),
        Ok(Reply::Customer(_)) => "customer".into(),
        Ok(Reply::CashTransaction(row)) => {
            let (net, ends) = (row.net_amount, row.ending_balance);
            format!("{} {} {net} -> {ends}", row.cause.type_name(), row.currency)
        }
        Ok(Reply::CashBalance(_, settings, _)) => settings.reconciliation_mode.as_str().into(),
        Ok(Reply::Instructions(made, _)) => made.account_key.clone(),
        Ok(Reply::Document(document)) => shown_document(document),
        Ok(Reply::PaymentFailed(intent)) => {
            format!("too little: {}", intent_shown(intent))
        }
        Ok(Reply::ChargeFailed(charge)) => format!("declined {}", charge.amount),
        Ok(Reply::Done) => "done".into(),
        #[allow(unreachable_patterns, reason = "what no test asks for yet")]
        Ok(other) => format!("{other:?}"),
        Err(refusal) => format!("{refusal:?}"),
    }
}

fn shown_document(document: &Document) -> String {
    match document {
        Document::PaymentIntent(intent) => intent_shown(intent),
        Document::Refund(refund) => format!("refund {} {}", refund.status.as_str(), refund.amount),
        Document::Payout(payout) => format!("payout {} {}", payout.status.as_str(), payout.amount),
        Document::Topup(topup) => format!("topup {} {}", topup.status.as_str(), topup.amount),
        Document::Invoice(invoice) => {
            let (status, paid) = (invoice.status.as_str(), invoice.amount_paid);
            format!("invoice {status} {paid}/{}", invoice.amount_due())
        }
        Document::Source(source) => {
            let held = source.receiver.as_ref().map_or(0, |receiver| receiver.held());
            format!("source {} {held}", source.status.as_str())
        }
        Document::CardCharge(charge) => {
            format!("charge {}/{}", charge.amount_captured, charge.amount)
        }
        other => other.kind().object().into(),
    }
}

/// Its status, and how much of it is there.
fn intent_shown(intent: &PaymentIntent) -> String {
    format!("{} {}/{}", intent.status.as_str(), intent.applied, intent.amount)
}

fn replay(answer: &Answer) -> String {
    let first = &answer.request_id;
    match &answer.kept {
        Kept::CashTransaction(_) => format!("replay of {first}: a row"),
        Kept::Bytes { status, body } => {
            format!("replay of {first}: {status} {}", String::from_utf8_lossy(body))
        }
    }
}
