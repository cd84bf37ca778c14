//! The `AsyncAPI` document: what services publish to the intake, and what the ledger
//! publishes to whoever listens.
//!
//! Facts are told from the event types of the policies, ledger events from the types of
//! the catalogue ([`crate::event::schemas`]). Schemas keep to what JSON Schema's draft 7
//! and 2020-12 share, since `AsyncAPI` 3.0 takes the former unless each is wrapped.

use std::collections::{BTreeMap, BTreeSet};

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::event::schemas::{self, Attribute};
use crate::event::{names, structured};
use crate::id::{EventType, TenantId, UnitId};
use crate::policy::definition::EventTypeDefinition;

const ABOUT: &str = "Services publish facts to the intake as CloudEvents 1.0.2, in structured or binary mode; duban \
    decides each and appends what was decided to the ledger, one structured CloudEvent an entry, chained by digests. \
    Publish with JetStream's acknowledgement: what was acknowledged is stored and will be decided. A fact is \
    recognised by its source and id for ever, so that it may be sent again whenever an acknowledgement did not come.";

/// The event types that tenants take.
#[derive(Debug, Default)]
pub struct Taken {
    tenants: BTreeSet<TenantId>,
    /// By type and version.
    types: BTreeMap<(EventType, String), Vec<TakenForm>>,
}

/// A form of a schema, with the tenants that have it.
type TakenForm = (EventTypeDefinition, BTreeSet<TenantId>);

impl Taken {
    /// Adds those of a tenant.
    pub fn add(&mut self, tenant: &TenantId, types: impl IntoIterator<Item = EventTypeDefinition>) {
        self.tenants.insert(tenant.clone());
        for taken in types {
            let forms = self.types.entry((taken.name.clone(), taken.version.clone())).or_default();
            match forms.iter_mut().find(|(form, _)| form.schema == taken.schema) {
                Some((_, tenants)) => {
                    tenants.insert(tenant.clone());
                }
                None => forms.push((taken, BTreeSet::from([tenant.clone()]))),
            }
        }
    }

    /// Every form under a name of its own: that of type and version, and of a tenant
    /// where tenants do not agree.
    fn forms(&self) -> Vec<Form<'_>> {
        let mut named = Vec::new();
        for ((kind, version), forms) in &self.types {
            for (taken, tenants) in forms {
                let first = tenants.first().filter(|_| forms.len() > 1);
                let whose = first.map(|tenant| format!(".{tenant}")).unwrap_or_default();
                named.push(Form { kind, name: format!("{kind}.v{version}{whose}"), taken, tenants });
            }
        }
        named
    }
}

/// One form of a type's data.
struct Form<'a> {
    kind: &'a EventType,
    name: String,
    taken: &'a EventTypeDefinition,
    tenants: &'a BTreeSet<TenantId>,
}

/// The document in the making.
struct Draft {
    generator: SchemaGenerator,
    attributes: Vec<Attribute>,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
    schemas: Map<String, Value>,
}

/// The document of what `taken` says is taken; the same for the same types and code.
#[must_use]
pub fn document(taken: &Taken) -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|it| it.definitions_path = "/components/schemas".into());
    let mut generator = settings.for_serialize().into_generator();
    let attributes = schemas::attributes(&mut generator, false);
    let mut draft = Draft {
        generator,
        attributes,
        channels: Map::new(),
        operations: Map::new(),
        messages: Map::new(),
        schemas: Map::new(),
    };
    let forms = taken.forms();
    for form in &forms {
        draft.fact(form);
    }
    let kinds: BTreeSet<&EventType> = forms.iter().map(|form| form.kind).collect();
    for kind in kinds {
        let of_kind: Vec<&Form<'_>> = forms.iter().filter(|form| form.kind == kind).collect();
        draft.intake(kind, &of_kind);
        // What only duban states goes to the ledger under another name, or not at all.
        if !names::is_stated_to_duban(kind) {
            draft.accepted(kind, &of_kind);
        }
    }
    draft.decided();
    draft.finish(taken)
}

