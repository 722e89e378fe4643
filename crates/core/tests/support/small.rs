//! Small cases: evidence on a timeline of a few seconds, true or made up, on which the inference must say exactly what
//! the reference says: the same claims, the same intervals, the same contradictions, the same verdicts.

use keysweep_core::coverage::Coverage;
use keysweep_core::finding::Verdict;
use keysweep_core::infer::{Change, Claim, Confidence, Inference, Look, infer};
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
    Evidence { created: at(created), changes, looks, seen, coverage, settled_until, now: at(now) }
}

/// The claim that follows from an answer, where one does.
fn claim(answer: &Answer, as_of: Instant, confidence: Confidence) -> Option<Claim> {
    let (first, last) = (answer.starts.first()?, answer.starts.last()?);
    let interval = Interval::new(at(*first), at(*last))?;
    answer.entails_inactive().then_some(Claim { as_of, interval, confidence })
}

/// All that the reference concludes from the evidence; contradictions as whether there are any.
fn expected(evidence: &Evidence) -> (Inference, bool) {
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
    let at_look = Claim { as_of: seen.to, interval, confidence: Confidence::Proven };

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
    let observed = bridged.then(|| ask(evidence, quiet, Moment::EndOf(as_of.unix())));
    let observed = observed.and_then(|answer| claim(&answer, as_of, Confidence::Observed));
    let observed = observed.filter(|_| !evidence.active_after(as_of));

    (Inference { at_look, settled, settling, observed, contradictions: Vec::new() }, contradictory)
}

/// The verdict by its definition: the first claim that decides.
fn verdict(
    expected: &Inference,
    contradictory: bool,
    threshold: i64,
    now: Instant,
) -> (Verdict, Option<Claim>) {
    if contradictory {
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
    let (expected, contradictory) = expected(evidence);
    let differs = |what: &str, found: &dyn std::fmt::Debug, expected: &dyn std::fmt::Debug| {
        Err(format!("{what}\n  found     {found:?}\n  reference {expected:?}"))
    };
    if found.contradictions.is_empty() == contradictory {
        return differs("contradictions", &found.contradictions, &contradictory);
    }
    if !contradictory {
        let parts = [
            ("at_look", Some(found.at_look), Some(expected.at_look)),
            ("settled", found.settled, expected.settled),
            ("settling", found.settling, expected.settling),
            ("observed", found.observed, expected.observed),
        ];
        for (name, found, expected) in parts {
            if found != expected {
                return differs(name, &found, &expected);
            }
        }
    }
    for threshold in 1..=evidence.now.unix() + 2 {
        let (kind, rests_on) = verdict(&expected, contradictory, threshold, evidence.now);
        let threshold = format!("{threshold}s").parse().unwrap();
        let found = found.verdict(threshold, evidence.now);
        if found.0 != kind || rests_on.is_some_and(|claim| claim != found.1) {
            return differs(&format!("verdict against {threshold}"), &found, &(kind, rests_on));
        }
    }
    Ok(found)
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
    if evidence.seen.from < evidence.seen.to {
        let seen = Look { from: evidence.seen.from.next(), ..evidence.seen };
        all.push(Evidence { seen, ..evidence.clone() });
    }
    all
}
