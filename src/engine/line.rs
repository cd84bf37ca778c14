//! The line in which an engine's appends stand.
//!
//! Each is fenced by the one before it, so it is stored only once that one is; until
//! then it may be made ready.

use tokio::sync::oneshot;

/// Where the next append will stand.
pub struct Line(oneshot::Receiver<()>);

/// A place in the line: what is to be stored before, and whom to tell when this is.
/// One that is dropped untold ends the line.
pub struct Place {
    /// Ends when the append before is stored, with an error when it never will be.
    pub before: oneshot::Receiver<()>,
    /// Lets the append after this one be stored.
    pub stored: oneshot::Sender<()>,
}

impl Line {
    /// A line in which nobody stands.
    pub fn new() -> Self {
        let (stored, before) = oneshot::channel();
        // It cannot fail: its receiver is here.
        let _ = stored.send(());
        Self(before)
    }

    /// The place after all that were taken so far.
    pub fn next(&mut self) -> Place {
        let (stored, after) = oneshot::channel();
        Place { before: std::mem::replace(&mut self.0, after), stored }
    }
}
