//! The one clock service. Everything that asks for the time asks here.

use books::time::Millis;

/// Tells the time, in milliseconds.
#[derive(Clone, Copy)]
pub struct Clock(fn() -> Millis);

impl Clock {
    /// A clock that reads `source`; only `main` has one that reads the system.
    pub fn new(source: fn() -> Millis) -> Clock {
        Clock(source)
    }

    /// Now.
    pub fn now(&self) -> Millis {
        (self.0)()
    }
}