impl Draft {
    /// A type's data, and its two messages.
    fn fact(&mut self, form: &Form<'_>) {
        let mut data = form.taken.schema.clone();
        if let Some(schema) = data.as_object_mut() {
            // Within this document it is found by its place; what it is stays readable.
            schema.remove("$schema");
            if let Some(id) = schema.remove("$id") {
                schema.insert("x-dataschema".to_owned(), id);
            }
        }
        self.schemas.insert(form.name.clone(), data);
        let data = reference("schemas", &form.name);
        let whole = schemas::structured(&self.attributes, Some(form.kind.as_str()), data.clone());
        let title = &form.taken.title;
        let told = |mode: &str| {
            let tenants: Vec<&str> = form.tenants.iter().map(TenantId::as_str).collect();
            let schema = format!("duban:events/{}/{}", form.kind, form.taken.version);
            json!({
                "name": form.kind.as_str(),
                "title": format!("{} {}", title.zh, title.en),
                "summary": format!("{mode} mode, {schema}; taken by {}.", tenants.join(", ")),
            })
        };
        let mut in_one = told("Structured");
        in_one["contentType"] = structured::CONTENT_TYPE.into();
        in_one["payload"] = whole;
        let mut in_headers = told("Binary");
        in_headers["contentType"] = "application/json".into();
        in_headers["headers"] = headers(&self.attributes, form.kind);
        in_headers["payload"] = data;
        self.messages.insert(format!("{}.structured", form.name), in_one);
        self.messages.insert(format!("{}.binary", form.name), in_headers);
    }

