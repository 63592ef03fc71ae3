//! News: tells whoever waits that something was committed, and when the server is about to stop.
//!
//! Telling costs nothing while nobody waits, and many tellings are heard as one.

use tokio::sync::watch;

/// The teller.
#[derive(Clone)]
pub struct News {
    state: watch::Sender<State>,
    closing: watch::Sender<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closing,
}

/// A listener.
pub struct Listener(watch::Receiver<State>);

impl Default for News {
    fn default() -> News {
        News { state: watch::Sender::new(State::Open), closing: watch::Sender::new(false) }
    }
}

impl News {
    /// Something was committed.
    pub fn tell(&self) {
        self.state.send_modify(|_| {});
    }

    /// The server is about to stop: who listens is to leave.
    pub fn close(&self) {
        self.state.send_replace(State::Closing);
        self.closing.send_replace(true);
    }

    /// Becomes true when the server is about to stop; nothing else is told here.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Somebody who hears of everything from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.state.subscribe())
    }
}

impl Listener {
    /// Waits for something that was not heard of yet. `false` when it is time to leave.
    pub async fn hear(&mut self) -> bool {
        self.0.changed().await.is_ok() && !self.is_over()
    }

    /// Whether it is time to leave.
    pub fn is_over(&self) -> bool {
        *self.0.borrow() == State::Closing
    }
}
