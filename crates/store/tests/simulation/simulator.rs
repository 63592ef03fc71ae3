//! One run: clients, a clock and a process that dies, all from one seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use books::time::Millis;
use books::{Command, Refusal, Reply, Timestamp, World};
use store::admin::Admin;
use store::lane::Point;
use store::{Answer, Outcome};
use tempfile::TempDir;

use crate::audit;
use crate::clients::Known;
use crate::director::{Death, Director, Plan};
use crate::job::Ask;
use crate::life::{Life, Settings, Wave};
use crate::random::Random;
use crate::shadow::{Fate, Shadow};

/// 2026-01-01T00:00:00Z.
const NEW_YEAR_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Waves of requests in a run; errands of the worker and retries come on top.
const WAVES: (i64, i64) = (8, 16);
/// Requests that are made again after a crash, to see that their answers are still there.
const PROBES: usize = 12;
/// Rows that clients look up now and then.
const LOOKED_AT: usize = 12;
/// Stops of the clock on its way to the end of time, when nothing is due any more.
const STOPS_MAX: usize = 1000;

/// What is told of a run.
#[derive(Default)]
pub struct Log {
    /// Whether each line is printed.
    pub prints: bool,
    /// The lines, where they are wanted.
    pub lines: Option<Vec<String>>,
}

impl Log {
    pub fn say(&mut self, line: impl FnOnce() -> String) {
        if !self.prints && self.lines.is_none() {
            return;
        }
        let line = line();
        if self.prints {
            println!("{line}");
        }
        self.lines.iter_mut().for_each(|lines| lines.push(line.clone()));
    }
}

/// What a run came to.
pub struct Summary {
    pub requests: u64,
    /// How often the process died at each kind of point.
    pub deaths: BTreeMap<String, usize>,
    /// How often each thing happened.
    pub counts: BTreeMap<&'static str, usize>,
}

/// A run while it goes on.
pub struct Simulator {
    pub random: Random,
    pub clock: Arc<AtomicI64>,
    pub known: Vec<(World, Known)>,
    pub shadow: Shadow,
    pub log: Log,
    settings: Settings,
    clients: usize,
    life: Option<Life>,
    lives: usize,
    deaths_left: usize,
    deaths: BTreeMap<String, usize>,
    backlog: Vec<Ask>,
    requests: u64,
    keys: u64,
    home: TempDir,
}

/// Runs a seed to its end, or to the first thing that must not be.
pub fn run(seed: u64, log: Log) -> (Result<Summary, String>, Log) {
    let mut simulator = match Simulator::new(seed, log) {
        Ok(simulator) => simulator,
        Err(why) => return (Err(why), Log::default()),
    };
    let result = simulator.run();
    (result, simulator.log)
}

impl Simulator {
    fn new(seed: u64, mut log: Log) -> Result<Simulator, String> {
        let mut random = Random::new(seed);
        let settings = Settings::draw(&mut random);
        let (clients, deaths_left) = (3 + random.below(6), 3 + random.below(6));
        log.say(|| format!("{clients} clients, {settings:?}"));
        let mut builder = tempfile::Builder::new();
        let memory = std::path::Path::new("/dev/shm");
        let home = match memory.is_dir() {
            true => builder.prefix("purser-sim-").tempdir_in(memory),
            false => builder.prefix("purser-sim-").tempdir(),
        };
        let mut simulator = Simulator {
            clock: Arc::new(AtomicI64::new(NEW_YEAR_MS + random.between(0, 30 * DAY_MS))),
            random,
            known: Vec::new(),
            shadow: Shadow::default(),
            log,
            settings,
            clients,
            life: None,
            lives: 0,
            deaths_left,
            deaths: BTreeMap::new(),
            backlog: Vec::new(),
            requests: 0,
            keys: 0,
            home: home.map_err(|why| format!("a temporary folder: {why}"))?,
        };
        simulator.begin_life()?;
        let admin = Admin::open(&simulator.life().location()).map_err(|e| e.to_string())?;
        for name in 0..1 + simulator.random.below(2) {
            let world = admin.world(&format!("acct_{name}"), false, Timestamp(0));
            let customers_wanted = 1 + simulator.random.below(6);
            let known = Known::wanting(customers_wanted);
            simulator.known.push((world.map_err(|e| e.to_string())?, known));
        }
        Ok(simulator)
    }

