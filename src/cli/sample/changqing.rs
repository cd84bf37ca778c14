//! What happened in Changqing: objections, double publicity, news.

use serde_json::json;

use super::story::Story;
use crate::calendar::{Period, PeriodKind};

const PLATFORM: &str = "xinyong-pingtai";
const OFFICE: &str = "xinyong-ban";

/// Tells all of it.
pub fn tell(story: &mut Story<'_>) {
    objections_in_time(story);
    objections_late(story);
    objections_open(story);
    a_whole_escalation(story);
    what_was_refused(story);
    publicity(story);
    news(story);
}

/// A coordination letter that reached a department.
fn received(story: &mut Story<'_>, number: u32, unit: &str, applicant: &str, n: i32, hour: u32) -> String {
    let case = format!("objection/YY-{}-{number:03}", story.day(n).format("%Y"));
    let at = story.done(n, hour, 20);
    let data = json!({
        "unit": unit,
        "penaltyNumber": format!("长罚〔{}〕{}号", story.day(n).format("%Y"), 10 + number),
        "applicant": applicant,
        "letterNumber": format!("XT-{}-{number:04}", story.day(n).format("%Y")),
        "receivedAt": at,
    });
    story.tell(at, PLATFORM, "objection.received", &case, data);
    case
}

fn answered(story: &mut Story<'_>, case: &str, unit: &str, n: i32, hour: u32) {
    let data = json!({"result": "corrected", "reasons": "当事人名称录入有误,已更正并附截图。"});
    story.tell(story.done(n, hour, 5), unit, "objection.answered", case, data);
}

fn objections_in_time(story: &mut Story<'_>) {
    let case = received(story, 31, "qu-shichangjianguanju", "济南清源建材有限公司", 11, 9);
    story.tell(story.done(11, 10, 40), "qu-shichangjianguanju", "objection.accepted", &case, json!({}));
    answered(story, &case, "qu-shichangjianguanju", 10, 11);
    story.tell(story.done(9, 9, 30), OFFICE, "objection.review-passed", &case, json!({}));
    let case = received(story, 32, "qu-zhujianju", "济南大学城物业服务有限公司", 7, 15);
    answered(story, &case, "qu-zhujianju", 6, 16);
    story.tell(story.done(5, 10, 0), OFFICE, "objection.review-passed", &case, json!({}));
    let case = received(story, 33, "qu-rensheju", "山东泉城人力资源有限公司", 6, 10);
    let data = json!({"reasons": "申请人来电表示不再提出异议。"});
    story.tell(story.done(6, 16, 10), PLATFORM, "objection.withdrawn", &case, data);
}

fn objections_late(story: &mut Story<'_>) {
    // Answered a day and a half late, sent back once, then accepted.
    let case = received(story, 34, "qu-wenlvju", "长清灵岩山文化旅游有限公司", 9, 11);
    answered(story, &case, "qu-wenlvju", 7, 10);
    let data = json!({"reasons": "未附更正后的截图,请补充后重新答复。"});
    story.tell(story.done(6, 9, 15), OFFICE, "objection.review-returned", &case, data);
    answered(story, &case, "qu-wenlvju", 5, 17);
    story.tell(story.done(4, 9, 45), OFFICE, "objection.review-passed", &case, json!({}));
}

fn objections_open(story: &mut Story<'_>) {
    // Forgotten for a week: reminded, then escalated to the bulletin and beyond.
    received(story, 35, "qu-gongxinju", "济南长清机床配件厂", 8, 14);
    // Since the last working day it is too late, and nobody above knows it yet.
    received(story, 36, "qu-shichangjianguanju", "济南归德食品有限公司", 2, 16);
    // Due on the working day that is next.
    let case = received(story, 37, "qu-minzhengju", "长清区夕阳红养老服务中心", 1, 10);
    story.tell(story.done(1, 11, 0), "qu-minzhengju", "objection.accepted", &case, json!({}));
    // It stands still while the applicant looks for receipts.
    let case = received(story, 38, "qu-shuiwuju-tax", "济南平安物流有限公司", 3, 9);
    story.tell(story.done(3, 9, 50), "qu-shuiwuju-tax", "objection.accepted", &case, json!({}));
    let data = json!({"materials": ["罚款缴纳凭证", "整改完成说明"]});
    story.tell(story.done(3, 15, 30), "qu-shuiwuju-tax", "objection.material-requested", &case, data);
    // Sent back yesterday: a second clock runs.
    let case = received(story, 39, "qu-fagaiju", "山东文昌能源科技有限公司", 4, 10);
    answered(story, &case, "qu-fagaiju", 3, 14);
    let data = json!({"reasons": "结论与附件不一致,请核实。"});
    story.tell(story.done(1, 16, 45), OFFICE, "objection.review-returned", &case, data);
}

/// An objection that nobody answered, up to the talk; and the counsellor that follows. What
/// reactions call for from the ledger's opening on, the office stated by itself before.
fn a_whole_escalation(story: &mut Story<'_>) {
    let unit = "qu-wenlvju";
    let case = received(story, 41, unit, "济南双泉民宿服务有限公司", 12, 10);
    let clock = "answer";
    let data =
        json!({"unit": unit, "case": case, "clock": clock, "light": "red", "number": "长信督〔2026〕7号"});
    let sheet = format!("supervision-sheet/{case}/{clock}");
    story.tell(story.done(9, 9, 20), OFFICE, "supervision-sheet.issued", "", data);
    story.tell(story.done(9, 15, 0), unit, "supervision-sheet.signed", &sheet, json!({"person": "李某"}));
    let bulletin = json!({"number": "长信通〔2026〕3号"});
    story.tell(story.done(4, 14, 0), "lingdao-xiaozu", "bulletin.issued", &sheet, bulletin);
    let quarter = Period::containing(PeriodKind::Quarter, story.day(3));
    let needed = json!({"unit": unit, "quarter": quarter.to_string(), "case": case});
    story.tell(story.done(3, 9, 30), OFFICE, "counsellor.needed", "", needed);
}

