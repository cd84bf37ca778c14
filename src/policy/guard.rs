//! Conditions in CEL: compiled once, bounded, without clock, I/O or chance.
//!
//! A guard sees `data`, `actor`, `subject` and `case`. It answers true, false, or
//! why it could not; it never stops the engine. What a field means is the event
//! type's schema's; what follows from false is the kernel's.

mod walk;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use cel::{Context, Env, ExecutionError, Program};
use serde_json::Value;

use self::walk::Walk;
use crate::id::EventType;

/// The longest guard, in bytes: a sentence of a notice needs under 200, and a
/// bounded text bounds the tree and so the work.
pub const MOST_BYTES: usize = 500;
/// The deepest nesting of a guard's text in brackets and operators before it
/// reaches the parser, whose recursion is on the stack.
const MOST_NESTED: usize = 24;
/// The longest list a guard may walk through, in items.
const MOST_WALKED: usize = 1000;

/// What a guard may name.
pub const VARIABLES: [&str; 4] = ["data", "actor", "subject", "case"];
/// What `case` has.
pub const CASE_FIELDS: [&str; 5] = ["state", "owner", "period", "kept", "seen"];

/// Why a guard is none, or has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// It is longer than [`MOST_BYTES`].
    #[error("read the guard: it has {bytes} bytes, at most {MOST_BYTES} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is nested too deeply.
    #[error("read the guard: it is nested more than {MOST_NESTED} deep")]
    TooDeep,
    /// It is no CEL.
    #[error("read the guard as CEL: {reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// It names what no guard may see.
    #[error("read the guard: {name:?} is not known here{}", .hint.as_deref().map(|it| format!("; {it}")).unwrap_or_default())]
    Unknown {
        /// The variable or function.
        name: String,
        /// What may be meant.
        hint: Option<String>,
    },
    /// It walks a list within a list, or builds lists from mappings.
    #[error("read the guard: {construct} is not allowed, because {why}")]
    Forbidden {
        /// What is used.
        construct: &'static str,
        /// Why it may not be.
        why: &'static str,
    },
    /// It could not be evaluated on this fact.
    #[error("evaluate the guard: {reason}")]
    Evaluation {
        /// What the evaluator says.
        reason: String,
    },
    /// It answers something else than true or false.
    #[error("evaluate the guard: it answers {answer}, not true or false")]
    NotBoolean {
        /// The kind of its answer.
        answer: String,
    },
}

/// What a guard sees. Texts of a case that is not there yet are empty.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// The fact's data.
    pub data: &'a Value,
    /// The unit that stated it.
    pub actor: &'a str,
    /// Its subject, empty when it names none.
    pub subject: &'a str,
    /// The state that the case is in.
    pub state: &'a str,
    /// The unit that owes the case.
    pub owner: &'a str,
    /// The period that the case is about.
    pub period: Option<String>,
    /// What the case remembers of its opening fact, as a JSON object.
    pub kept: &'a str,
    /// How often each type of fact was taken by the case.
    pub seen: Option<&'a BTreeMap<EventType, u32>>,
}

/// A guard that compiled. Cheap to share behind an [`Arc`].
#[derive(Debug)]
pub struct Compiled {
    program: Program,
    uses: Vec<&'static str>,
    case_fields: Vec<&'static str>,
    data_paths: Vec<Vec<String>>,
}

/// Compiles a guard.
///
/// # Errors
/// The first reason why it is none.
pub fn compile(source: &str) -> Result<Compiled, GuardError> {
    if source.len() > MOST_BYTES {
        return Err(GuardError::TooLong { bytes: source.len() });
    }
    if nesting(source) > MOST_NESTED {
        return Err(GuardError::TooDeep);
    }
    let parsed = catch_unwind(AssertUnwindSafe(|| environment().compile(source)));
    let program = match parsed {
        Ok(Ok(program)) => program,
        Ok(Err(errors)) => return Err(GuardError::Syntax { reason: first_line(&errors.to_string()) }),
        Err(_) => return Err(GuardError::Syntax { reason: "the parser gave up".into() }),
    };
    let mut walk = Walk::default();
    walk.expression(program.expression(), &mut Vec::new())?;
    let uses = VARIABLES.into_iter().filter(|name| walk.variables.contains(name)).collect();
    let case_fields = CASE_FIELDS.into_iter().filter(|name| walk.case_fields.contains(name)).collect();
    Ok(Compiled { program, uses, case_fields, data_paths: walk.data_paths })
}

impl Compiled {
    /// Whether it holds for what it sees.
    ///
    /// # Errors
    /// Why it has no answer: a field that is not there, kinds that do not compare.
    pub fn holds(&self, input: &Input<'_>) -> Result<bool, GuardError> {
        let evaluated = catch_unwind(AssertUnwindSafe(|| self.evaluate(input)));
        match evaluated {
            Ok(Ok(cel::Value::Bool(answer))) => Ok(answer),
            Ok(Ok(other)) => Err(GuardError::NotBoolean { answer: other.type_of().to_string() }),
            Ok(Err(error)) => Err(GuardError::Evaluation { reason: words(&error) }),
            Err(_) => Err(GuardError::Evaluation { reason: "the evaluator gave up".into() }),
        }
    }

