//! One case: draws it from its seed, checks it, and counts what it exercised, so that nobody need believe that the
//! generator is not trivial.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::num::NonZero;
use std::thread;

use keysweep_core::coverage::Coverage;
use keysweep_core::finding::Verdict;
use keysweep_core::infer::{Assertion, Claim, EarliestGround, Inference, KeyHistory, LatestGround, infer};
use keysweep_core::time::Instant;

use super::evidence::{Evidence, at};
use super::rng::Rng;
use super::small;
use super::truth::State;
use super::world::{Account, Sighting};

/// How often each thing was exercised.
#[derive(Default)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    fn add(&mut self, what: &'static str, more: u64) {
        *self.counts.entry(what).or_default() += more;
    }

    fn count_if(&mut self, counts: bool, what: &'static str) {
        self.add(what, u64::from(counts));
    }

    /// How often `what` was exercised.
    pub(crate) fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or_default()
    }

    fn absorb(&mut self, other: &Self) {
        for (what, count) in &other.counts {
            self.add(what, *count);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts.iter().try_for_each(|(what, count)| writeln!(f, "  {count:>12}  {what}"))
    }
}

/// What came of a run.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) violations: u64,
    /// A few of the violations: the seed of the case, and what was violated.
    pub(crate) shown: Vec<(u64, String)>,
}

/// The cases of the seeds `seed`, `seed + 1`, … on all cores.
pub(crate) fn run(cases: u64, seed: u64) -> Outcome {
    const SHOWN: usize = 2;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let part = |thread| {
        let mut outcome = Outcome::default();
        for seed in (0..cases).skip(thread).step_by(threads).map(|index| seed.wrapping_add(index)) {
            if let Err(violation) = case(seed, &mut outcome.tally) {
                outcome.violations += 1;
                if outcome.shown.len() < SHOWN {
                    outcome.shown.push((seed, violation));
                }
            }
        }
        outcome
    };
    let mut all = Outcome::default();
    thread::scope(|scope| {
        let part = &part;
        let parts: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
        for part in parts {
            let part = part.join().unwrap();
            all.tally.absorb(&part.tally);
            all.violations += part.violations;
            all.shown.extend(part.shown);
        }
    });
    all
}

/// Draws the case of this seed and checks it; says what was violated.
fn case(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    if rng.chance(25) { small_case(&mut rng, tally) } else { account_case(&mut rng, tally) }
}

/// Evidence on a few seconds, compared with every history that fits it.
fn small_case(rng: &mut Rng, tally: &mut Tally) -> Result<(), String> {
    let evidence = small::draw(rng, 8);
    match small::compare(&evidence) {
        Ok(inference) => {
            tally.count("reference: evidence compared with all histories that fit it");
            tally.count_if(!inference.contradictions.is_empty(), "reference: no history fits");
            tally.count_if(inference.settled.is_some(), "reference: settled claims");
            tally.count_if(inference.settling.is_some(), "reference: settling claims");
            tally.count_if(inference.observed.is_some(), "reference: observed claims");
            tally.count_if(inference.assertion == Assertion::Used, "reference: asserted spans used");
            let refuted = matches!(inference.assertion, Assertion::Refuted { .. });
            tally.count_if(refuted, "reference: asserted spans refuted");
            let claims = [Some(inference.at_look), inference.settled, inference.settling, inference.observed];
            for Claim { grounds, .. } in claims.into_iter().flatten() {
                tally.count(match grounds.earliest {
                    EarliestGround::Created => "grounds: created",
                    EarliestGround::SwitchedOn => "grounds: not earlier, switched on",
                    EarliestGround::SwitchedOff => "grounds: not earlier, switched off",
                    EarliestGround::ActiveBefore => "grounds: not earlier, Active before",
                    EarliestGround::SeenActive { .. } => "grounds: not earlier, seen Active",
                });
                tally.count(match grounds.latest {
                    LatestGround::SwitchedOff => "grounds: not later, switched off",
                    LatestGround::CoverageBegins => "grounds: not later, covered time begins",
                    LatestGround::AssertionBegins => "grounds: not later, an asserted span begins",
                    LatestGround::SeenInactive => "grounds: not later, seen Inactive",
                });
            }
            Ok(())
        }
        Err(difference) => {
            let smallest = small::shrink(evidence.clone());
            let still = small::compare(&smallest).err().unwrap_or_default();
            Err(format!(
                "the inference differs from the reference in {difference}\nevidence {evidence}\nshrunk   {smallest}\n{still}"
            ))
        }
    }
}

