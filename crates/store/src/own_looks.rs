//! What a clean-up saw of keys when it switched them, as later scans recall it. It stands in the journal and nowhere else.

use keysweep_core::evidence::{Observation, ObservationSource};
use keysweep_core::journal::switch::looks;
use keysweep_core::journal::{Event, Looked};
use keysweep_core::key::{AccessKeyId, KeyStatus};

/// Observations of keys.
pub(crate) type Observations = Vec<(AccessKeyId, Observation)>;

/// The looks of an event of this plan's run.
pub(crate) fn observed(event: &Event, plan: &str) -> Observations {
    let Some((_, key)) = event.key() else { return Vec::new() };
    let observation = |(status, look): (KeyStatus, Looked)| {
        let source = ObservationSource::CleanUp(plan.to_owned());
        (key.clone(), Observation { from: look.from, to: look.to, status, source })
    };
    looks(event).into_iter().map(observation).collect()
}

/// By key, oldest first.
pub(crate) fn in_order(mut observations: Observations) -> Observations {
    observations.sort_by(|(a_key, a), (b_key, b)| {
        (a_key, a.to, a.from, a.status).cmp(&(b_key, b.to, b.from, b.status))
    });
    observations
}
