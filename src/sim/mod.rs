//! Simulation: from a seed to a workload, faults and a verdict.
//!
//! Real engines run on logs and stores in memory. The wall clock and the server's
//! clock are one virtual clock that the simulation moves; faults are drawn from
//! the seed. When everything has come to rest the [`auditor`] decides the whole
//! intake once more, alone and without faults: the ledger must be that, byte for
//! byte, and every store must be the fold of it.
//!
//! [`year`] is another thing: a tenant's year generated from its policies, on the
//! bare kernel, for looking at and for importing.
//!
//! The engines run on threads, so a seed fixes what is done to them and not the
//! order in which they get to it; what holds must hold in every order. Nothing
//! here is part of a run of the real thing.

pub mod auditor;
pub mod behaviour;
pub mod random;
pub mod simulation;
pub mod world;
pub mod year;
