//! Who may state something, who is told, and which units a list means.
//!
//! One word or a list of words; `anyone` is written out, because an absent
//! restriction is too easily overlooked.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::id::{Name, RoleId, UnitId};
use crate::policy::definition::{Path, Register, Who};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// The form of one party.
const WHO: &str = "^(owner|lead|assist|(role|unit):[a-z0-9]([a-z0-9-]*[a-z0-9])?)$";
/// The form of one party, or everyone.
const WHO_OR_ANYONE: &str = "^(anyone|owner|lead|assist|(role|unit):[a-z0-9]([a-z0-9-]*[a-z0-9])?)$";
/// The form of one party that a channel serves.
const SERVED: &str = "^(owner|lead|assist|(group|unit|role):[a-z0-9]([a-z0-9-]*[a-z0-9])?)$";
/// The form of one member of a group or of a duty's units.
const MEMBER: &str = "^(group|unit):[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// The form of one word that says who leads or helps.
const NAMED: &str = "^(data\\.[^.\\s]+(\\.[^.\\s]+)*|(group|unit):[a-z0-9]([a-z0-9-]*[a-z0-9])?)$";

/// Who may state a fact: parties, or none for anyone in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By(pub Vec<Who>);

/// Who is told or is expected to act: at least one party.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parties(pub Vec<Who>);

/// A unit, or all units of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// `group:streets`.
    Group(Name),
    /// `unit:tax`.
    Unit(UnitId),
}

/// One word or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

impl Words {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::One(word) => vec![word],
            Self::Many(words) => words,
        }
    }
}

/// `pattern` holds for a text, or for each text of a list: no `anyOf`, so that an
/// error names the word and not the alternatives.
pub(super) fn words_schema(pattern: &str, meaning: &str) -> Schema {
    json_schema!({
        "type": ["string", "array"],
        "pattern": pattern,
        "items": {"type": "string", "pattern": pattern, "description": meaning},
        "minItems": 1,
        "description": meaning,
    })
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let words = Words::deserialize(from)?.into_list();
        if words.iter().any(|word| word == "anyone") {
            return match words.len() {
                1 => Ok(Self(Vec::new())),
                _ => Err(serde::de::Error::custom("read who may state it: anyone stands alone")),
            };
        }
        parse_all(&words).map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for By {
    fn schema_name() -> Cow<'static, str> {
        "By".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words_schema(
            WHO_OR_ANYONE,
            "owner, lead, assist, role:<name>, unit:<id>, a list of these, or anyone alone",
        )
    }
}

impl<'de> Deserialize<'de> for Parties {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse_all(&Words::deserialize(from)?.into_list()).map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Parties {
    fn schema_name() -> Cow<'static, str> {
        "Parties".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words_schema(WHO, "owner, lead, assist, role:<name>, unit:<id>, or a list of these")
    }
}

fn parse_all<T: std::str::FromStr>(words: &[String]) -> Result<Vec<T>, T::Err> {
    words.iter().map(|word| word.parse()).collect()
}

/// One party alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct One(pub Who);

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for One {
    fn schema_name() -> Cow<'static, str> {
        "One".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": WHO, "description": "owner, lead, assist, role:<name> or unit:<id>"})
    }
}

/// Whom a channel serves: groups, units, roles and places in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    members: Vec<(usize, Member)>,
    roles: Vec<RoleId>,
    parties: Vec<Who>,
}

impl Served {
    /// The units, groups expanded, the roles, and the places in a case. Groups that the
    /// register does not know are noted under `pointer` and left out.
    pub(super) fn resolve(
        &self,
        pointer: &str,
        register: &Register,
        flaws: &mut Vec<Flaw>,
    ) -> (Vec<UnitId>, Vec<RoleId>, Vec<Who>) {
        let mut units: Vec<UnitId> = Vec::new();
        for (at, member) in &self.members {
            let mut own = Vec::new();
            let found = Members(vec![member.clone()]).units(pointer, register, &mut own);
            // A flaw stands at its word of the list, not at that of a list of one.
            flaws.extend(own.into_iter().map(|flaw| Flaw { field: child(pointer, at), ..flaw }));
            for unit in found {
                if !units.contains(&unit) {
                    units.push(unit);
                }
            }
        }
        (units, self.roles.clone(), self.parties.clone())
    }
}

