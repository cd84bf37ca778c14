//! Which folder holds a tenant's rows, and how one replaces another.
//!
//! A tenant's data folder holds
//!
//! ```text
//! lock                    held by the process that uses the folder
//! current                 the name of the folder in use, replaced atomically
//! projection-v3-7/        rows of projection version 3, the seventh build
//!   complete              there once the build had caught up
//! damaged-2/              set aside, for whoever wants to look; at most two
//! ```
//!
//! A build that was interrupted has no `complete` and is never named by
//! `current`, so it cannot be mistaken for a finished one; it may be resumed.
//! What the rows mean, and when a build has caught up, is the caller's business.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::store::{SledSettings, SledStore};
use crate::port::store::StoreError;

const LOCK: &str = "lock";
const CURRENT: &str = "current";
const CURRENT_NEW: &str = "current.new";
const COMPLETE: &str = "complete";
/// One to look at, and the one before it to compare with.
const MOST_DAMAGED: usize = 2;

/// Why a data folder could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process works in it. Stop that one, or wait for it.
    #[error("use the data folder {}: another process holds its lock", folder.display())]
    InUse {
        /// The tenant's data folder.
        folder: PathBuf,
    },
    /// The system refused. Look at the path, its rights and the disk.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why there are no rows to go on with. Unless it is [`Self::Folder`], the answer
/// is to build them again: see [`Folder::set_aside`] and [`Folder::begin`].
#[derive(Debug, thiserror::Error)]
pub enum NotCurrent {
    /// Nothing was built here yet, or it was taken away.
    #[error("find rows of the projection: none were built here")]
    Missing,
    /// The rows are of another projection version.
    #[error("use the rows that are there: they are of projection version {found}, not {wanted}")]
    OtherVersion {
        /// The version of the rows.
        found: u32,
        /// The version asked for.
        wanted: u32,
    },
    /// `current` or the folder it names is not as it was left.
    #[error("trust the pointer in {}: {reason}", folder.display())]
    Pointer {
        /// The tenant's data folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The rows cannot be opened.
    #[error(transparent)]
    Damaged(#[from] StoreError),
    /// The data folder itself cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A tenant's data folder, locked for this process while the value lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    version: u32,
    /// The system lets go of the lock when the file is closed, even by a crash.
    _lock: File,
}

/// A build that has not caught up. It is plain data: dropping it removes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfBuilt {
    name: Name,
    path: PathBuf,
}

impl HalfBuilt {
    /// Where its rows are; open them with [`SledStore::open`].
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The name of a build's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    version: u32,
    build: u64,
}

impl Name {
    fn text(self) -> String {
        format!("projection-v{}-{}", self.version, self.build)
    }

