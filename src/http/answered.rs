//! An answer before a surface has dressed it: HTTP gives it a status and a media type,
//! the broker's service sends its bytes as they are.
//!
//! The functions that answer a question return it, so that whoever asks the same over
//! two surfaces gets the same bytes.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::problem::Problem;
use super::site::{json_bytes, text};

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// One document of JSON.
    Json(Vec<u8>),
    /// Documents of JSON, one a line.
    Lines(String),
    /// A page of plain text.
    Text(String),
}

impl Answered {
    /// A document of JSON.
    ///
    /// # Errors
    /// A problem when it cannot be written, which is our mistake.
    pub fn json(body: &impl Serialize) -> Result<Self, Problem> {
        let written = serde_json::to_vec(body);
        written.map(Self::Json).map_err(|error| Problem::new("server.failed", error.to_string()))
    }

    /// The bytes, whatever they are.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Json(bytes) => bytes,
            Self::Lines(text) | Self::Text(text) => text.into_bytes(),
        }
    }
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        match self {
            Self::Json(bytes) => json_bytes(StatusCode::OK, bytes),
            Self::Lines(lines) => ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response(),
            Self::Text(page) => text(page),
        }
    }
}
