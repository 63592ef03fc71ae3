//! The director of a lane: holds it until the next wave of commands is queued, moves the clock
//! while it works, and lets the process die at the point that was planned.
//!
//! Dying is this: at that very point the database and its log are copied as they are, which is
//! what a killed process leaves behind, and the lane's thread ends. The next life goes on with the
//! copy. A commit can also be torn: of what it wrote to the log, only the beginning is copied.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use store::lane::Point;

use crate::random::Random;

/// How long anything may take before it counts as stuck.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// The name of the database in the folder of each life.
pub const FILE: &str = "purser.db";

/// Where the process is to die.
#[derive(Clone, Debug)]
pub struct Plan {
    /// At this point; one with a place, there or further on.
    pub at: Point,
    /// Only after so many waves.
    pub after_waves: usize,
    /// The commit before it reaches the log in part only.
    pub torn: bool,
}

/// How the process died.
#[derive(Clone, Copy, Debug)]
pub struct Death {
    /// Where.
    pub at: Point,
    /// The batch in hand: its first command in the wave, and how many there were.
    pub batch: (usize, usize),
    /// Whether that batch is on disk.
    pub committed: bool,
}

struct Stage {
    /// Commands of the wave that are in the queue.
    queued: usize,
    /// Commands of the wave that were taken.
    taken: usize,
    idle: bool,
    closing: bool,
    plan: Option<Plan>,
    batch: (usize, usize),
    committed: bool,
    /// The log before the commit that is to be torn.
    log_before: Option<Vec<u8>>,
    death: Option<Death>,
    random: Random,
}

/// One for each life.
pub struct Director {
    stage: Mutex<Stage>,
    changed: Condvar,
    clock: Arc<AtomicI64>,
    home: PathBuf,
    next_home: PathBuf,
}

impl Director {
    /// `home` is the folder of this life, `next_home` of the one after it.
    pub fn new(
        home: PathBuf,
        next_home: PathBuf,
        clock: Arc<AtomicI64>,
        plan: Option<Plan>,
        random: Random,
    ) -> Director {
        let stage = Stage {
            queued: 0,
            taken: 0,
            idle: false,
            closing: false,
            plan,
            batch: (0, 0),
            committed: false,
            log_before: None,
            death: None,
            random,
        };
        Director { stage: Mutex::new(stage), changed: Condvar::new(), clock, home, next_home }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The whole wave is queued: the lane may go on.
    pub fn release(&self, queued: usize) {
        let mut stage = self.stage();
        if let Some(plan) = &mut stage.plan {
            plan.after_waves = plan.after_waves.saturating_sub(1);
        }
        (stage.queued, stage.taken) = (queued, 0);
        (stage.batch, stage.committed) = ((0, 0), false);
        stage.idle = queued == 0;
        self.changed.notify_all();
    }

    /// Waits until the lane is done with the wave, or the process is dead.
    pub fn wait(&self) -> Result<Option<Death>, String> {
        let busy = |stage: &mut Stage| !stage.idle && stage.death.is_none();
        let waited = self.changed.wait_timeout_while(self.stage(), PATIENCE, busy);
        let (stage, late) = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
        match late.timed_out() {
            true => Err("the lane is stuck".into()),
            false => Ok(stage.death),
        }
    }

    /// From now on the process lives.
    pub fn spare(&self) {
        self.stage().plan = None;
    }

    /// The life ends in peace.
    pub fn close(&self) {
        self.stage().closing = true;
        self.changed.notify_all();
    }

    /// What the lane is told at each point: whether the process dies there.
    pub fn pass(&self, point: Point) -> bool {
        let mut stage = self.stage();
        match point {
            Point::Waiting => {
                if stage.queued == 0 {
                    stage.idle = true;
                    self.changed.notify_all();
                }
                let hold = |stage: &mut Stage| stage.queued == 0 && !stage.closing;
                let held = self.changed.wait_while(stage, hold);
                stage = held.unwrap_or_else(|poisoned| poisoned.into_inner());
                if stage.closing {
                    return false;
                }
            }
            Point::Taken(count) => {
                (stage.batch, stage.committed) = ((stage.taken, count), false);
                stage.taken += count;
                stage.queued -= count;
            }
            Point::Decided(_) if stage.random.percent(5) => {
                let by_ms = stage.random.between(1, 3000);
                self.clock.fetch_add(by_ms, Ordering::SeqCst);
            }
            Point::Saved if stage.plan.as_ref().is_some_and(|plan| plan.torn) => {
                stage.log_before = Some(read_log(&self.home));
            }
            Point::Committed => stage.committed = true,
            _ => {}
        }
        let dies = |plan: &Plan| plan.after_waves == 0 && is_reached(plan.at, point);
        if !stage.plan.as_ref().is_some_and(dies) {
            return false;
        }
        self.die(&mut stage, point);
        true
    }

    fn die(&self, stage: &mut Stage, at: Point) {
        let mut log = read_log(&self.home);
        if let Some(before) = stage.log_before.take()
            && let Some(torn) = tear(&before, &log, &mut stage.random)
        {
            log = torn;
            stage.committed = false;
        }
        std::fs::create_dir_all(&self.next_home).expect("a folder for the next life");
        std::fs::copy(self.home.join(FILE), self.next_home.join(FILE)).expect("a copy of the file");
        std::fs::write(log_of(&self.next_home), log).expect("a copy of the log");
        stage.death = Some(Death { at, batch: stage.batch, committed: stage.committed });
        self.changed.notify_all();
    }
}

/// Whether a point is the planned one: of those with a place, that place or a later one.
fn is_reached(planned: Point, passed: Point) -> bool {
    match (planned, passed) {
        (Point::Taken(least), Point::Taken(at))
        | (Point::Decided(least), Point::Decided(at))
        | (Point::Written(least), Point::Written(at))
        | (Point::Answered(least), Point::Answered(at)) => at >= least,
        _ => planned == passed,
    }
}

fn log_of(home: &Path) -> PathBuf {
    home.join(format!("{FILE}-wal"))
}

fn read_log(home: &Path) -> Vec<u8> {
    std::fs::read(log_of(home)).unwrap_or_default()
}

/// The log as it was, with the beginning of what was written since; nothing if that is nothing.
fn tear(before: &[u8], after: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let differs = |at: &usize| before.get(*at) != after.get(*at);
    let first = (0..after.len()).find(differs)?;
    let last = (0..after.len()).rev().find(differs)?;
    let cut = random.between(first as i64, last as i64) as usize;
    let mut torn = after[..cut].to_vec();
    torn.extend_from_slice(before.get(cut..).unwrap_or_default());
    Some(torn)
}
