//! The one source of randomness: a ChaCha generator that `main` seeds from the system.

use std::sync::Mutex;

use books::id::random_text;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Gives random bytes and texts.
pub struct Entropy(Mutex<ChaCha12Rng>);

impl Entropy {
    /// Starts from a secret seed.
    pub fn from_seed(seed: [u8; 32]) -> Entropy {
        Entropy(Mutex::new(ChaCha12Rng::from_seed(seed)))
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).fill_bytes(&mut bytes);
        bytes
    }

    /// `prefix` and 14 random characters, as request ids have.
    pub fn request_id(&self) -> String {
        format!("req_{}", random_text(&self.bytes::<14>(), 14))
    }
}
