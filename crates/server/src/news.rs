//! News: tells whoever waits that something was committed, and when the server is about to stop.
//!
//! Telling costs nothing while nobody waits, and many tellings are heard as one. The two are apart
//! because every connection waits for the end, and is not to be woken by each commit.

use tokio::sync::watch;

/// The teller.
#[derive(Clone, Default)]
pub struct News {
    commits: watch::Sender<()>,
    closing: watch::Sender<bool>,
}

/// A listener.
pub struct Listener {
    commits: watch::Receiver<()>,
    closing: watch::Receiver<bool>,
}

impl News {
    /// Something was committed, or there may be another reason to look.
    pub fn tell(&self) {
        self.commits.send_modify(|()| {});
    }

    /// The server is about to stop: who listens is to leave.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Becomes true when the server is about to stop; nothing else is told here.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Somebody who hears of everything from now on.
    pub fn listen(&self) -> Listener {
        Listener { commits: self.commits.subscribe(), closing: self.closing.subscribe() }
    }
}

impl Listener {
    /// Waits for something that was not heard of yet. `false` when it is time to leave.
    pub async fn hear(&mut self) -> bool {
        let told = tokio::select! {
            told = self.commits.changed() => told.is_ok(),
            _ = self.closing.wait_for(|closing| *closing) => false,
        };
        told && !self.is_over()
    }

    /// Whether it is time to leave.
    pub fn is_over(&self) -> bool {
        *self.closing.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_before_is_heard_once() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let news = News::default();
            let mut listener = news.listen();
            news.tell();
            news.tell();
            assert!(listener.hear().await);
            let again = tokio::select! {
                biased;
                _ = listener.hear() => true,
                () = std::future::ready(()) => false,
            };
            assert!(!again);
        });
    }

    #[test]
    fn the_end_is_heard_by_everybody() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let news = News::default();
            let mut before = news.listen();
            news.close();
            assert!(!before.hear().await && before.is_over());
            assert!(!news.listen().hear().await);
            assert!(news.closing().wait_for(|closing| *closing).await.is_ok());
        });
    }
}
