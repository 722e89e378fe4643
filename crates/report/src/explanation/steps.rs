//! The derivation: from what was seen, through the grounds that the inference gave, to the comparison with the threshold.
//! No reason is found here: each sentence tells one that the finding carries.

use std::fmt::Write as _;

use keysweep_core::assessment::AccountAssessment;
use keysweep_core::evidence::Evidence;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Assertion, Claim, Confidence, EarliestGround, LatestGround};
use keysweep_core::key::{KeyStatus, Owner};
use keysweep_core::policy::Policy;
use keysweep_core::problem::Gap;
use keysweep_core::time::{Instant, Span};

use super::{Step, Topic};
use crate::words::{self, exactly, second};

/// How many gaps are named.
const GAPS: usize = 3;

/// The steps, in the order of the argument.
pub(super) fn derive(finding: &Finding, account: &AccountAssessment, policy: &Policy) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |topic, text: Option<String>| steps.extend(text.map(|text| Step { topic, text }));
    add(Topic::Status, status(finding));
    add(Topic::History, Some(history(finding, account)));
    if finding.verdict == Verdict::Contradictory {
        for contradiction in &finding.contradictions {
            add(Topic::Contradiction, Some(format!("The evidence contradicts itself: {contradiction}.")));
        }
        add(Topic::Threshold, Some("Nothing is concluded from evidence that contradicts itself.".to_owned()));
    } else {
        add(Topic::Latest, Some(latest(finding)));
        add(Topic::Earliest, Some(earliest(finding)));
        add(Topic::Confidence, Some(confidence(finding, account, policy)));
        add(Topic::Assertion, assertion(finding, account));
        add(Topic::Threshold, Some(threshold(finding, policy)));
    }
    add(Topic::Use, used_since(finding));
    steps
}

/// Whether the claim is the one about the moment of the look.
fn is_at_look(claim: &Claim) -> bool {
    claim.confidence == Confidence::Proven && claim.grounds.latest == LatestGround::SeenInactive
}

fn status(finding: &Finding) -> Option<String> {
    let looks = finding.evidence.iter().filter(|evidence| matches!(evidence, Evidence::Observed(_)));
    let latest = looks.max_by_key(|look| look.at())?;
    Some(format!("At the latest look the key was {}.", words::evidence(latest)))
}

fn history(finding: &Finding, account: &AccountAssessment) -> String {
    let spans = account.coverage.spans();
    let Some(last) = spans.last() else {
        let unread = account.problems.iter().any(|problem| problem.gap == Gap::HistoryNotRead);
        let why = if unread { ": the account's event history could not be read" } else { "" };
        return format!("No stretch of time is known in which every status change was recorded{why}.");
    };
    let mut text = format!(
        "The history is complete from {} up to {}, {}: every status change in the account in this time is known.",
        second(last.from()),
        second(last.to().previous()),
        words::rounded_down(last.length())
    );
    if let [first, .., _] = spans {
        let earlier = spans.len() - 1;
        let gaps: Vec<String> = spans
            .windows(2)
            .rev()
            .take(GAPS)
            .filter_map(|pair| Span::new(pair.first()?.to(), pair.get(1)?.from()))
            .map(|gap| format!("from {} up to {}", second(gap.from()), second(gap.to().previous())))
            .collect();
        let more = match earlier.saturating_sub(GAPS) {
            0 => String::new(),
            more => format!(", and {}", words::count(more as u64, "earlier gap")),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            " Earlier history is known back to {}, with {} in which anything may have happened: {}{more}.",
            second(first.from()),
            words::count(earlier as u64, "gap"),
            gaps.join(", ")
        );
    }
    if finding.owner == Owner::Root {
        text.push_str(
            " A change to any key of the root user may have been to this one, as AWS does not tell them apart: for this key \
             the history counts only after the last such change.",
        );
    }
    text
}

/// The recorded change of this second, in words.
fn change(finding: &Finding, at: Instant, status: KeyStatus) -> String {
    let recorded = finding.evidence.iter().find(
        |evidence| matches!(evidence, Evidence::Changed(change) if change.at == at && change.status == status),
    );
    recorded.map_or_else(|| format!("set {} at {}", words::status(status), second(at)), words::evidence)
}

/// The look that saw this, in words.
fn look(finding: &Finding, to: Instant, status: KeyStatus) -> String {
    let seen = finding.evidence.iter().find(
        |evidence| matches!(evidence, Evidence::Observed(look) if look.to == to && look.status == status),
    );
    seen.map_or_else(|| format!("seen {} at {}", words::status(status), second(to)), words::evidence)
}

fn latest(finding: &Finding) -> String {
    let claim = &finding.inactive_since;
    let (at, as_of) = (claim.interval.latest(), second(claim.as_of));
    let latest = second(at);
    match claim.grounds.latest {
        LatestGround::SwitchedOff => format!(
            "It was {}. No change to Active is recorded after that up to {as_of}: it became inactive then at the latest.",
            change(finding, at, KeyStatus::Inactive)
        ),
        LatestGround::CoverageBegins => begins(finding, "the complete history"),
        LatestGround::AssertionBegins => begins(finding, "the span that somebody asserted to be complete"),
        LatestGround::SeenInactive if is_at_look(claim) => format!(
            "It may have been switched off just before it was seen, so the latest possible start is the look itself, {latest}."
        ),
        LatestGround::SeenInactive => format!(
            "It was {}, and no sign of an Active key is known after that up to {as_of}: it became inactive at {latest} at the latest.",
            look(finding, at, KeyStatus::Inactive)
        ),
    }
}

