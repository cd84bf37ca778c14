//! Keeps messages from being sent to where they do not belong (SSRF).
//!
//! Three doors, one behind the other. The address of the settings is checked when they
//! are read: form, port, and the host where it is a number. A name is looked up anew for
//! each connection, every answer is checked, and the connection goes to what was checked,
//! so that an answer that changes between check and use has no between. Redirects are not
//! followed. What the office allows by name opens the doors to its own networks, never to
//! what no message belongs to.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{Reach, reach};

/// The ports that public hosts are spoken to at: the secure web's and its usual second.
/// At any other there may be something that takes our lines for its own commands.
const PUBLIC_PORTS: [u16; 2] = [443, 8443];
/// The most addresses of a name that are looked at.
const MOST_ADDRESSES: usize = 32;
/// The longest URL.
const MOST_URL: usize = 2048;

/// The answers of a lookup.
pub type Looked<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds the addresses of a name.
pub trait Names: Send + Sync {
    /// The addresses that `host` has now.
    fn lookup<'a>(&'a self, host: &'a str) -> Looked<'a>;
}

/// The names as the system knows them.
#[derive(Debug, Clone, Copy)]
pub struct SystemNames;

impl Names for SystemNames {
    fn lookup<'a>(&'a self, host: &'a str) -> Looked<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why nothing is sent to a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// The address is not one to send to.
    #[error("use this address: {reason}")]
    Address {
        /// What is wrong, without the address: it may carry a secret.
        reason: String,
    },
    /// The host is, or has, an address that is not public.
    #[error(
        "send to {host}: its address {address} is {what}; if it is meant, name the host under allowPrivate"
    )]
    Private {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
        /// What it is.
        what: &'static str,
    },
    /// The host is, or has, an address that no message belongs to.
    #[error("send to {host}: its address {address} is {what}, and nothing is ever sent there")]
    Nowhere {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
        /// What it is.
        what: &'static str,
    },
    /// An entry of the allowed is no host.
    #[error("allow {entry:?}: write a host or an address, with :port to allow that one only")]
    Entry {
        /// The entry.
        entry: String,
    },
}

/// A host that the office allows, at one port or at all.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowed {
    host: String,
    port: Option<u16>,
}

/// A place that may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    url: Url,
    is_allowed: bool,
}

/// Knows what may be sent to.
#[derive(Clone)]
pub struct Guard {
    names: Arc<dyn Names>,
    allowed: Vec<Allowed>,
}

impl Guard {
    /// A guard that allows the public internet, and of private networks what is named:
    /// `host`, `host:port` or an address.
    ///
    /// # Errors
    /// [`GuardError::Entry`].
    pub fn new(names: Arc<dyn Names>, allowed: &[String]) -> Result<Self, GuardError> {
        let allowed = allowed.iter().map(|entry| Allowed::read(entry)).collect::<Result<_, _>>()?;
        Ok(Self { names, allowed })
    }

