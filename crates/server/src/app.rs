//! Everything that requests share: made once at the start, handed on, never global.

use std::sync::Arc;
use std::time::Duration;

use bank::BankProfile;
use books::cash_balance::ReconciliationMode;
use books::id::random_text;
use books::{IdKey, Rules};
use store::admin::Admin;
use store::duties::Hear;
use store::{Duties, LaneOptions, Lanes, Readers, Store};
use tokio::sync::Semaphore;

use crate::account_numbers::AccountNumbers;
use crate::acquirer::Acquirers;
use crate::agent::registry::Registry;
use crate::api::auth::{Access, Worlds};
use crate::api::expand::FieldTables;
use crate::api::idempotency::InFlight;
use crate::api::routes::Router;
use crate::api::stream::STREAMS_MAX;
use crate::api::wire::Wire;
use crate::audits::Audits;
use crate::clock::Clock;
use crate::dashboard::entry::Desk;
use crate::entropy::Entropy;
use crate::hosted::Hosted;
use crate::metrics::Metrics;
use crate::news::News;
use crate::settings::{Mode, Settings};
use crate::webhooks::{Pace, Setup, Webhooks};
use crate::worker::Worker;

/// What every request can use.
pub struct App {
    /// As given on the command line.
    pub settings: Settings,
    /// The clock service.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// Who is told of events. Before the lane, too.
    pub webhooks: Arc<Webhooks>,
    /// What is to be done later. Before the lane, so that it is stopped first.
    pub worker: Arc<Worker>,
    /// Who takes cards.
    pub acquirers: Acquirers,
    /// The way in.
    pub lanes: Arc<Lanes>,
    /// The way out.
    pub readers: Arc<Readers>,
    /// Rare writes.
    pub admin: Arc<Admin>,
    /// The account that sandbox keys open.
    pub account: Arc<str>,
    /// Reads and writes ids.
    pub ids: IdKey,
    /// Secret from which account numbers are drawn.
    pub secret: [u8; 16],
    /// The bank that holds the customers' accounts.
    pub bank: Arc<BankProfile>,
    /// Where people reach the server.
    pub public_url: Arc<str>,
    /// Worlds seen so far.
    pub worlds: Worlds,
    /// Idempotency keys of requests that are being executed.
    pub in_flight: InFlight,
    /// Which operation a path means.
    pub router: Router,
    /// The fields of objects.
    pub fields: FieldTables,
    /// Where agents find the operations.
    pub registry: Registry,
    /// Tells of commits.
    pub news: News,
    /// Places for streams of events.
    pub streams: Arc<Semaphore>,
    /// Audits of the database.
    pub audits: Audits,
    /// What slows down who guesses passwords.
    pub desk: Desk,
    /// What visits of payers share.
    pub hosted: Hosted,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Last, so that it is let go last: the database is ours as long as this is here.
    pub store: Store,
}

/// Why a server does not start, in a sentence.
pub type StartError = String;

