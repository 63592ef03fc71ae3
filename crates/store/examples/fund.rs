//! The lane alone, without HTTP: how many fundings a second it commits with so many in flight.
//!
//! `cargo run --release -p purser-store --example fund -- DIR [CUSTOMERS] [FUNDINGS] [IN_FLIGHT]`

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use books::cash_balance::{BankTransfer, Sender as Payer};
use books::decision::AccountNumbers;
use books::event::RequestCause;
use books::funding::Instructions;
use books::time::Millis;
use books::{Command, Currency, IdKey, Number, Refusal, Reply, Rules, World};
use store::{Idempotency, Job, Kept, Lane, LaneOptions, Location, Outcome, Sight, Store};

/// Nobody asks for account numbers here.
struct NoBank;

impl AccountNumbers for NoBank {
    fn draw(&self, _: Number, _: &str, _: Option<&str>, _: u32) -> Option<Instructions> {
        None
    }
}

struct Load {
    command: Command,
    cause: Arc<RequestCause>,
    key: Idempotency,
    began: Instant,
    done: Sender<Done>,
}

struct Done {
    began: Instant,
    customer: Option<Number>,
}

impl Job for Load {
    fn world(&self) -> World {
        World(1)
    }
    fn command(&self) -> &Command {
        &self.command
    }
    fn cause(&self) -> Option<Arc<RequestCause>> {
        Some(self.cause.clone())
    }
    fn idempotency(&self) -> Option<&Idempotency> {
        Some(&self.key)
    }
    fn keep(&self, result: &Result<Reply, Refusal>, _: &Sight<'_>) -> Option<Kept> {
        match result {
            Ok(Reply::CashTransaction(row)) => Some(Kept::CashTransaction(row.key)),
            _ => Some(Kept::Bytes { status: 200, body: vec![b' '; 600] }),
        }
    }
    fn done(self: Box<Self>, outcome: Outcome) {
        let customer = match outcome {
            Outcome::Decided { result: Ok(Reply::Customer(customer)), .. } => Some(customer.number),
            Outcome::Decided { result: Ok(_), .. } => None,
            _ => panic!("a job failed"),
        };
        self.done.send(Done { began: self.began, customer }).expect("somebody waits");
    }
}

struct Bench {
    lane: Lane,
    to: Sender<Done>,
    from: Receiver<Done>,
    random: u64,
}

impl Bench {
    fn random(&mut self) -> u64 {
        self.random =
            self.random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.random >> 20
    }

    fn submit(&mut self, command: Command) {
        let (a, b) = (self.random(), self.random());
        let mut key = [0; 16];
        key[..8].copy_from_slice(&a.wrapping_mul(0x9E3779B97F4A7C15).to_le_bytes());
        key[8..].copy_from_slice(&b.to_le_bytes());
        let request_id = format!("req_{a:014x}");
        let idempotency_key = Some(format!("3f1c6a52-7f0b-4f7e-9d6a-{b:012x}"));
        let load = Load {
            command,
            key: Idempotency { key, fingerprint: key, request_id: request_id.clone() },
            cause: Arc::new(RequestCause { request_id, idempotency_key }),
            began: Instant::now(),
            done: self.to.clone(),
        };
        assert!(self.lane.submit(Box::new(load)).is_ok(), "the queue is long enough");
    }

    fn run(
        &mut self,
        name: &str,
        count: usize,
        in_flight: usize,
        mut command: impl FnMut(&mut Bench) -> Command,
    ) -> Vec<Number> {
        let began = Instant::now();
        let (mut sent, mut made) = (0, Vec::new());
        let mut took = Vec::with_capacity(count);
        while took.len() < count {
            while sent < count && sent - took.len() < in_flight {
                let next = command(self);
                self.submit(next);
                sent += 1;
            }
            let done = self.from.recv().expect("the lane answers");
            took.push(done.began.elapsed());
            made.extend(done.customer);
        }
        took.sort_unstable();
        let per_second = count as f64 / began.elapsed().as_secs_f64();
        let ms = |part: f64| took[(took.len() as f64 * part) as usize].as_secs_f64() * 1000.0;
        println!(
            "{name}: {per_second:.0}/s, p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms",
            ms(0.5),
            ms(0.99),
            ms(0.999)
        );
        made
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let dir = args.next().expect("a directory");
    let mut number = |default| args.next().map_or(default, |text| text.parse().expect("a number"));
    let (customers, fundings, in_flight) = (number(100_000), number(300_000), number(64));
    let path = format!("{dir}/fund.db");
    let store = Store::open(&Location::File(path.into()), [7; 16]).expect("a store");
    let options = LaneOptions {
        batch_max: 256,
        queue_max: 4096,
        linger: Duration::from_micros(30),
        rules: Rules::default(),
        accounts: Arc::new(NoBank),
        clock: Arc::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Millis(since.as_millis() as i64)
        }),
        observe: Arc::new(|_| {}),
        hold_key_prefix: None,
    };
    let lane = Lane::start(&store, IdKey::new(store.secret()), options);
    let (to, from) = channel();
    let mut bench = Bench { lane: lane.expect("a lane"), to, from, random: 42 };
    let made = bench.run("create customers", customers, 256, |_| Command::CreateCustomer {
        edits: vec![books::command::Edit::Email(Some("ada@example.com".into()))],
    });
    let transfer = BankTransfer {
        reference: Some("INV-100".into()),
        sender: Payer::simulated(Currency::USD).expect("dollars are sent by transfer"),
    };
    bench.run("fund", fundings, in_flight, |bench| Command::Fund {
        customer: made[bench.random() as usize % made.len()],
        amount_minor: 1000,
        currency: Currency::USD,
        transfer: transfer.clone(),
        simulated: false,
    });
}
