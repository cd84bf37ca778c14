//! Why a fact was refused, in a sentence for people who do not read rules' names.
//!
//! The reason itself, as it stands on the ledger, is shown beside it.

use super::parts::event;
use super::refusals::unit_title;
use super::view::View;
use crate::calendar::Lang;
use crate::query::refusals::Refusal;

/// The reason in the page's language.
pub fn words(view: &View, row: &Refusal) -> String {
    let told = match view.lang {
        Lang::Zh => chinese(view, row),
        Lang::En => None,
    };
    told.unwrap_or_else(|| row.reason.message.clone())
}

fn chinese(view: &View, row: &Refusal) -> Option<String> {
    let kind = row.kind.as_ref().map_or("此类事实", |kind| event(view, kind.as_str()));
    let actor = row.actor.as_ref().map_or("报送方", |actor| unit_title(view, actor.as_str()));
    let rule = row.reason.rule.as_str();
    let told = match rule {
        "actor.forbidden" => format!("{actor}无权报送“{kind}”"),
        "actor.unknown" => format!("单位名录里没有报送方“{}”", row.reason.value),
        "case.unknown" => format!("没有这个事项，无法办理“{kind}”"),
        "case.crowded" => "该事项已有记录过多，不再接收".to_owned(),
        "calendar.unknown" => "日历尚未公布，无法计算期限".to_owned(),
        "guard.failed" => format!("“{kind}”不符合该步骤的条件"),
        "import.forbidden" => "只有补录人可以补录过去的事实".to_owned(),
        "import.future" => "补录的时间晚于收到的时间".to_owned(),
        "policy.invalid" => "政策文件有错误，未予采纳".to_owned(),
        "subject.ambiguous" => "无法确定属于哪个事项，请写明事项编号".to_owned(),
        "subject.malformed" => "事项编号写法不对".to_owned(),
        "subject.missing" => "没有写明事项编号".to_owned(),
        "time.future" => "发生时间晚于收到的时间".to_owned(),
        "time.unreadable" => "时间写法不对，无法识别".to_owned(),
        "transition.forbidden" => format!("事项当前状态不接收“{kind}”"),
        "type.unhandled" => format!("没有哪条政策处理“{kind}”"),
        "unit.unknown" => format!("单位名录里没有“{}”", row.reason.value),
        rule if rule.starts_with("envelope.") => "报文格式不符合约定".to_owned(),
        rule if rule.starts_with("data.") || rule.starts_with("schema.") => {
            "所报内容不符合字段要求".to_owned()
        }
        _ => return None,
    };
    Some(told)
}