/// An account with long histories, compared with what is true of each key.
fn account_case(rng: &mut Rng, tally: &mut Tally) -> Result<(), String> {
    let account = Account::draw(rng);
    tally.count("accounts");
    tally.add(
        "accounts: events under a user name that another key's events have too",
        account.shared_names() as u64,
    );
    tally.add("accounts: refused calls", account.events.iter().filter(|event| event.refused).count() as u64);
    for key in 0..account.keys.len() {
        if let Some(sighting) = account.sighting(rng, key) {
            check(rng, &sighting, tally).map_err(|violation| {
                let mut text = format!("key {key}: {violation}\nevidence {}\ntruth ", sighting.evidence);
                for (second, status) in &sighting.history.changes {
                    _ = write!(text, " {status:?}@{second}");
                }
                text
            })?;
        }
    }
    Ok(())
}

/// A claim and what is true of the moment it speaks of.
struct Judged {
    claim: Claim,
    /// Whether what the claim assumes is true.
    premise: bool,
    since: Option<i64>,
}

/// Whether the true starts lie in the claims, and no verdict is wrong.
fn check(rng: &mut Rng, sighting: &Sighting, tally: &mut Tally) -> Result<(), String> {
    let Sighting { evidence, history, since_at_look, unrecorded } = sighting;
    let inference = infer(&evidence.history());
    let delivered = !unrecorded.iter().any(|second| evidence.assumed_delivered(at(*second)));
    let quiet = !unrecorded.iter().any(|second| evidence.assumed_quiet(at(*second)));
    let asserted = !unrecorded.iter().any(|second| evidence.asserted(at(*second)));
    let rests_on_asserted = inference.assertion == Assertion::Used;
    let since = |claim: &Claim| history.at_end_of(claim.as_of.unix()).and_then(State::since);

    tally.count("keys");
    tally.count_if(evidence.looks.iter().any(|look| look.from < look.to), "keys: with a wide look");
    tally.count_if(evidence.seen.from < evidence.seen.to, "keys: seen by a wide look");
    tally.count_if(evidence.coverage.spans().len() > 1, "keys: with several covered spans");
    tally.count_if(evidence.settled_until.is_none(), "keys: history not read");
    tally.count_if(!unrecorded.is_empty(), "keys: with changes that are not recorded");
    tally.count_if(!delivered, "keys: with changes in the margin not delivered yet");
    tally.count_if(history.changes.windows(2).any(|two| two[0].0 == two[1].0), "keys: with ties in a second");
    tally
        .count_if(history.changes.windows(2).any(|two| two[0].1 == two[1].1), "keys: with redundant changes");
    tally.count_if(!evidence.asserted.is_empty(), "keys: with asserted spans");
    tally.count_if(!asserted, "keys: with asserted spans that are not complete");
    tally.count_if(history.changes.len() > 4, "keys: flapping");

    if !inference.contradictions.is_empty() {
        return Err(format!("true evidence called contradictory: {:?}", inference.contradictions));
    }
    match inference.assertion {
        Assertion::Refuted { .. } if asserted => {
            return Err(format!("what was asserted is true and called refuted: {:?}", inference.assertion));
        }
        Assertion::Refuted { .. } => tally.count("assertions: refuted"),
        Assertion::Used => tally.count("assertions: used"),
        Assertion::NotUsed => {}
    }
    unaffected(evidence, &inference)?;
    let mut claims = vec![Judged { claim: inference.at_look, premise: true, since: Some(*since_at_look) }];
    let further = [
        ("claims: settled", inference.settled, true),
        ("claims: settling", inference.settling, delivered),
        ("claims: observed", inference.observed, delivered && quiet && (asserted || !rests_on_asserted)),
    ];
    for (name, claim, premise) in further {
        let Some(claim) = claim else { continue };
        tally.count(name);
        tally.count_if(claim.interval.is_exact(), "claims: exact to the second");
        let by_assertion = claim.grounds.latest == LatestGround::AssertionBegins;
        tally.count_if(by_assertion, "claims: dated by the beginning of an asserted span");
        tally.count_if(!premise, "claims: whose assumption is false (not judged)");
        claims.push(Judged { claim, premise, since: since(&claim) });
    }
    for Judged { claim, premise, since } in &claims {
        let true_start = since.is_some_and(|since| claim.interval.contains(at(since)));
        if *premise && !true_start {
            return Err(format!("true start {since:?} outside {claim:?}"));
        }
    }
    verdicts(rng, &inference, &claims, evidence.now, tally)
}

