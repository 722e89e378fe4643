//! Small cases: evidence on a timeline of a few seconds, true or made up, on which the inference must say exactly what
//! the reference says: the same claims, the same intervals, the same contradictions, the same verdicts.

use keysweep_core::coverage::Coverage;
use keysweep_core::finding::Verdict;
use keysweep_core::infer::{
    Assertion, Change, Claim, Confidence, EarliestGround, Grounds, Inference, LatestGround, Look, infer,
};
use keysweep_core::key::KeyStatus::{Active, Inactive};
use keysweep_core::time::{Instant, Interval, Span};

use super::evidence::{Evidence, at};
use super::reference::{Answer, Moment, ask};
use super::rng::Rng;
use super::world;

/// Evidence on a timeline of up to `longest` seconds. Half of it is what some true history leaves; the other half may
/// fit no history at all.
pub(crate) fn draw(rng: &mut Rng, longest: i64) -> Evidence {
    if rng.chance(50) {
        let created = rng.within(0, 2);
        let now = created + rng.within(1, longest - 2);
        let history = world::history(rng, created, now, 1);
        // The reference tries every order in a second, so there must not be too many changes in one.
        let crowded = history.changes.windows(4).any(|four| four[0].0 == four[3].0);
        let seconds: Vec<i64> = history.changes.iter().map(|(second, _)| *second).collect();
        let reading = world::reading(rng, &seconds, 0, now);
        let sighting = world::sighting(rng, &history, &history.changes, &reading, 1);
        if let Some(sighting) = sighting.filter(|_| !crowded) {
            return sighting.evidence;
        }
    }
    made_up(rng, longest)
}

fn made_up(rng: &mut Rng, longest: i64) -> Evidence {
    let created = rng.within(0, 2);
    let now = created + rng.within(1, longest - 2);
    let first = if rng.chance(3) { created - 1 } else { created };
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..rng.pick(&[0, 1, 2, 3, 4]) {
        let change = Change { at: at(rng.within(first, now)), status: rng.pick(&[Active, Inactive]) };
        if changes.iter().filter(|other| other.at == change.at).count() < 3 {
            changes.push(change);
        }
    }
    changes.sort_by_key(|change| change.at);
    let settled_until = rng.chance(80).then(|| at(rng.within(created - 1, now)));
    let last = settled_until.map_or(now, Instant::unix);
    let mut spans: Vec<Option<Span>> = Vec::new();
    if settled_until.is_some() {
        spans.push(Span::new(at(last - rng.within(1, longest)), at(last)));
    }
    for _ in 0..rng.within(0, 2) {
        let (one, other) = (rng.within(-1, last), rng.within(-1, last));
        spans.push(Span::new(at(one.min(other)), at(one.max(other))));
    }
    let to = now - rng.pick(&[0, 0, 1, 2]);
    let look =
        |rng: &mut Rng, to, status| Look { from: at(to - rng.pick(&[0, 0, 1, 2, 3])), to: at(to), status };
    let seen = look(rng, to, Inactive);
    let first = if rng.chance(3) { -1 } else { created.min(to) };
    let looks = (0..rng.pick(&[0, 0, 1, 2, 3]))
        .map(|_| {
            let (to, status) = (rng.within(first, to), rng.pick(&[Active, Inactive]));
            look(rng, to, status)
        })
        .collect();
    let coverage = Coverage::from_spans(spans.into_iter().flatten());
    let asserted = Coverage::from_spans((0..rng.pick(&[0, 1, 1, 2])).filter_map(|_| {
        let (one, other) = (rng.within(-1, now + 1), rng.within(-1, now + 1));
        Span::new(at(one.min(other)), at(one.max(other)))
    }));
    Evidence { created: at(created), changes, looks, seen, coverage, asserted, settled_until, now: at(now) }
}

/// The reference tells no grounds: those of the inference are held against it in [`grounds_hold`].
const NOT_TOLD: Grounds = Grounds { earliest: EarliestGround::Created, latest: LatestGround::SeenInactive };

/// All of a claim that the reference tells.
fn told(claim: &Claim) -> (Instant, Interval, Confidence) {
    (claim.as_of, claim.interval, claim.confidence)
}

/// The claim that follows from an answer, where one does.
fn claim(answer: &Answer, as_of: Instant, confidence: Confidence) -> Option<Claim> {
    let (first, last) = (answer.starts.first()?, answer.starts.last()?);
    let interval = Interval::new(at(*first), at(*last))?;
    answer.entails_inactive().then_some(Claim { as_of, interval, confidence, grounds: NOT_TOLD })
}

/// All that the reference concludes from the evidence.
struct Expected {
    at_look: Claim,
    settled: Option<Claim>,
    settling: Option<Claim>,
    observed: Option<Claim>,
    contradictory: bool,
    /// Whether no history fits what was asserted.
    refuted: bool,
    /// Whether the observed claim would be another without what was asserted.
    used: bool,
}

