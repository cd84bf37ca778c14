//! What frames every page: the rail, the top, as of when it holds, and the headers
//! that keep a browser from doing more than the page says.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets::{DARK_LINK, ICON_LINK, SCRIPT_LINK, STYLE_LINK};
use super::parts::number;
use super::view::{Theme, View};
use crate::calendar::Lang;
use crate::identity::grant::Right;
use crate::query::rows::AsOf;

/// Nothing but what comes from this server, no code or style within the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A bell, drawn.
const BELL: &str = "<svg viewBox=\"0 0 16 16\" width=\"16\" height=\"16\" fill=\"none\" \
                    stroke=\"currentColor\" stroke-width=\"1.4\" stroke-linejoin=\"round\">\
                    <path d=\"M3 12V7a5 5 0 0 1 10 0v5l1 1H2zM6.5 13.5a1.5 1.5 0 0 0 3 0\"/></svg>";

/// The places of the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nav {
    /// 总览.
    Overview,
    /// 台账.
    Ledger,
    /// 单位.
    Units,
    /// 排名.
    Rankings,
    /// 督办.
    Supervision,
    /// 退件.
    Refusals,
    /// 政策与日历.
    Policies,
    /// 设置.
    Settings,
}

impl Nav {
    const ALL: [Self; 8] = [
        Self::Overview,
        Self::Ledger,
        Self::Units,
        Self::Rankings,
        Self::Supervision,
        Self::Refusals,
        Self::Policies,
        Self::Settings,
    ];

    /// The page's place below the tenant's.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Ledger => "ledger",
            Self::Units => "units",
            Self::Rankings => "rankings",
            Self::Supervision => "supervision",
            Self::Refusals => "refusals",
            Self::Policies => "policies",
            Self::Settings => "settings",
        }
    }

    /// What it is called.
    pub const fn title(self, view: &View) -> &'static str {
        let (zh, en) = match self {
            Self::Overview => ("总览", "Overview"),
            Self::Ledger => ("台账", "Ledger"),
            Self::Units => ("单位", "Units"),
            Self::Rankings => ("排名", "Rankings"),
            Self::Supervision => ("督办", "Supervision"),
            Self::Refusals => ("退件", "Refusals"),
            Self::Policies => ("政策与日历", "Policies & calendar"),
            Self::Settings => ("设置", "Settings"),
        };
        match view.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

/// What a page puts into the frame.
pub struct Frame<'a> {
    /// Which place of the rail is marked.
    pub nav: Nav,
    /// The page's title.
    pub title: &'a str,
    /// As of which ledger entry it holds.
    pub as_of: Option<&'a AsOf>,
    /// What is shown after the title.
    pub beside_title: Markup,
    /// Whether parts of it refresh themselves when the ledger moves.
    pub live: bool,
}

/// A whole page.
pub fn page(view: &View, frame: &Frame<'_>, body: &Markup) -> Response {
    let live = frame.as_of.filter(|_| frame.live && view.fixed.is_none());
    let stream = live.map(|as_of| format!("/v1/{}/stream?after={}", view.tenant, as_of.ledger_seq));
    let markup = html! {
        (DOCTYPE)
        html lang=(language(view.lang)) data-theme=(view.theme.name()) data-as-of=[frame.as_of.map(|as_of| footer(view, as_of))] {
            (head(&format!("{} · {}", frame.title, view.tenant_title()), view.theme))
            body data-stream=[stream] data-search=(view.link("search", &[])) {
                a .skip href="#main" { (view.say("跳到正文", "Skip to content")) }
                (rail(view, frame.nav))
                (top(view))
                main #main tabindex="-1" {
                    (instant_note(view))
                    header .page-head {
                        h1 { (frame.title) }
                        (frame.beside_title)
                        @if let Some(as_of) = frame.as_of { (as_of_line(view, as_of)) }
                    }
                    (body)
                }
                (search_box(view))
                div #said .unseen role="status" aria-live="polite" {}
            }
        }
    };
    let mut response = respond(StatusCode::OK, &markup);
    remember(view, &mut response);
    response
}

