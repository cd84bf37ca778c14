//! stub
pub struct Input<'a> {
    pub data: &'a serde_json::Value,
    pub actor: &'a str,
    pub subject: &'a str,
    pub state: &'a str,
    pub owner: &'a str,
    pub period: Option<String>,
    pub kept: &'a str,
    pub seen: Option<&'a std::collections::BTreeMap<crate::id::EventType, u32>>,
}
