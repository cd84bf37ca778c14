//! Who looks at a page: the one place where that is known.
//!
//! Nobody signs in yet, and the desk listens on this machine only, so whoever
//! reaches it sees everything. What a viewer may see is to be said here, and to be
//! kept by the read side.

use axum::http::HeaderMap;

use crate::calendar::Text;

/// Whoever asked for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Somebody on this machine, who may see and do everything.
    Local,
}

impl Viewer {
    /// Who sent the request with these headers.
    #[must_use]
    pub const fn of(_headers: &HeaderMap) -> Self {
        Self::Local
    }

    /// What the viewer is called on the page.
    #[must_use]
    pub fn title(&self) -> Text {
        match self {
            Self::Local => Text::new("本机", "this machine"),
        }
    }
}
