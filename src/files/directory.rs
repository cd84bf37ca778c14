//! Accounts and tokens in one JSON file, readable by its owner only.
//!
//! A change writes the whole to a file beside it, syncs, and renames: whoever reads
//! sees the one before or the one after. A lock file keeps two changes apart. A reader
//! looks whether the file is another one than last time, which costs a system call.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::identity::directory::{Directory, FORM};
use crate::port::directory::{Change, Directories, DirectoryError};

/// The file's name within its folder.
const FILE: &str = "directory.json";
/// The largest file that is read: some ten thousand accounts.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// What tells one state of the file from another: a rename brings another file.
type Mark = (u64, SystemTime, u64);

/// The directory in a folder, which is made at the first change.
#[derive(Debug)]
pub struct FileDirectory {
    folder: PathBuf,
    read: Mutex<Option<(Mark, Arc<Directory>)>>,
}

impl FileDirectory {
    /// The directory in `folder`; nothing is touched yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), read: Mutex::new(None) }
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn away(&self, reason: impl ToString) -> DirectoryError {
        DirectoryError::Away { place: self.path().display().to_string(), reason: reason.to_string() }
    }

    /// The file's content, and what it was when it was read; nothing when there is none.
    fn load(&self) -> Result<Option<(Mark, Directory)>, DirectoryError> {
        let file = match File::open(self.path()) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.away(error)),
        };
        let about = file.metadata().map_err(|error| self.away(error))?;
        if about.len() > MOST_BYTES {
            return Err(self.away(format!("it has more than {MOST_BYTES} bytes")));
        }
        let directory: Directory =
            serde_json::from_reader(std::io::BufReader::new(file)).map_err(|error| self.away(error))?;
        if directory.form != FORM {
            return Err(self.away(format!("it has the form {}, this version knows {FORM}", directory.form)));
        }
        Ok(Some((mark(&about), directory)))
    }

    fn store(&self, directory: &Directory) -> Result<(), DirectoryError> {
        let text = serde_json::to_vec_pretty(directory).map_err(|error| self.away(error))?;
        let beside = self.folder.join(format!("{FILE}.new"));
        let write = || -> std::io::Result<()> {
            // What is left of a change that broke off is not appended to.
            remove(&beside)?;
            let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, self.path())?;
            sync_folder(&self.folder)
        };
        write().map_err(|error| self.away(error))
    }

    fn lock(&self) -> Result<File, DirectoryError> {
        make_private_folder(&self.folder).map_err(|error| self.away(error))?;
        let path = self.folder.join(format!("{FILE}.lock"));
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path);
        let lock = lock.map_err(|error| self.away(error))?;
        lock.lock().map_err(|error| self.away(error))?;
        Ok(lock)
    }
}

impl Directories for FileDirectory {
    fn read(&self) -> Result<Arc<Directory>, DirectoryError> {
        let seen = match fs::metadata(self.path()) {
            Ok(about) => mark(&about),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Arc::default()),
            Err(error) => return Err(self.away(error)),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((mark, directory)) = &*read
            && *mark == seen
        {
            return Ok(Arc::clone(directory));
        }
        let Some((mark, directory)) = self.load()? else { return Ok(Arc::default()) };
        let directory = Arc::new(directory);
        *read = Some((mark, Arc::clone(&directory)));
        Ok(directory)
    }

    fn change(&self, change: Change<'_>) -> Result<(), DirectoryError> {
        // Held until this returns; the system lets go of it when a process dies.
        let _lock = self.lock()?;
        let mut directory = self.load()?.map(|(_, directory)| directory).unwrap_or_default();
        change(&mut directory)?;
        self.store(&directory)
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(unix)]
fn mark(about: &fs::Metadata) -> Mark {
    use std::os::unix::fs::MetadataExt as _;
    (about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.ino())
}

#[cfg(not(unix))]
fn mark(about: &fs::Metadata) -> Mark {
    (about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH), 0)
}

/// Readable and writable by the owner only, from the first byte on.
#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

/// Makes a rename durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
