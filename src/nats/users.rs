//! What each user of the broker may publish and hear.
//!
//! Users are key pairs ("nkeys"): the server's file holds public keys only, so that it
//! may be read by whoever runs the server. What is not allowed is denied; no unit or
//! service may call the streams' interface to make, change or read anything but its own
//! bookmark, and the engine may create but neither change, empty nor delete. In which
//! account each user stands, and why, is [`super::accounts`]'.

use super::broker::stream_name;
use crate::id::{Name, TenantId, UnitId};
use crate::identity::grant::Grant;
use crate::identity::sight::Scope;

/// Who the engine is.
pub const ENGINE: &str = "engine";
/// Who may do everything.
pub const OPERATOR: &str = "operator";

/// A user with what it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name, for people; it names the file of its seed, too.
    pub name: String,
    /// Subjects that it may publish under.
    pub publish: Vec<String>,
    /// Subjects that it may hear.
    pub subscribe: Vec<String>,
    /// Whether it may answer what it hears: once each, where the question says.
    pub answers: bool,
}

/// Where services are looked for; any user may ask which there are.
const DISCOVERY: &str = "$SRV.>";

/// Where the server lets answers to other accounts come in; no client may name such a
/// subject itself.
pub const REPLIES: &str = "_R_.";

/// Where answers to a user go; nobody else hears them.
#[must_use]
pub fn inbox(user: &str) -> String {
    format!("_INBOX_{}", user.replace('.', "_"))
}

/// What the durable consumer of a user is called.
#[must_use]
pub fn bookmark(user: &str) -> String {
    user.replace('.', "_")
}

impl User {
    /// The unit of a tenant: states facts and asks as itself, hears what concerns it and
    /// what is public.
    #[must_use]
    pub fn unit(tenant: &TenantId, unit: &UnitId) -> Self {
        let name = format!("{tenant}.{unit}");
        let mut publish = vec![format!("duban.{tenant}.intake.{unit}.>")];
        publish.extend(asks(tenant, unit.as_str()));
        publish.extend(reads(tenant, &name));
        Self { publish, subscribe: heard(tenant, &Scope::unit(unit), &name), name, answers: true }
    }

    /// Whoever holds a token of duban, in a tenant: states what its grants there let it
    /// state, asks under the token's name, and hears of the units whose every row,
    /// refused facts included, it sees. None when nothing is granted there; the
    /// operator has a user of its own.
    #[must_use]
    pub fn token(tenant: &TenantId, token: &Name, grants: &[Grant]) -> Option<Self> {
        let here = grants.iter().filter(|grant| grant.holds_in(tenant) && **grant != Grant::Operator);
        let here: Vec<&Grant> = here.collect();
        let name = format!("{tenant}.{}-{token}", here.first()?.role());
        let mut publish: Vec<String> = here.iter().flat_map(|grant| states(tenant, grant)).collect();
        publish.extend(asks(tenant, &format!("token:{token}")));
        publish.extend(reads(tenant, &name));
        let heard_of = here.iter().map(|grant| grant.sight().refusals).fold(Scope::nothing(), Scope::and);
        Some(Self { publish, subscribe: heard(tenant, &heard_of, &name), name, answers: true })
    }

    /// The engine of these tenants. It answers where another account's replies come in,
    /// and the operator, who uses the engine's inbox.
    #[must_use]
    pub fn engine(tenants: &[TenantId]) -> Self {
        let mut publish = vec![format!("{REPLIES}>"), format!("{}.>", inbox(ENGINE))];
        for tenant in tenants {
            publish.push(format!("duban.{tenant}.told.>"));
            for (log, suffix) in [("intake", "INTAKE"), ("ledger", "LEDGER")] {
                let stream = stream_name(tenant, suffix);
                publish.push(format!("duban.{tenant}.{log}.>"));
                for call in ["CREATE", "INFO", "MSG.GET"] {
                    publish.push(format!("$JS.API.STREAM.{call}.{stream}"));
                }
                for call in ["CREATE", "MSG.NEXT", "DELETE"] {
                    publish.push(format!("$JS.API.CONSUMER.{call}.{stream}.>"));
                }
            }
        }
        let mut subscribe = vec![format!("{}.>", inbox(ENGINE)), DISCOVERY.to_owned()];
        subscribe.extend(tenants.iter().map(|tenant| format!("duban.{tenant}.query.>")));
        Self { name: ENGINE.to_owned(), publish, subscribe, answers: false }
    }

    /// The operator: keeps archives, repairs streams. It may change and delete them, so
    /// its seed belongs in a safe.
    #[must_use]
    pub fn operator() -> Self {
        let all = vec![">".to_owned()];
        Self { name: OPERATOR.to_owned(), publish: all.clone(), subscribe: all, answers: false }
    }
}

/// Where somebody asks, and looks for who answers.
fn asks(tenant: &TenantId, asker: &str) -> [String; 2] {
    [format!("duban.{tenant}.query.{asker}.*"), DISCOVERY.to_owned()]
}

/// How somebody reads on at their bookmark in the ledger, a durable consumer of their
/// name, once the operator has made it: to make one is to say where the server sends
/// what it reads, which might be anywhere.
fn reads(tenant: &TenantId, name: &str) -> [String; 3] {
    let (ledger, bookmark) = (stream_name(tenant, "LEDGER"), bookmark(name));
    [
        format!("$JS.API.CONSUMER.INFO.{ledger}.{bookmark}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{ledger}.{bookmark}"),
        format!("$JS.ACK.{ledger}.{bookmark}.>"),
    ]
}

/// Where facts may be stated under a grant.
fn states(tenant: &TenantId, grant: &Grant) -> Vec<String> {
    match grant {
        Grant::Operator | Grant::Reader { .. } => Vec::new(),
        Grant::Supervisor { unit, .. } | Grant::Reviewer { unit, .. } | Grant::Member { unit, .. } => {
            vec![format!("duban.{tenant}.intake.{unit}.>")]
        }
        Grant::Service { units, events, .. } => {
            let of_unit =
                |unit| events.iter().map(move |event| format!("duban.{tenant}.intake.{unit}.{event}"));
            units.iter().flat_map(of_unit).collect()
        }
    }
}

/// What somebody hears: the ledger about these units, what is public, and answers.
fn heard(tenant: &TenantId, scope: &Scope, name: &str) -> Vec<String> {
    let ledger = format!("duban.{tenant}.ledger");
    let mut heard = match scope {
        Scope::All => vec![format!("{ledger}.>"), format!("duban.{tenant}.told.>")],
        Scope::Units(units) => {
            let own = |unit| [format!("{ledger}.*.*.{unit}"), format!("duban.{tenant}.told.{unit}")];
            // A ranking is about no unit, so that nothing is heard twice.
            units.iter().flat_map(own).chain([format!("{ledger}.ranking.published._")]).collect()
        }
    };
    heard.push(format!("{}.>", inbox(name)));
    heard
}
