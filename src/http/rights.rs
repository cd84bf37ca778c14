//! What each address needs: the whole list, so that a reader of it sees every door.
//!
//! An address that is not in it is closed to everybody ([`super::gate`]), so that none
//! is opened by forgetting.

use crate::identity::grant::Right;

/// Method, route and what it needs.
pub const RIGHTS: &[(&str, &str, Right)] = &[
    ("GET", "/healthz", Right::Open),
    ("GET", "/readyz", Right::Open),
    ("GET", "/metrics", Right::Measure),
    ("GET", "/v1/session", Right::Open),
    ("POST", "/v1/session", Right::Open),
    ("DELETE", "/v1/session", Right::SignedIn),
    ("GET", "/v1/session/issuer", Right::Open),
    ("GET", "/v1/session/callback", Right::Open),
    ("GET", "/v1", Right::SignedIn),
    ("GET", "/v1/{tenant}/overdue", Right::Cases),
    ("GET", "/v1/{tenant}/upcoming", Right::Cases),
    ("GET", "/v1/{tenant}/deadlines", Right::Cases),
    ("GET", "/v1/{tenant}/cases", Right::Cases),
    ("GET", "/v1/{tenant}/cases/{*id}", Right::Cases),
    ("GET", "/v1/{tenant}/counts", Right::Cases),
    ("GET", "/v1/{tenant}/refusals", Right::Refusals),
    ("GET", "/v1/{tenant}/policies", Right::Common),
    ("GET", "/v1/{tenant}/policies/{kind}/{name}", Right::Common),
    ("GET", "/v1/{tenant}/calendars/{name}", Right::Common),
    ("GET", "/v1/{tenant}/status", Right::Common),
    ("POST", "/v1/{tenant}/due", Right::Common),
    ("POST", "/v1/{tenant}/events", Right::State),
    ("POST", "/v1/{tenant}/rebuild", Right::Operate),
];

/// What a request needs; nothing when its method is none of its route's.
#[must_use]
pub fn needed(method: &str, route: &str) -> Option<Right> {
    // Whoever may have an answer may have its head.
    let method = if method == "HEAD" { "GET" } else { method };
    RIGHTS.iter().find(|(of, at, _)| *of == method && *at == route).map(|(_, _, right)| *right)
}

/// The methods that a route takes, as the header `allow` lists them.
#[must_use]
pub fn allowed(route: &str) -> String {
    let of_route = RIGHTS.iter().filter(|(_, at, _)| *at == route);
    let methods = of_route.map(|(method, ..)| if *method == "GET" { "GET,HEAD" } else { method });
    methods.collect::<Vec<_>>().join(",")
}