/// A page without rail and top, for when there is no tenant to speak of.
pub fn bare(lang: Lang, theme: Theme, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(language(lang)) data-theme=(theme.name()) {
            (head(title, theme))
            body .bare { (body) }
        }
    }
}

/// The response that carries a page.
pub fn respond(status: StatusCode, markup: &Markup) -> Response {
    let mut response = (status, markup.0.clone()).into_response();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    response
}

/// Keeps the language and the theme of the address for the pages that follow.
fn remember(view: &View, response: &mut Response) {
    let pairs = [("duban-lang", language(view.lang).get(..2)), ("duban-theme", Some(view.theme.name()))];
    for (name, value) in pairs {
        let cookie = format!("{name}={}; Path=/; Max-Age=31536000; SameSite=Lax", value.unwrap_or_default());
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

const fn language(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh-CN",
        Lang::En => "en",
    }
}

/// When the dark colours are used; never on paper.
const fn dark_media(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => "screen and (prefers-color-scheme: dark)",
        Theme::Light => "not all",
        Theme::Dark => "screen",
    }
}

fn head(title: &str, theme: Theme) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · duban" }
            link rel="icon" href=(*ICON_LINK) type="image/svg+xml";
            link rel="stylesheet" href=(*STYLE_LINK);
            link #dark rel="stylesheet" href=(*DARK_LINK) media=(dark_media(theme));
            script src=(*SCRIPT_LINK) defer {}
        }
    }
}

fn rail(view: &View, marked: Nav) -> Markup {
    html! {
        nav .rail aria-label=(view.say("主导航", "Main")) {
            a .brand href=(view.link("", &[])) { span .seal aria-hidden="true" { "督" } span { "duban 督办" } }
            ul {
                @for nav in Nav::ALL.into_iter().filter(|nav| *nav != Nav::Refusals || view.viewer.may(Right::Refusals, &view.tenant)) {
                    li {
                        a href=(view.link(nav.path(), &[])) aria-current=[(nav == marked).then_some("page")] {
                            (nav.title(view))
                        }
                    }
                }
            }
        }
    }
}

fn top(view: &View) -> Markup {
    html! {
        header .top {
            details .menu {
                summary { span .unseen { (view.say("辖区：", "Tenant: ")) } strong { (view.tenant_title()) } }
                ul {
                    @for tenant in &view.tenants {
                        li { a href={ "/desk/" (tenant) "/" } aria-current=[(*tenant == view.tenant).then_some("true")] { (tenant) } }
                    }
                }
            }
            form .search role="search" action=(view.link("search", &[])) {
                input type="search" name="q" id="q" autocomplete="off"
                    placeholder=(view.say("搜索事项、单位、条款", "Search cases, units, clauses"))
                    aria-label=(view.say("搜索事项、单位、条款", "Search cases, units, clauses"));
                kbd aria-hidden="true" { "Ctrl K" }
            }
            (instant_menu(view))
            (bell(view))
            (switches(view))
        }
    }
}

/// The bell, with how often it has rung.
fn bell(view: &View) -> Markup {
    let count = view.unheard;
    html! {
        a .bell href=(view.link("bell", &[])) data-live="bell" {
            span aria-hidden="true" { (PreEscaped(BELL)) }
            span .unseen { (view.say("提醒", "Bell")) }
            @if count > 0 { b { (number(count)) span .unseen { (view.say(" 条未看", " not looked at")) } } }
        }
    }
}

