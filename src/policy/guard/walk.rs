//! What a guard names and how it is built, checked before it may run.
//!
//! Refuses what is unbounded or would not give the same answer every time.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, SelectExpr};

use super::{CASE_FIELDS, GuardError, VARIABLES};
use crate::policy::near;

/// What an expression names, found while checking that it is bounded.
#[derive(Default)]
pub(super) struct Walk {
    pub variables: Vec<&'static str>,
    pub case_fields: Vec<&'static str>,
    pub data_paths: Vec<Vec<String>>,
    within_comprehension: bool,
}

impl Walk {
    pub fn expression(&mut self, node: &IdedExpr, bound: &mut Vec<String>) -> Result<(), GuardError> {
        if let Some(path) = data_path(node)
            && !bound.iter().any(|name| name == "data")
        {
            self.data_paths.push(path);
        }
        match &node.expr {
            Expr::Ident(name) => self.variable(name, bound),
            Expr::Select(select) => self.select(select, bound),
            Expr::Call(call) => {
                for part in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
                    self.expression(part, bound)?;
                }
                Self::function(&call.func_name)
            }
            Expr::List(list) => list.elements.iter().try_for_each(|item| self.expression(item, bound)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&entry.key, bound)?;
                    self.expression(&entry.value, bound)
                }
                EntryExpr::StructField(field) => self.expression(&field.value, bound),
            }),
            Expr::Comprehension(walk) => self.comprehension(walk, bound),
            Expr::Struct(_) => Err(GuardError::Forbidden {
                construct: "a message",
                why: "guards have no types of their own",
            }),
            Expr::Literal(_) => Ok(()),
            Expr::Unspecified => Err(GuardError::Syntax { reason: "an expression is empty".into() }),
        }
    }

    fn variable(&mut self, name: &str, bound: &[String]) -> Result<(), GuardError> {
        if bound.iter().any(|it| it == name) {
            return Ok(());
        }
        match VARIABLES.into_iter().find(|known| *known == name) {
            Some(known) => {
                self.variables.push(known);
                if known == "case" {
                    // Named without a field: all of it may be looked at.
                    self.case_fields.extend(CASE_FIELDS);
                }
                Ok(())
            }
            None => Err(GuardError::Unknown { name: name.into(), hint: near::hint(name, VARIABLES) }),
        }
    }

    fn select(&mut self, select: &SelectExpr, bound: &mut Vec<String>) -> Result<(), GuardError> {
        let of_case = matches!(&select.operand.expr, Expr::Ident(name) if name == "case");
        if !of_case || bound.iter().any(|name| name == "case") {
            return self.expression(&select.operand, bound);
        }
        if let Some(known) = CASE_FIELDS.into_iter().find(|known| *known == select.field) {
            self.variables.push("case");
            self.case_fields.push(known);
            return Ok(());
        }
        let hint = near::hint(&select.field, CASE_FIELDS);
        Err(GuardError::Unknown { name: format!("case.{}", select.field), hint })
    }

    /// Operators are functions with names such as `_&&_`; the others are listed.
    fn function(name: &str) -> Result<(), GuardError> {
        const KNOWN: [&str; 11] = [
            "size",
            "contains",
            "startsWith",
            "endsWith",
            "int",
            "uint",
            "double",
            "string",
            "type",
            "min",
            "max",
        ];
        let operator = name.starts_with(['_', '@', '!', '-']);
        if operator || KNOWN.contains(&name) {
            return Ok(());
        }
        Err(GuardError::Unknown { name: format!("{name}()"), hint: near::hint(name, KNOWN) })
    }

    /// Walking a list within a list would multiply the work; `map` and `filter`
    /// over a mapping would show an order that differs from run to run.
    fn comprehension(&mut self, walk: &ComprehensionExpr, bound: &mut Vec<String>) -> Result<(), GuardError> {
        if self.within_comprehension {
            let why = "the work would multiply";
            return Err(GuardError::Forbidden { construct: "walking a list within a list", why });
        }
        if matches!(walk.accu_init.expr, Expr::List(_)) {
            let why = "mappings have no order; use exists or all";
            return Err(GuardError::Forbidden { construct: "map or filter", why });
        }
        self.expression(&walk.iter_range, bound)?;
        self.within_comprehension = true;
        let before = bound.len();
        bound.extend([walk.iter_var.clone(), walk.accu_var.clone()]);
        bound.extend(walk.iter_var2.clone());
        for part in [&walk.accu_init, &walk.loop_cond, &walk.loop_step, &walk.result] {
            self.expression(part, bound)?;
        }
        bound.truncate(before);
        self.within_comprehension = false;
        Ok(())
    }
}

/// The steps of `data.a.b`, if the expression is such a chain.
fn data_path(node: &IdedExpr) -> Option<Vec<String>> {
    let mut steps = Vec::new();
    let mut node = node;
    loop {
        match &node.expr {
            Expr::Select(select) => {
                steps.push(select.field.clone());
                node = &select.operand;
            }
            Expr::Ident(name) if name == "data" && !steps.is_empty() => {
                steps.reverse();
                return Some(steps);
            }
            _ => return None,
        }
    }
}
