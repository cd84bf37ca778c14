//! Cases that were stored lately, as they were stored.
//!
//! What happens to a case happens in bursts: it is received, accepted, answered. Once
//! its layer is stored the next fact would read it from the store again, decoding the
//! whole; a bounded memory of the last ones saves most of that. Only the one state that
//! writes a store keeps it, so it is never older than the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::layer::Layer;
use super::row::Case;
use crate::id::CaseId;

/// Cases of one generation; two are kept, some 30 MiB of usual cases.
const MOST_IN_GENERATION: usize = 8_192;

/// The last cases that were stored, in two generations: when the young one is full it
/// becomes the old one, and the old one is forgotten.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: BTreeMap<CaseId, Arc<Case>>,
    old: BTreeMap<CaseId, Arc<Case>>,
}

impl Recent {
    /// A case, if it was stored lately.
    pub(super) fn get(&self, id: &CaseId) -> Option<&Arc<Case>> {
        self.young.get(id).or_else(|| self.old.get(id))
    }

    /// Takes in the cases of a layer that was stored. Layers come in their order.
    pub(super) fn take_in(&mut self, layer: &Layer) {
        for (id, touched) in &layer.cases {
            self.young.insert(id.clone(), Arc::clone(&touched.after));
            if self.young.len() >= MOST_IN_GENERATION {
                self.old = std::mem::take(&mut self.young);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Name, Sha, UnitId};
    use crate::kernel::layer::Touched;
    use crate::time::Instant;

    fn id(number: usize) -> CaseId {
        CaseId::new(&format!("task/{number}")).expect("a case")
    }

    fn case(number: usize, credits: u32) -> Case {
        Case {
            id: id(number),
            policy: Sha::ZERO,
            owner: UnitId::new("tax").expect("a unit"),
            state: Name::new("open").expect("a state"),
            opened_at: Instant::from_nanos(0),
            closed_at: None,
            period: None,
            kept: "{}".into(),
            seen: BTreeMap::new(),
            credits,
            deadlines: Vec::new(),
            history: Vec::new(),
            handler: None,
            handover: None,
            extension: None,
            depth: 0,
        }
    }

    fn layer(numbers: impl Iterator<Item = usize>, credits: u32) -> Layer {
        let mut layer = Layer::default();
        for number in numbers {
            let touched = Touched { before: None, after: Arc::new(case(number, credits)) };
            layer.cases.insert(id(number), touched);
        }
        layer
    }

    #[test]
    fn the_last_version_is_remembered_and_old_cases_are_forgotten() {
        let credits = |recent: &Recent, number: usize| recent.get(&id(number)).map(|case| case.credits);
        let mut recent = Recent::default();
        recent.take_in(&layer(0..MOST_IN_GENERATION, 1));
        recent.take_in(&layer(0..1, 2));
        assert_eq!(credits(&recent, 0), Some(2));
        assert_eq!(credits(&recent, 1), Some(1));
        recent.take_in(&layer(MOST_IN_GENERATION..3 * MOST_IN_GENERATION, 3));
        assert_eq!(credits(&recent, 1), None);
        assert!(recent.young.len() + recent.old.len() <= 2 * MOST_IN_GENERATION);
    }
}
