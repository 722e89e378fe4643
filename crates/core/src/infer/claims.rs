//! From the walk to claims: the same walk over more and more of the time taken as covered, each step with the confidence
//! that it costs; and the verdict, which is the strongest claim's that decides.

use super::walk::{Cells, Group, groups};
use super::{Claim, Confidence, Contradiction, KeyHistory, Look};
use crate::coverage::Coverage;
use crate::finding::Verdict;
use crate::key::KeyStatus;
use crate::policy::Threshold;
use crate::time::{Instant, Interval, Span};

/// What follows from the evidence on one key: claims, strongest first, or contradictions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inference {
    /// Entailed by the evidence: the period that holds the moment of the look. Its latest start is the look itself, as
    /// the key may have been switched on and off again just before.
    pub at_look: Claim,
    /// Entailed by the evidence: the period that holds the end of the settled history, where the key is known to have
    /// been Inactive then.
    pub settled: Option<Claim>,
    /// Entailed if every change since the settled history ended has been delivered already.
    pub settling: Option<Claim>,
    /// Entailed if also nothing happened between looks that all saw the key Inactive.
    pub observed: Option<Claim>,
    /// What cannot be true together. Where there is any, no claim is to be relied on.
    pub contradictions: Vec<Contradiction>,
}

/// Draws every conclusion on one key. Pure; the same evidence gives the same answer.
pub fn infer(history: &KeyHistory<'_>) -> Inference {
    let KeyHistory { created, now, seen, coverage, .. } = *history;
    let groups = groups(history.changes);
    let mut looks = Vec::with_capacity(history.looks.len() + 1);
    looks.extend(history.looks);
    looks.push(seen);

    let mut contradictions = before_creation(history);
    let cells = Cells::new(created, &groups, &looks, coverage);
    contradictions
        .extend(cells.conflict.map(|(seen_at, seen)| Contradiction::SeenAgainstHistory { seen_at, seen }));

    // The moment of the look can be as early as the start of the second `seen.from`. A key that cannot have been
    // Inactive before it became so within the look.
    let earliest = cells.starts(seen.from.previous()).map_or(seen.from.max(created), Interval::earliest);
    let at_look = Claim {
        as_of: seen.to,
        interval: Interval::new(earliest, seen.to).unwrap_or(Interval::exactly(seen.to)),
        confidence: Confidence::Proven,
    };

    let settled = history
        .settled_until
        .map(Instant::previous)
        .filter(|end| !active_after(*end, &groups, history.looks))
        .filter(|end| {
            cells
                .at_end_of(*end)
                .is_some_and(|cell| cell.has(KeyStatus::Inactive) && !cell.has(KeyStatus::Active))
        })
        .and_then(|end| claim(cells.starts(end), end, Confidence::Proven));

    let tail = history.settled_until.and_then(|until| Span::new(until, now.next()));
    let (settling, assumed) = match tail {
        None => (None, coverage.clone()),
        Some(tail) => {
            let assumed = coverage.with(tail);
            let cells = Cells::new(created, &groups, &looks, &assumed);
            let starts = if cells.conflict.is_none() { cells.starts(now) } else { None };
            (claim(starts, now, Confidence::Settling), assumed)
        }
    };

    let observed = bridges(&groups, &looks, seen).map(|bridges| {
        let assumed = Coverage::from_spans(assumed.spans().iter().copied().chain(bridges));
        let as_of = if tail.is_some() { now } else { seen.to };
        let cells = Cells::new(created, &groups, &looks, &assumed);
        let starts = if cells.conflict.is_none() { cells.starts(as_of) } else { None };
        claim(starts, as_of, Confidence::Observed)
    });

    Inference { at_look, settled, settling, observed: observed.flatten(), contradictions }
}

fn claim(starts: Option<Interval>, as_of: Instant, confidence: Confidence) -> Option<Claim> {
    starts.map(|interval| Claim { as_of, interval, confidence })
}

fn before_creation(history: &KeyHistory<'_>) -> Vec<Contradiction> {
    let changes = history.changes.iter().map(|change| change.at);
    let looks = history.looks.iter().chain([&history.seen]).map(|look| look.to);
    changes
        .chain(looks)
        .filter(|at| *at < history.created)
        .map(|at| Contradiction::BeforeCreation { at })
        .collect()
}

/// Whether anything shows, or may show, the key Active after the end of the second `end`.
fn active_after(end: Instant, groups: &[Group], looks: &[Look]) -> bool {
    groups.iter().rev().take_while(|group| group.at > end).any(|group| group.set.has(KeyStatus::Active))
        || looks.iter().any(|look| look.status == KeyStatus::Active && look.to > end)
}

/// The stretches between neighbouring signs of an Inactive key, with no sign of an Active one between them. `None` where
/// there are none: then nothing is assumed and nothing is gained.
fn bridges(groups: &[Group], looks: &[Look], seen: Look) -> Option<Vec<Span>> {
    if looks.len() == 1 && groups.is_empty() {
        return None;
    }
    // A sign of both kinds in one second, or a look that overlaps a change, breaks the chain: it is no ground to assume
    // that nothing happened.
    let inactive_only = |group: &Group| !group.set.has(KeyStatus::Active);
    let mut signs: Vec<(Instant, Instant, bool)> = groups
        .iter()
        .filter(|group| group.at <= seen.to)
        .map(|group| (group.at, group.at, inactive_only(group)))
        .chain(looks.iter().map(|look| (look.to, look.from, look.status == KeyStatus::Inactive)))
        .collect();
    signs.sort_unstable();
    let bridges: Vec<Span> = signs
        .windows(2)
        .filter_map(|pair| match pair {
            [(from, _, true), (to, _, true)] => Span::new(from.next(), to.next()),
            _ => None,
        })
        .collect();
    (!bridges.is_empty()).then_some(bridges)
}

impl Inference {
    /// The claims, strongest first; the one that was true latest first among equals.
    fn claims(&self) -> impl Iterator<Item = Claim> {
        [self.settled, Some(self.at_look), self.settling, self.observed].into_iter().flatten()
    }

    /// The verdict against a threshold, and the claim that it rests on: the strongest that decides, or where none does,
    /// the one with the earliest latest start.
    pub fn verdict(&self, threshold: Threshold, now: Instant) -> (Verdict, Claim) {
        let threshold = threshold.length();
        let narrowest = || self.claims().min_by_key(|claim| claim.interval.latest()).unwrap_or(self.at_look);
        if !self.contradictions.is_empty() {
            return (Verdict::Contradictory, self.at_look);
        }
        for claim in self.claims() {
            if claim.at_least() >= threshold {
                return (Verdict::LongTerm, claim);
            }
            if now - claim.interval.earliest() < threshold {
                return (Verdict::Recent, claim);
            }
        }
        (Verdict::Undetermined, narrowest())
    }
}
