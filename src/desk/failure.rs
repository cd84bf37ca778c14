//! A page that could not be made: what is wrong and what to do.

use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::shell::{self, bare};
use super::view::Theme;
use super::visit;
use crate::calendar::Lang;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::id::TenantId;

/// A failure, with what is needed to show it in the viewer's language.
pub struct Failure(Box<Parts>);

struct Parts {
    problem: Problem,
    lang: Lang,
    theme: Theme,
    tenant: Option<TenantId>,
}

impl Failure {
    /// A problem, shown in that language and theme.
    pub fn new(problem: Problem, lang: Lang, theme: Theme, tenant: Option<TenantId>) -> Self {
        Self(Box::new(Parts { problem, lang, theme, tenant }))
    }
}

/// The page of a problem that arose before any page was asked: the gate turned the
/// request away, or there is no such address.
pub fn painted(problem: Problem, uri: &Uri, headers: &HeaderMap) -> Response {
    let params = Params::of_page(uri.query().unwrap_or_default()).unwrap_or_default();
    let (lang, theme) = (visit::lang(&params, headers), visit::theme(&params, headers));
    let named = uri.path().strip_prefix("/desk/").and_then(|rest| rest.split('/').next());
    // A tenant that is not theirs has no overview to go back to.
    let tenant = named.filter(|_| problem.rule() != "tenant.unknown");
    let tenant = tenant.and_then(|named| TenantId::new(named).ok());
    Failure::new(problem, lang, theme, tenant).into_response()
}

/// What happened and what to do, in Chinese and English.
fn words(rule: &str) -> [(&'static str, &'static str); 2] {
    match rule {
        "projection.empty" => [
            ("账本还是空的", "The ledger is empty"),
            (
                "还没有公布任何政策。运行 duban policy apply workflows/<辖区>，公布后这里即显示台账。",
                "No policy was published yet. Run duban policy apply workflows/<tenant>; the desk shows what it brings.",
            ),
        ],
        "thing.unknown" | "route.unknown" => [
            ("没有这一项", "There is no such thing"),
            (
                "请检查网址，或从台账、搜索进入。",
                "Check the address, or go there from the ledger or the search.",
            ),
        ],
        "tenant.unknown" => [
            ("没有这个辖区", "There is no such tenant"),
            ("请检查网址，或从首页选择辖区。", "Check the address, or choose a tenant from the first page."),
        ],
        "access.role" => [
            ("您的角色没有这一项权限", "Your role does not include this"),
            (
                "请回到总览，进入您可以使用的页面；确需使用的，请系统管理员调整角色。",
                "Go on to the pages that are yours; where you need this one, an operator can change your role.",
            ),
        ],
        rule if rule.starts_with("access.") => [
            ("这一步未获准许", "This was not allowed"),
            ("请重新登录后再试。", "Sign in again and try once more."),
        ],
        rule if rule.starts_with("parameter.") => [
            ("筛选条件有误", "A filter is not as it should be"),
            ("请按提示修改后重试。", "Change it as told and try again."),
        ],
        rule if rule.starts_with("projection.")
            || rule == "ledger.away"
            || rule == "intake.away"
            || rule.starts_with("server.") =>
        {
            [
                ("暂时读不到数据", "The data cannot be read just now"),
                (
                    "引擎可能正在启动或重建；数据没有丢失，请稍后刷新。",
                    "The engine may be starting or rebuilding; nothing is lost. Try again in a moment.",
                ),
            ]
        }
        _ => [
            ("这一步没有完成", "This was not done"),
            ("请按提示修改后重试。", "Change it as told and try again."),
        ],
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Parts { problem, lang, theme, tenant } = *self.0;
        let say = |(zh, en): (&'static str, &'static str)| if lang == Lang::Zh { zh } else { en };
        let [title, hint] = words(problem.rule());
        let back = tenant.map_or_else(|| "/".to_owned(), |tenant| format!("/desk/{tenant}/"));
        let body = html! {
            main #main .failure {
                h1 { (say(title)) }
                p { (say(hint)) }
                p .muted { code { (problem.rule()) } " " (problem.detail()) }
                p { a .button href=(back) { (say(("回到总览", "Back to the overview"))) } }
            }
        };
        shell::respond(problem.status(), &bare(lang, theme, say(title), &body))
    }
}
