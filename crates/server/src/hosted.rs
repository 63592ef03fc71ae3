//! Pages for payers: where a transfer is to go, where a refund is to go, and whether it is they who
//! pay by card.
//!
//! Whoever has the link sees the page: nobody signs in. So a link is signed, cannot be guessed and
//! ends some day, and a page shows what its reader must know and nothing else: no name, no
//! e-mail address, no metadata, no id but the reference of a transfer.
//!
//! Reading order: [`links`] makes and reads links; [`door`] is the way of one request; [`guest`]
//! is what a link opens; [`instructions`] with [`qr`] is the page about a payment,
//! [`refund`] the one about a refund, [`authentication`] the one of a card's holder; [`live`]
//! tells open pages that there is more to see.

pub mod links;

pub mod door;
pub mod guest;

pub mod instructions;
pub mod qr;

pub mod refund;

pub mod authentication;

pub mod live;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;

use crate::tries::Tries;

/// What visits of payers share.
pub struct Hosted {
    /// Places for pages that are told of changes. Payers never take those of the API's streams.
    pub streams: Arc<Semaphore>,
    /// Bank details that were wrong, by the number of the refund, so that nobody finds accounts by
    /// trying.
    pub tries: Tries<i64>,
    /// Since when they are counted.
    pub began: Instant,
}

impl Default for Hosted {
    fn default() -> Hosted {
        Hosted {
            streams: Arc::new(Semaphore::new(live::STREAMS_MAX)),
            tries: Tries::default(),
            began: Instant::now(),
        }
    }
}
