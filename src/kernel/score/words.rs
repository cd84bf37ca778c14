//! The reasons for points, in words: every figure by its title, every step.

use super::part::{Part, holds};
use super::value::{Gap, value};
use super::{Figure, Figures};
use crate::exact::Exact;
use crate::id::InputName;
use crate::policy::definition::Text;
use crate::policy::definition::score::{Expression, Form, Item, Shape, Threshold};

fn text(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

/// An input's title in both languages; its name where it has none.
fn title(name: &InputName, item: &Item) -> Text {
    let titled = item.inputs.get(name).and_then(|input| input.title.clone());
    titled.unwrap_or_else(|| text(name.as_str(), name.as_str()))
}

/// What a part gives and why: its value, what the form makes of it, its bound.
pub(super) fn of_part(
    form: &Form,
    item: &Item,
    figures: &Figures,
    (value, free, points): (&Exact, &Exact, &Exact),
) -> Text {
    let said = expression(&form.of, item, figures);
    let is_bare = matches!(form.of, Expression::Input(_) | Expression::Number(_));
    let equals = if is_bare { String::new() } else { format!(" = {}", value.figure()) };
    let made = made(form, value, free);
    let bound = match &form.most {
        Some(most) if points != free => text(
            format!("，此部分至多 {0} 分，计 {0} 分", most.figure()),
            format!(", this part gives at most {}", most.figure()),
        ),
        Some(_) | None => Text::default(),
    };
    text(
        format!("{}{equals}{}{}", said.zh, made.zh, bound.zh),
        format!("{}{equals}{}{}", said.en, made.en, bound.en),
    )
}

fn made(form: &Form, value: &Exact, free: &Exact) -> Text {
    let points = free.figure();
    match form.shape() {
        Some(Shape::Times(by)) => {
            let by = signed(by);
            let (zh, en) = if matches!(form.of, Expression::Input(_) | Expression::Number(_)) {
                (" ", " ")
            } else {
                // The value has been written out; what follows is a step of its own.
                ("，", ", ")
            };
            text(format!("{zh}× {by} = {points}"), format!("{en}× {by} = {points}"))
        }
        Some(Shape::Linear(line)) => {
            let ends = [&line.from.0, &line.from.1, &line.to.0, &line.to.1].map(Exact::figure);
            text(
                format!(
                    "，{}（{} 分）至 {}（{} 分）按比例，得 {points} 分",
                    ends[0], ends[1], ends[2], ends[3]
                ),
                format!(
                    ", between {} ({} points) and {} ({} points) in proportion: {points}",
                    ends[0], ends[1], ends[2], ends[3]
                ),
            )
        }
        Some(Shape::AllOrNothing(rule)) => {
            let condition = rule.when.as_ref().map(bounds).unwrap_or_default();
            if holds(value, rule) {
                text(
                    format!("，符合{condition}，得 {points} 分"),
                    format!(", as demanded{condition}: {points}"),
                )
            } else {
                text(format!("，不符合{condition}，得 0 分"), format!(", not as demanded{condition}: 0"))
            }
        }
        None => Text::default(),
    }
}

/// A negative factor stands in brackets.
fn signed(number: &Exact) -> String {
    let figure = number.figure();
    if figure.starts_with('-') { format!("({figure})") } else { figure }
}

fn bounds(when: &Threshold) -> String {
    let bound =
        |sign: &str, bound: &Option<Exact>| bound.as_ref().map(|it| format!("{sign} {}", it.figure()));
    let Threshold { at_least, at_most, equals } = when;
    let said: Vec<String> =
        [bound("≥", at_least), bound("≤", at_most), bound("=", equals)].into_iter().flatten().collect();
    format!("({})", said.join(", "))
}

/// An expression with the figures put in: `合规数 95 ÷ 报送数 100`.
fn expression(of: &Expression, item: &Item, figures: &Figures) -> Text {
    let joined = |parts: &[Expression], sign: &str| {
        let said: Vec<Text> = parts.iter().map(|part| operand(part, item, figures)).collect();
        let join = |of: fn(&Text) -> &str| said.iter().map(of).collect::<Vec<_>>().join(sign);
        text(join(|it| &it.zh), join(|it| &it.en))
    };
    match of {
        Expression::Input(name) => {
            let (title, figure) = (title(name, item), known(name, figures));
            text(format!("{} {figure}", title.zh), format!("{} {figure}", title.en))
        }
        Expression::Number(number) => text(number.figure(), number.figure()),
        Expression::Share { of, over } => {
            let (of, over) = (operand(of, item, figures), operand(over, item, figures));
            text(format!("{} ÷ {}", of.zh, over.zh), format!("{} ÷ {}", of.en, over.en))
        }
        Expression::Least(parts) => {
            let said = joined(parts, "; ");
            text(format!("取小（{}）", said.zh), format!("the least of ({})", said.en))
        }
        Expression::Greatest(parts) => {
            let said = joined(parts, "; ");
            text(format!("取大（{}）", said.zh), format!("the greatest of ({})", said.en))
        }
        Expression::Sum(parts) => joined(parts, " + "),
        Expression::Minus(pair) => joined(pair.as_ref(), " - "),
        Expression::Product(parts) => joined(parts, " × "),
        Expression::OrElse(pair) => match value(&pair[0], figures) {
            Err(Gap::NothingDue) => expression(&pair[1], item, figures),
            Ok(_) | Err(Gap::Missing(_)) => expression(&pair[0], item, figures),
        },
    }
}

/// A part of an expression, in brackets where it is made of several.
fn operand(of: &Expression, item: &Item, figures: &Figures) -> Text {
    let said = expression(of, item, figures);
    match of {
        Expression::Input(_) | Expression::Number(_) | Expression::Least(_) | Expression::Greatest(_) => said,
        Expression::Share { .. }
        | Expression::Sum(_)
        | Expression::Minus(_)
        | Expression::Product(_)
        | Expression::OrElse(_) => text(format!("({})", said.zh), format!("({})", said.en)),
    }
}

fn known(name: &InputName, figures: &Figures) -> String {
    match figures.get(name) {
        Some(Figure::Known(number)) => number.figure(),
        Some(Figure::NothingDue) => "0/0".to_owned(),
        Some(Figure::Missing) | None => "?".to_owned(),
    }
}

/// The reason for an item whose figures are known.
pub(super) fn of_sum(parts: &[Part], sum: &Exact, points: &Exact, item: &Item) -> Text {
    let join = |of: fn(&Text) -> &str, sign: &str| {
        parts.iter().map(|part| of(&part.explanation)).collect::<Vec<_>>().join(sign)
    };
    let (sum_said, given, most) = (sum.figure(), points.figure(), item.most.figure());
    let (zh, en) = match points.cmp(sum) {
        std::cmp::Ordering::Equal => {
            (format!("计 {given} 分（满分 {most} 分）"), format!("{given} of {most} points"))
        }
        std::cmp::Ordering::Less => (
            format!("合计 {sum_said} 分，封顶计 {given} 分"),
            format!("together {sum_said}, capped at {given} points"),
        ),
        std::cmp::Ordering::Greater => (
            format!("合计 {sum_said} 分，最低计 {given} 分（满分 {most} 分）"),
            format!("together {sum_said}, not below {given} of {most} points"),
        ),
    };
    text(format!("{}。{zh}", join(|it| &it.zh, "；")), format!("{}; {en}", join(|it| &it.en, "; ")))
}

/// The reason for an item with figures that nobody reported.
pub(super) fn of_missing(missing: &[InputName], item: &Item, applicable: bool) -> Text {
    let titles: Vec<Text> = missing.iter().map(|name| title(name, item)).collect();
    let join = |of: fn(&Text) -> &str, sign: &str| titles.iter().map(of).collect::<Vec<_>>().join(sign);
    let (zh, en) = (join(|it| &it.zh, "、"), join(|it| &it.en, ", "));
    if applicable {
        text(format!("没有上报：{zh}；计 0 分"), format!("not reported: {en}; 0 points"))
    } else {
        text(
            format!("没有上报：{zh}；本项不适用，不计入可得分"),
            format!("not reported: {en}; the item does not apply and is left out of what can be reached"),
        )
    }
}

/// The reason for an item whose share is over nothing.
pub(super) fn of_nothing(item: &Item, figures: &Figures, applicable: bool, points: &Exact) -> Text {
    let without = item.points.iter().find(|form| matches!(value(&form.of, figures), Err(Gap::NothingDue)));
    let said = without.map(|form| expression(&form.of, item, figures)).unwrap_or_default();
    let given = points.figure();
    if applicable {
        text(
            format!("{}：本期没有应办事项；按规则计 {given} 分", said.zh),
            format!("{}: nothing was due; by rule {given} points", said.en),
        )
    } else {
        text(
            format!("{}：本期没有应办事项；本项不适用，不计入可得分", said.zh),
            format!(
                "{}: nothing was due; the item does not apply and is left out of what can be reached",
                said.en
            ),
        )
    }
}
