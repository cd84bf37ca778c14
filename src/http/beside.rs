//! Another surface beside the questions: its routes, and how it tells a browser what
//! went wrong before any of its pages was asked.
//!
//! The gate turns requests away and the router knows no such address; both tell it as
//! a problem document. A person who follows a link wants a page instead. What a page
//! looks like is the other surface's; when one is wanted is said here.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use super::problem::Problem;
use super::site::Site;

/// Makes a page of a problem, in the language and look that the request asks for.
pub type Painter = fn(Problem, &Uri, &HeaderMap) -> Response;

/// Routes of another surface.
pub struct Beside<S, L> {
    /// The routes.
    pub routes: Router<Arc<Site<S, L>>>,
    /// How it shows problems to browsers; none when it has no pages.
    pub painter: Option<Painter>,
}

impl<S, L> From<Router<Arc<Site<S, L>>>> for Beside<S, L>
where
    S: crate::port::store::Store,
    L: crate::port::log::Log,
{
    fn from(routes: Router<Arc<Site<S, L>>>) -> Self {
        Self { routes, painter: None }
    }
}

/// Whether a browser asks for a page of the desk.
#[must_use]
pub fn is_page(is_question: bool, uri: &Uri, headers: &HeaderMap) -> bool {
    let path = uri.path();
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    is_question
        && (path == "/" || path == "/desk" || path.starts_with("/desk/"))
        && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Lets a request through and shows a browser what was wrong as a page.
pub async fn paint(State(painter): State<Option<Painter>>, request: Request, next: Next) -> Response {
    let Some(painter) = painter.filter(|_| wants_page(&request)) else { return next.run(request).await };
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let mut response = next.run(request).await;
    // Which methods an address takes is told to programs; browsers do not mistake them.
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => painter(problem, &uri, &headers),
        None => response,
    }
}

fn wants_page(request: &Request) -> bool {
    // A form that was sent wants a page as well.
    let is_form = request.method() == Method::POST;
    is_page(is_form || request.method() == Method::GET, request.uri(), request.headers())
}