fn expected(evidence: &Evidence) -> Expected {
    let covered = |second| evidence.coverage.span_at(at(second)).is_some();
    let delivered = |second| covered(second) || evidence.assumed_delivered(at(second));
    let quiet = |second| delivered(second) || evidence.assumed_quiet(at(second));

    let at_look = ask(evidence, covered, Moment::OfTheLook);
    let contradictory = !at_look.fits;
    let seen = evidence.seen;
    // Where no history fits there is nothing to be exact about.
    let earliest = at_look.starts.first().map_or(seen.to, |first| at(*first));
    assert!(at_look.starts.last().is_none_or(|last| at(*last) <= seen.to));
    let interval = Interval::new(earliest, seen.to).unwrap();
    let at_look = Claim { as_of: seen.to, interval, confidence: Confidence::Proven, grounds: NOT_TOLD };

    let settled = evidence.settled_until.map(Instant::previous).and_then(|end| {
        let answer = ask(evidence, covered, Moment::EndOf(end.unix()));
        claim(&answer, end, Confidence::Proven).filter(|_| !evidence.active_after(end))
    });

    let now = evidence.now;
    let settling = evidence.settled_until.and_then(|_| {
        let answer = ask(evidence, delivered, Moment::EndOf(now.unix()));
        claim(&answer, now, Confidence::Settling)
    });

    let bridged = (evidence.created.unix() - 4..=now.unix()).any(|second| evidence.assumed_quiet(at(second)));
    let as_of = if evidence.settled_until.is_some() { now } else { seen.to };
    let observed_where = |covered: &dyn Fn(i64) -> bool| {
        let answer = ask(evidence, covered, Moment::EndOf(as_of.unix()));
        let claim = claim(&answer, as_of, Confidence::Observed);
        (answer.fits, claim.filter(|_| !evidence.active_after(as_of)))
    };
    let unasserted = observed_where(&quiet).1;
    let asserted = |second| evidence.asserted(at(second));
    let refuted = !contradictory
        && !ask(evidence, |second| covered(second) || asserted(second), Moment::OfTheLook).fits;
    let (fits, with_asserted) = observed_where(&|second| quiet(second) || asserted(second));
    let rests_on_asserted = !evidence.asserted.is_empty() && !refuted && fits;
    let observed = if rests_on_asserted { with_asserted } else { unasserted.filter(|_| bridged) };
    let used = rests_on_asserted && with_asserted != unasserted;

    Expected { at_look, settled, settling, observed, contradictory, refuted, used }
}

/// The verdict by its definition: the first claim that decides.
fn verdict(expected: &Expected, threshold: i64, now: Instant) -> (Verdict, Option<Claim>) {
    if expected.contradictory {
        return (Verdict::Contradictory, None);
    }
    let claims = [expected.settled, Some(expected.at_look), expected.settling, expected.observed];
    let claims: Vec<Claim> = claims.into_iter().flatten().collect();
    for claim in &claims {
        if claim.as_of.unix() - claim.interval.latest().unix() >= threshold {
            return (Verdict::LongTerm, Some(*claim));
        }
        if now.unix() - claim.interval.earliest().unix() < threshold {
            return (Verdict::Recent, Some(*claim));
        }
    }
    // The first of those whose latest start is the earliest.
    let shown = claims
        .into_iter()
        .reduce(|best, claim| if claim.interval.latest() < best.interval.latest() { claim } else { best });
    (Verdict::Undetermined, shown)
}

/// Compares the inference with the reference; says where they differ.
pub(crate) fn compare(evidence: &Evidence) -> Result<Inference, String> {
    let found = infer(&evidence.history());
    let expected = expected(evidence);
    let contradictory = expected.contradictory;
    let differs = |what: &str, found: &dyn std::fmt::Debug, expected: &dyn std::fmt::Debug| {
        Err(format!("{what}\n  found     {found:?}\n  reference {expected:?}"))
    };
    if found.contradictions.is_empty() == contradictory {
        return differs("contradictions", &found.contradictions, &contradictory);
    }
    if !contradictory {
        let assertion = found.assertion;
        let parts = [
            ("at_look", Some(found.at_look), Some(expected.at_look)),
            ("settled", found.settled, expected.settled),
            ("settling", found.settling, expected.settling),
            ("observed", found.observed, expected.observed),
        ];
        for (name, found, expected) in parts {
            if found.as_ref().map(told) != expected.as_ref().map(told) {
                return differs(name, &found, &expected);
            }
            if let Some(wrong) = found.and_then(|claim| grounds_hold(evidence, &claim, assertion).err()) {
                return differs(name, &found, &wrong);
            }
        }
        let told = (found.assertion == Assertion::Used, matches!(found.assertion, Assertion::Refuted { .. }));
        if told != (expected.used, expected.refuted) {
            return differs(
                "assertion",
                &found.assertion,
                &("used, refuted", expected.used, expected.refuted),
            );
        }
    }
    for threshold in 1..=evidence.now.unix() + 2 {
        let (kind, rests_on) = verdict(&expected, threshold, evidence.now);
        let threshold = format!("{threshold}s").parse().unwrap();
        let found = found.verdict(threshold, evidence.now);
        if found.0 != kind || rests_on.is_some_and(|claim| told(&claim) != told(&found.1)) {
            return differs(&format!("verdict against {threshold}"), &found, &(kind, rests_on));
        }
    }
    Ok(found)
}

