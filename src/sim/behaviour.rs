//! How wild a simulation is: how often what goes wrong.

/// Chances are in a thousand, for each step of the workload.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// How many facts are stated.
    pub facts: u32,
    /// How many engines run for the tenant, each with a store of its own.
    pub engines: usize,
    /// The longest time that passes between two facts, in seconds.
    pub longest_wait_seconds: u64,
    /// An engine dies and is started again, with the last steps of its store lost
    /// or without its store.
    pub crashes: u64,
    /// An engine is stopped in order and started again.
    pub restarts: u64,
    /// An append to the ledger or the intake is stored and its answer lost, or
    /// stored later, or never.
    pub lost_appends: u64,
    /// A log cannot be reached for some steps.
    pub away: u64,
    /// The end of a log is hidden from readers for some steps, as by a replica that
    /// lags.
    pub hidden: u64,
    /// A store fails.
    pub failed_commits: u64,
    /// The projection is made again beside the one in use.
    pub rebuilds: u64,
}

impl Behaviour {
    /// Nothing goes wrong.
    #[must_use]
    pub const fn calm(facts: u32, engines: usize) -> Self {
        Self {
            facts,
            engines,
            longest_wait_seconds: 40_000,
            crashes: 0,
            restarts: 0,
            lost_appends: 0,
            away: 0,
            hidden: 0,
            failed_commits: 0,
            rebuilds: 0,
        }
    }

    /// Everything goes wrong, now and then.
    #[must_use]
    pub const fn wild(facts: u32, engines: usize) -> Self {
        Self {
            crashes: 30,
            restarts: 10,
            lost_appends: 60,
            away: 15,
            hidden: 20,
            failed_commits: 10,
            rebuilds: 10,
            ..Self::calm(facts, engines)
        }
    }
}