    /// Whether it looks at the case, which an opening fact has not yet.
    #[must_use]
    pub fn uses_case(&self) -> bool {
        self.uses.contains(&"case")
    }

    /// The fields of `data` that it names, each as its steps.
    #[must_use]
    pub fn data_paths(&self) -> &[Vec<String>] {
        &self.data_paths
    }

    fn evaluate(&self, input: &Input<'_>) -> Result<cel::Value, ExecutionError> {
        let mut context = Context::with_env(Arc::clone(environment()));
        for name in &self.uses {
            let value = match *name {
                "data" => to_cel(input.data)?,
                "actor" => text(input.actor),
                "subject" => text(input.subject),
                _ => self.case(input)?,
            };
            context.add_variable_from_value(*name, value);
        }
        self.program.execute(&context)
    }

    /// The case as far as the guard looks at it.
    fn case(&self, input: &Input<'_>) -> Result<cel::Value, ExecutionError> {
        let mut entries = Vec::with_capacity(self.case_fields.len());
        for field in &self.case_fields {
            let value = match *field {
                "state" => text(input.state),
                "owner" => text(input.owner),
                "period" => text(input.period.as_deref().unwrap_or_default()),
                "kept" => {
                    let kept: Value = serde_json::from_str(input.kept)
                        .map_err(|error| ExecutionError::function_error("case.kept", error))?;
                    to_cel(&kept)?
                }
                _ => mapping(
                    input
                        .seen
                        .into_iter()
                        .flatten()
                        .map(|(event, count)| (event.to_string(), cel::Value::Int(i64::from(*count)))),
                ),
            };
            entries.push(((*field).to_owned(), value));
        }
        Ok(mapping(entries.into_iter()))
    }
}

fn environment() -> &'static Arc<Env> {
    static ENVIRONMENT: OnceLock<Arc<Env>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| Arc::new(Env::stdlib()))
}

fn text(text: &str) -> cel::Value {
    cel::Value::String(Arc::new(text.to_owned()))
}

#[expect(clippy::disallowed_types, reason = "CEL's mapping is a HashMap; guards may not walk it in order")]
fn mapping(entries: impl Iterator<Item = (String, cel::Value)>) -> cel::Value {
    cel::Value::from(entries.collect::<std::collections::HashMap<String, cel::Value>>())
}

/// Whole numbers become CEL's `int`, so that `data.count > 3` needs no suffix.
fn to_cel(value: &Value) -> Result<cel::Value, ExecutionError> {
    Ok(match value {
        Value::Null => cel::Value::Null,
        Value::Bool(truth) => cel::Value::Bool(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => cel::Value::Int(whole),
            (None, Some(fraction)) => cel::Value::Float(fraction),
            (None, None) => cel::Value::Null,
        },
        Value::String(it) => text(it),
        Value::Array(items) if items.len() > MOST_WALKED => {
            let message = format!("a list has {} items, guards see at most {MOST_WALKED}", items.len());
            return Err(ExecutionError::function_error("data", message));
        }
        Value::Array(items) => {
            cel::Value::List(Arc::new(items.iter().map(to_cel).collect::<Result<_, _>>()?))
        }
        Value::Object(entries) => {
            let mut read = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                read.push((key.clone(), to_cel(value)?));
            }
            mapping(read.into_iter())
        }
    })
}

/// The evaluator's words without the values it quotes, whose order may vary.
fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no {key:?}"),
        ExecutionError::UndeclaredReference(name) => format!("{name:?} is not known here"),
        ExecutionError::NoSuchOverload(error) => error.to_string(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "a division by zero".into(),
        ExecutionError::Overflow(..) => "a number grows too large".into(),
        ExecutionError::IndexOutOfBounds(_) => "a list has no such item".into(),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        ExecutionError::UnexpectedType { got, want } => format!("{got} stands where {want} is meant"),
        _ => "the kinds of the values do not fit the operator".into(),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().chars().take(200).collect()
}

/// How deep brackets and chains of prefix operators nest, at most.
fn nesting(source: &str) -> usize {
    let (mut deep, mut deepest, mut prefixes) = (0_usize, 0, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' | b'?' => deep += 1,
            b')' | b']' | b'}' => deep = deep.saturating_sub(1),
            _ => {}
        }
        prefixes = if matches!(byte, b'!' | b'-') { prefixes + 1 } else { 0 };
        deepest = deepest.max(deep + prefixes);
    }
    deepest
}

#[cfg(test)]
mod tests;
