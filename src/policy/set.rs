//! stub
use super::definition::*;
use super::guard::Input;
use crate::{calendar::Calendar, event::catalogue::Reason, id::*, time::Instant};
use serde_json::Value;
use std::sync::Arc;
#[derive(Default, Clone)]
pub struct PolicySet {}
impl PolicySet {
    pub fn with(&self, _: &Definition) -> Result<PolicySet, String> {
        todo!()
    }
    pub fn unit(&self, _: &UnitId) -> Option<&Unit> {
        todo!()
    }
    pub fn resolve_unit(&self, _: &str) -> Option<UnitId> {
        todo!()
    }
    pub fn has_role(&self, _: &UnitId, _: &RoleId) -> bool {
        todo!()
    }
    pub fn units_of(&self, _: &[Who], _: &UnitId) -> Vec<UnitId> {
        todo!()
    }
    pub fn settings(&self) -> &Settings {
        todo!()
    }
    pub fn validate(&self, _: &EventType, _: Option<&str>, _: &Value) -> Result<(), Reason> {
        todo!()
    }
    pub fn handlers(&self, _: &EventType) -> Vec<Arc<Workflow>> {
        todo!()
    }
    pub fn workflow_in_force(&self, _: &Name, _: Instant) -> Option<Arc<Workflow>> {
        todo!()
    }
    pub fn workflow(&self, _: &Sha) -> Option<Arc<Workflow>> {
        todo!()
    }
    pub fn sha_of(&self, _: &Workflow) -> Option<Sha> {
        todo!()
    }
    pub fn calendar(&self, _: &Name) -> Option<(Sha, &Calendar)> {
        todo!()
    }
    pub fn holds(&self, _: &Guard, _: &Input<'_>) -> Result<bool, String> {
        todo!()
    }
}