    pub fn life(&self) -> &Life {
        self.life.as_ref().expect("there is a life between two waves")
    }

    pub fn now(&self) -> Timestamp {
        Millis(self.clock.load(Ordering::SeqCst)).seconds()
    }

    fn begin_life(&mut self) -> Result<(), String> {
        let home = |life: usize| self.home.path().join(format!("life-{life}"));
        let (here, next) = (home(self.lives), home(self.lives + 1));
        let (plan, random) = (self.plan(), self.random.fork());
        self.log.say(|| match &plan {
            Some(plan) => format!("life {}, which is to end at {plan:?}", self.lives),
            None => format!("life {}, the last one", self.lives),
        });
        let director = Director::new(here.clone(), next, self.clock.clone(), plan, random);
        let life = Life::begin(&here, &self.settings, &self.clock, director);
        self.life = Some(life.map_err(|why| format!("the store does not open: {why}"))?);
        self.lives += 1;
        Ok(())
    }

    fn plan(&mut self) -> Option<Plan> {
        if self.deaths_left == 0 {
            return None;
        }
        self.deaths_left -= 1;
        let (early, late) = (self.random.below(4), self.random.below(60));
        let place = if self.random.percent(50) { early } else { late };
        let (at, torn) = match self.random.below(15) {
            0 => (Point::Waiting, false),
            1 => (Point::Taken(0), false),
            2 => (Point::Begun, false),
            3 => (Point::Loaded, false),
            4 => (Point::Decided(place), false),
            5 => (Point::Written(place), false),
            6 => (Point::Saved, false),
            7 => (Point::Committed, false),
            8 | 9 => (Point::Committed, true),
            10 => (Point::Published, false),
            11 => (Point::Answered(place), false),
            12 => (Point::Checkpointed, false),
            13 => (Point::Forgetting, false),
            _ => (Point::Forgotten, false),
        };
        Some(Plan { at, after_waves: 1 + self.random.below(6), torn })
    }

    fn run(&mut self) -> Result<Summary, String> {
        let mut first = Vec::new();
        for at in 0..self.known.len() {
            let commands = self.known[at].1.first(&mut self.random);
            first.extend(commands.into_iter().map(|command| self.ask(at, command)));
        }
        self.wave(first)?;
        for _ in 0..self.random.between(WAVES.0, WAVES.1) {
            let size = match self.random.below(4) {
                0 => self.random.between(1, 4),
                1 | 2 => self.random.between(5, 15),
                _ => self.random.between(16, 40),
            };
            let asks = self.next_asks(size as usize);
            self.wave(asks)?;
            self.pass_time()?;
            if self.random.percent(60) {
                self.look_around(LOOKED_AT)?;
            }
        }
        self.settle_accounts()?;
        let (requests, deaths) = (self.requests, std::mem::take(&mut self.deaths));
        Ok(Summary { requests, deaths, counts: std::mem::take(&mut self.shadow.counts) })
    }

    /// What clients ask next: what got no answer, new things, and things that were asked before.
    pub fn next_asks(&mut self, size: usize) -> Vec<Ask> {
        let mut asks = Vec::new();
        for ask in std::mem::take(&mut self.backlog) {
            match self.random.percent(80) {
                true => asks.push(ask),
                false => self.backlog.push(ask),
            }
        }
        let mut fresh = Vec::new();
        while fresh.len() < size {
            let ask = self.next_ask();
            fresh.push(ask.clone());
            match self.random.below(100) {
                // The client is impatient.
                0..8 => fresh.push(ask),
                // A key that somebody draws a second time.
                8..12 => fresh.push(Ask { key: ask.key, ..self.next_ask() }),
                // The network delivers something late, or again, or very late.
                12..20 => fresh.extend(self.again(false)),
                20..23 => fresh.extend(self.again(true)),
                23..26 => {
                    let again = self.again(false);
                    fresh.extend(again.map(|again| Ask { command: ask.command, ..again }));
                }
                _ => {}
            }
        }
        self.random.weave(&mut asks, fresh);
        asks
    }

