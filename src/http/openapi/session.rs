//! Signing in and out.

use serde_json::json;

use super::operation::{JSON, Operation, Parameter};
use super::parameters::text;
use super::schemas::Schemas;
use crate::http::health::TenantList;
use crate::http::session::{Me, Typed};

/// The operations, in the order in which the routes are listed.
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let me = schemas.answer::<Me<'static>>();
    let typed = schemas.question::<Typed>();
    let tenants = schemas.answer::<TenantList>();
    vec![
        Operation::get("/v1/session", "getSession", "Who you are, and what you may", &me)
            .told("The answer's `csrf` is what a change made with a session's cookie must bring.")
            .fails(&[400]),
        Operation::new("POST", "/v1/session", "signIn", "Signs in with account and password")
            .sent(&[(JSON, &typed)])
            .answers(200, "You are signed in.", &[(JSON, &me)])
            .with_header("set-cookie", "The session, out of reach of scripts.")
            .fails(&[400, 413, 429]),
        Operation::new("DELETE", "/v1/session", "signOut", "Signs out")
            .answers(204, "Nobody is signed in any more.", &[])
            .with_header("set-cookie", "Forgets the session.")
            .fails(&[400]),
        visit(),
        back(),
        Operation::get(
            "/v1",
            "listTenants",
            "The tenants that you may ask about, and how their engines stand",
            &tenants,
        )
        .fails(&[400]),
    ]
}

fn visit() -> Operation {
    let then = Parameter::query("then", text(), "Where to go once signed in: a path of this server.");
    Operation::new(
        "GET",
        "/v1/session/issuer",
        "visitIssuer",
        "Sends a browser to the office's OpenID Connect issuer",
    )
    .takes([then])
    .answers(303, "To the issuer.", &[])
    .with_header("location", "The issuer's page.")
    .fails(&[404, 502])
}

fn back() -> Operation {
    let of = |name, meaning: &str| Parameter::query(name, text(), meaning);
    Operation::new(
        "GET",
        "/v1/session/callback",
        "returnFromIssuer",
        "Takes a browser back from the issuer, signed in",
    )
    .takes([
        of("code", "What the issuer gives for the person."),
        of("state", "What tells the visit."),
        of("error", "Why the issuer vouches for nobody."),
        of("error_description", "The same in words."),
        of("error_uri", "Where more is said."),
        of("iss", "The issuer."),
        of("session_state", "Passed over."),
        of("scope", "Passed over."),
    ])
    .answers(200, "A page that leads on.", &[("text/html", &json!({"type": "string"}))])
    .with_header("set-cookie", "The session, out of reach of scripts.")
    .fails(&[403, 404, 502])
}
