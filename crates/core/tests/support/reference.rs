//! The reference: tries every history of a small timeline against the evidence and collects what is true in those that
//! fit. It knows only the definitions and goes forward in time; it shares nothing with the inference under test.
//!
//! [`ask`] advances all histories together, second by second, and merges those that agree on all that is still to be
//! told; [`ask_literally`] writes out every history in full and is compared with it on the smallest timelines.

use std::collections::BTreeSet;

use keysweep_core::infer::Look;
use keysweep_core::key::KeyStatus::{self, Active, Inactive};

use super::evidence::{Evidence, at};
use super::truth::{History, State};

/// The moment that is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// The end of a second.
    EndOf(i64),
    /// The moment at which the look of the assessment saw the key Inactive.
    OfTheLook,
}

/// What the histories that fit say of the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Whether any history fits the evidence at all.
    pub(crate) fits: bool,
    /// Whether the key is not Inactive then in one of them.
    pub(crate) otherwise: bool,
    /// The starts of the inactive period then, in all of them.
    pub(crate) starts: BTreeSet<i64>,
}

impl Answer {
    fn add(&mut self, told: Option<State>) {
        self.fits = true;
        match told.and_then(State::since) {
            Some(since) => _ = self.starts.insert(since),
            None => self.otherwise = true,
        }
    }

    /// Whether every history that fits is Inactive then.
    pub(crate) fn entails_inactive(&self) -> bool {
        self.fits && !self.otherwise
    }
}

/// Every order of changes that a second can have had: all recorded ones, and where the second is not covered, up to two
/// more. Two suffice to be seen with either status and to end with either.
fn sequences(evidence: &Evidence, covered: bool, second: i64) -> Vec<Vec<KeyStatus>> {
    let recorded = |status| {
        let found =
            evidence.changes.iter().filter(|change| change.at == at(second) && change.status == status);
        found.count()
    };
    let (active, inactive) = (recorded(Active), recorded(Inactive));
    let more = if covered { 0 } else { 2 };
    let mut all = Vec::new();
    for length in active + inactive..=active + inactive + more {
        for bits in 0..1_u32 << length {
            let sequence: Vec<KeyStatus> =
                (0..length).map(|place| if bits >> place & 1 == 0 { Active } else { Inactive }).collect();
            let count = |status| sequence.iter().filter(|other| **other == status).count();
            if count(Active) >= active && count(Inactive) >= inactive {
                all.push(sequence);
            }
        }
    }
    all
}

/// Something recorded before the key existed fits no history.
fn recorded_before_creation(evidence: &Evidence) -> bool {
    evidence.changes.iter().any(|change| change.at < evidence.created)
}

/// All that two histories can still differ in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Branch {
    state: State,
    /// The looks that are accounted for, one bit each.
    met: u32,
    told: Option<State>,
}

/// What all histories that fit say of `moment`, where the seconds for which `covered` holds have no unrecorded change.
pub(crate) fn ask(evidence: &Evidence, covered: impl Fn(i64) -> bool, moment: Moment) -> Answer {
    let looks: Vec<Look> = evidence.all_looks().collect();
    let all_met = (1_u32 << looks.len()) - 1;
    let seen_bit = 1_u32 << (looks.len() - 1);
    let (created, now) = (evidence.created.unix(), evidence.now.unix());
    if recorded_before_creation(evidence) {
        return Answer::default();
    }
    let mut branches = vec![Branch { state: State::Active, met: 0, told: None }];
    for second in created..=now {
        let sequences = sequences(evidence, covered(second), second);
        let open: Vec<(u32, Look)> = (0..)
            .zip(&looks)
            .filter(|(_, look)| look.from <= at(second) && at(second) <= look.to)
            .map(|(index, look)| (1_u32 << index, *look))
            .collect();
        // At each moment every open look may happen; the one that is asked about may happen or wait.
        let at_moment = |branch: Branch, into: &mut Vec<Branch>| {
            let mut met = branch.met;
            for (bit, look) in &open {
                let asked = *bit == seen_bit && matches!(moment, Moment::OfTheLook);
                if look.status == branch.state.status() && !asked {
                    met |= bit;
                }
            }
            into.push(Branch { met, ..branch });
            let may_happen = open.iter().any(|(bit, _)| *bit == seen_bit) && met & seen_bit == 0;
            if may_happen && matches!(moment, Moment::OfTheLook) && branch.state != State::Active {
                into.push(Branch { met: met | seen_bit, told: Some(branch.state), ..branch });
            }
        };
        let mut next = Vec::new();
        for branch in &branches {
            for sequence in &sequences {
                let mut here = Vec::new();
                at_moment(*branch, &mut here);
                for status in sequence {
                    let mut then = Vec::new();
                    for branch in here {
                        let state = branch.state.after(second, *status);
                        at_moment(Branch { state, ..branch }, &mut then);
                    }
                    here = then;
                }
                next.extend(here);
            }
        }
        let over = (0..).zip(&looks).filter(|(_, look)| look.to <= at(second));
        let over = over.fold(0_u32, |bits, (index, _)| bits | 1 << index);
        next.retain(|branch| branch.met & over == over);
        if matches!(moment, Moment::EndOf(end) if end == second) {
            for branch in &mut next {
                branch.told = Some(branch.state);
            }
        }
        next.sort_unstable();
        next.dedup();
        branches = next;
    }
    let mut answer = Answer::default();
    for branch in branches.iter().filter(|branch| branch.met == all_met) {
        answer.add(branch.told);
    }
    answer
}

/// The same as [`ask`], by writing out every history in full.
pub(crate) fn ask_literally(evidence: &Evidence, covered: impl Fn(i64) -> bool, moment: Moment) -> Answer {
    let created = evidence.created.unix();
    let mut histories = vec![History { created, changes: Vec::new() }];
    for second in created..=evidence.now.unix() {
        let sequences = sequences(evidence, covered(second), second);
        histories = histories
            .iter()
            .flat_map(|history| sequences.iter().map(move |sequence| (history, sequence)))
            .map(|(history, sequence)| {
                let mut changes = history.changes.clone();
                changes.extend(sequence.iter().map(|status| (second, *status)));
                History { created, changes }
            })
            .collect();
    }
    histories.retain(|history| evidence.all_looks().all(|look| history.fits(look)));
    if recorded_before_creation(evidence) {
        histories.clear();
    }
    let mut answer = Answer::default();
    for history in histories {
        match moment {
            Moment::EndOf(second) => answer.add(history.at_end_of(second)),
            Moment::OfTheLook => {
                let moments = history.moments(evidence.seen.from.unix(), evidence.seen.to.unix());
                let inactive = moments.into_iter().filter(|state| state.status() == Inactive);
                inactive.for_each(|state| answer.add(Some(state)));
            }
        }
    }
    answer
}
