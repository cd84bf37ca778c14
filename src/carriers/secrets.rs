//! Fetching secrets from where the settings say they are kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::settings::{SecretRef, Word};
use crate::identity::secret::Secret;

/// Reads a variable of the environment; the command line alone knows it.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The longest secret, in bytes.
const MOST_BYTES: u64 = 8 * 1024;

/// Why a secret is not there. It names the place, never what was found.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Neither or both places are named.
    #[error("find a secret: name either a file or an env")]
    Form,
    /// There is no such file, or it cannot be read.
    #[error("read a secret from {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The variable is not set.
    #[error("read a secret from the environment: {name} is not set")]
    Unset {
        /// The variable.
        name: String,
    },
    /// It is empty, too long, or no text.
    #[error("use the secret of {place}: it should be a text of 1 to 8192 bytes")]
    Content {
        /// The file or the variable.
        place: String,
    },
}

/// Knows where secrets are kept.
#[derive(Clone)]
pub struct Secrets {
    folder: PathBuf,
    environment: Environment,
}

impl Secrets {
    /// Files are relative to `folder`.
    #[must_use]
    pub fn new(folder: &Path, environment: Environment) -> Self {
        Self { folder: folder.to_owned(), environment }
    }

    /// The secret that is kept there.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn fetch(&self, at: &SecretRef) -> Result<Secret, SecretsError> {
        match (&at.file, &at.env) {
            (Some(file), None) => self.of_file(file),
            (None, Some(name)) => {
                let text = (self.environment)(name);
                let text = text.ok_or_else(|| SecretsError::Unset { name: name.clone() })?;
                secret(&text, || name.clone())
            }
            (None, None) | (Some(_), Some(_)) => Err(SecretsError::Form),
        }
    }

    /// All of them, in order.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub fn fetch_all(&self, from: &[SecretRef]) -> Result<Vec<Secret>, SecretsError> {
        from.iter().map(|at| self.fetch(at)).collect()
    }

    /// The text, wherever it is kept.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub fn word(&self, word: &Word) -> Result<Secret, SecretsError> {
        match word {
            Word::Plain(text) => Ok(Secret::shown(text)),
            Word::Kept(at) => self.fetch(at),
        }
    }

    /// The content of a file that is no secret.
    ///
    /// # Errors
    /// [`SecretsError::File`].
    pub fn read(&self, file: &Path) -> Result<Vec<u8>, SecretsError> {
        let path = self.folder.join(file);
        std::fs::read(&path).map_err(|source| SecretsError::File { path, source })
    }

    fn of_file(&self, file: &Path) -> Result<Secret, SecretsError> {
        let path = self.folder.join(file);
        let wrong = |source| SecretsError::File { path: path.clone(), source };
        let content = || path.display().to_string();
        if std::fs::metadata(&path).map_err(wrong)?.len() > MOST_BYTES {
            return Err(SecretsError::Content { place: content() });
        }
        let bytes = std::fs::read(&path).map_err(wrong)?;
        let text = String::from_utf8(bytes).map_err(|_| SecretsError::Content { place: content() })?;
        secret(&text, content)
    }
}

fn secret(text: &str, place: impl Fn() -> String) -> Result<Secret, SecretsError> {
    let text = text.trim();
    let is_long = u64::try_from(text.len()).is_ok_and(|bytes| bytes > MOST_BYTES);
    if text.is_empty() || is_long || text.chars().any(char::is_control) {
        return Err(SecretsError::Content { place: place() });
    }
    Ok(Secret::shown(text))
}
