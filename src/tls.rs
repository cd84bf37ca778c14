//! TLS: what is needed to speak it, as a server and as a client.
//!
//! All cryptography is *ring*'s. Who a client is, is not asked here.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// How long a handshake may take; whoever is slower is let go.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How many handshakes are under way at once.
const MOST_HANDSHAKES: usize = 256;

/// Why HTTPS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not what it should be.
    #[error("read {what} from {path}: {reason}")]
    File {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key does not belong to the certificate, or is of a kind not known.
    #[error("serve HTTPS with this certificate and key")]
    Pair(#[from] tokio_rustls::rustls::Error),
}

/// A client of HTTP and HTTPS, to be built on.
pub fn client() -> reqwest::ClientBuilder {
    // It fails only when a provider is there already, which is as good.
    let _ = ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// What a server needs: a certificate chain and its key, from PEM files.
///
/// # Errors
/// [`TlsError`].
pub fn server(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let wrong = |what, path: &Path, reason: String| TlsError::File { what, path: path.to_owned(), reason };
    let of_chain = |error: tokio_rustls::rustls::pki_types::pem::Error| {
        wrong("a certificate chain in PEM", certificate, error.to_string())
    };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(of_chain)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(of_chain)?;
    if chain.is_empty() {
        return Err(wrong("a certificate chain in PEM", certificate, "there is no certificate in it".into()));
    }
    let private = PrivateKeyDer::from_pem_file(key);
    let private = private.map_err(|error| wrong("a private key in PEM", key, error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    Ok(Arc::new(config))
}

/// A listener whose connections have shaken hands. One that dawdles keeps nobody
/// else waiting.
pub struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    /// Speaks TLS with whoever connects to `tcp`.
    #[must_use]
    pub fn new(tcp: TcpListener, config: Arc<ServerConfig>) -> Self {
        Self { tcp, acceptor: TlsAcceptor::from(config), handshakes: JoinSet::new() }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let has_room = self.handshakes.len() < MOST_HANDSHAKES;
            tokio::select! {
                // It tries again by itself when the system is out of handles.
                (stream, peer) = Listener::accept(&mut self.tcp), if has_room => {
                    let acceptor = self.acceptor.clone();
                    self.handshakes.spawn(async move {
                        let shaken = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await;
                        shaken.ok()?.ok().map(|stream| (stream, peer))
                    });
                }
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(connected)) = done {
                        return connected;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}
