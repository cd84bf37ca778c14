//! The address of a unit's feed: who may make it, what it shows, what it does not open,
//! and that it is left nowhere.

use duban::id::TenantId;
use duban::port::directory::Directories as _;
use tempfile::TempDir;

use crate::support::cli::duban;
use crate::support::people::People;
use crate::support::site::Came;

const FORM: &str = "application/x-www-form-urlencoded";

async fn wish(people: &People, role: &str, unit: &str, wish: &str) -> Came {
    let (token, body) = (people.token(role).to_owned(), format!("wish={wish}"));
    let path = format!("/desk/changqing/units/{unit}/feed");
    let request = |client: &reqwest::Client, address: &str| {
        let request = client.post(format!("{address}{path}")).bearer_auth(token);
        request.header("content-type", FORM).header("accept", "text/html").body(body)
    };
    people.served.request(request).await
}

/// The path in a page that shows a new address.
fn path(came: &Came) -> String {
    assert_eq!(came.status, 200, "{}", came.text);
    let (_, rest) = came.text.split_once("/feeds/").unwrap_or_else(|| panic!("no address in {}", came.text));
    format!("/feeds/{}", rest.split('"').next().expect("the rest of it"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_shows_its_unit_s_deadlines_until_it_is_renewed_or_ended() {
    let people = People::new().await;
    let made = path(&wish(&people, "member", "qu-fagaiju", "renew").await);
    let came = people.served.get(&made).await;
    assert_eq!(
        (came.status, &came.headers["content-type"]),
        (200, &"text/calendar; charset=utf-8".parse().expect("a header"))
    );
    assert_eq!(came.headers["cache-control"], "no-store");
    let rows =
        people.ask("operator", "GET", "/v1/changqing/deadlines?unit=qu-fagaiju&limit=500").await.json();
    let rows = rows["rows"].as_array().expect("rows").clone();
    assert_eq!(came.text.matches("BEGIN:VEVENT").count(), rows.len());
    assert!(came.text.contains("YY-1") && !came.text.contains("YY-2"), "it is one unit's: {}", came.text);

    let page = people.ask("member", "GET", "/desk/changqing/units/qu-fagaiju").await;
    let secret = made.split('/').nth(2).expect("a secret").to_owned();
    assert!(page.text.contains("停用地址") && !page.text.contains(&secret), "it is shown once only");

    let second = path(&wish(&people, "supervisor", "qu-fagaiju", "renew").await);
    assert_ne!(made, second);
    assert_eq!(people.served.get(&made).await.status, 404, "a new one ends the one before");
    assert_eq!(people.served.get(&second).await.status, 200);
    wish(&people, "member", "qu-fagaiju", "revoke").await;
    assert_eq!(people.served.get(&second).await.status, 404);
    assert_eq!(wish(&people, "member", "qu-fagaiju", "revoke").await.status, 404, "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_one_for_a_unit_that_is_not_theirs_and_it_opens_nothing_else() {
    let people = People::new().await;
    for (role, unit, status) in [
        ("member", "qu-wenlvju", 404),
        ("supervisor", "nobody", 404),
        ("reviewer", "qu-fagaiju", 403),
        ("service", "qu-wenlvju", 403),
        ("reader", "qu-fagaiju", 403),
        ("watcher", "qu-fagaiju", 403),
        ("stranger", "qu-fagaiju", 404),
    ] {
        let came = wish(&people, role, unit, "renew").await;
        assert_eq!(came.status, status, "{role} {unit}: {}", came.text);
        assert_eq!(came.headers["content-type"], "text/html; charset=utf-8", "a browser is told in a page");
    }
    assert!(people.served.directory.read().expect("a directory").feeds.is_empty(), "and nothing was made");

    let made = path(&wish(&people, "member", "qu-fagaiju", "renew").await);
    let secret = made.split('/').nth(2).expect("a secret").to_owned();
    let as_token = |client: &reqwest::Client, address: &str| {
        client.get(format!("{address}/v1/changqing/deadlines")).bearer_auth(&secret)
    };
    assert_eq!(people.served.request(as_token).await.status, 401);
    let as_cookie = |client: &reqwest::Client, address: &str| {
        client.get(format!("{address}/v1/changqing/deadlines")).header("cookie", format!("duban={secret}"))
    };
    assert_eq!(people.served.request(as_cookie).await.status, 401);
    for wrong in [format!("{made}x"), made.replace("deadlines", "ledger"), format!("/feeds/{secret}/")] {
        assert_eq!(people.served.get(&wrong).await.status, 404, "{wrong}");
    }
    let mut turned = secret.clone().into_bytes();
    turned[0] = if turned[0] == b'A' { b'B' } else { b'A' };
    let turned = String::from_utf8(turned).expect("a text");
    assert_eq!(people.served.get(&made.replace(&secret, &turned)).await.status, 404);
    let posted = people.served.post(&made, FORM, "wish=renew").await;
    assert_eq!(posted.status, 405);
    assert!(!posted.text.contains(&secret), "a problem does not repeat it: {}", posted.text);
    let missing = people.served.get(&format!("/feeds/{secret}/none")).await;
    assert!(!missing.text.contains(&secret), "{}", missing.text);
}

#[test]
fn the_command_line_makes_and_ends_one() {
    let folder = TempDir::new().expect("a folder");
    let place = folder.path().to_str().expect("a path");
    let of = ["token", "feed", "qu-fagaiju", "--tenant", "changqing", "--data", place];
    let made = duban(&of).ends(0);
    let secret = made.out.trim().split('/').nth(2).expect("a path").to_owned();
    assert!(made.out.starts_with("/feeds/") && !made.err.contains(&secret), "{}", made.err);
    let listed = duban(&["token", "list", "--data", place]).ends(0).out;
    assert!(listed.contains("changqing/qu-fagaiju") && !listed.contains(&secret), "{listed}");
    let directory = duban::files::FileDirectory::new(folder.path().join("identity"));
    let tenant = TenantId::new("changqing").expect("a tenant");
    let kept = directory.read().expect("a directory");
    assert_eq!(
        kept.feeds.shown_by(&secret).map(|(of, unit)| (of.clone(), unit.to_string())),
        Some((tenant, "qu-fagaiju".to_owned()))
    );
    let file = std::fs::read_to_string(directory.path()).expect("a file");
    assert!(!file.contains(&secret), "only the digest is kept");
    duban(&[&of[..], &["--revoke"]].concat()).ends(0);
    duban(&[&of[..], &["--revoke"]].concat()).ends(5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_told_in_a_page_what_its_role_does_not_include() {
    let people = People::new().await;
    let token = people.token("reader").to_owned();
    let ask = async |path: &str, accept: &str| {
        let (token, path, accept) = (token.clone(), path.to_owned(), accept.to_owned());
        let request = |client: &reqwest::Client, address: &str| {
            client.get(format!("{address}{path}")).bearer_auth(token).header("accept", accept)
        };
        people.served.request(request).await
    };
    let page = ask("/desk/changqing/refusals?lang=zh", "text/html,*/*").await;
    assert_eq!(
        (page.status, &page.headers["content-type"]),
        (403, &"text/html; charset=utf-8".parse().expect("a header"))
    );
    assert!(
        page.text.contains("您的角色没有这一项权限") && page.text.contains("/desk/changqing/"),
        "{}",
        page.text
    );
    assert!(page.headers.contains_key("content-security-policy"), "like every page");
    let english = ask("/desk/changqing/refusals?lang=en", "text/html").await;
    assert!(english.text.contains("Your role does not include this"), "{}", english.text);
    let foreign = ask("/desk/genhe/", "text/html").await;
    assert_eq!(foreign.status, 404);
    assert!(
        foreign.text.contains("没有这个辖区") && !foreign.text.contains("/desk/genhe/"),
        "{}",
        foreign.text
    );
    let missing = ask("/desk/changqing/nothing", "text/html").await;
    assert_eq!(missing.headers["content-type"], "text/html; charset=utf-8");
    for (path, accept) in
        [("/desk/changqing/refusals", "application/json"), ("/v1/changqing/refusals", "text/html")]
    {
        let program = ask(path, accept).await;
        assert_eq!(program.status, 403);
        assert_eq!(program.headers["content-type"], "application/problem+json", "{path} for {accept}");
    }
}