/// Whether the reasons that a claim gives for its two ends are true of the evidence; says which is not.
fn grounds_hold(evidence: &Evidence, claim: &Claim, assertion: Assertion) -> Result<(), &'static str> {
    let covered = |second| evidence.coverage.span_at(at(second)).is_some();
    let assumed = |second| match claim.confidence {
        Confidence::Proven => covered(second),
        Confidence::Settling => covered(second) || evidence.assumed_delivered(at(second)),
        Confidence::Observed => {
            covered(second)
                || evidence.assumed_delivered(at(second))
                || evidence.assumed_quiet(at(second))
                || assertion == Assertion::Used && evidence.asserted(at(second))
        }
    };
    let (earliest, latest) = (claim.interval.earliest(), claim.interval.latest());
    let changed = |at, status| evidence.changes.contains(&Change { at, status });
    let active_before = || {
        let answer = ask(evidence, assumed, Moment::EndOf(earliest.unix() - 1));
        answer.starts.is_empty()
    };
    let earliest_holds = match claim.grounds.earliest {
        EarliestGround::Created => earliest == evidence.created,
        EarliestGround::SwitchedOn => changed(earliest, Active),
        EarliestGround::SwitchedOff => changed(earliest, Inactive) && active_before(),
        EarliestGround::ActiveBefore => active_before() && evidence.created < earliest,
        EarliestGround::SeenActive { from, to } => {
            evidence.looks.contains(&Look { from, to, status: Active }) && from <= earliest
        }
    };
    // From the latest start on, every change is known or assumed to be, and none is to Active.
    let quiet = || {
        (latest.unix() + 1..=claim.as_of.unix()).all(|second| assumed(second) && !changed(at(second), Active))
    };
    let latest_holds = match claim.grounds.latest {
        LatestGround::SwitchedOff => changed(latest, Inactive) && quiet(),
        LatestGround::CoverageBegins => quiet() && covered(latest.unix() + 1) && !covered(latest.unix()),
        LatestGround::AssertionBegins => {
            quiet() && evidence.asserted(latest.next()) && assertion == Assertion::Used
        }
        LatestGround::SeenInactive => {
            evidence.all_looks().any(|look| look.to == latest && look.status == Inactive) && quiet()
        }
    };
    match (earliest_holds, latest_holds) {
        (true, true) => Ok(()),
        (false, _) => Err("the ground of the earliest start does not hold"),
        (true, false) => Err("the ground of the latest start does not hold"),
    }
}

/// A smaller evidence that the inference still gets wrong, by leaving out one thing at a time.
pub(crate) fn shrink(mut evidence: Evidence) -> Evidence {
    while let Some(smaller) = smaller(&evidence).into_iter().find(|smaller| compare(smaller).is_err()) {
        evidence = smaller;
    }
    evidence
}

fn smaller(evidence: &Evidence) -> Vec<Evidence> {
    let mut all = Vec::new();
    for index in 0..evidence.changes.len() {
        let mut less = evidence.clone();
        less.changes.remove(index);
        all.push(less);
    }
    for index in 0..evidence.looks.len() {
        let mut less = evidence.clone();
        less.looks.remove(index);
        all.push(less);
        let mut narrower = evidence.clone();
        let look = &mut narrower.looks[index];
        if look.from < look.to {
            look.from = look.from.next();
            all.push(narrower);
        }
    }
    for index in 0..evidence.coverage.spans().len() {
        let mut spans = evidence.coverage.spans().to_vec();
        let span = spans.remove(index);
        // The settled history is never without its span.
        if evidence.settled_until != Some(span.to()) {
            all.push(Evidence { coverage: Coverage::from_spans(spans.iter().copied()), ..evidence.clone() });
        }
        spans.extend(Span::new(span.from().next(), span.to()));
        if spans.len() == evidence.coverage.spans().len() {
            all.push(Evidence { coverage: Coverage::from_spans(spans), ..evidence.clone() });
        }
    }
    for index in 0..evidence.asserted.spans().len() {
        let mut spans = evidence.asserted.spans().to_vec();
        let span = spans.remove(index);
        all.push(Evidence { asserted: Coverage::from_spans(spans.iter().copied()), ..evidence.clone() });
        if let Some(shorter) = Span::new(span.from().next(), span.to()) {
            spans.push(shorter);
            all.push(Evidence { asserted: Coverage::from_spans(spans), ..evidence.clone() });
        }
    }
    if evidence.seen.from < evidence.seen.to {
        let seen = Look { from: evidence.seen.from.next(), ..evidence.seen };
        all.push(Evidence { seen, ..evidence.clone() });
    }
    all
}
