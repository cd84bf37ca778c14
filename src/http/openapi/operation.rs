//! One method at one address: what it takes and what it answers.

use serde_json::{Map, Value, json};

use super::document::path_of;
use crate::http::problem::PROBLEM_JSON;
use crate::http::rights;
use crate::identity::grant::Right;

/// JSON.
pub const JSON: &str = "application/json";

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// `query`, `path` or `header`.
    pub place: &'static str,
    /// What it means.
    pub meaning: String,
    /// Whether it must be given; what is a part of the address always is.
    pub required: bool,
    /// The schema of its value.
    pub schema: Value,
    /// A value that says something.
    pub example: Option<Value>,
}

impl Parameter {
    /// A parameter of the address' query part, which may be left out.
    pub fn query(name: &'static str, schema: Value, meaning: impl Into<String>) -> Self {
        Self { name, place: "query", meaning: meaning.into(), required: false, schema, example: None }
    }

    /// A part of the address.
    pub fn path(name: &'static str, schema: Value, meaning: impl Into<String>) -> Self {
        Self { place: "path", required: true, ..Self::query(name, schema, meaning) }
    }

    /// A header, which may be left out.
    pub fn header(name: &'static str, schema: Value, meaning: impl Into<String>) -> Self {
        Self { place: "header", ..Self::query(name, schema, meaning) }
    }

    /// The same, but it must be given.
    #[must_use]
    pub fn must(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same with an example.
    #[must_use]
    pub fn such_as(self, example: impl Into<Value>) -> Self {
        Self { example: Some(example.into()), ..self }
    }

    fn to_value(&self) -> Value {
        let mut told = json!({
            "name": self.name, "in": self.place, "description": self.meaning, "schema": self.schema,
        });
        if self.required {
            told["required"] = true.into();
        } else if self.place == "query" {
            // What is empty counts as left out.
            told["allowEmptyValue"] = true.into();
        }
        if self.schema["type"] == "array" {
            (told["style"], told["explode"]) = ("form".into(), false.into());
        }
        if let Some(example) = &self.example {
            told["example"] = example.clone();
        }
        told
    }
}

/// A method at an address.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The method, in capitals.
    pub method: &'static str,
    /// The route, as [`rights::RIGHTS`] has it.
    pub route: &'static str,
    name: &'static str,
    summary: &'static str,
    told: Option<String>,
    parameters: Vec<Parameter>,
    body: Option<Value>,
    answers: Vec<(u16, Value)>,
    problems: Vec<u16>,
}

