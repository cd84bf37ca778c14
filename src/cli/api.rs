//! `duban api`: the interface documents, without a server.

use std::path::PathBuf;

use super::exit::{Ended, Exit};
use super::folder;
use super::output::Output;
use crate::http::asyncapi::{self, Taken};
use crate::http::openapi;
use crate::policy::definition::Definition;

/// Prints the documents of the interfaces, for programs and generators of clients.
#[derive(Debug, clap::Subcommand)]
pub enum ApiCommand {
    /// Prints the `OpenAPI` 3.1 document of the addresses under /v1
    Openapi,
    /// Prints the `AsyncAPI` 3.0 document of facts and ledger events
    Asyncapi {
        /// The folder of policies whose event types are told
        #[arg(long, env = "DUBAN_POLICIES", default_value = "workflows", value_name = "DIR")]
        policies: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// [`super::exit::Failure`] when the policies cannot be read.
pub fn run(command: &ApiCommand) -> Ended {
    let document = match command {
        ApiCommand::Openapi => openapi::document(),
        ApiCommand::Asyncapi { policies } => {
            let mut taken = Taken::default();
            let definitions = folder::definitions(policies, &folder::tenants(policies)?)?;
            for (tenant, definitions) in &definitions {
                taken.add(tenant, definitions.iter().filter_map(Definition::event_type).cloned());
            }
            asyncapi::document(&taken)
        }
    };
    let mut output = Output::open();
    output.line(serde_json::to_string_pretty(&document)?)?;
    output.finish()?;
    Ok(Exit::Done)
}
