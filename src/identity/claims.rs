//! What an issuer's claims about a person grant, by rules of the office's settings.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::grant::Grant;

/// A rule: who has this in their claims is granted that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The claim's name, such as `groups`; a dot leads into an object.
    pub claim: String,
    /// The text that it must be, or have among its texts.
    pub has: String,
    /// What is granted then.
    pub grants: Vec<Grant>,
}

impl Rule {
    fn holds(&self, claims: &Value) -> bool {
        let step = |at: &'_ Value, name: &str| at.get(name).cloned();
        let whole = claims.get(&self.claim).cloned();
        let found =
            whole.or_else(|| self.claim.split('.').try_fold(claims.clone(), |at, name| step(&at, name)));
        match found {
            Some(Value::String(text)) => text == self.has,
            Some(Value::Array(texts)) => texts.iter().any(|text| text.as_str() == Some(&self.has)),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
        }
    }
}

/// What the claims grant under the rules; nothing for a person of none.
#[must_use]
pub fn grants(rules: &[Rule], claims: &Value) -> Vec<Grant> {
    let mut granted: Vec<Grant> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.holds(claims)) {
        for grant in &rule.grants {
            if !granted.contains(grant) {
                granted.push(grant.clone());
            }
        }
    }
    granted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(claim: &str, has: &str) -> Rule {
        Rule { claim: claim.into(), has: has.into(), grants: vec![Grant::Operator] }
    }

    #[test]
    fn a_claim_is_a_text_or_has_one() {
        let claims = json!({
            "groups": ["credit", "it"], "department": "tax", "realm": {"roles": ["admin"]},
            "https://office.example/role": "lead", "level": 3,
        });
        for (claim, has, granted) in [
            ("groups", "it", true),
            ("groups", "i", false),
            ("department", "tax", true),
            ("department", "ta", false),
            ("realm.roles", "admin", true),
            ("https://office.example/role", "lead", true),
            ("level", "3", false),
            ("absent", "x", false),
        ] {
            assert_eq!(!grants(&[rule(claim, has)], &claims).is_empty(), granted, "{claim} has {has}");
        }
        assert_eq!(grants(&[rule("groups", "it"), rule("department", "tax")], &claims).len(), 1, "once");
    }
}