    fn next_ask(&mut self) -> Ask {
        let (client, now) = (self.random.below(self.clients), self.now());
        let at = client % self.known.len();
        let command = self.known[at].1.next(&mut self.random, now);
        self.ask(client, command)
    }

    /// Every client has to do with one world.
    fn ask(&mut self, client: usize, command: Command) -> Ask {
        let (world, _) = self.known[client % self.known.len()];
        self.keys += 1;
        let key = self.random.percent(85).then(|| format!("client-{client}-{}", self.keys));
        Ask { world, command, key, client: Some(client) }
    }

    /// Something that was asked before: lately, or so long ago that it is new again.
    fn again(&mut self, forgotten: bool) -> Option<Ask> {
        let now_ms = self.clock.load(Ordering::SeqCst);
        let used = match forgotten {
            true => self.shadow.forgotten(now_ms),
            false => self.shadow.remembered(now_ms),
        };
        (!used.is_empty()).then(|| self.random.pick(&used).ask.clone())
    }

    /// Has a wave of commands carried out. Whether the process died on the way is for the caller
    /// to find out from the books; the next life has begun by then.
    pub fn wave(&mut self, asks: Vec<Ask>) -> Result<(), String> {
        let first = self.requests;
        let (clock, life) = (self.clock.clone(), self.life.as_ref());
        let life = life.expect("there is a life between two waves");
        let wave = life.run(&asks, &mut self.requests, &clock)?;
        self.tell(&asks, &wave, first);
        let now_ms = clock.load(Ordering::SeqCst);
        let fates = self.shadow.check(&asks, &wave, first, now_ms)?;
        for (ask, fate) in asks.into_iter().zip(fates) {
            match fate {
                Fate::Answered(reply) => self.learn(&ask, reply),
                Fate::Unanswered if ask.client.is_none() => {}
                // Without a key it is not wise to ask again. Some do.
                Fate::Unanswered => {
                    if ask.key.is_some() || self.random.percent(30) {
                        self.backlog.push(ask);
                    }
                }
            }
        }
        match wave.death {
            Some(death) => self.rise_again(death),
            None => Ok(()),
        }
    }

    fn learn(&mut self, ask: &Ask, reply: Option<Reply>) {
        let ids = self.life().ids.clone();
        let known = self.known.iter_mut().find(|(world, _)| *world == ask.world);
        if let (Some((_, known)), Some(reply)) = (known, reply) {
            known.learn(&reply, &ids);
        }
    }

    /// The next life begins with what the last one left on disk, and with questions.
    fn rise_again(&mut self, death: Death) -> Result<(), String> {
        let name = format!("{:?}", death.at);
        let torn = !death.committed && death.at == Point::Committed;
        let kind = name.split('(').next().unwrap_or_default();
        let kind = if torn { "Torn".to_owned() } else { kind.to_owned() };
        self.log.say(|| format!("  the process dies: {death:?}"));
        *self.deaths.entry(kind).or_default() += 1;
        if let Some(dead) = self.life.take() {
            let home = dead.home.clone();
            drop(dead);
            std::fs::remove_dir_all(home).map_err(|e| e.to_string())?;
        }
        self.begin_life()?;
        if self.random.percent(25) {
            audit::doctor(self)?;
        }
        let now_ms = self.clock.load(Ordering::SeqCst);
        let remembered = self.shadow.remembered(now_ms);
        let (last, others) = remembered.split_at(remembered.len().min(PROBES / 2));
        let mut probes: Vec<Ask> = last.iter().map(|used| used.ask.clone()).collect();
        for _ in 0..others.len().min(PROBES / 2) {
            probes.push(self.random.pick(others).ask.clone());
        }
        self.log.say(|| format!("  {} answers are asked for again", probes.len()));
        self.wave(probes)
    }

