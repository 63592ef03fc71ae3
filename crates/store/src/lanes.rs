//! Several lanes side by side: what is about one customer goes to one of them.

use books::{Command, IdKey};

use crate::error::{Result, StoreError};
use crate::job::Job;
use crate::lane::{Lane, LaneOptions};
use crate::store::Store;

/// The lanes of a server: one on SQLite, several where the database can take them.
pub struct Lanes {
    lanes: Vec<Lane>,
}

impl Lanes {
    /// Starts as many lanes as are worth having.
    pub fn start(store: &Store, ids: &IdKey, options: &LaneOptions) -> Result<Lanes> {
        let start = |_| Lane::start(store, ids.clone(), options.clone());
        Ok(Lanes { lanes: (0..store.lanes()).map(start).collect::<Result<_>>()? })
    }

    /// Hands a command to the lane of its customer. When the queue there is full it is given back
    /// at once: nothing grows, and the caller can say so.
    pub fn submit(&self, job: Box<dyn Job>) -> std::result::Result<(), (Box<dyn Job>, StoreError)> {
        let by = match (job.command(), job.command().customer(), job.idempotency()) {
            // What is due happens in its order.
            (Command::Later(_), ..) => 0,
            (_, Some(customer), _) => customer.0 as u64,
            // What is about no customer takes turns by its idempotency key, where it has one.
            (_, None, Some(used)) => u64::from(used.key[0]),
            (_, None, None) => 0,
        };
        // The counter bits of a number differ from row to row; its low bits alone do not.
        let mixed = by.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        self.lanes[mixed as usize % self.lanes.len()].submit(job)
    }

    /// Commands that wait.
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(Lane::waiting).sum()
    }

    /// Whether the threads are there to take writes.
    pub fn is_running(&self) -> bool {
        self.lanes.iter().all(Lane::is_running)
    }
}
