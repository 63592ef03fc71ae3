//! One life of the process: a store with its lane, from opening to death.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use books::cash_balance::ReconciliationMode;
use books::decision::AccountNumbers;
use books::funding::Instructions;
use books::time::Millis;
use books::{Currency, IdKey, Number, Rules};
use store::{Lane, LaneOptions, Location, Outcome, Readers, Result, Store};

use crate::director::{Death, Director, FILE, PATIENCE};
use crate::job::{Ask, Decided, SimJob, Spy};
use crate::random::Random;

/// Commands that wait, at most: more than any wave has.
const QUEUE_MAX: usize = 10_000;

/// What stays the same from life to life: settings of the server.
#[derive(Clone, Debug)]
pub struct Settings {
    pub batch_max: usize,
    pub rules: Rules,
}

impl Settings {
    pub fn draw(random: &mut Random) -> Settings {
        let manual = random.percent(15);
        let rules = Rules {
            default_mode: match manual {
                true => ReconciliationMode::Manual,
                false => ReconciliationMode::Automatic,
            },
            fee_bps: *random.pick(&[0, 0, 50, 290]),
            fee_fixed: *random.pick(&[0, 0, 30]),
            settlement_delay_days: *random.pick(&[0, 2, 2, 7]),
            bank_delay_days: *random.pick(&[1, 1, 3]),
            instant_payout_fee_bps: *random.pick(&[0, 100]),
            strict_delete: random.percent(10),
            ..Rules::default()
        };
        Settings { batch_max: *random.pick(&[1, 2, 5, 16, 64, 64]), rules }
    }
}

/// What came of a wave of commands.
pub struct Wave {
    /// The answers, where there were any.
    pub outcomes: Vec<Option<Outcome>>,
    /// What was decided, whether it was answered or not.
    pub decided: Vec<Option<Decided>>,
    /// How the process died, if it did.
    pub death: Option<Death>,
}

/// The process while it lives. The lane is dropped first.
pub struct Life {
    lane: Lane,
    pub readers: Readers,
    pub director: Arc<Director>,
    pub ids: IdKey,
    pub home: PathBuf,
    _store: Store,
}

impl Life {
    pub fn begin(
        home: &Path,
        settings: &Settings,
        clock: &Arc<AtomicI64>,
        director: Director,
    ) -> Result<Life> {
        let director = Arc::new(director);
        let store = Store::open(&Location::File(home.join(FILE)), [7; 16])?;
        let ids = IdKey::new(store.secret());
        let ticks = clock.clone();
        let options = LaneOptions {
            batch_max: settings.batch_max,
            queue_max: QUEUE_MAX,
            linger: Duration::ZERO,
            rules: settings.rules.clone(),
            accounts: Arc::new(FewNumbers),
            clock: Arc::new(move || Millis(ticks.load(Ordering::SeqCst))),
            observe: Arc::new(|_| {}),
            hold_key_prefix: None,
        };
        let told = director.clone();
        let faults = Arc::new(move |point| told.pass(point));
        let lane = Lane::start_with_faults(&store, ids.clone(), options, faults)?;
        let readers = Readers::open(&store, 1)?;
        Ok(Life { lane, readers, director, ids, home: home.to_owned(), _store: store })
    }

    /// Queues commands and waits until they are answered, or the process is dead. `requests`
    /// counts requests.
    pub fn run(
        &self,
        asks: &[Ask],
        requests: &mut u64,
        clock: &Arc<AtomicI64>,
    ) -> std::result::Result<Wave, String> {
        let spy: Spy = Arc::new(vec![None; asks.len()].into());
        let (tell, told) = channel();
        for (at, ask) in asks.iter().enumerate() {
            *requests += 1;
            let request_id = format!("req_{requests}");
            let job = SimJob {
                ask: ask.clone(),
                at,
                idempotency: SimJob::idempotency(ask, &request_id),
                request_id,
                clock: clock.clone(),
                spy: spy.clone(),
                tell: tell.clone(),
            };
            let submitted = self.lane.submit(Box::new(job));
            submitted.map_err(|(_, error)| format!("the lane takes no job: {error}"))?;
        }
        drop(tell);
        self.director.release(asks.len());
        let death = self.director.wait()?;
        let mut outcomes: Vec<_> = asks.iter().map(|_| None).collect();
        // The last sender goes with the last job, whether that was answered or dropped.
        loop {
            match told.recv_timeout(PATIENCE) {
                Ok((at, outcome)) => outcomes[at] = Some(outcome),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(_) => return Err("a job is neither answered nor dropped".into()),
            }
        }
        let decided = std::mem::take(&mut *spy.lock().expect("no test panics here"));
        Ok(Wave { outcomes, decided, death })
    }

    pub fn path(&self) -> PathBuf {
        self.home.join(FILE)
    }

    pub fn location(&self) -> Location {
        Location::File(self.path())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.director.close();
    }
}

/// Draws account numbers of which there are so few that customers want the same ones.
struct FewNumbers;

impl AccountNumbers for FewNumbers {
    fn draw(
        &self,
        customer: Number,
        transfer_type: &str,
        country: Option<&str>,
        attempt: u32,
    ) -> Option<Instructions> {
        let (currency, at) = match transfer_type {
            "us_bank_transfer" => ("usd", "US"),
            "eu_bank_transfer" => ("eur", country.unwrap_or("IE")),
            "gb_bank_transfer" => ("gbp", "GB"),
            "jp_bank_transfer" => ("jpy", "JP"),
            "mx_bank_transfer" => ("mxn", "MX"),
            _ => return None,
        };
        let place = (customer.0 >> 2) % 3 + i64::from(attempt);
        Some(Instructions {
            currency: Currency::parse(currency)?,
            country: at.to_owned(),
            transfer_type: transfer_type.to_owned(),
            account_key: format!("{at}-{place}"),
            financial_addresses: serde_json::json!([{ "number": place }]),
        })
    }
}