    /// Clients read so much of what they know of: all of it is there.
    fn look_around(&mut self, count: usize) -> Result<(), String> {
        let ids = self.life().ids.clone();
        for at in 0..self.known.len() {
            let (world, rows) = (self.known[at].0, self.known[at].1.documents());
            let rows = match count < rows.len() {
                true => (0..count).map(|_| *self.random.pick(&rows)).collect(),
                false => rows,
            };
            for (kind, key) in &rows {
                let found = self.read(|reader| reader.document(world, *kind, *key))?;
                let found =
                    found.ok_or_else(|| format!("{kind:?} {key:?} in {world:?} is gone"))?;
                self.known[at].1.learn_document(&found, &ids);
            }
        }
        Ok(())
    }

    /// All is answered; then time goes on until nothing is due any more.
    fn settle_accounts(&mut self) -> Result<(), String> {
        while !self.backlog.is_empty() {
            let asks = std::mem::take(&mut self.backlog);
            self.wave(asks)?;
        }
        let now_ms = self.clock.load(Ordering::SeqCst);
        let all = self.shadow.remembered(now_ms);
        let asks: Vec<Ask> = all.into_iter().map(|used| used.ask.clone()).collect();
        self.log.say(|| format!("all {} answers are asked for again", asks.len()));
        self.wave(asks)?;
        while !self.backlog.is_empty() {
            let asks = std::mem::take(&mut self.backlog);
            self.wave(asks)?;
        }
        self.look_around(usize::MAX)?;
        audit::everything(self)?;
        for _ in 0..STOPS_MAX {
            self.work()?;
            let Some(next) = self.next_due()? else {
                self.life().director.spare();
                audit::everything(self)?;
                return audit::nothing_is_open(self);
            };
            let late_ms = self.random.between(0, 40 * DAY_MS);
            self.set_clock(next.0 * 1000 + late_ms);
        }
        Err(format!("after {STOPS_MAX} stops of the clock something is still due"))
    }

    pub fn set_clock(&mut self, to_ms: i64) {
        self.clock.fetch_max(to_ms, Ordering::SeqCst);
        self.log.say(|| format!("the clock says {}", self.clock.load(Ordering::SeqCst)));
    }

    fn tell(&mut self, asks: &[Ask], wave: &Wave, first: u64) {
        self.log.say(|| format!("a wave of {}", asks.len()));
        for (at, ask) in asks.iter().enumerate() {
            let outcome = wave.outcomes[at].as_ref();
            self.log.say(|| {
                let who = ask.key.clone().or(ask.client.map(|client| format!("client-{client}")));
                let who = who.unwrap_or_else(|| "worker".into());
                let (world, told) = (ask.world.0, told(outcome));
                format!(
                    "  req_{} {who} in {world}: {:?}\n    -> {told}",
                    first + at as u64 + 1,
                    ask.command
                )
            });
        }
    }
}

fn told(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "no answer".into(),
        Some(Outcome::Decided { result: Ok(reply), .. }) => shown(reply),
        Some(Outcome::Decided { result: Err(refusal), .. }) => refused(refusal),
        Some(Outcome::Replay(Answer { request_id, .. })) => format!("as {request_id}"),
        Some(Outcome::KeyReused) => "the key was used for something else".into(),
        Some(Outcome::Failed(error)) => format!("FAILED: {error:?}"),
    }
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::CashTransaction(row) => {
            format!("{} {} {:?}", row.cause.type_name(), row.ending_balance, row.key)
        }
        Reply::Document(document) => {
            format!("{} {:?} {}", document.kind().object(), document.key(), document.to_text())
        }
        other => format!("{other:?}"),
    }
}

fn refused(refusal: &Refusal) -> String {
    format!("refused: {refusal:?}")
}