/// The language, the theme, and who looks.
fn switches(view: &View) -> Markup {
    let other = view.say("en", "zh");
    let place = Theme::ALL.iter().position(|theme| *theme == view.theme).unwrap_or(0);
    let next = Theme::ALL.get((place + 1) % Theme::ALL.len()).copied().unwrap_or_default();
    let theme = match view.theme {
        Theme::Auto => view.say("随系统", "Auto"),
        Theme::Light => view.say("浅色", "Light"),
        Theme::Dark => view.say("深色", "Dark"),
    };
    html! {
        div .switches {
            a .quiet href=(view.here(&[("theme", Some(next.name()))])) data-theme-next=(next.name())
                title=(view.say("切换浅色、深色", "Switch light and dark")) { (theme) }
            a .quiet href=(view.here(&[("lang", Some(other))])) lang=(other) { (view.say("English", "中文")) }
            @if let Some(csrf) = &view.viewer.csrf {
                span .viewer { (view.of(&view.viewer.title())) }
                form .inline method="post" action="/sign-out" {
                    input type="hidden" name="csrf" value=(csrf);
                    button .quiet type="submit" { (view.say("退出", "Sign out")) }
                }
            } @else {
                span .viewer title=(view.say("尚未启用登录；仅本机可见", "No sign-in yet; this machine only")) {
                    (view.of(&view.viewer.title()))
                }
            }
        }
    }
}

fn instant_menu(view: &View) -> Markup {
    html! {
        details .menu .instant {
            summary {
                span .muted { (view.say("时点", "As of")) } " "
                (if view.fixed.is_some() { view.of(&view.home.asked) } else { view.say("现在", "now") })
            }
            form .sheet action=(view.here(&[("at", None)])) {
                @for (name, value) in &view.params { input type="hidden" name=(name) value=(value); }
                label for="at" { (view.say("按此时点判灯", "Judge the lights at")) }
                input #at type="datetime-local" name="at" value=(wall(view));
                button .button type="submit" { (view.say("查看", "Show")) }
                @if view.fixed.is_some() {
                    a href=(view.here(&[("at", None)])) { (view.say("回到现在", "Back to now")) }
                }
            }
        }
    }
}

/// The instant asked about as an input field takes it: the day, and the time of the
/// text that people read.
fn wall(view: &View) -> String {
    // Without a calendar the text is the instant itself, in UTC.
    let time = view.home.asked.zh.rsplit(' ').next().filter(|time| time.len() == "00:00".len());
    let plain = || view.at.to_string().chars().take("2024-09-25T17:50".len()).collect();
    time.map_or_else(plain, |time| format!("{}T{time}", view.home.today))
}

/// Says that the page is not about now, and what that means.
fn instant_note(view: &View) -> Markup {
    html! {
        @if view.fixed.is_some() {
            p .note role="note" {
                strong { (view.say("时点 ", "As of ")) (view.of(&view.home.asked)) }
                " "
                (view.say(
                    "按目前台账中的事项推算该时点的灯色与余期，不是当时的台账。",
                    "Lights and times left are those of today's ledger at that time, not the ledger of then.",
                ))
                " "
                a href=(view.here(&[("at", None)])) { (view.say("回到现在", "Back to now")) }
            }
        }
    }
}

/// As of which entry and when a page holds.
pub fn as_of_line(view: &View, as_of: &AsOf) -> Markup {
    html! {
        p .as-of {
            (view.say("截至 ", "As of ")) time datetime=(as_of.at) { (view.of(&view.home.asked)) }
            span .dot aria-hidden="true" { "·" }
            (view.say("账本第 ", "ledger entry ")) b #seq { (number(as_of.ledger_seq.0)) } (view.say(" 条", ""))
        }
    }
}

/// The same for the foot of a printed page.
fn footer(view: &View, as_of: &AsOf) -> String {
    let (tenant, at, seq) = (view.tenant_title(), view.of(&view.home.asked), number(as_of.ledger_seq.0));
    match view.lang {
        Lang::Zh => format!("{tenant} · 截至 {at} · 账本第 {seq} 条"),
        Lang::En => format!("{tenant} · as of {at} · ledger entry {seq}"),
    }
}

fn search_box(view: &View) -> Markup {
    html! {
        dialog #finder aria-label=(view.say("搜索", "Search")) {
            form method="dialog" {
                input type="search" autocomplete="off" id="finder-q"
                    placeholder=(view.say("编号、单位、条款……", "Number, unit, clause…"))
                    aria-label=(view.say("搜索", "Search")) aria-controls="finder-found";
                button .quiet value="close" aria-label=(view.say("关闭", "Close")) { "Esc" }
            }
            div #finder-found {}
        }
    }
}