fn what_was_refused(story: &mut Story<'_>) {
    let case = received(story, 40, "qu-shenpiju", "济南孝里果品专业合作社", 5, 9);
    // Another department answers in its place.
    answered(story, &case, "qu-minzhengju", 5, 14);
    answered(story, &case, "qu-shenpiju", 4, 10);
    // Its client got no answer and tried once more.
    story.repeat();
    // The answer has no result.
    let empty = json!({"reasons": "见附件。"});
    story.tell(story.done(4, 11, 0), "qu-gongxinju", "objection.answered", "objection/YY-0000-000", empty);
    story.tell(story.done(3, 9, 0), OFFICE, "objection.review-passed", &case, json!({}));
    // It is closed already.
    answered(story, &case, "qu-shenpiju", 2, 9);
    // A type that nobody defined.
    let noted = json!({"text": "已电话催办。"});
    story.tell(story.done(2, 15, 0), OFFICE, "objection.noted", "objection/YY-0000-001", noted);
}

fn decided(story: &mut Story<'_>, number: &str, unit: &str, category: &str, days: (i32, i32)) -> String {
    let (decided, told) = days;
    let data = json!({
        "unit": unit,
        "decisionNumber": number,
        "category": category,
        "decidedOn": story.day(decided),
    });
    story.tell(story.done(told, 17, 10), unit, "decision.made", "", data);
    format!("double-publicity/{number}")
}

fn publicity(story: &mut Story<'_>) {
    let year = story.day(1).format("%Y").to_string();
    // In time, checked, published.
    let unit = "qu-shenpiju";
    let case = decided(story, &format!("济长审许〔{year}〕121号"), unit, "licence", (12, 12));
    story.tell(story.done(9, 10, 0), unit, "publicity.uploaded", &case, json!({"rows": 1}));
    story.tell(story.done(8, 9, 0), PLATFORM, "publicity.checked", &case, json!({"result": "pass"}));
    let data = json!({"url": "https://credit.example/changqing/121"});
    story.tell(story.done(8, 14, 0), PLATFORM, "publicity.published", &case, data);
    // Two working days late.
    let unit = "qu-shichangjianguanju";
    let case = decided(story, &format!("长市监罚〔{year}〕56号"), unit, "penalty", (12, 11));
    story.tell(story.done(3, 16, 0), unit, "publicity.uploaded", &case, json!({"rows": 1}));
    story.tell(story.done(2, 9, 0), PLATFORM, "publicity.checked", &case, json!({"result": "pass"}));
    // Faulty; to be corrected within three working days.
    let unit = "qu-zhujianju";
    let case = decided(story, &format!("长建许〔{year}〕88号"), unit, "licence", (6, 6));
    story.tell(story.done(3, 11, 0), unit, "publicity.uploaded", &case, json!({"rows": 2}));
    let data = json!({"result": "fail", "faults": ["统一社会信用代码校验位不正确"]});
    story.tell(story.done(2, 10, 0), PLATFORM, "publicity.checked", &case, data);
    // Not uploaded: over, due soon, on course.
    decided(story, &format!("长人社罚〔{year}〕9号"), "qu-rensheju", "penalty", (10, 10));
    decided(story, &format!("长文旅许〔{year}〕33号"), "qu-wenlvju", "licence", (6, 5));
    decided(story, &format!("长水许〔{year}〕17号"), "qu-shuiwuju", "licence", (2, 2));
    decided(story, &format!("长民许〔{year}〕4号"), "qu-minzhengju", "licence", (1, 1));
}

fn news(story: &mut Story<'_>) {
    let year = story.day(1).format("%Y").to_string();
    let happened = |story: &mut Story<'_>, number: u32, unit: &str, title: &str, hours: i64| {
        let (case, at) = (format!("news-item/XY-{year}-{number:03}"), story.hours_ago(hours));
        let data = json!({"unit": unit, "title": title, "happenedAt": at});
        story.tell(at.plus_seconds(1800), unit, "news.happened", &case, data);
        case
    };
    let case = happened(story, 61, "wenchang", "文昌街道开展诚信经营进社区活动", 170);
    story.tell(story.hours_ago(150), "wenchang", "news.submitted", &case, json!({}));
    story.tell(story.hours_ago(146), OFFICE, "news.review-passed", &case, json!({}));
    let data = json!({"url": "https://credit.example/news/61"});
    story.tell(story.hours_ago(140), PLATFORM, "news.published", &case, data);
    // Two hours too late: forty-eight hours do not stop at weekends.
    let case = happened(story, 62, "qu-shuiwuju-tax", "区税务局举办A级纳税人座谈会", 120);
    story.tell(story.hours_ago(70), "qu-shuiwuju-tax", "news.submitted", &case, json!({}));
    happened(story, 63, "wufengshan", "五峰山街道诚信教育进校园", 40);
    happened(story, 64, "qu-shichangjianguanju", "区市场监管局“诚信商户”评选", 5);
}
