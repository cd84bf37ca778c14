//! The accounts that the broker's users stand in, and the server's file that says so.
//!
//! The streams, the engine and the operator stand in one account, everybody else alone
//! in an account of their own, which takes in just the subjects that they may use. For a
//! permission covers the subject that one publishes under and not the one that one wants
//! to be answered under: within one account a unit could give a subject of the ledger
//! for its acknowledgement, and the server itself would write it there. Between accounts
//! the server keeps the answer's subject to itself and delivers the answer to the asker's
//! own account, where nobody else hears it and no stream takes it.
//!
//! Permissions say the same once more, so that a mistake in one of the two opens nothing.

use std::fmt::Write as _;

use super::broker::stream_name;
use super::users::{ENGINE, OPERATOR, User, inbox};
use crate::id::TenantId;

/// The account of the streams.
const HOUSE: &str = "DUBAN";

/// A user with its public key.
pub type Keyed = (User, String);

/// The server's accounts, for users of these tenants.
#[must_use]
pub fn configuration(tenants: &[TenantId], users: &[Keyed]) -> String {
    let is_of_house = |(user, _): &&Keyed| [ENGINE, OPERATOR].contains(&user.name.as_str());
    let (house, others): (Vec<&Keyed>, Vec<&Keyed>) = users.iter().partition(is_of_house);
    let mut text = String::from(
        "# Written by `duban credentials`; written again whenever the register changes.\n\
         # Public keys only: a user's seed is in a file of its own.\n\
         accounts {\n",
    );
    // Writing to a text does not fail.
    let _ = writeln!(text, "  {HOUSE} {{\n    jetstream: enabled\n    users = [");
    for keyed in house {
        user(&mut text, keyed);
    }
    let _ = writeln!(text, "    ]\n    exports = [\n{}    ]\n  }}", exports(tenants));
    for keyed in others {
        let name = keyed.0.name.replace('.', "_");
        let _ = writeln!(text, "  {name} {{\n    users = [");
        user(&mut text, keyed);
        let _ = writeln!(text, "    ]\n    imports = [\n{}    ]\n  }}", imports(&keyed.0));
    }
    text.push_str("}\n");
    text
}

fn user(text: &mut String, (user, key): &Keyed) {
    let _ = writeln!(text, "      # {}", user.name);
    let _ = writeln!(text, "      {{ nkey: {key}, permissions: {{");
    let _ = writeln!(text, "        publish: {{ allow: {} }}", list(&user.publish));
    let _ = writeln!(text, "        subscribe: {{ allow: {} }}", list(&user.subscribe));
    if user.answers {
        // What one is told counts as delivered once one has answered, which one may do
        // where the engine wants to hear it, once, and nowhere else.
        text.push_str("        allow_responses: { max: 1, expires: \"1m\" }\n");
    }
    text.push_str("      } }\n");
}

/// What the streams' account offers. Only this file can make an account take it in.
fn exports(tenants: &[TenantId]) -> String {
    let mut text = String::new();
    let mut service = |subject: String, answers: &str| {
        let _ = writeln!(text, "      {{ service: \"{subject}\", response_type: {answers} }}");
    };
    // Every instance answers whoever looks for it; a pull brings several records.
    service("$SRV.>".to_owned(), "stream");
    // Where whoever was told something answers; nobody has a standing right to.
    service(format!("{}.>", inbox(ENGINE)), "singleton");
    for tenant in tenants {
        let ledger = stream_name(tenant, "LEDGER");
        service(format!("duban.{tenant}.intake.>"), "singleton");
        service(format!("duban.{tenant}.query.>"), "singleton");
        service(format!("$JS.API.CONSUMER.INFO.{ledger}.*"), "singleton");
        service(format!("$JS.API.CONSUMER.MSG.NEXT.{ledger}.*"), "stream");
        service(format!("$JS.ACK.{ledger}.*.>"), "singleton");
    }
    for tenant in tenants {
        for heard in ["ledger", "told"] {
            let _ = writeln!(text, "      {{ stream: \"duban.{tenant}.{heard}.>\" }}");
        }
    }
    text
}

/// What a user's account takes in: just what the user may use.
fn imports(user: &User) -> String {
    let mut text = String::new();
    let mut import = |kind: &str, subject: &str| {
        let _ = writeln!(text, "      {{ {kind}: {{ account: {HOUSE}, subject: \"{subject}\" }} }}");
    };
    user.publish.iter().for_each(|subject| import("service", subject));
    if user.answers {
        import("service", &format!("{}.>", inbox(ENGINE)));
    }
    let own = format!("{}.>", inbox(&user.name));
    user.subscribe.iter().filter(|subject| **subject != own).for_each(|subject| import("stream", subject));
    text
}

fn list(subjects: &[String]) -> String {
    let quoted: Vec<String> = subjects.iter().map(|subject| format!("\"{subject}\"")).collect();
    format!("[{}]", quoted.join(", "))
}