    fn intake(&mut self, kind: &EventType, forms: &[&Form<'_>]) {
        let modes = |form: &&Form<'_>| ["structured", "binary"].map(|mode| format!("{}.{mode}", form.name));
        let messages: Vec<String> = forms.iter().flat_map(modes).collect();
        let title = forms.first().map(|form| form.taken.title.en.as_str()).unwrap_or_default();
        let channel = format!("intake.{kind}");
        let address = format!("duban.{{tenant}}.intake.{{actor}}.{kind}");
        self.channel(&channel, &address, title, "actor", &messages);
        self.operation(
            &format!("state.{kind}"),
            "receive",
            &channel,
            "A service states it, and duban decides it.",
        );
    }

    fn accepted(&mut self, kind: &EventType, forms: &[&Form<'_>]) {
        let of_data: Vec<Value> = forms.iter().map(|form| reference("schemas", &form.name)).collect();
        let accepted = schemas::accepted(&mut self.generator).to_value();
        let fact = json!({"properties": {"type": {"const": kind.as_str()}, "data": {"anyOf": of_data}}});
        let data = json!({"allOf": [accepted, {"properties": {"fact": fact}}]});
        self.entry(kind.as_str(), "A fact that was taken, with what it did to the case.", &data);
    }

    fn decided(&mut self) {
        for (kind, data) in schemas::payloads(&mut self.generator) {
            self.entry(kind, "What the engine decided.", &data.to_value());
        }
    }

    /// An entry of the ledger, its channel, and that duban sends it.
    fn entry(&mut self, kind: &str, summary: &str, data: &Value) {
        let (channel, message) = (format!("ledger.{kind}"), format!("ledger.{kind}"));
        let entry = schemas::entry(&mut self.generator).to_value();
        let of_kind = json!({"properties": {"type": {"const": kind}, "data": data}});
        let told = json!({
            "name": kind,
            "summary": summary,
            "contentType": structured::CONTENT_TYPE,
            "payload": {"allOf": [entry, of_kind]},
        });
        self.messages.insert(message.clone(), told);
        let address = format!("duban.{{tenant}}.ledger.{kind}.{{unit}}");
        self.channel(&channel, &address, summary, "unit", &[message]);
        self.operation(&format!("decide.{kind}"), "send", &channel, "Duban has decided it.");
    }

    fn channel(&mut self, name: &str, address: &str, title: &str, whose: &str, messages: &[String]) {
        let of_channel = messages.iter().map(|message| (message.clone(), reference("messages", message)));
        let told = json!({
            "address": address,
            "title": title,
            "parameters": {"tenant": reference("parameters", "tenant"), whose: reference("parameters", whose)},
            "messages": of_channel.collect::<Map<_, _>>(),
        });
        self.channels.insert(name.to_owned(), told);
    }

    fn operation(&mut self, name: &str, action: &str, channel: &str, summary: &str) {
        let told = json!({
            "action": action, "summary": summary, "channel": {"$ref": format!("#/channels/{channel}")},
        });
        self.operations.insert(name.to_owned(), told);
    }

    fn finish(mut self, taken: &Taken) -> Value {
        // Names of units are as the ids of any fact's actor.
        self.generator.subschema_for::<UnitId>();
        self.schemas.extend(self.generator.take_definitions(true));
        let tenants: Vec<&str> = taken.tenants.iter().map(TenantId::as_str).collect();
        json!({
            "asyncapi": "3.0.0",
            "info": {
                "title": "duban 督办",
                "version": env!("CARGO_PKG_VERSION"),
                "description": ABOUT,
                "license": {"name": env!("CARGO_PKG_LICENSE")},
            },
            "defaultContentType": structured::CONTENT_TYPE,
            "servers": {"broker": {
                "host": "127.0.0.1:4222",
                "protocol": "nats",
                "description": "The NATS server with JetStream that duban is run against; users by `duban credentials`.",
            }},
            "channels": self.channels,
            "operations": self.operations,
            "components": {
                "parameters": {
                    "tenant": {"description": "The jurisdiction.", "enum": tenants},
                    "actor": {"description": "The publishing unit, as the broker's permissions have it."},
                    "unit": {"description": "The unit concerned; `_` where none is."},
                },
                "messages": self.messages,
                "schemas": self.schemas,
            },
        })
    }
}

fn reference(of: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{of}/{name}")})
}

/// The headers of an event in binary mode.
fn headers(attributes: &[Attribute], kind: &EventType) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for attribute in attributes {
        let name = match attribute.name {
            "datacontenttype" => "content-type".to_owned(),
            name => format!("ce-{name}"),
        };
        let mut schema = attribute.schema.clone();
        if attribute.name == "type" {
            schema = json!({"const": kind.as_str()});
        }
        schema["description"] = attribute.meaning.into();
        if attribute.required {
            required.push(name.clone());
        }
        properties.insert(name, schema);
    }
    json!({"type": "object", "required": required, "properties": properties})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::definition::Text;

    fn of(schema: Value) -> EventTypeDefinition {
        let title = Text { zh: "答复".into(), en: "Answered".into() };
        let name = EventType::new("objection.answered").expect("a type");
        EventTypeDefinition { name, version: "1".into(), title, schema }
    }

    #[test]
    fn tenants_that_agree_share_a_form_and_others_have_their_own() {
        let tenant = |name: &str| TenantId::new(name).expect("a tenant");
        let (one, other) = (json!({"type": "object"}), json!({"type": "object", "required": ["x"]}));
        let mut taken = Taken::default();
        taken.add(&tenant("a"), [of(one.clone())]);
        taken.add(&tenant("b"), [of(one)]);
        let name = |taken: &Taken| taken.forms().into_iter().map(|form| form.name).collect::<Vec<_>>();
        assert_eq!(name(&taken), ["objection.answered.v1"]);
        taken.add(&tenant("c"), [of(other)]);
        assert_eq!(name(&taken), ["objection.answered.v1.a", "objection.answered.v1.c"]);
        let told = document(&taken);
        let messages =
            told["channels"]["intake.objection.answered"]["messages"].as_object().expect("messages");
        assert_eq!(messages.len(), 4);
        assert_eq!(told["components"]["parameters"]["tenant"]["enum"], json!(["a", "b", "c"]));
    }
}
