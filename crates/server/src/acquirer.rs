//! Who takes cards: in test mode the sandbox's network, in live mode nobody until one is
//! configured.
//!
//! What an acquirer answers is asked for inside a decision: see [`books::card::Acquirer`]. To take
//! cards in live mode, implement that trait and give it out in [`Acquirers::of`].

pub mod sandbox;
pub mod test_cards;

use std::sync::Arc;

use books::card::Acquirer;

use sandbox::Sandbox;

/// The acquirer of each mode.
#[derive(Clone)]
pub struct Acquirers {
    sandbox: Arc<Sandbox>,
}

impl Acquirers {
    /// Those of a server. The secret is what fingerprints of cards are made with.
    pub fn new(secret: [u8; 16]) -> Acquirers {
        Acquirers { sandbox: Arc::new(Sandbox { secret }) }
    }

    /// Who takes cards in a mode; none where nobody does.
    pub fn of(&self, livemode: bool) -> Option<Arc<dyn Acquirer>> {
        (!livemode).then(|| self.sandbox.clone() as Arc<dyn Acquirer>)
    }

    /// The network of test cards.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }
}