/// The latest start is the second before the known time begins.
fn begins(finding: &Finding, what: &str) -> String {
    let claim = &finding.inactive_since;
    let (latest, from) = (claim.interval.latest(), claim.interval.latest().next());
    let inside = |evidence: &&Evidence| {
        matches!(evidence, Evidence::Changed(_)) && (from..=claim.as_of).contains(&evidence.at())
    };
    let recorded = finding.evidence.iter().filter(inside).count();
    let nothing = match recorded {
        0 => "no change of this key is recorded".to_owned(),
        // None of them is to Active: the walk would have stopped there.
        changes => format!(
            "the only changes of this key on record set it Inactive when it was so already ({})",
            words::count(changes as u64, "change")
        ),
    };
    format!(
        "From {}, where {what} begins, up to {}, {nothing}: it was Inactive already when that begins, and became so at {} at the latest.",
        second(from),
        second(claim.as_of),
        second(latest)
    )
}

fn earliest(finding: &Finding) -> String {
    let claim = &finding.inactive_since;
    let at = claim.interval.earliest();
    let earliest = second(at);
    match claim.grounds.earliest {
        EarliestGround::Created => format!(
            "It was created, Active, at {earliest}: it cannot have become inactive before that. Nothing that is known excludes that it did right then."
        ),
        EarliestGround::SwitchedOff if claim.interval.is_exact() => {
            format!("Before that it was Active: it became inactive exactly then, at {earliest}.")
        }
        EarliestGround::SwitchedOff => format!(
            "It was {}, and was Active before: it became inactive then at the earliest.",
            change(finding, at, KeyStatus::Inactive)
        ),
        EarliestGround::SwitchedOn => format!(
            "It was {}: it became inactive in that second at the earliest.",
            change(finding, at, KeyStatus::Active)
        ),
        EarliestGround::ActiveBefore => format!(
            "It is known to have been Active at {}: it became inactive after that, at {earliest} at the earliest.",
            second(at.previous())
        ),
        EarliestGround::SeenActive { to, .. } => format!(
            "It was {}: it became inactive at {earliest} at the earliest.",
            look(finding, to, KeyStatus::Active)
        ),
    }
}

fn confidence(finding: &Finding, account: &AccountAssessment, policy: &Policy) -> String {
    let claim = &finding.inactive_since;
    let (as_of, margin) = (second(claim.as_of), exactly(policy.settling_margin.length()));
    match claim.confidence {
        Confidence::Proven if is_at_look(claim) => {
            format!(
                "Proven: this follows from what was recorded and seen, and from nothing else. It speaks of the moment of the look, {as_of}."
            )
        }
        Confidence::Proven => format!(
            "Proven: this follows from what was recorded and seen, and from nothing else. It speaks of the state at {as_of}, because CloudTrail is given {margin} to deliver its events and newer history is not settled yet."
        ),
        Confidence::Settling => format!(
            "Settling: this assumes that CloudTrail has delivered already every change up to {as_of}. It is given {margin} to do so."
        ),
        Confidence::Observed => {
            let delivered = if claim.as_of == finding.assessed_at && !account.coverage.is_empty() {
                format!(", and that CloudTrail has delivered already every change up to {as_of}")
            } else {
                String::new()
            };
            format!(
                "Observed: this assumes that nothing happened, unrecorded, between signs of an Inactive key that have no sign of an Active one between them{delivered}. No complete history covers all of this time. It speaks of the state at {as_of}."
            )
        }
    }
}

/// What asserted spans did, where they did anything.
fn assertion(finding: &Finding, account: &AccountAssessment) -> Option<String> {
    match finding.assertion {
        Assertion::NotUsed => None,
        Assertion::Used => {
            let spans: Vec<String> = account
                .asserted
                .spans()
                .iter()
                .map(|span| format!("from {} up to {}", second(span.from()), second(span.to().previous())))
                .collect();
            Some(format!(
                "Somebody who imported events asserted that every status change is among them {}. This rests on that, and is true if that is.",
                spans.join(", ")
            ))
        }
        Assertion::Refuted { .. } => words::assertion(finding.assertion).map(|text| sentence(&text)),
    }
}

/// A text with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

fn threshold(finding: &Finding, policy: &Policy) -> String {
    let Claim { as_of, interval, .. } = finding.inactive_since;
    let threshold = exactly(policy.threshold.length());
    let at_least = format!(
        "from {} up to {} it was inactive for {}",
        second(interval.latest()),
        second(as_of),
        exactly(finding.at_least())
    );
    let at_most = format!(
        "from {} up to the assessment at {} are {}",
        second(interval.earliest()),
        second(finding.assessed_at),
        exactly(finding.at_most())
    );
    match finding.verdict {
        Verdict::LongTerm => format!(
            "At least: {at_least}. That is not less than the threshold of {threshold}: the key is long-term inactive."
        ),
        Verdict::Recent => {
            format!(
                "At most: {at_most}. That is less than the threshold of {threshold}: the key is recently inactive."
            )
        }
        _ => format!(
            "At least: {at_least}, which is less than the threshold of {threshold}. At most: {at_most}, which is not. Both are possible: it is undetermined."
        ),
    }
}

fn used_since(finding: &Finding) -> Option<String> {
    finding.used_since.map(|at| {
        format!(
            "AWS recorded a use of the key at {}, after the latest start. AWS counts refused attempts too, so this contradicts nothing, but something may still try to use the key: it is kept out of clean-up until that is settled.",
            second(at)
        )
    })
}
