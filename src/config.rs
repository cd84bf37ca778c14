//! What a serving duban is told: where its broker is, whose engines it runs,
//! where it keeps its projections, where it listens and whom it lets in.
//!
//! It holds and checks settings; the command line fills them. It opens nothing.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::id::TenantId;

/// Settings of a serving process.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// The broker's servers, such as `nats://127.0.0.1:4222`.
    pub nats: Vec<String>,
    /// The file with the seed of our key pair at the broker.
    pub nats_key: Option<PathBuf>,
    /// Whose engines run here.
    pub tenants: Vec<TenantId>,
    /// Where the projections are kept, one folder a tenant.
    pub data: PathBuf,
    /// Where HTTP listens.
    pub http: SocketAddr,
    /// Whom it lets in, and how they reach it.
    pub access: Access,
    /// How many servers keep each stream: 1, 3 or 5.
    pub replicas: usize,
    /// The folder of policies to put in force; none to leave them as they are.
    pub policies: Option<PathBuf>,
    /// The file with the office's settings of delivery; none for the usual place.
    pub delivery: Option<PathBuf>,
}

/// How people reach a process, and whether they must say who they are.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Even on this machine, and before there is an account.
    pub require_sign_in: bool,
    /// A proxy speaks HTTPS for us and says whom it speaks for.
    pub is_behind_proxy: bool,
    /// The files of the certificate chain and of its key, to speak HTTPS ourselves.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// The file with the issuer's settings.
    pub openid: Option<PathBuf>,
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Passwords and tokens would travel in the clear.
    #[error(
        "listen on {address}: passwords and tokens would travel in the clear; give --tls-certificate and \
         --tls-key, or --behind-proxy if a proxy on the way speaks HTTPS, or listen on 127.0.0.1"
    )]
    InTheClear {
        /// The address that was given.
        address: SocketAddr,
    },
    /// No engine would run.
    #[error("serve nobody: name at least one tenant with --tenant")]
    NoTenant,
    /// Two engines of one process would fight for one ledger.
    #[error("serve {tenant} twice: name each tenant once")]
    TenantTwice {
        /// The tenant.
        tenant: TenantId,
    },
    /// A stream cannot be kept by that many servers.
    #[error("keep each stream on {replicas} servers: use 1, 3 or 5")]
    Replicas {
        /// What was given.
        replicas: usize,
    },
}

impl ServeSettings {
    /// Whether a process can serve under these settings.
    ///
    /// # Errors
    /// [`ConfigError`], the first thing that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let is_private =
            self.http.ip().is_loopback() || self.access.tls.is_some() || self.access.is_behind_proxy;
        if !is_private {
            return Err(ConfigError::InTheClear { address: self.http });
        }
        if self.tenants.is_empty() {
            return Err(ConfigError::NoTenant);
        }
        let mut seen = BTreeSet::new();
        if let Some(tenant) = self.tenants.iter().find(|tenant| !seen.insert(*tenant)) {
            return Err(ConfigError::TenantTwice { tenant: tenant.clone() });
        }
        if !matches!(self.replicas, 1 | 3 | 5) {
            return Err(ConfigError::Replicas { replicas: self.replicas });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ServeSettings {
        ServeSettings {
            nats: vec!["nats://127.0.0.1:4222".into()],
            nats_key: None,
            tenants: vec![TenantId::new("genhe").expect("a tenant")],
            data: "data".into(),
            http: "127.0.0.1:8310".parse().expect("an address"),
            access: Access::default(),
            replicas: 1,
            policies: None,
            delivery: None,
        }
    }

    #[test]
    fn what_can_be_is_taken() {
        assert_eq!(settings().check(), Ok(()));
        let six = ServeSettings { http: "[::1]:8310".parse().expect("an address"), ..settings() };
        assert_eq!(six.check(), Ok(()));
    }

    #[test]
    fn nobody_listens_to_other_machines_in_the_clear() {
        for address in ["0.0.0.0:8310", "192.168.1.7:8310", "[::]:8310"] {
            let open = ServeSettings { http: address.parse().expect("an address"), ..settings() };
            let error = open.check().expect_err("it is open to others");
            assert!(error.to_string().contains("--tls-certificate"), "{error}");
            let tls = Access { tls: Some(("chain.pem".into(), "key.pem".into())), ..Access::default() };
            assert_eq!(ServeSettings { access: tls, ..open.clone() }.check(), Ok(()));
            let proxy = Access { is_behind_proxy: true, ..Access::default() };
            assert_eq!(ServeSettings { access: proxy, ..open }.check(), Ok(()));
        }
    }

    #[test]
    fn tenants_are_named_once_and_streams_are_kept_by_odd_numbers() {
        let nobody = ServeSettings { tenants: Vec::new(), ..settings() };
        assert_eq!(nobody.check(), Err(ConfigError::NoTenant));
        let twice =
            ServeSettings { tenants: [settings().tenants, settings().tenants].concat(), ..settings() };
        assert!(matches!(twice.check(), Err(ConfigError::TenantTwice { .. })));
        let even = ServeSettings { replicas: 2, ..settings() };
        assert_eq!(even.check(), Err(ConfigError::Replicas { replicas: 2 }));
    }
}
