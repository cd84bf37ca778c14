//! One part of an item's points: what its form makes of its value.

use super::value::{Gap, value};
use super::{Figures, words};
use crate::exact::Exact;
use crate::policy::definition::Text;
use crate::policy::definition::score::{AllOrNothing, Form, Item, Linear, Shape};

/// What one part gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The value that it is given for.
    pub value: Exact,
    /// Its points.
    pub points: Exact,
    /// Whether its own bound took some of them.
    pub capped: bool,
    /// The reason in a few words.
    pub explanation: Text,
}

/// Scores one part of an item.
///
/// # Errors
/// [`Gap`] when its value cannot be known.
pub fn part(form: &Form, item: &Item, figures: &Figures) -> Result<Part, Gap> {
    let value = value(&form.of, figures)?;
    let free = match form.shape() {
        Some(Shape::Times(by)) => value.clone() * by,
        Some(Shape::Linear(line)) => on_line(&value, line),
        Some(Shape::AllOrNothing(rule)) if holds(&value, rule) => rule.points.clone(),
        // No policy is admitted whose form has no shape.
        Some(Shape::AllOrNothing(_)) | None => Exact::zero(),
    };
    let points = form.most.as_ref().map_or_else(|| free.clone(), |most| free.clone().min(most.clone()));
    let explanation = words::of_part(form, item, figures, (&value, &free, &points));
    Ok(Part { value, capped: points != free, points, explanation })
}

/// The points at a value on the line; beyond its ends it stands still.
fn on_line(value: &Exact, line: &Linear) -> Exact {
    let Linear { from: (start, first), to: (end, last) } = line;
    let way = (value.clone() - start).over(&(end.clone() - start));
    // A line without a slope is not admitted.
    let way = way.unwrap_or_else(Exact::zero).within(&Exact::zero(), &Exact::from(1));
    (last.clone() - first) * &way + first
}

/// Whether all points are given.
pub(super) fn holds(value: &Exact, rule: &AllOrNothing) -> bool {
    rule.when.as_ref().map_or_else(|| *value >= Exact::from(1), |when| when.holds(value))
}
