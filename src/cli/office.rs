//! The courier of a serving process: from the office's settings of delivery to a running
//! loop.
//!
//! Settings are read once, at the start, and every mistake in them is told then: a
//! channel that would fail at night is better refused in the morning.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::access::link_key;
use super::exit::{Exit, Failure, OrExit as _};
use super::service::Room;
use super::world;
use crate::carriers::guard::SystemNames;
use crate::carriers::{DeliverySettings, TenantSettings, World, carriers};
use crate::courier::letter::{Letterhead, Office};
use crate::courier::run::{Courier, Report};
use crate::courier::signs::Signs;
use crate::id::TenantId;
use crate::message::Wording;
use crate::nats::Broker;
use crate::port::carrier::Carriers;
use crate::query::reader::Reader;

/// Where the settings are, unless a place is named: in the folder of the data.
const USUAL: &str = "delivery.yaml";

/// What the office wrote of its destinations.
pub struct Destinations {
    settings: Option<DeliverySettings>,
    folder: PathBuf,
}

impl Destinations {
    /// Reads the settings: those of `named`, or the usual file if it is there. Without
    /// settings reminders wait for addresses, and reactions work all the same.
    ///
    /// # Errors
    /// [`Failure`] when they cannot be read, with the place of the mistake.
    pub fn read(named: Option<&Path>, data: &Path) -> Result<Self, Failure> {
        let usual = data.join(USUAL);
        let file = match named {
            Some(file) => file,
            None if usual.is_file() => &usual,
            None => return Ok(Self { settings: None, folder: data.to_owned() }),
        };
        let words = format!("read the settings of delivery {}", file.display());
        let text = fs::read_to_string(file).or_failed_to(Exit::Usage, &words)?;
        let settings = DeliverySettings::read(&text).or_failed_to(Exit::Usage, words)?;
        let folder = file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Ok(Self { settings: Some(settings), folder })
    }

    /// The settings of a tenant, if there are any.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> Option<&TenantSettings> {
        self.settings.as_ref()?.tenants.get(tenant)
    }

    /// The carriers of a tenant.
    ///
    /// # Errors
    /// [`Failure`] with every mistake in its settings.
    pub fn carriers(&self, tenant: &TenantId, broker: &Broker) -> Result<Carriers, Failure> {
        let Some(settings) = self.of(tenant) else { return Ok(Carriers::new()) };
        let world = World {
            announce: Some(Arc::new(broker.clone())),
            ..World::new(Arc::new(SystemNames), Arc::new(variable), world::wall_clock())
        };
        carriers(tenant, settings, &self.folder, &world).or_exit(Exit::Usage)
    }

    /// What stands on a tenant's messages: its own wording where it has some, the usual
    /// one else.
    ///
    /// # Errors
    /// [`Failure`] with every mistake in it.
    pub fn letterhead(&self, tenant: &TenantId) -> Result<Letterhead, Failure> {
        let Some(settings) = self.of(tenant) else { return Ok(Letterhead::default()) };
        let wording = Wording::read(&settings.wording).or_exit(Exit::Usage)?;
        Ok(Letterhead { desk: settings.desk.clone(), wording })
    }
}

/// A running courier.
pub struct Running {
    /// How it stands.
    pub report: watch::Receiver<Report>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Starts the courier of a room.
    ///
    /// # Errors
    /// [`Failure`] when its settings are wrong.
    pub fn start(
        room: &Room,
        destinations: &Destinations,
        (broker, data): (&Broker, &Path),
    ) -> Result<Self, Failure> {
        let of_moment = room.handle.clone();
        let office = Office {
            tenant: room.tenant.clone(),
            now: world::wall_clock(),
            reader: Reader::new(move || of_moment.store(), room.ledger.clone()),
            carriers: destinations.carriers(&room.tenant, broker)?,
            letterhead: room.letterhead.clone(),
            links: Some(link_key(data)?),
        };
        let (courier, report) =
            Courier::new(office, room.handle.clone(), room.intake.clone(), Signs::default());
        let (stop, stopped) = watch::channel(false);
        Ok(Self { report, stop, task: tokio::spawn(courier.run(stopped)) })
    }

    /// Lets it finish what is under way and tell how that ended, and waits for it.
    pub async fn close(self) {
        self.stop.send_replace(true);
        // Its own bounds end it; what dies with the process is sent again by the next.
        let _ = self.task.await;
    }
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "an office may keep secrets in the environment")]
    let value = std::env::var(name);
    value.ok()
}
