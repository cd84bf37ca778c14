//! What happened in Genhe: credit repair and double publicity.

use serde_json::json;

use super::story::Story;

const PLATFORM: &str = "xinyong-pingtai";
const OFFICE: &str = "xinyong-ban";

/// Tells all of it.
pub fn tell(story: &mut Story<'_>) {
    repairs_done(story);
    repairs_open(story);
    publicity(story);
}

/// A penalty with its notice of repair, and the party's application later.
struct Penalty<'a> {
    number: u32,
    unit: &'a str,
    party: &'a str,
    /// How many working days ago it was decided, and told of, and applied for.
    decided: i32,
    notified: Option<i32>,
    applied: Option<i32>,
}

fn penalty(story: &mut Story<'_>, it: &Penalty<'_>) -> String {
    let number = format!("根罚〔{}〕{}号", story.day(it.decided).format("%Y"), it.number);
    let case = format!("credit-repair/{number}");
    let data = json!({
        "unit": it.unit, "decisionNumber": number, "decidedOn": story.day(it.decided),
        "party": it.party, "category": "minor",
    });
    story.tell(story.done(it.decided, 10, 30), it.unit, "penalty.decided", "", data);
    if let Some(notified) = it.notified {
        let data = json!({"noticeNumber": format!("XFGZ-{:04}", it.number)});
        story.tell(story.done(notified, 15, 0), it.unit, "repair.notified", &case, data);
    }
    if let Some(applied) = it.applied {
        let data = json!({
            "unit": it.unit, "decisionNumber": number, "applicant": it.party,
            "appliedOn": story.day(applied),
        });
        story.tell(story.done(applied, 9, 20), PLATFORM, "repair.applied", &case, data);
    }
    case
}

/// A minor record may be repaired as soon as the duty is done.
fn accepted() -> serde_json::Value {
    json!({"performed": true, "commitmentPublic": true, "minimumPeriodOver": false})
}

fn repairs_done(story: &mut Story<'_>) {
    let it = Penalty {
        number: 8,
        unit: "jiaotongyunshuju",
        party: "根河市林区运输有限公司",
        decided: 12,
        notified: Some(12),
        applied: Some(9),
    };
    let case = penalty(story, &it);
    story.tell(story.done(7, 10, 0), it.unit, "repair.accepted", &case, accepted());
    story.tell(story.done(6, 11, 0), it.unit, "repair.approved", &case, json!({}));
    story.tell(story.done(5, 9, 0), PLATFORM, "publicity.removed", &case, json!({}));
    story.tell(story.done(5, 15, 0), OFFICE, "repair.closed", &case, json!({}));
    // Never told how to repair: the closing is refused until that is made good.
    let it = Penalty {
        number: 11,
        unit: "shichangjianguanju",
        party: "根河市敖鲁古雅食品店",
        decided: 11,
        notified: None,
        applied: Some(8),
    };
    let case = penalty(story, &it);
    story.tell(story.done(5, 10, 0), it.unit, "repair.accepted", &case, accepted());
    story.tell(story.done(3, 11, 0), it.unit, "repair.approved", &case, json!({}));
    story.tell(story.done(2, 9, 0), PLATFORM, "publicity.removed", &case, json!({}));
    story.tell(story.done(2, 10, 0), OFFICE, "repair.closed", &case, json!({}));
}

fn repairs_open(story: &mut Story<'_>) {
    let mut open = |number, unit, party, decided, notified, applied| {
        let it = Penalty { number, unit, party, decided, notified: Some(notified), applied };
        penalty(story, &it)
    };
    // Ten working days without a decision on acceptance: as far up as it goes.
    open(12, "weijianwei", "根河市康宁诊所", 13, 13, Some(12));
    // Over since the last working day.
    open(14, "yingjiju", "根河市兴安矿业有限公司", 6, 6, Some(4));
    // Due on the working day that is next.
    open(15, "lincaoju", "根河市山珍加工厂", 5, 5, Some(3));
    let waits = open(16, "zhujianju", "根河市北疆建筑有限公司", 7, 7, Some(5));
    open(17, "gonganju", "根河市顺达驾校", 1, 1, Some(1));
    let data = json!({"materials": ["信用承诺书"]});
    story.tell(story.done(4, 14, 0), "zhujianju", "repair.supplement-requested", &waits, data);
}

fn publicity(story: &mut Story<'_>) {
    let year = story.day(1).format("%Y").to_string();
    let mut decided = |number: &str, unit: &str, category: &str, decided: i32, uploaded: Option<i32>| {
        let number = format!("{number}〔{year}〕{}号", 20 + decided);
        let data = json!({
            "unit": unit, "decisionNumber": number, "category": category, "decidedOn": story.day(decided),
        });
        story.tell(story.done(decided, 17, 0), unit, "decision.made", "", data);
        let case = format!("double-publicity/{number}");
        if let Some(uploaded) = uploaded {
            story.tell(story.done(uploaded, 10, 0), unit, "publicity.uploaded", &case, json!({"rows": 1}));
            let at = story.done(uploaded, 16, 0);
            story.tell(at, PLATFORM, "publicity.checked", &case, json!({"result": "pass"}));
        }
    };
    decided("根交许", "jiaotongyunshuju", "licence", 12, Some(9));
    decided("根市监罚", "shichangjianguanju", "penalty", 11, Some(2));
    decided("根林许", "lincaoju", "licence", 9, None);
    decided("根卫许", "weijianwei", "licence", 6, None);
    decided("根住建许", "zhujianju", "licence", 3, None);
    decided("根环罚", "shengtaihuanjingju", "penalty", 1, None);
}
