//! What holds of every score, whatever the figures are.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::{Figure, Figures, Standing, card, item};
use crate::exact::Exact;
use crate::id::InputName;
use crate::policy::definition::score::{Item, Scorecard};

fn exact(text: &str) -> Exact {
    text.parse().expect("a number")
}

fn of(points: serde_json::Value) -> Item {
    let item = json!({
        "name": "1", "title": {"zh": "甲", "en": "A"}, "cite": {"notice": "n", "clause": "1"},
        "per": "month", "most": 12, "points": points,
        "inputs": {"a": {"indicator": "a"}, "b": {"indicator": "b"}},
    });
    serde_json::from_value(item).expect("an item")
}

fn figures(a: &Exact, b: &Exact) -> Figures {
    let name = |text| InputName::new(text).expect("a name");
    BTreeMap::from([(name("a"), Figure::Known(a.clone())), (name("b"), Figure::Known(b.clone()))])
}

/// One form of every kind, each with its points not falling when `a` grows.
fn rising() -> Vec<serde_json::Value> {
    vec![
        json!([{"of": "a", "times": "0.5", "most": 7}]),
        json!([{"of": {"share": {"of": "a", "over": "b"}}, "times": 6}, {"of": "a", "times": 2}]),
        json!([{"of": {"least": ["a", "b"]}, "linear": {"from": ["0.90", 0], "to": ["1.00", 5]}}]),
        json!([{"of": {"minus": ["a", "b"]}, "times": 3}]),
        json!([{"of": "a", "allOrNothing": {"when": {"atLeast": "0.95"}, "points": 3}}]),
        json!([{"of": {"greatest": ["a", {"product": ["a", "b"]}, {"sum": ["a", 1]}]}, "times": 1}]),
    ]
}

fn number() -> impl Strategy<Value = Exact> {
    let near_one = (0_i64..2_000_000)
        .prop_map(|millionths| exact(&format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)));
    prop_oneof![near_one, (0_i64..100_000).prop_map(Exact::from)]
}

proptest! {
    #[test]
    fn points_stay_within_bounds_and_are_the_sum_of_the_parts(a in number(), b in number()) {
        for points in rising() {
            let item_ = of(points);
            let score = item(&item_, &Exact::zero(), &figures(&a, &b));
            prop_assert!(score.points >= Exact::zero() && score.points <= item_.most);
            if let Some(sum) = &score.sum {
                prop_assert_eq!(sum, &score.parts.iter().map(|part| &part.points).sum::<Exact>());
                prop_assert_eq!(&score.points, &sum.within(&Exact::zero(), &item_.most));
            } else {
                prop_assert_eq!(&score.standing, &Standing::NothingDue);
                prop_assert!(!score.applicable && b.is_zero());
            }
        }
    }

    #[test]
    fn a_better_figure_never_gives_fewer_points(a in number(), more in number(), b in number()) {
        let better = a.clone() + &more;
        for points in rising() {
            let item_ = of(points);
            let before = item(&item_, &Exact::zero(), &figures(&a, &b));
            let after = item(&item_, &Exact::zero(), &figures(&better, &b));
            prop_assert!(before.points <= after.points, "{:?} {:?}", before, after);
        }
    }

    #[test]
    fn each_deduction_takes_points_and_never_falls_through_the_floor(count in 0_i64..100) {
        let item_ = of(json!([{"of": "a", "times": 12}, {"of": "b", "times": -5}]));
        let score = item(&item_, &Exact::zero(), &figures(&Exact::from(1), &Exact::from(count)));
        prop_assert_eq!(score.points, Exact::from((12 - 5 * count).max(0)));
    }

    #[test]
    fn a_card_is_the_sum_of_its_sections_and_they_of_their_items(a in number(), b in number()) {
        let section = |name: &str, most: i64| {
            let items: Vec<_> = rising().into_iter().enumerate().map(|(at, points)| {
                let mut item = serde_json::to_value(of(points)).expect("JSON");
                item["name"] = json!(format!("{name}.{at}"));
                item
            }).collect();
            json!({"name": name, "title": {"zh": "甲", "en": "A"}, "cite": {"notice": "n", "clause": "1"}, "most": most, "items": items})
        };
        let whole: Scorecard = serde_json::from_value(json!({
            "name": "c", "version": "1", "title": {"zh": "甲", "en": "A"}, "cite": {"notice": "n", "clause": "1"},
            "effective": {"from": "2023-01-01"}, "for": [], "total": 90,
            "sections": [section("s", 50), section("t", 72)],
        })).expect("a scorecard");
        let known = whole.items().map(|it| (it.name.clone(), figures(&a, &b))).collect();
        let score = card(&whole, &known);
        for (of, most) in score.sections.iter().zip([50, 72]) {
            let sum: Exact = of.items.iter().map(|it| &it.points).sum();
            prop_assert_eq!(&of.points, &sum.min(Exact::from(most)));
            prop_assert!(of.points <= of.attainable);
        }
        let sum: Exact = score.sections.iter().map(|it| &it.points).sum();
        prop_assert_eq!(&score.points, &sum.min(Exact::from(90)));
        prop_assert!(score.points <= score.attainable && score.attainable <= Exact::from(90));
        let empty = card(&whole, &BTreeMap::new());
        prop_assert!(empty.points.is_zero());
        let no_figure = |it: &super::ItemScore| matches!(it.standing, Standing::NoFigure(_));
        prop_assert!(empty.sections.iter().flat_map(|it| &it.items).all(no_figure));
    }
}