/// Nothing but the observed claim may change where nothing is asserted.
fn unaffected(evidence: &Evidence, inference: &Inference) -> Result<(), String> {
    let without = infer(&KeyHistory { asserted: &Coverage::none(), ..evidence.history() });
    let rest = |inference: &Inference| {
        let contradictions = inference.contradictions.clone();
        (inference.at_look, inference.settled, inference.settling, contradictions)
    };
    if rest(inference) != rest(&without) {
        return Err(format!(
            "more than the observed claim rests on what was asserted: without it {without:?}"
        ));
    }
    if inference.assertion != Assertion::Used
        && without.observed.is_some()
        && inference.observed != without.observed
    {
        return Err(format!("the observed claim changes without notice: without asserted spans {without:?}"));
    }
    Ok(())
}

/// Verdicts against thresholds on both sides of every edge.
fn verdicts(
    rng: &mut Rng,
    inference: &Inference,
    claims: &[Judged],
    now: Instant,
    tally: &mut Tally,
) -> Result<(), String> {
    let judged = &claims[usize::try_from(rng.within(0, i64::try_from(claims.len()).unwrap() - 1)).unwrap()];
    let since = judged.since.unwrap_or_default();
    let interval = judged.claim.interval;
    let edges = [
        judged.claim.as_of.unix() - since,
        now.unix() - since,
        judged.claim.as_of.unix() - interval.latest().unix(),
        now.unix() - interval.earliest().unix(),
    ];
    for edge in edges {
        let length = (edge + rng.within(-1, 1)).max(1);
        let threshold = format!("{length}s").parse().unwrap();
        let (verdict, claim) = inference.verdict(threshold, now);
        let Some(judged) = claims.iter().find(|judged| judged.claim == claim) else {
            return Err(format!("the verdict rests on {claim:?}, which is no claim of the inference"));
        };
        tally.count(match (verdict, claim.confidence.name()) {
            (Verdict::LongTerm, "proven") => "verdicts: long_term, proven",
            (Verdict::LongTerm, "settling") => "verdicts: long_term, settling",
            (Verdict::LongTerm, _) => "verdicts: long_term, observed",
            (Verdict::Recent, "proven") => "verdicts: recent, proven",
            (Verdict::Recent, "settling") => "verdicts: recent, settling",
            (Verdict::Recent, _) => "verdicts: recent, observed",
            (Verdict::Undetermined, _) => "verdicts: undetermined",
            (Verdict::Contradictory, _) => {
                return Err("a verdict of contradictory on true evidence".to_owned());
            }
        });
        let Some(since) = judged.since.filter(|_| judged.premise) else { continue };
        let wrong = match verdict {
            Verdict::LongTerm => claim.as_of.unix() - since < length,
            Verdict::Recent => now.unix() - since >= length,
            Verdict::Undetermined | Verdict::Contradictory => false,
        };
        if wrong {
            return Err(format!(
                "{verdict:?} against {length} s by {claim:?}, but the true start is {since}"
            ));
        }
    }
    Ok(())
}