    fn parse(text: &str) -> Option<Self> {
        let (version, build) = text.strip_prefix("projection-v")?.split_once('-')?;
        let name = Self { version: version.parse().ok()?, build: build.parse().ok()? };
        // Only the one spelling that `text` gives, so that no two names are equal.
        (name.text() == text).then_some(name)
    }
}

impl Folder {
    /// Takes the data folder for this process; it is made if it is not there.
    /// `version` is the projection version whose rows are wanted.
    ///
    /// # Errors
    /// [`FolderError::InUse`] when another process, or another value in this one,
    /// has it.
    pub fn open(path: &Path, version: u32) -> Result<Self, FolderError> {
        fs::create_dir_all(path).map_err(io("make the folder", path))?;
        let lock_path = path.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(io("open the lock", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), version, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse { folder: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(io("take the lock", &lock_path)(error)),
        }
    }

    /// The folder of the rows in use.
    ///
    /// # Errors
    /// [`NotCurrent`] when there is none of this version; never
    /// [`NotCurrent::Damaged`], since the rows are not opened.
    pub fn current(&self) -> Result<PathBuf, NotCurrent> {
        let name = self.pointer()?.ok_or(NotCurrent::Missing)?;
        if name.version != self.version {
            return Err(NotCurrent::OtherVersion { found: name.version, wanted: self.version });
        }
        let path = self.path.join(name.text());
        if path.join(COMPLETE).is_file() {
            return Ok(path);
        }
        let reason = format!("{} is not there, or not complete", name.text());
        Err(NotCurrent::Pointer { folder: self.path.clone(), reason })
    }

    /// Opens the rows in use.
    ///
    /// # Errors
    /// [`NotCurrent`] with the reason why there are none.
    pub fn open_current(&self, tables: &[&str], settings: SledSettings) -> Result<SledStore, NotCurrent> {
        Ok(SledStore::open(&self.current()?, tables, settings)?)
    }

    /// The newest build of this version that was interrupted, to be resumed.
    ///
    /// # Errors
    /// [`FolderError::Io`] when the folder cannot be read.
    pub fn half_built(&self) -> Result<Option<HalfBuilt>, FolderError> {
        let mut names = self.builds()?;
        names.retain(|&name| name.version == self.version && !self.is_complete(name));
        Ok(names.pop().map(|name| HalfBuilt { name, path: self.path.join(name.text()) }))
    }

    /// Starts a new build beside whatever is there, in an empty folder.
    ///
    /// # Errors
    /// [`FolderError::Io`] when the folder cannot be made.
    pub fn begin(&self) -> Result<HalfBuilt, FolderError> {
        let last = self.builds()?.iter().map(|name| name.build).max();
        let name = Name { version: self.version, build: last.unwrap_or(0) + 1 };
        let path = self.path.join(name.text());
        fs::create_dir(&path).map_err(io("make the folder", &path))?;
        sync_folder(&self.path)?;
        Ok(HalfBuilt { name, path })
    }

    /// Makes a build that has caught up the one in use. Flush its rows before:
    /// they are kept open and used on under the same path. The one before it is
    /// left for [`Folder::sweep`].
    ///
    /// # Errors
    /// [`FolderError::Io`]; the pointer then names the old build or the new one.
    pub fn switch(&self, built: &HalfBuilt) -> Result<(), FolderError> {
        write_synced(&built.path.join(COMPLETE), "")?;
        sync_folder(&built.path)?;
        let (new, current) = (self.path.join(CURRENT_NEW), self.path.join(CURRENT));
        write_synced(&new, &format!("{}\n", built.name.text()))?;
        fs::rename(&new, &current).map_err(io("replace", &current))?;
        sync_folder(&self.path)
    }

    /// Removes finished builds that are not in use, and interrupted ones that
    /// [`Folder::half_built`] would not name; answers how many. Call it when no
    /// reader has the old rows open any more.
    ///
    /// # Errors
    /// [`FolderError::Io`] when one cannot be removed.
    pub fn sweep(&self) -> Result<usize, FolderError> {
        let current = match self.pointer() {
            Ok(Some(name)) if self.is_complete(name) => Some(name),
            Ok(None) => None,
            // Whoever cannot tell what is in use removes nothing.
            Ok(Some(_)) | Err(_) => return Ok(0),
        };
        let resumable = self.half_built()?.map(|half| half.name);
        let mut names = self.builds()?;
        names.retain(|&name| Some(name) != current && Some(name) != resumable);
        for name in &names {
            remove(&self.path.join(name.text()))?;
        }
        sync_folder(&self.path)?;
        Ok(names.len())
    }

    /// Sets the rows in use aside because they are damaged and takes the pointer
    /// away; answers where they are now, if there were any. Drop the store first.
    /// Of those set aside before, only the newest is kept.
    ///
    /// # Errors
    /// [`FolderError::Io`] when the folder cannot be renamed.
    pub fn set_aside(&self) -> Result<Option<PathBuf>, FolderError> {
        let name = match self.pointer() {
            Ok(name) => name,
            Err(NotCurrent::Folder(error)) => return Err(error),
            Err(_) => None,
        };
        let from = name.map(|name| self.path.join(name.text())).filter(|path| path.is_dir());
        let kept = from.map(|from| self.move_to_damaged(&from)).transpose()?;
        let current = self.path.join(CURRENT);
        match fs::remove_file(&current) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io("remove", &current)(error));
            }
            _ => sync_folder(&self.path)?,
        }
        Ok(kept)
    }

    /// Removes an interrupted build, for one that cannot be opened or resumed.
    ///
    /// # Errors
    /// [`FolderError::Io`] when it cannot be removed.
    pub fn discard(&self, half: &HalfBuilt) -> Result<(), FolderError> {
        remove(&half.path)?;
        sync_folder(&self.path)
    }

    fn move_to_damaged(&self, from: &Path) -> Result<PathBuf, FolderError> {
        let mut numbers: Vec<u64> =
            self.names()?.iter().filter_map(|name| name.strip_prefix("damaged-")?.parse().ok()).collect();
        numbers.sort_unstable();
        let place = |number: u64| self.path.join(format!("damaged-{number}"));
        let to = place(numbers.last().map_or(1, |last| last.saturating_add(1)));
        fs::rename(from, &to).map_err(io("set aside", from))?;
        let surplus = (numbers.len() + 1).saturating_sub(MOST_DAMAGED);
        for &number in numbers.iter().take(surplus) {
            remove(&place(number))?;
        }
        Ok(to)
    }

    /// What `current` names, whether or not that is there.
    fn pointer(&self) -> Result<Option<Name>, NotCurrent> {
        let path = self.path.join(CURRENT);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io("read", &path)(error).into()),
        };
        let text = String::from_utf8_lossy(&bytes);
        if let Some(name) = text.strip_suffix('\n').and_then(Name::parse) {
            return Ok(Some(name));
        }
        let reason = format!("it says {:?}", text.chars().take(64).collect::<String>());
        Err(NotCurrent::Pointer { folder: self.path.clone(), reason })
    }

    fn is_complete(&self, name: Name) -> bool {
        self.path.join(name.text()).join(COMPLETE).is_file()
    }

    /// All builds, by version and number.
    fn builds(&self) -> Result<Vec<Name>, FolderError> {
        let mut builds: Vec<Name> = self.names()?.iter().filter_map(|name| Name::parse(name)).collect();
        builds.sort_unstable();
        Ok(builds)
    }

    fn names(&self) -> Result<Vec<String>, FolderError> {
        let entries = fs::read_dir(&self.path).map_err(io("read", &self.path))?;
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        entries.map(name).collect::<io::Result<_>>().map_err(io("read", &self.path))
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io { action, path, source }
}

fn write_synced(path: &Path, text: &str) -> Result<(), FolderError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(io("write", path))
}

fn remove(path: &Path) -> Result<(), FolderError> {
    fs::remove_dir_all(path).map_err(io("remove", path))
}

/// Makes new, renamed and removed names of a folder outlive a power cut.
fn sync_folder(path: &Path) -> Result<(), FolderError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(io("sync", path))
}
