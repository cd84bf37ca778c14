//! The style sheets, the script and the icon, kept in the program itself.
//!
//! Their addresses carry a digest of their content, so that a browser may keep
//! them for ever and still gets the new ones with a new version.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::id::Sha;

const STYLE: &str = include_str!("desk.css");
const DARK: &str = include_str!("dark.css");
const SCRIPT: &str = include_str!("desk.js");
const ICON: &str = include_str!("icon.svg");

/// The address of the style sheet.
pub static STYLE_LINK: LazyLock<String> = LazyLock::new(|| link("desk", STYLE, "css"));
/// The address of the dark colours.
pub static DARK_LINK: LazyLock<String> = LazyLock::new(|| link("dark", DARK, "css"));
/// The address of the script.
pub static SCRIPT_LINK: LazyLock<String> = LazyLock::new(|| link("desk", SCRIPT, "js"));
/// The address of the icon.
pub static ICON_LINK: LazyLock<String> = LazyLock::new(|| link("icon", ICON, "svg"));

fn link(stem: &str, text: &str, end: &str) -> String {
    format!("/assets/{stem}-{}.{end}", Sha::of(text.as_bytes()).short())
}

/// One of them.
pub async fn asset(Path(name): Path<String>) -> Response {
    let is = |link: &str| link.strip_prefix("/assets/") == Some(name.as_str());
    let (media, text) = if is(&STYLE_LINK) {
        ("text/css; charset=utf-8", STYLE)
    } else if is(&DARK_LINK) {
        ("text/css; charset=utf-8", DARK)
    } else if is(&SCRIPT_LINK) {
        ("text/javascript; charset=utf-8", SCRIPT)
    } else if is(&ICON_LINK) {
        ("image/svg+xml", ICON)
    } else {
        // A page of an older version asks for what is no longer there.
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, kept)], text).into_response()
}
