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
    ("GET", "/v1/openapi.json", Right::Open),
    ("GET", "/v1/asyncapi.json", Right::SignedIn),
    ("GET", "/v1/{tenant}/overdue", Right::Cases),
    ("GET", "/v1/{tenant}/upcoming", Right::Cases),
    ("GET", "/v1/{tenant}/deadlines", Right::Cases),
    ("GET", "/v1/{tenant}/cases", Right::Cases),
    ("GET", "/v1/{tenant}/cases/{*id}", Right::Cases),
    ("GET", "/v1/{tenant}/counts", Right::Cases),
    ("GET", "/v1/{tenant}/refusals", Right::Refusals),
    ("GET", "/v1/{tenant}/bell", Right::Cases),
    ("GET", "/v1/{tenant}/deliveries", Right::Cases),
    ("GET", "/v1/{tenant}/deliveries/preview", Right::Cases),
    ("GET", "/v1/{tenant}/dead-letters", Right::Cases),
    ("POST", "/v1/{tenant}/dead-letters/replay", Right::Replay),
    ("GET", "/v1/{tenant}/rankings", Right::Common),
    ("GET", "/v1/{tenant}/scores/{unit}", Right::Cases),
    ("GET", "/v1/{tenant}/targets", Right::Cases),
    ("GET", "/v1/{tenant}/bulletin", Right::Cases),
    ("GET", "/v1/{tenant}/policies", Right::Common),
    ("GET", "/v1/{tenant}/policies/{kind}/{name}", Right::Common),
    ("GET", "/v1/{tenant}/calendars/{name}", Right::Common),
    ("GET", "/v1/{tenant}/stream", Right::Cases),
    ("GET", "/v1/{tenant}/status", Right::Common),
    ("POST", "/v1/{tenant}/due", Right::Common),
    ("POST", "/v1/{tenant}/events", Right::State),
    ("POST", "/v1/{tenant}/rebuild", Right::Operate),
    ("GET", "/", Right::SignedIn),
    ("GET", "/desk", Right::SignedIn),
    ("GET", "/answer/{token}", Right::Open),
    ("POST", "/answer/{token}", Right::Open),
    ("GET", "/assets/{name}", Right::Open),
    ("GET", "/sign-in", Right::Open),
    ("POST", "/sign-in", Right::Open),
    ("POST", "/sign-out", Right::SignedIn),
    ("GET", "/desk/{tenant}", Right::Common),
    ("GET", "/desk/{tenant}/", Right::Cases),
    ("GET", "/desk/{tenant}/ledger", Right::Cases),
    ("GET", "/desk/{tenant}/ledger.csv", Right::Cases),
    ("GET", "/desk/{tenant}/ledger.xlsx", Right::Cases),
    ("GET", "/desk/{tenant}/cases/{*id}", Right::Cases),
    ("POST", "/desk/{tenant}/cases/{*id}", Right::State),
    ("GET", "/desk/{tenant}/bell", Right::Cases),
    ("GET", "/desk/{tenant}/bulletin.docx", Right::Cases),
    ("GET", "/desk/{tenant}/sheet", Right::Cases),
    ("GET", "/desk/{tenant}/sheet.docx", Right::Cases),
    ("GET", "/desk/{tenant}/units", Right::Cases),
    ("GET", "/desk/{tenant}/units/{unit}", Right::Cases),
    ("GET", "/desk/{tenant}/units/{unit}/deadlines.ics", Right::Cases),
    ("POST", "/desk/{tenant}/units/{unit}/feed", Right::Feeds),
    ("GET", "/desk/{tenant}/rankings", Right::Common),
    ("GET", "/desk/{tenant}/rankings.csv", Right::Common),
    ("GET", "/desk/{tenant}/rankings.xlsx", Right::Common),
    ("GET", "/desk/{tenant}/rankings/{unit}", Right::Cases),
    ("GET", "/desk/{tenant}/supervision", Right::Cases),
    ("GET", "/desk/{tenant}/deliveries", Right::Cases),
    ("POST", "/desk/{tenant}/deliveries", Right::Replay),
    ("GET", "/desk/{tenant}/deliveries/preview", Right::Cases),
    ("GET", "/desk/{tenant}/deliveries/preview.html", Right::Cases),
    ("GET", "/desk/{tenant}/refusals", Right::Refusals),
    ("GET", "/desk/{tenant}/refusals/{seq}", Right::Refusals),
    ("POST", "/desk/{tenant}/refusals/{seq}", Right::State),
    ("GET", "/desk/{tenant}/policies", Right::Common),
    ("GET", "/desk/{tenant}/policies/{kind}/{name}", Right::Common),
    ("GET", "/desk/{tenant}/calendars/{name}", Right::Common),
    ("GET", "/desk/{tenant}/search", Right::Cases),
    ("GET", "/desk/{tenant}/settings", Right::Common),
    // The secret in the address is all that counts, and it opens nothing else.
    ("GET", "/feeds/{secret}/deadlines.ics", Right::Open),
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
