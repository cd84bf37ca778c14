//! What the tools that read a folder of policies have in common: which folder,
//! which tenants, which language.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::calendar::Lang;
use crate::cli::exit::{Exit, Failure};
use crate::cli::folder;
use crate::cli::output::AnswerLang;
use crate::id::TenantId;
use crate::policy::definition::Definition;

/// Which policies are read, and for whom they are told.
#[derive(Debug, clap::Args)]
pub struct Reading {
    /// The folder, such as workflows
    #[arg(default_value = "workflows", value_name = "DIR")]
    folder: PathBuf,
    /// One tenant of it instead of all
    #[arg(long)]
    tenant: Option<TenantId>,
    /// The language of the answer
    #[arg(long, value_enum, default_value_t)]
    lang: AnswerLang,
}

impl Reading {
    /// The language to answer in.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang.into()
    }

    /// The definitions of every tenant that is asked for.
    ///
    /// # Errors
    /// [`Failure`] when the folder cannot be read, has mistakes, or has no such tenant.
    pub fn definitions(&self) -> Result<BTreeMap<TenantId, Vec<Definition>>, Failure> {
        let tenants = match &self.tenant {
            Some(tenant) => vec![tenant.clone()],
            None => folder::tenants(&self.folder)?,
        };
        if tenants.is_empty() {
            let words = format!("read policies from {}: it has no tenant's folder", self.folder.display());
            return Err(Failure::new(Exit::Usage, words));
        }
        folder::definitions(&self.folder, &tenants)
    }
}