impl App {
    /// Opens the store and starts the lane.
    pub fn start(settings: Settings, clock: Clock, entropy: Entropy) -> Result<App, StartError> {
        let bank = Arc::new(bank_profile(&settings)?);
        let store =
            Store::open(&settings.location(), entropy.bytes()).map_err(|e| e.to_string())?;
        let admin = Admin::of(&store).map_err(|e| e.to_string())?;
        let fresh = format!("acct_{}", random_text(&entropy.bytes::<16>(), 16));
        let account = admin.default_account(&fresh).map_err(|e| e.to_string())?;
        let worlds = Worlds::default();
        for (account, livemode, world, created) in admin.worlds().map_err(|e| e.to_string())? {
            worlds.remember(&account, livemode, world, created);
        }
        let ids = IdKey::new(store.secret());
        let router = Router::new();
        let metrics = Arc::new(Metrics::new());
        let (news, pace) = (News::default(), Pace::default());
        let accounts = AccountNumbers { secret: store.secret(), bank: bank.clone() };
        let options = lane_options(
            &settings,
            accounts,
            clock.clone(),
            (metrics.clone(), news.clone(), pace.clone()),
        );
        if !settings.production {
            // First of all: the lanes and the worker may tell the time as soon as they run.
            clock.raise_offset(admin.clock_offset_ms().map_err(|e| e.to_string())?);
        }
        let duties = duties(&store, &settings, &clock, &news)?;
        let lanes = Lanes::start(&store, &ids, &options).map_err(|e| e.to_string())?;
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let readers = Readers::open(&store, store.connections().unwrap_or(threads));
        let readers = readers.map_err(|e| e.to_string())?;
        let (lanes, readers, admin) = (Arc::new(lanes), Arc::new(readers), Arc::new(admin));
        let worker = Worker::start(
            lanes.clone(),
            readers.clone(),
            admin.clone(),
            clock.clone(),
            duties.clone(),
        );
        let listens = format!("http://{}", settings.listen);
        let public_url: Arc<str> = settings.public_url.clone().unwrap_or(listens).into();
        let webhooks = Webhooks::start(Setup {
            lane: lanes.clone(),
            duties,
            readers: readers.clone(),
            admin: admin.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            default_mode: default_mode(&settings),
            public_url: public_url.clone(),
            metrics: metrics.clone(),
            allow_private: !settings.production || settings.webhook_allow_private,
            news: news.clone(),
            pace,
        });
        Ok(App {
            acquirers: Acquirers::new(store.secret()),
            clock,
            entropy,
            webhooks: Arc::new(webhooks.map_err(|e| e.to_string())?),
            worker: Arc::new(worker.map_err(|e| e.to_string())?),
            lanes,
            readers,
            admin,
            bank,
            public_url,
            account: account.into(),
            ids,
            secret: store.secret(),
            worlds,
            in_flight: InFlight::default(),
            router,
            fields: FieldTables::load(),
            registry: Registry::default(),
            news,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            audits: Audits::default(),
            desk: Desk::default(),
            hosted: Hosted::default(),
            metrics,
            store,
            settings,
        })
    }

    /// How objects look to whoever has this access.
    pub fn wire(&self, access: &Access) -> Wire {
        Wire {
            ids: self.ids.clone(),
            world: access.world,
            account: access.account.clone(),
            livemode: access.livemode,
            default_mode: default_mode(&self.settings),
            public_url: self.public_url.clone(),
        }
    }
}

/// What this server does alone among those on the database, and what it hears of the others.
fn duties(
    store: &Store,
    settings: &Settings,
    clock: &Clock,
    news: &News,
) -> Result<Duties, StartError> {
    let (raised, ticks, news) = (clock.clone(), clock.clone(), news.clone());
    let production = settings.production;
    let hear = Hear {
        news: Arc::new(move || news.tell()),
        clock_offset_ms: Arc::new(move |offset_ms| {
            if !production {
                raised.raise_offset(offset_ms);
            }
        }),
        now: Arc::new(move || ticks.now()),
    };
    Duties::start(store, hear).map_err(|e| e.to_string())
}

fn default_mode(settings: &Settings) -> ReconciliationMode {
    match settings.reconciliation_mode {
        Mode::Automatic => ReconciliationMode::Automatic,
        Mode::Manual => ReconciliationMode::Manual,
    }
}

fn rules(settings: &Settings) -> Rules {
    Rules {
        default_mode: default_mode(settings),
        fee_bps: settings.fee_bps,
        fee_fixed: settings.fee_fixed,
        instant_payout_fee_bps: settings.instant_payout_fee_bps,
        settlement_delay_days: settings.settlement_delay_days,
        bank_delay_days: settings.bank_delay_days,
        currency: settings.currency,
        country: settings.country.clone(),
        strict_delete: settings.strict_delete,
    }
}

fn lane_options(
    settings: &Settings,
    accounts: AccountNumbers,
    clock: Clock,
    (metrics, news, pace): (Arc<Metrics>, News, Pace),
) -> LaneOptions {
    let hold = settings.fault_hold_key_prefix.clone();
    LaneOptions {
        batch_max: settings.batch_max.max(1),
        queue_max: settings.queue_max.max(1),
        linger: Duration::from_micros(settings.linger_us),
        rules: rules(settings),
        accounts: Arc::new(accounts),
        clock: Arc::new(move || clock.now()),
        observe: Arc::new(move |batch| {
            metrics.batch(batch);
            pace.batch(batch);
            news.tell();
        }),
        hold_key_prefix: hold.filter(|_| cfg!(debug_assertions)),
    }
}

fn bank_profile(settings: &Settings) -> Result<BankProfile, StartError> {
    let Some(path) = &settings.bank_profile else {
        return Ok(BankProfile::default());
    };
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let profile: BankProfile =
        toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    profile.validate().map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(profile)
}
