//! Logs and metrics of a process: set up once, at its start.
//!
//! Logs go to standard error, as lines for people or as JSON for machines;
//! metrics are kept in memory and rendered by whoever serves `/metrics`. What is
//! logged and counted is decided where it happens.

use std::io::IsTerminal as _;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The variable that chooses what is logged, such as `info,duban=debug`.
pub const LOG_VARIABLE: &str = "DUBAN_LOG";

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogForm {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("read the filter of logs {filter:?} (from {LOG_VARIABLE})")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: ParseError,
    },
    /// Metrics are kept already, or their settings are wrong.
    #[error("keep metrics")]
    Metrics(#[from] BuildError),
}

/// Bounds of latency histograms in seconds: from a point read to a slow rebuild.
const LATENCIES: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];

/// How often old samples are folded together; the exporter wants to be told.
const UPKEEP: Duration = Duration::from_secs(5);

/// Writes logs to standard error from now on. Setting it up again changes nothing.
///
/// # Errors
/// [`TelemetryError::Filter`] when `filter` is no filter.
pub fn log(filter: &str, form: LogForm) -> Result<(), TelemetryError> {
    let wrong = |source| TelemetryError::Filter { filter: filter.to_owned(), source };
    let filter = EnvFilter::try_new(filter).map_err(wrong)?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = match form {
        LogForm::Text => {
            logs.with_ansi(std::io::stderr().is_terminal()).with_target(false).compact().try_init()
        }
        LogForm::Json => logs.json().flatten_event(true).try_init(),
    };
    // A second call in one process comes from a test; the first one's logs go on.
    drop(set);
    Ok(())
}

/// Keeps metrics from now on, and renders them. Must be called within a runtime,
/// once a process.
///
/// # Errors
/// [`TelemetryError::Metrics`] when metrics are kept already.
pub fn keep_metrics() -> Result<PrometheusHandle, TelemetryError> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &LATENCIES)?;
    let handle = builder.install_recorder()?;
    let kept = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            kept.run_upkeep();
        }
    });
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_named() {
        let error = log("duban=loud", LogForm::Text).expect_err("no such level");
        assert!(error.to_string().contains("duban=loud"), "{error}");
    }
}