    /// The place of a URL, if it may be sent to as far as can be told without looking its
    /// host up.
    ///
    /// # Errors
    /// [`GuardError`]; it never repeats the URL.
    pub fn place(&self, text: &str) -> Result<Place, GuardError> {
        let wrong = |reason: &str| GuardError::Address { reason: reason.to_owned() };
        if text.len() > MOST_URL {
            return Err(wrong("it is too long"));
        }
        let url = Url::parse(text).map_err(|error| wrong(&format!("it is no URL ({error})")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it carries a user; give secrets as secrets"));
        }
        if url.fragment().is_some() {
            return Err(wrong("it has a fragment (#), which is never sent"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it has no host"))?;
        let port = url.port_or_known_default().ok_or_else(|| wrong("it has no port"))?;
        let is_allowed = self.allows(host, port);
        match url.scheme() {
            "https" => {}
            "http" if is_allowed => {}
            "http" => return Err(wrong("it is http, which only hosts under allowPrivate may be; use https")),
            _ => return Err(wrong("it is neither https nor http")),
        }
        if !is_allowed && !PUBLIC_PORTS.contains(&port) {
            return Err(wrong("its port is neither 443 nor 8443; name host:port under allowPrivate"));
        }
        if let Ok(address) = bare(host).parse() {
            check(host, address, is_allowed)?;
        }
        Ok(Place { url, is_allowed })
    }

    /// Whether `host` is allowed by name at `port`, whatever its addresses.
    #[must_use]
    pub fn allows(&self, host: &str, port: u16) -> bool {
        let host = plain(host);
        self.allowed.iter().any(|entry| entry.host == host && entry.port.is_none_or(|own| own == port))
    }

    /// The addresses of `host`, all of which may be connected to.
    ///
    /// # Errors
    /// [`GuardError`] when one of them may not be, [`GuardError::Address`] when there is none.
    pub async fn addresses(&self, host: &str, is_allowed: bool) -> Result<Vec<IpAddr>, GuardError> {
        let found = match bare(host).parse() {
            Ok(address) => vec![address],
            Err(_) => self.names.lookup(host).await.map_err(|error| {
                let reason = format!("look up {host}: {}", error.kind());
                GuardError::Address { reason }
            })?,
        };
        let found: Vec<IpAddr> = found.into_iter().take(MOST_ADDRESSES).collect();
        if found.is_empty() {
            return Err(GuardError::Address { reason: format!("{host} has no address") });
        }
        for address in &found {
            // One bad answer among good ones is a bad answer: which is used is not ours to say.
            check(host, *address, is_allowed || self.names_address(*address))?;
        }
        Ok(found)
    }

    fn names_address(&self, address: IpAddr) -> bool {
        let text = address.to_string();
        self.allowed.iter().any(|entry| entry.port.is_none() && entry.host == text)
    }

    /// The guard as the client's way of looking names up; `is_allowed` for the hosts that
    /// are allowed by name.
    pub(super) fn resolver(&self, is_allowed: bool) -> Arc<Guarded> {
        Arc::new(Guarded { guard: self.clone(), is_allowed })
    }
}

fn check(host: &str, address: IpAddr, is_allowed: bool) -> Result<(), GuardError> {
    match reach(address) {
        Reach::Public => Ok(()),
        Reach::Private(_) if is_allowed => Ok(()),
        Reach::Private(what) => Err(GuardError::Private { host: host.to_owned(), address, what }),
        Reach::Nowhere(what) => Err(GuardError::Nowhere { host: host.to_owned(), address, what }),
    }
}

/// A host without the brackets that version 6 addresses have in URLs.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// A host as hosts are compared.
fn plain(host: &str) -> String {
    bare(host).trim_end_matches('.').to_ascii_lowercase()
}

impl Allowed {
    fn read(entry: &str) -> Result<Self, GuardError> {
        let wrong = || GuardError::Entry { entry: entry.chars().take(64).collect() };
        if let Ok(address) = bare(entry).parse::<IpAddr>() {
            return Ok(Self { host: address.to_string(), port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| wrong())?)),
            None => (entry, None),
        };
        // The form that a URL has it in, such as a Chinese name in ASCII.
        let url = Url::parse(&format!("https://{host}/")).map_err(|_| wrong())?;
        let known = url.host_str().unwrap_or_default();
        let says_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if known.is_empty() || says_more || !url.username().is_empty() || url.port().is_some() {
            return Err(wrong());
        }
        Ok(Self { host: plain(known), port })
    }
}

impl Place {
    /// The URL. It may carry a secret.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Whether its host is allowed by name.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        self.is_allowed
    }

    /// The host and the port, for people.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Place({})", self.host())
    }
}

/// Looks names up for the client and gives it only what may be connected to.
pub(super) struct Guarded {
    guard: Guard,
    is_allowed: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, is_allowed) = (self.guard.clone(), self.is_allowed);
        Box::pin(async move {
            let found = guard.addresses(name.as_str(), is_allowed).await?;
            // The client puts the port of the URL in.
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allowed: &[&str]) -> Guard {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        Guard::new(Arc::new(SystemNames), &allowed).expect("a guard")
    }

    #[test]
    fn public_addresses_are_taken_and_tricks_are_not() {
        let guard = guard(&[]);
        for url in ["https://hooks.example/in?x=1", "https://hooks.example:8443/", "https://1.1.1.1/"] {
            assert!(guard.place(url).is_ok(), "{url}");
        }
        for url in [
            "http://hooks.example/",
            "https://hooks.example:22/",
            "https://user@hooks.example/",
            "https://:word@hooks.example/",
            "https://hooks.example/#part",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://169.254.169.254/latest",
            "https://１２７.0.0.1/",
            "ftp://hooks.example/",
            "file:///etc/passwd",
            "https:///",
            "no url",
        ] {
            assert!(guard.place(url).is_err(), "{url} should be refused");
        }
    }

    #[test]
    fn what_is_allowed_by_name_is_that_and_no_more() {
        let guard =
            guard(&["hooks.intranet", "10.0.0.5", "robots.intranet:8080", "169.254.1.1", "督办.中国"]);
        for url in [
            "http://hooks.intranet:99/",
            "http://HOOKS.intranet./",
            "http://10.0.0.5/",
            "http://robots.intranet:8080/",
            "http://xn--wfrp96f.xn--fiqs8s/",
        ] {
            assert!(guard.place(url).is_ok(), "{url}: {:?}", guard.place(url));
        }
        for url in [
            "http://10.0.0.6/",
            "http://robots.intranet/",
            "http://hooks.intranet.example/",
            "http://a.hooks.intranet/",
            // Allowed or not, nothing goes there.
            "http://169.254.1.1/",
        ] {
            assert!(guard.place(url).is_err(), "{url} should be refused");
        }
        for entry in ["", "http://x", "a/b", "a b", "x:y", "user@host", "host?x"] {
            assert!(Guard::new(Arc::new(SystemNames), &[entry.to_owned()]).is_err(), "{entry:?}");
        }
    }

    #[test]
    fn a_place_does_not_show_what_its_address_carries() {
        let place = guard(&[]).place("https://oapi.example/send?access_token=hush").expect("a place");
        assert_eq!(format!("{place:?}"), "Place(oapi.example)");
    }
}
