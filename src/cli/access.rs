//! Who is let in by a serving process: from its settings to its gate.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::{Exit, Failure, OrExit as _};
use super::world;
use crate::config::{Access, ServeSettings};
use crate::files::FileDirectory;
use crate::http::gate::{Gate, GateSettings};
use crate::identity::link::LinkKey;
use crate::openid::{Issuer, IssuerSettings};

/// The file with the key of links, below the data folder.
const LINKS: &str = "links.key";

/// How people reach this process and who is let in.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AccessArgs {
    /// Everybody signs in or shows a token, even before the first account is added
    #[arg(long, env = "DUBAN_REQUIRE_SIGN_IN")]
    require_sign_in: bool,
    /// A proxy stands before this process that speaks HTTPS and sets x-forwarded-for
    #[arg(long, env = "DUBAN_BEHIND_PROXY")]
    behind_proxy: bool,
    /// The certificate chain for HTTPS, in PEM
    #[arg(long, env = "DUBAN_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, env = "DUBAN_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Settings of the issuer (`OpenID` Connect) that vouches for people, in YAML
    #[arg(long, env = "DUBAN_OPENID", value_name = "FILE")]
    openid: Option<PathBuf>,
}

impl AccessArgs {
    /// The same as settings.
    #[must_use]
    pub fn settings(&self) -> Access {
        Access {
            require_sign_in: self.require_sign_in,
            is_behind_proxy: self.behind_proxy,
            tls: self.tls_certificate.clone().zip(self.tls_key.clone()),
            openid: self.openid.clone(),
        }
    }
}

/// Where accounts and tokens are kept below a data folder.
#[must_use]
pub fn directory(data: &Path) -> FileDirectory {
    FileDirectory::new(data.join("identity"))
}

/// The gate of a process with these settings.
///
/// # Errors
/// [`Failure`] when the issuer's settings cannot be used, or the accounts not be read.
pub fn gate(settings: &ServeSettings) -> Result<Gate, Failure> {
    use crate::port::directory::Directories as _;
    let access = &settings.access;
    let directory = directory(&settings.data);
    // Better to find it damaged now than at the first request.
    directory.read().or_exit(Exit::Stopped)?;
    let issuer = access.openid.as_deref().map(issuer).transpose()?;
    let set = GateSettings {
        require_sign_in: access.require_sign_in
            || access.is_behind_proxy
            || !settings.http.ip().is_loopback(),
        is_secure: access.tls.is_some() || access.is_behind_proxy,
        is_behind_proxy: access.is_behind_proxy,
    };
    let gate = Gate::new(set, Arc::new(directory), issuer, world::wall_clock(), world::draw_secret());
    Ok(gate.with_links(link_key(&settings.data)?))
}

/// The key that links in messages are signed with: 32 random bytes in the data folder,
/// drawn when there are none. Who takes the file away ends all links that were sent.
///
/// # Errors
/// [`Failure`] when it can neither be read nor written, or is not of that length.
pub fn link_key(data: &Path) -> Result<LinkKey, Failure> {
    let file = data.join(LINKS);
    let reading = format!("read the key of links from {}", file.display());
    let drawn = match fs::read(&file) {
        Ok(kept) => kept,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let bytes = (world::draw_secret())().or_failed_to(Exit::Stopped, "draw the key of links")?;
            keep(data, &file, &bytes).or_failed_to(Exit::Stopped, &reading)?
        }
        Err(error) => return Err(error).or_failed_to(Exit::Stopped, &reading),
    };
    let bytes = <[u8; 32]>::try_from(drawn.as_slice());
    bytes.map(|bytes| LinkKey::of(&bytes)).map_err(|_| {
        Failure::new(
            Exit::Stopped,
            format!("{reading}: it is not 32 bytes long; move it away, and another is drawn"),
        )
    })
}

/// Keeps a key for its owner only. Of two processes that draw one at once, the one
/// whose link comes first wins, and both have its key.
fn keep(data: &Path, file: &Path, bytes: &[u8; 32]) -> io::Result<Vec<u8>> {
    fs::create_dir_all(data)?;
    let draft = data.join(format!("{LINKS}.{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut written = options.open(&draft)?;
    written.write_all(bytes)?;
    written.sync_all()?;
    let linked = fs::hard_link(&draft, file);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => fs::read(file),
    }
}

fn issuer(file: &Path) -> Result<Issuer, Failure> {
    let reading = format!("read the issuer's settings from {}", file.display());
    let text = fs::read_to_string(file).or_failed_to(Exit::Usage, &reading)?;
    let settings: IssuerSettings = serde_saphyr::from_str(&text).or_failed_to(Exit::Usage, &reading)?;
    settings.check().or_failed_to(Exit::Usage, &reading)?;
    let secret = settings.client_secret_file.as_deref().map(|file| {
        let secret = fs::read_to_string(file);
        secret.or_failed_to(Exit::Usage, format!("read our secret at the issuer from {}", file.display()))
    });
    let secret = secret.transpose()?.map(|secret| secret.trim().to_owned());
    Issuer::new(settings, secret).or_exit(Exit::Failed)
}
