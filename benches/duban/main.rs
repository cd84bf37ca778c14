//! What duban costs on this machine, against what its parts cost, in one run.
//!
//! `cargo bench` prints medians and ratios; nothing is asserted, because machines
//! are noisy. Sizes can be made smaller for a quick look, such as
//! `DUBAN_BENCH_FACTS=5000 DUBAN_BENCH_CASES=100000 cargo bench`, and one of its parts
//! asked for alone: `cargo bench --bench duban -- overdue`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a benchmark prints, and stops where it cannot measure"
)]

/// The program's own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

mod broker;
mod courier;
mod end_of_log;
mod end_to_end;
mod overdue;
mod stages;
#[path = "../../tests/it/support/engine.rs"]
mod support;
#[expect(dead_code, reason = "a benchmark needs a part of what the tests do with the town")]
#[path = "../../tests/it/courier_town.rs"]
mod town;

use std::time::Duration;

/// The gate of a machine without accounts: whoever sits at it is let in.
fn open_gate() -> std::sync::Arc<duban::http::gate::Gate> {
    use duban::http::gate::{Gate, GateSettings};
    let directory = std::sync::Arc::new(duban::memory::directory::MemoryDirectory::default());
    let (now, draw) = (std::sync::Arc::new(support::now), duban::cli::world::draw_secret());
    std::sync::Arc::new(Gate::new(GateSettings::default(), directory, None, now, draw))
}

/// A number from the environment, or the usual one.
fn size(name: &str, usual: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "the sizes of a benchmark are its caller's")]
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The resident memory of this process, in MiB; zero where the system does not say.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// The value below which `part` of the sorted times lie.
fn quantile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank"
    )]
    let rank = ((times.len() as f64 - 1.0) * part).round() as usize;
    times.get(rank).copied().unwrap_or_default()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

fn per_second(count: usize, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let count = count as f64;
    count / took.as_secs_f64().max(1e-9)
}

fn main() {
    // As many workers as the program itself has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let facts = size("DUBAN_BENCH_FACTS", 30_000);
    let reminders = size("DUBAN_BENCH_REMINDERS", 100_000);
    let cases = size("DUBAN_BENCH_CASES", 1_000_000);
    println!(
        "duban benchmarks: {facts} facts end to end, {reminders} reminders, {cases} open cases; sync_interval: always"
    );
    if asked("end-to-end") {
        runtime.block_on(end_to_end::run(facts));
    }
    if asked("overdue") {
        runtime.block_on(overdue::run(cases));
    }
    if asked("courier") {
        runtime.block_on(courier::run(reminders));
    }
}

/// Whether a part was asked for by its name; all of them where none was.
fn asked(part: &str) -> bool {
    let mut names = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
    names.peek().is_none() || names.any(|name| name == part)
}
