//! Settings: how this desk looks, what the tenant's own settings are, where its
//! interfaces stand.

use axum::response::Response;
use maud::html;

use super::failure::Failure;
use super::shell::{Frame, Nav, page};
use super::view::Theme;
use super::visit::Visit;
use crate::port::log::Log;
use crate::port::store::Store;

/// The page of settings.
pub async fn settings<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let view = &visit.view;
    let status = visit.tenant.handle.status();
    let tenant = &view.tenant;
    let body = html! {
        section aria-labelledby="look-title" {
            h2 #look-title { (view.say("显示", "Display")) }
            p { (view.say("语言：", "Language: "))
                a href=(view.here(&[("lang", Some("zh"))])) { "中文" } " · " a href=(view.here(&[("lang", Some("en"))])) { "English" } }
            p { (view.say("外观：", "Theme: "))
                @for theme in Theme::ALL {
                    a href=(view.here(&[("theme", Some(theme.name()))])) aria-current=[(theme == view.theme).then_some("true")] {
                        @match theme { Theme::Auto => { (view.say("随系统", "auto")) }, Theme::Light => { (view.say("浅色", "light")) }, Theme::Dark => { (view.say("深色", "dark")) } }
                    } " "
                }
            }
            p .muted { (view.say("快捷键：Ctrl-K 或 / 搜索，j、k 上下移动，x 选中，Enter 打开。", "Keys: Ctrl-K or / to search, j and k to move, x to select, Enter to open.")) }
        }
        section aria-labelledby="rules-title" {
            h2 #rules-title { (view.say("规则从哪里改", "Where rules are changed")) }
            p { (view.say("单位、角色、时限、催办阶梯都在政策文件里；改文件后运行：", "Units, roles, limits and ladders are policy files; change them and run:")) }
            pre { code { "duban policy check workflows\nduban policy apply workflows/" (tenant) } }
            p { a href=(view.link("policies", &[])) { (view.say("查看现行规则", "The rules in force")) } }
        }
        section aria-labelledby="doors-title" {
            h2 #doors-title { (view.say("接口", "Interfaces")) }
            ul {
                @for (path, zh, en) in [
                    ("overdue", "超期清单（JSON）", "what is overdue (JSON)"),
                    ("counts", "分单位分流程计数", "counts per unit and workflow"),
                    ("status", "引擎状态", "how the engine stands"),
                    ("stream", "账本事件流（SSE）", "the ledger as server-sent events"),
                ] {
                    li { a href={ "/v1/" (tenant) "/" (path) } { code { "/v1/" (tenant) "/" (path) } } " " span .muted { (view.say(zh, en)) } }
                }
            }
            p .muted { (view.say("账本条目 ", "ledger entry ")) (status.ledger_seq) " · " (view.say("收件 ", "intake ")) (status.intake_seq) }
        }
    };
    let title = Nav::Settings.title(view);
    let frame = Frame { nav: Nav::Settings, title, as_of: None, beside_title: html! {}, live: false };
    Ok(page(view, &frame, &body))
}
