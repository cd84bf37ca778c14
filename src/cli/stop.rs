//! When a serving process is asked to stop: Ctrl-C, or the system's SIGTERM.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Failure;

/// Listens for the first request to stop, from the moment it is made. Whoever is
/// asked while still starting ends in order, too, once that is done.
#[cfg(unix)]
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

#[cfg(unix)]
impl Stop {
    /// Listens from now on. Must be called within a runtime.
    ///
    /// # Errors
    /// [`Failure`] when the system gives no signals.
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the request; answers at once if it has come already.
    pub async fn requested(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Listens for the first request to stop.
#[cfg(not(unix))]
pub struct Stop;

#[cfg(not(unix))]
impl Stop {
    /// Listens from now on.
    ///
    /// # Errors
    /// Never here.
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self)
    }

    /// Waits for Ctrl-C.
    pub async fn requested(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