impl<'de> Deserialize<'de> for Served {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut served = Self { members: Vec::new(), roles: Vec::new(), parties: Vec::new() };
        for (at, word) in Words::deserialize(from)?.into_list().into_iter().enumerate() {
            let custom = serde::de::Error::custom;
            match word.split_once(':') {
                Some(("role", role)) => served.roles.push(RoleId::new(role).map_err(custom)?),
                None if ["owner", "lead", "assist"].contains(&word.as_str()) => {
                    served.parties.push(word.parse().map_err(serde::de::Error::custom)?);
                }
                _ => {
                    let forms = "owner, lead, assist, group:<name>, unit:<id> or role:<name>";
                    let member = read_member(&word, forms).map_err(serde::de::Error::custom)?;
                    served.members.push((at, member));
                }
            }
        }
        Ok(served)
    }
}

impl JsonSchema for Served {
    fn schema_name() -> Cow<'static, str> {
        "Served".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words_schema(SERVED, "owner, lead, assist, group:<name>, unit:<id>, role:<name>, or a list of these")
    }
}

/// A list of members, one word or several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members(pub Vec<Member>);

impl Members {
    /// The units that are meant, in order and each once. Groups that the register
    /// does not know are noted under `pointer` and left out.
    pub(super) fn units(&self, pointer: &str, register: &Register, flaws: &mut Vec<Flaw>) -> Vec<UnitId> {
        let mut units: Vec<UnitId> = Vec::new();
        for (at, member) in self.0.iter().enumerate() {
            let found = match member {
                Member::Unit(unit) => std::slice::from_ref(unit),
                Member::Group(group) => register.groups.get(group).map_or(&[][..], Vec::as_slice),
            };
            if let Member::Group(group) = member
                && !register.groups.contains_key(group)
            {
                let message = format!("no group is called {:?}", group.as_str());
                let hint = near::hint(group.as_str(), register.groups.keys().map(Name::as_str));
                let field = child(pointer, at);
                flaws.push(Flaw::mistake("group.unknown", &field, group.as_str(), message).with_hint(hint));
            }
            for unit in found {
                if !units.contains(unit) {
                    units.push(unit.clone());
                }
            }
        }
        units
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let words = Words::deserialize(from)?.into_list();
        let read = |word: &String| read_member(word, "group:<name> or unit:<id>");
        let members: Result<Vec<Member>, String> = words.iter().map(read).collect();
        members.map(Self).map_err(serde::de::Error::custom)
    }
}

/// One member; `forms` are all that could be written where it stands.
fn read_member(word: &str, forms: &str) -> Result<Member, String> {
    match word.split_once(':') {
        Some(("group", name)) => Name::new(name).map(Member::Group).map_err(|error| error.to_string()),
        Some(("unit", id)) => UnitId::new(id).map(Member::Unit).map_err(|error| error.to_string()),
        _ => Err(format!("read {word:?}: write {forms}")),
    }
}

/// The units that lead or help: members, and at most one place in the facts that
/// names more of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// The members.
    pub members: Members,
    /// The place, `data.<field>`.
    pub path: Option<Path>,
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let words = Words::deserialize(from)?.into_list();
        let (paths, members): (Vec<String>, Vec<String>) =
            words.into_iter().partition(|word| word.starts_with("data."));
        if paths.len() > 1 {
            let message = format!("read {:?}: one place of a fact names them, as a unit or a list", paths[1]);
            return Err(serde::de::Error::custom(message));
        }
        let read = |word: &String| read_member(word, "data.<field>, group:<name> or unit:<id>");
        let members: Result<Vec<Member>, String> = members.iter().map(read).collect();
        let members = Members(members.map_err(serde::de::Error::custom)?);
        Ok(Self { members, path: paths.into_iter().next().map(Path) })
    }
}

impl JsonSchema for Named {
    fn schema_name() -> Cow<'static, str> {
        "Named".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words_schema(NAMED, "data.<field>, group:<name>, unit:<id>, or a list of these")
    }
}

impl JsonSchema for Members {
    fn schema_name() -> Cow<'static, str> {
        "Members".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words_schema(MEMBER, "group:<name>, unit:<id>, or a list of these")
    }
}
