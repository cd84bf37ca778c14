//! How a command ends: a closed set of exit codes, and a failure that carries one.
//!
//! Scripts rely on the numbers, so a number never changes its meaning. What went
//! wrong is said in words by the error; the code says what kind of thing it was.

use std::fmt;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It looked for something wrong and found it.
    Found = 1,
    /// The command line or a file it names cannot be understood.
    Usage = 2,
    /// A server could not be reached, or did not answer in time; nothing is known
    /// to have changed.
    Unreachable = 3,
    /// Stored data is damaged, or an engine has stopped; a person must look.
    Stopped = 4,
    /// The server answered, and the answer is no.
    Refused = 5,
    /// Anything else: a file that cannot be written, a port in use.
    Failed = 6,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Done, Self::Found, Self::Usage, Self::Unreachable, Self::Stopped, Self::Refused, Self::Failed];

    /// What the number says to a script's author.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "it did what was asked",
            Self::Found => {
                "a check (policy check, policy test, verify) found something wrong and has named it"
            }
            Self::Usage => "the command line, or a file that it names, cannot be understood",
            Self::Unreachable => "a server could not be reached or did not answer in time; try again",
            Self::Stopped => "stored data is damaged or an engine has stopped; a person must look",
            Self::Refused => "the server answered and refused; correct the question or the fact",
            Self::Failed => "anything else: a file that cannot be written, a port in use",
        }
    }

    /// The table of all codes, for `duban help exit-codes`.
    #[must_use]
    pub fn table() -> String {
        let line = |exit: Self| format!("  {}  {}\n", exit as u8, exit.meaning());
        Self::ALL.into_iter().map(line).collect()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what was asked, and the code that says so.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What went wrong, readable after "failed to".
    pub error: anyhow::Error,
}

/// How a command ended, or why it could not do what was asked.
pub type Ended = Result<Exit, Failure>;

impl Failure {
    /// A failure in words that read on after "failed to".
    #[must_use]
    pub fn new(exit: Exit, words: impl fmt::Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{words}") }
    }

    /// Whether the reader of our output went away, as `head` does: no failure at all.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        let is = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
        self.error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(is))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "failed to {:#}", self.error)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: Exit::Failed, error: error.into() }
    }
}

/// Says which exit code an error means.
pub trait OrExit<T> {
    /// The value, or a failure with this code.
    ///
    /// # Errors
    /// The error itself, with the code.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;

    /// The value, or a failure with this code that says first what was tried.
    ///
    /// # Errors
    /// The error itself, with the words and the code.
    fn or_failed_to(self, exit: Exit, words: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, error: error.into() })
    }

    fn or_failed_to(self, exit: Exit, words: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, error: error.into().context(words.to_string()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_that_scripts_know() {
        assert_eq!(Exit::ALL.map(|exit| exit as u8), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(Exit::table().lines().count(), Exit::ALL.len());
    }

    #[test]
    fn a_failure_names_its_causes_in_one_line() {
        let cause = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let failure = Err::<(), _>(cause).or_failed_to(Exit::Usage, "read a.json").expect_err("it failed");
        assert_eq!(failure.to_string(), "failed to read a.json: no such file");
        assert_eq!(failure.exit, Exit::Usage);
        let pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(Failure::from(pipe).is_broken_pipe() && !failure.is_broken_pipe());
    }
}
