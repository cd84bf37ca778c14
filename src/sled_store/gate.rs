//! Lets many readers or one writer pass, in turns.
//!
//! The standard library's lock lets a busy writer shut readers out (it may take
//! the lock again before they wake), so this one alternates: a writer that waits
//! holds back new readers, and a writer that leaves lets in all who waited before
//! another writer may enter. It guards no data; its owner decides what it covers.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

thread_local! {
    /// The gates this thread holds open, by address, once for each pass.
    static HELD: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// A lock without data whose readers and writers alternate.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Passes given and not yet handed back.
    readers: usize,
    /// Readers that wait for the writer to leave.
    waiting: usize,
    /// How many writers have left; a waiting reader is let in when it grows.
    turns: u64,
    /// What the writer does.
    writer: Writer,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Writer {
    #[default]
    Away,
    Waiting,
    Inside,
}

/// While it lives no writer is inside. It stays on its thread.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    stays_on_thread: PhantomData<*const ()>,
}

/// While it lives no reader is inside.
#[derive(Debug)]
pub(super) struct Closed<'a> {
    gate: &'a Gate,
}

impl Gate {
    /// Waits for at most one writer to leave, then holds the gate open. A thread
    /// that already holds it open passes at once, since waiting for a writer that
    /// waits for this thread would never end.
    pub(super) fn pass(&self) -> Pass<'_> {
        let again = self.is_held_here();
        let mut state = self.lock();
        if again || state.writer == Writer::Away {
            state.readers += 1;
        } else {
            state.waiting += 1;
            let turn = state.turns;
            // The writer that leaves counts this reader as inside.
            while state.turns == turn {
                state = self.wait(state);
            }
        }
        drop(state);
        HELD.with_borrow_mut(|held| held.push(self.address()));
        Pass { gate: self, stays_on_thread: PhantomData }
    }

    /// Waits for the readers inside to leave, then keeps all others out. Writers
    /// come one at a time and never from a thread that holds the gate open: their
    /// owner sees to both.
    pub(super) fn close(&self) -> Closed<'_> {
        let mut state = self.lock();
        state.writer = Writer::Waiting;
        while state.readers > 0 {
            state = self.wait(state);
        }
        state.writer = Writer::Inside;
        Closed { gate: self }
    }

    /// Whether this thread holds the gate open.
    pub(super) fn is_held_here(&self) -> bool {
        HELD.with_borrow(|held| held.contains(&self.address()))
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under this lock, so its state is sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let address = self.gate.address();
        HELD.with_borrow_mut(|held| {
            if let Some(at) = held.iter().rposition(|&other| other == address) {
                held.swap_remove(at);
            }
        });
        let mut state = self.gate.lock();
        state.readers -= 1;
        // Waking nobody costs a call of the system, and most readers come singly.
        if state.readers == 0 && state.writer == Writer::Waiting {
            self.gate.changed.notify_all();
        }
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.writer = Writer::Away;
        let waited = std::mem::take(&mut state.waiting);
        state.readers += waited;
        state.turns += 1;
        if waited > 0 {
            self.gate.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_busy_writer_does_not_shut_readers_out_nor_they_it() {
        let (gate, inside, stop) = (Gate::default(), AtomicU64::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let pass = gate.pass();
                        assert_eq!(inside.load(Ordering::SeqCst), 0);
                        drop(pass);
                    }
                    stop.store(true, Ordering::SeqCst);
                });
            }
            let mut turns = 0;
            // Each side ends only because the other one does not block it.
            while !stop.load(Ordering::SeqCst) || turns < 500 {
                let closed = gate.close();
                inside.fetch_add(1, Ordering::SeqCst);
                inside.fetch_sub(1, Ordering::SeqCst);
                drop(closed);
                turns += 1;
            }
        });
    }

    #[test]
    fn a_reader_passes_again_while_a_writer_waits() {
        let gate = Gate::default();
        std::thread::scope(|scope| {
            let outer = gate.pass();
            scope.spawn(|| drop(gate.close()));
            while gate.lock().writer != Writer::Waiting {
                std::thread::yield_now();
            }
            drop(gate.pass());
            assert_eq!(gate.lock().writer, Writer::Waiting);
            drop(outer);
        });
        assert_eq!(gate.lock().turns, 1);
    }

    #[test]
    fn a_gate_knows_which_thread_holds_it_open() {
        let (gate, other) = (Gate::default(), Gate::default());
        let (first, second) = (gate.pass(), gate.pass());
        drop(first);
        assert!(gate.is_held_here() && !other.is_held_here());
        std::thread::scope(|scope| scope.spawn(|| assert!(!gate.is_held_here())).join())
            .expect("the other thread holds nothing");
        drop(second);
        assert!(!gate.is_held_here());
    }
}
