//! How a page is to be shown: tenant, language, theme, instant, and its address.
//!
//! An address carries the whole view, so that a link is a saved view.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::viewer::Viewer;
use crate::calendar::{Lang, Text};
use crate::id::{CaseId, TenantId};
use crate::policy::definition::Text as Title;
use crate::query::home::Home;
use crate::time::Instant;

/// What stays as it is in a path: the unreserved characters and the slash.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');
/// What stays as it is in a parameter.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',');

/// Light or dark, or what the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// What the device says.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, in the order in which the switch goes through them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// Its name in addresses, cookies and the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

/// How one page is to be shown.
#[derive(Debug, Clone)]
pub struct View {
    /// Whose desk it is.
    pub tenant: TenantId,
    /// All tenants served here.
    pub tenants: Vec<TenantId>,
    /// The language.
    pub lang: Lang,
    /// The theme.
    pub theme: Theme,
    /// The instant asked about.
    pub at: Instant,
    /// That instant as the address has it; none for now.
    pub fixed: Option<String>,
    /// The page's place below the tenant's.
    pub path: String,
    /// The address' other parameters.
    pub params: Vec<(String, String)>,
    /// What frames every page.
    pub home: Home,
    /// How often the bell has rung since whoever looks at it last looked at it.
    pub unheard: usize,
    /// Who looks at it.
    pub viewer: Viewer,
}

impl View {
    /// One of two texts, by the language.
    #[must_use]
    pub const fn say<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// A text in the page's language.
    #[must_use]
    pub fn of<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.lang)
    }

    /// An authored title in the page's language.
    #[must_use]
    pub fn titled<'t>(&self, title: &'t Title) -> &'t str {
        self.say(&title.zh, &title.en)
    }

    /// The tenant's title.
    #[must_use]
    pub fn tenant_title(&self) -> &str {
        self.home.title.as_ref().map_or(self.tenant.as_str(), |title| title.get(self.lang))
    }

    /// The address of another page of the tenant, about the same instant.
    #[must_use]
    pub fn link(&self, path: &str, params: &[(&str, &str)]) -> String {
        let at = self.fixed.as_deref().map(|at| ("at", at));
        address(&self.tenant, path, params.iter().copied().chain(at))
    }

    /// The address of a case's page.
    #[must_use]
    pub fn case_link(&self, case: &CaseId) -> String {
        self.link(&format!("cases/{case}"), &[])
    }

    /// The address of this page with some parameters changed or taken away.
    #[must_use]
    pub fn here(&self, changes: &[(&str, Option<&str>)]) -> String {
        self.here_as(&self.path, changes)
    }

    /// The same under another path: an export of what the page shows.
    #[must_use]
    pub fn here_as(&self, path: &str, changes: &[(&str, Option<&str>)]) -> String {
        let changed = |name: &str| changes.iter().any(|(of, _)| *of == name);
        let at = self.fixed.as_deref().map(|at| ("at", at)).filter(|_| !changed("at"));
        let kept = self.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| !changed(name)).chain(at);
        let added = changes.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
        address(&self.tenant, path, kept.chain(added))
    }
}

/// An address below a tenant's desk.
fn address<'p>(tenant: &TenantId, path: &str, params: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    let mut address = format!("/desk/{tenant}/{}", utf8_percent_encode(path, PATH));
    for (place, (name, value)) in params.enumerate() {
        address.push(if place == 0 { '?' } else { '&' });
        address.push_str(&format!("{name}={}", utf8_percent_encode(value, VALUE)));
    }
    address
}
