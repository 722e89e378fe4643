//! From the walk to claims: the same walk over more and more of the time taken as covered, each step with the confidence
//! that it costs; and the verdict, which is the strongest claim's that decides.

use super::grounds::{Grounds, LatestGround};
use super::walk::{Cells, Group, groups};
use super::{Assertion, Claim, Confidence, Contradiction, KeyHistory, Look};
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
    /// Entailed if also nothing happened between two signs of an Inactive key, looks or recorded changes, that have no
    /// sign of an Active key between them; and nothing that is not recorded in the asserted spans.
    pub observed: Option<Claim>,
    /// What the asserted spans did for the observed claim.
    pub assertion: Assertion,
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

    let (earliest, ground) = cells.earliest_start_at(seen);
    let at_look = Claim {
        as_of: seen.to,
        interval: Interval::new(earliest, seen.to).unwrap_or(Interval::exactly(seen.to)),
        confidence: Confidence::Proven,
        grounds: Grounds { earliest: ground, latest: LatestGround::SeenInactive },
    };

    let settled = history
        .settled_until
        .map(Instant::previous)
        .filter(|end| !active_after(*end, &groups, history.looks))
        .and_then(|end| claim(&cells, end, Confidence::Proven));

    let tail = history.settled_until.and_then(|until| Span::new(until, now.next()));
    let delivered = tail.map_or_else(|| coverage.clone(), |tail| coverage.with(tail));
    let settling = tail
        .and_then(|_| claim(&Cells::new(created, &groups, &looks, &delivered), now, Confidence::Settling));

    let as_of = if tail.is_some() { now } else { seen.to };
    let (observed, assertion) = observed(history, &groups, &looks, &delivered, as_of);
    // Evidence that contradicts itself refutes nothing.
    let assertion = if contradictions.is_empty() { assertion } else { Assertion::NotUsed };

    Inference { at_look, settled, settling, observed, assertion, contradictions }
}

/// The observed claim, and what the asserted spans did for it. Where no history fits them beside the other assumptions, it
/// rests on these alone.
fn observed(
    history: &KeyHistory<'_>,
    groups: &[Group],
    looks: &[Look],
    delivered: &Coverage,
    as_of: Instant,
) -> (Option<Claim>, Assertion) {
    let active_since = active_after(as_of, groups, history.looks);
    let claim_where = |covered: &Coverage| {
        let cells = Cells::new(history.created, groups, looks, covered);
        claim(&cells, as_of, Confidence::Observed).filter(|_| !active_since)
    };
    let bridges = bridges(groups, looks, history.seen);
    let quiet = delivered.joined(&bridges);
    let unasserted = claim_where(&quiet).map(|claim| from_a_sign(claim, groups, delivered));
    let from_looks = unasserted.filter(|_| !bridges.is_empty());
    let asserted = history.asserted.spans();
    if asserted.is_empty() {
        return (from_looks, Assertion::NotUsed);
    }
    let by_evidence = history.coverage.joined(asserted);
    if let Some((seen_at, seen)) = Cells::new(history.created, groups, looks, &by_evidence).conflict {
        return (from_looks, Assertion::Refuted { seen_at, seen });
    }
    match claim_where(&quiet.joined(asserted)) {
        Some(claim) if unasserted.is_none_or(|without| without.interval != claim.interval) => {
            let claim = from_an_assertion(claim, history.asserted, delivered);
            (Some(from_a_sign(claim, groups, delivered)), Assertion::Used)
        }
        Some(_) => (unasserted, Assertion::NotUsed),
        None => (from_looks, Assertion::NotUsed),
    }
}

/// The claim about the end of the second `as_of`, where the key was certainly Inactive then.
fn claim(cells: &Cells<'_>, as_of: Instant, confidence: Confidence) -> Option<Claim> {
    if cells.conflict.is_some() || !cells.inactive_at_end_of(as_of) {
        return None;
    }
    cells.starts(as_of).map(|(interval, grounds)| Claim { as_of, interval, confidence, grounds })
}

/// An observed claim whose time without a change begins with no recorded history begins with a sign of an Inactive key:
/// a change, or else a look.
fn from_a_sign(mut claim: Claim, groups: &[Group], covered: &Coverage) -> Claim {
    let latest = claim.interval.latest();
    if claim.grounds.latest == LatestGround::CoverageBegins && covered.span_at(latest.next()).is_none() {
        let recorded = groups.iter().any(|group| group.at == latest && group.set.has(KeyStatus::Inactive));
        claim.grounds.latest = if recorded { LatestGround::SwitchedOff } else { LatestGround::SeenInactive };
    }
    claim
}

/// What the walk took for the beginning of covered time is that of an asserted span where only that is covered there.
fn from_an_assertion(mut claim: Claim, asserted: &Coverage, covered: &Coverage) -> Claim {
    let begins = claim.interval.latest().next();
    if claim.grounds.latest == LatestGround::CoverageBegins
        && covered.span_at(begins).is_none()
        && asserted.span_at(begins).is_some()
    {
        claim.grounds.latest = LatestGround::AssertionBegins;
    }
    claim
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

/// The seconds that lie between two signs of an Inactive key, looks or recorded changes, where no sign of an Active key
/// touches the time from the start of the one to the end of the other.
///
/// Changes of both kinds in one second are a sign of an Active key: they are no ground to assume that nothing happened.
fn bridges(groups: &[Group], looks: &[Look], seen: Look) -> Vec<Span> {
    let of_groups = groups.iter().filter(|group| group.at <= seen.to).map(|group| {
        let status = if group.set.has(KeyStatus::Active) { KeyStatus::Active } else { KeyStatus::Inactive };
        Look { from: group.at, to: group.at, status }
    });
    let signs = of_groups.chain(looks.iter().copied());
    let (mut active, mut inactive): (Vec<Look>, Vec<Look>) =
        signs.partition(|sign| sign.status == KeyStatus::Active);
    active.sort_unstable_by_key(|sign| sign.from);
    inactive.sort_unstable_by_key(|sign| sign.to);

    let mut active = active.into_iter().peekable();
    let mut last_active: Option<Instant> = None;
    let mut latest_from: Option<Instant> = None;
    let mut bridges = Vec::new();
    for pair in inactive.windows(2) {
        let [before, after] = pair else { continue };
        // Of all signs that ended by then, the one that began last leaves the least time for an Active key.
        latest_from = latest_from.max(Some(before.from));
        while let Some(sign) = active.next_if(|sign| sign.from <= after.to) {
            last_active = last_active.max(Some(sign.to));
        }
        if last_active < latest_from {
            bridges.extend(Span::new(before.to.next(), after.to.next()));
        }
    }
    bridges
}

impl Inference {
    /// The claims, strongest first; the one that was true latest first among equals.
    fn claims(&self) -> impl Iterator<Item = Claim> {
        [self.settled, Some(self.at_look), self.settling, self.observed].into_iter().flatten()
    }

    /// What the asserted spans did for one of the claims. Where they are refuted it is told of every claim.
    pub fn assertion(&self, claim: &Claim) -> Assertion {
        match self.assertion {
            Assertion::Used if self.observed != Some(*claim) => Assertion::NotUsed,
            assertion => assertion,
        }
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