impl Operation {
    /// An operation by its method and route, with a name for programs and one for people.
    #[must_use]
    pub const fn new(
        method: &'static str,
        route: &'static str,
        name: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            route,
            name,
            summary,
            told: None,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// A question with a JSON answer.
    #[must_use]
    pub fn get(route: &'static str, name: &'static str, summary: &'static str, answer: &Value) -> Self {
        Self::new("GET", route, name, summary).answers(200, "The answer.", &[(JSON, answer)])
    }

    /// What else there is to say.
    #[must_use]
    pub fn told(self, told: impl Into<String>) -> Self {
        Self { told: Some(told.into()), ..self }
    }

    /// The parameters besides the tenant.
    #[must_use]
    pub fn takes(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// What is sent, by media type.
    #[must_use]
    pub fn sent(mut self, bodies: &[(&str, &Value)]) -> Self {
        self.body = Some(json!({"required": true, "content": content(bodies)}));
        self
    }

    /// What is answered with a status, by media type.
    #[must_use]
    pub fn answers(mut self, status: u16, meaning: &str, bodies: &[(&str, &Value)]) -> Self {
        let mut answer = json!({"description": meaning, "headers": headers_of(status)});
        if !bodies.is_empty() {
            answer["content"] = content(bodies);
        }
        self.answers.push((status, answer));
        self
    }

    /// A header that the answer with the last status told has.
    #[must_use]
    pub fn with_header(mut self, name: &str, meaning: &str) -> Self {
        if let Some((_, answer)) = self.answers.last_mut() {
            answer["headers"][name] =
                json!({"description": meaning, "required": true, "schema": {"type": "string"}});
        }
        self
    }

    /// The problems of its own, besides those that any such address has.
    #[must_use]
    pub fn fails(mut self, statuses: &[u16]) -> Self {
        self.problems.extend(statuses);
        self
    }

    /// The names of the query parameters that it takes.
    pub fn query_names(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().filter(|it| it.place == "query").map(|it| it.name)
    }

    /// The operation as the document has it, where it needs `right`.
    #[must_use]
    pub fn to_value(&self, right: Right, tenant: &Parameter) -> Value {
        let of_tenant = self.route.contains("{tenant}").then_some(tenant);
        let parameters: Vec<Value> =
            of_tenant.into_iter().chain(&self.parameters).map(Parameter::to_value).collect();
        let mut told = json!({
            "operationId": self.name,
            "summary": self.summary,
            "tags": [tag(self.route)],
            "security": security(right, self.is_change()),
            "responses": self.responses(right),
        });
        if !parameters.is_empty() {
            told["parameters"] = parameters.into();
        }
        if let Some(text) = &self.told {
            told["description"] = text.as_str().into();
        }
        if let Some(body) = &self.body {
            told["requestBody"] = body.clone();
        }
        told
    }

    fn is_change(&self) -> bool {
        self.method != "GET"
    }

    fn responses(&self, right: Right) -> Map<String, Value> {
        let mut statuses = vec![421, 500, 503];
        if right != Right::Open {
            statuses.extend([401, 403]);
        } else if self.is_change() {
            // Whoever shows a wrong token or comes from another site changes nothing.
            statuses.extend([401, 403]);
        }
        if self.route.contains("{tenant}") {
            statuses.push(404);
        }
        if self.query_names().next().is_some() {
            statuses.push(400);
        }
        statuses.extend(&self.problems);
        let problem = |status: u16| {
            (status.to_string(), json!({"$ref": format!("#/components/responses/Problem{status}")}))
        };
        let mut responses: Map<String, Value> = statuses.into_iter().map(problem).collect();
        responses.extend(self.answers.iter().map(|(status, answer)| (status.to_string(), answer.clone())));
        responses
    }
}

fn content(bodies: &[(&str, &Value)]) -> Value {
    let of = |(media, schema): &(&str, &Value)| ((*media).to_owned(), json!({"schema": schema}));
    Value::Object(bodies.iter().map(of).collect())
}

/// The headers that every answer with a status has.
fn headers_of(status: u16) -> Value {
    let mut headers = json!({"x-request-id": {"$ref": "#/components/headers/RequestId"}});
    match status {
        401 => headers["www-authenticate"] = json!({"$ref": "#/components/headers/Authenticate"}),
        429 | 503 => headers["retry-after"] = json!({"$ref": "#/components/headers/RetryAfter"}),
        _ => {}
    }
    headers
}

/// A problem document under a status, with the rules that are told by it.
#[must_use]
pub fn problem(status: u16, schema: &Value) -> Value {
    let rules = crate::http::problem::rules_of(status);
    let told = rules.map(|(rule, title)| match rule {
        "" => format!("{title}."),
        rule if rule.ends_with('.') => format!("{title} (`{rule}…`)."),
        rule => format!("{title} (`{rule}`)."),
    });
    let told: Vec<String> = told.collect();
    json!({
        "description": told.join(" "),
        "headers": headers_of(status),
        "content": {PROBLEM_JSON: {"schema": schema}},
    })
}

/// Who may ask, as the document says it: by a token, or by a session whose changes
/// bring its proof. Where nobody was set up, this machine's own requests need neither.
fn security(right: Right, is_change: bool) -> Value {
    let session = |name: &str| {
        if is_change { json!({name: [], "csrf": []}) } else { json!({name: []}) }
    };
    let known = [json!({"token": []}), session("session"), session("sessionOnLoopback")];
    match right {
        Right::Open if is_change => json!([]),
        Right::Open => std::iter::once(json!({})).chain(known).collect(),
        Right::SignedIn
        | Right::Common
        | Right::Cases
        | Right::Refusals
        | Right::State
        | Right::Feeds
        | Right::Replay
        | Right::Operate
        | Right::Measure => Value::from_iter(known),
    }
}

/// Under which heading a route stands: its first part that says what it is about.
fn tag(route: &str) -> &str {
    let mut parts = route.trim_start_matches("/v1").split('/').filter(|part| !part.is_empty());
    let part = parts.find(|part| *part != "{tenant}").unwrap_or("tenants");
    match part {
        "overdue" | "upcoming" | "deadlines" | "counts" => "deadlines",
        "rankings" | "scores" | "targets" | "bulletin" => "scores",
        "policies" | "calendars" | "due" => "policies",
        "events" | "refusals" | "stream" => "facts",
        "status" | "rebuild" | "tenants" => "tenants",
        "deliveries" | "dead-letters" | "bell" => "deliveries",
        "openapi.json" | "asyncapi.json" => "documents",
        other => other,
    }
}

/// Where the operation stands in the document.
#[must_use]
pub fn place(operation: &Operation) -> (String, String) {
    (path_of(operation.route), operation.method.to_lowercase())
}

/// What the route needs by the list of rights; nothing when it is not in it.
#[must_use]
pub fn right_of(operation: &Operation) -> Option<Right> {
    rights::needed(operation.method, operation.route)
}
