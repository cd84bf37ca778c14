//! The value of an expression, exactly, or why it has none.

use super::{Figure, Figures};
use crate::exact::Exact;
use crate::id::InputName;
use crate::policy::definition::score::Expression;

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// A figure that it needs is not known.
    Missing(InputName),
    /// A share of nothing.
    NothingDue,
}

/// Computes an expression.
///
/// # Errors
/// [`Gap`] when a figure is missing, or a share is over nothing and no
/// alternative is given.
pub fn value(of: &Expression, figures: &Figures) -> Result<Exact, Gap> {
    let all = |parts: &[Expression]| -> Result<Vec<Exact>, Gap> {
        parts.iter().map(|part| value(part, figures)).collect()
    };
    match of {
        Expression::Input(name) => match figures.get(name) {
            Some(Figure::Known(number)) => Ok(number.clone()),
            Some(Figure::NothingDue) => Err(Gap::NothingDue),
            Some(Figure::Missing) | None => Err(Gap::Missing(name.clone())),
        },
        Expression::Number(number) => Ok(number.clone()),
        Expression::Share { of, over } => {
            let (of, over) = (value(of, figures)?, value(over, figures)?);
            of.over(&over).ok_or(Gap::NothingDue)
        }
        Expression::Least(parts) => Ok(all(parts)?.into_iter().min().unwrap_or_else(Exact::zero)),
        Expression::Greatest(parts) => Ok(all(parts)?.into_iter().max().unwrap_or_else(Exact::zero)),
        Expression::Sum(parts) => Ok(all(parts)?.iter().sum()),
        Expression::Minus(pair) => Ok(value(&pair[0], figures)? - &value(&pair[1], figures)?),
        Expression::Product(parts) => {
            Ok(all(parts)?.iter().fold(Exact::from(1), |product, part| product * part))
        }
        Expression::OrElse(pair) => match value(&pair[0], figures) {
            Err(Gap::NothingDue) => value(&pair[1], figures),
            other => other,
        },
    }
}
