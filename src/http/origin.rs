//! Where a request comes from, as browsers say it.
//!
//! A page of another site can make a browser send requests here. Browsers tell of it;
//! programs that are no browsers send no such headers and are not affected.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

use super::problem::Problem;

/// That a change comes from a page of ours, or from no page.
///
/// # Errors
/// A problem when another site's page sent it.
pub fn same(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = || {
        Problem::new(
            "access.origin",
            "a page of another site sent this; changes are taken from our own pages only",
        )
    };
    if text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(foreign());
    }
    let Some(origin) = text("origin") else { return Ok(()) };
    let host = text(header::HOST.as_str()).unwrap_or_default();
    let of_origin = origin.split_once("://").map(|(_, host)| host);
    if of_origin.is_some_and(|of| of.eq_ignore_ascii_case(host)) { Ok(()) } else { Err(foreign()) }
}

/// That the request was meant for this machine: a name that somebody else's name
/// server leads here would make a browser send it from their page.
///
/// # Errors
/// A problem when it was meant for another name.
pub fn on_this_machine(headers: &HeaderMap) -> Result<(), Problem> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_here(host) {
        return Ok(());
    }
    let detail = "nobody needs to sign in here yet, so only this machine's own names are answered; use 127.0.0.1 or \
                  localhost, or add an account first";
    Err(Problem::new("access.host", detail).about("host", host))
}

fn is_here(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let name = bracketed.map_or_else(|| host.split(':').next().unwrap_or_default(), |(name, _)| name);
    name.is_empty() || name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn other_sites_pages_change_nothing() {
        let host = ("host", "127.0.0.1:8310");
        assert!(same(&headers(&[host])).is_ok(), "a program");
        assert!(same(&headers(&[host, ("origin", "http://127.0.0.1:8310")])).is_ok());
        assert!(same(&headers(&[host, ("origin", "http://127.0.0.1:8311")])).is_err());
        assert!(same(&headers(&[host, ("origin", "https://evil.example")])).is_err());
        assert!(same(&headers(&[host, ("origin", "null")])).is_err());
        assert!(same(&headers(&[host, ("sec-fetch-site", "cross-site")])).is_err());
        assert!(same(&headers(&[host, ("sec-fetch-site", "same-site")])).is_err(), "another port is another");
        assert!(same(&headers(&[host, ("sec-fetch-site", "none")])).is_ok(), "typed by a person");
    }

    #[test]
    fn only_this_machine_s_names_need_no_sign_in() {
        for host in ["127.0.0.1:8310", "localhost:1", "LOCALHOST", "[::1]:8310", "10.1.2.3"] {
            assert!(is_here(host), "{host}");
        }
        for host in ["rebound.example:8310", "localhost.example", "127.0.0.1.nip.example"] {
            assert!(!is_here(host), "{host}");
        }
    }
}
