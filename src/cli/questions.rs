//! The broker's side of a serving process: each tenant's questions as a service of NATS.

use std::sync::Arc;

use super::doors::Served;
use super::exit::Failure;
use super::service::of_log;
use super::world;
use crate::config::ServeSettings;
use crate::nats::service::ServiceSettings;
use crate::nats::{Broker, QueryService};
use crate::responder::Answers;
use crate::responder::asker::Vouching;

/// The running services.
#[derive(Default)]
pub struct Questions(Vec<QueryService>);

impl Questions {
    /// Answers the questions about every tenant of `site`, from now on.
    ///
    /// # Errors
    /// [`Failure`] when the broker takes no more connections.
    pub async fn open(settings: &ServeSettings, broker: &Broker, site: &Served) -> Result<Self, Failure> {
        // Our own key is how we know that the broker has users.
        let vouching = if settings.nats_key.is_some() { Vouching::Vouches } else { Vouching::Open };
        let line = broker.another("questions").await.map_err(of_log)?;
        let mut services = Vec::new();
        for tenant in site.tenants.keys() {
            let about = ServiceSettings {
                tenant: tenant.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                started: world::now(),
            };
            let answers = Arc::new(Answers::new(Arc::clone(site), tenant.clone(), vouching));
            services.push(QueryService::start(line.clone(), about, answers).await.map_err(of_log)?);
        }
        Ok(Self(services))
    }

    /// Ends them; questions under way are answered.
    pub async fn close(self) {
        futures::future::join_all(self.0.into_iter().map(QueryService::close)).await;
    }
}
