//! Explanations: read by a person as snapshots, and held against the findings that they speak of.

use std::collections::BTreeSet;

use keysweep_core::evidence::Evidence;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Change, Confidence, EarliestGround, LatestGround, Look};
use keysweep_core::key::KeyStatus::{Active, Inactive};
use keysweep_core::policy::Policy;
use keysweep_core::time::{Instant, SignedDuration, Span};
use keysweep_report::explanation::{Explanation, Topic, json};
use keysweep_report::timeline::{BarKind, MarkKind, Timeline};
use keysweep_report::{Format, Options, render, words};
use proptest::prelude::*;

use crate::keys::{self, Key, TODAY, day, settled};
use crate::samples;
use crate::schema;

fn explanation(key: &Key) -> (Finding, Explanation) {
    let (finding, account) = key.finding();
    let explanation = Explanation::of(&finding, &account, &Policy::default());
    (finding, explanation)
}

/// The sentence of the explanation stands in every format that has room for one; the tables of the terminal, of Markdown and
/// of the PDF have columns instead, and a test case of `JUnit` that passes has no text.
#[test]
fn every_format_says_it_in_the_same_words() {
    let assessment = samples::every_verdict();
    let findings: Vec<&Finding> = assessment.findings().collect();
    assert!(findings.len() >= 4);
    let tables = [Format::Terminal, Format::Markdown, Format::GithubSummary, Format::Pdf];
    for format in Format::ALL.iter().filter(|format| !tables.contains(format)) {
        let text = render(&assessment, *format, &Options::default()).unwrap();
        // What stands inside HTML, XML and Markdown is escaped; all else is the same.
        let text = text.replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&").replace('\\', "");
        let text = text.replace("<time>", "").replace("</time>", "");
        for finding in &findings {
            let account =
                assessment.accounts.iter().find(|result| result.account.id == finding.account).unwrap();
            if *format == Format::Junit && finding.verdict == Verdict::Recent {
                continue;
            }
            let sentence = Explanation::of(finding, account, &assessment.policy).summary;
            assert_eq!(sentence, words::finding(finding, &assessment.policy));
            assert!(text.contains(&sentence), "{format} does not say {sentence:?}");
        }
    }
}

/// All of it as plain lines.
fn text(explanation: &Explanation) -> String {
    let mut lines: Vec<String> =
        explanation.subject.iter().map(|detail| format!("{}: {}", detail.label, detail.text)).collect();
    lines.push(format!("= {}", explanation.summary));
    lines.extend(explanation.facts.iter().map(|fact| format!("- {}", fact.text)));
    lines.extend(explanation.steps.iter().map(|step| format!("{}: {}", step.topic.title(), step.text)));
    lines.extend(explanation.outlook.iter().map(|text| format!("> {text}")));
    lines.join("\n")
}

#[test]
fn every_verdict_confidence_and_ground_has_its_words() {
    let mut seen = BTreeSet::new();
    for (name, key) in keys::all() {
        let (finding, explanation) = explanation(&key);
        insta::assert_snapshot!(format!("explained_{name}"), text(&explanation));
        let timeline = Timeline::of(&finding, &key.finding().1, &Policy::default());
        schema::holds("explanation", &json::document("scan-1", &explanation, &timeline).unwrap());
        let claim = finding.inactive_since;
        seen.insert(finding.verdict.name());
        if finding.verdict != Verdict::Contradictory {
            seen.insert(claim.confidence.name());
            seen.insert(claim.grounds.earliest.name());
            seen.insert(claim.grounds.latest.name());
        }
        seen.extend(explanation.steps.iter().map(|step| step.topic.title()));
    }
    let verdicts = [Verdict::LongTerm, Verdict::Recent, Verdict::Undetermined, Verdict::Contradictory];
    let confidences = [Confidence::Proven, Confidence::Settling, Confidence::Observed];
    let (from, to) = (day(0), day(0));
    let earliest = [
        EarliestGround::Created,
        EarliestGround::SwitchedOn,
        EarliestGround::SwitchedOff,
        EarliestGround::ActiveBefore,
        EarliestGround::SeenActive { from, to },
    ];
    let latest = [
        LatestGround::SwitchedOff,
        LatestGround::CoverageBegins,
        LatestGround::AssertionBegins,
        LatestGround::SeenInactive,
    ];
    let expected = verdicts
        .map(Verdict::name)
        .into_iter()
        .chain(confidences.map(Confidence::name))
        .chain(earliest.map(EarliestGround::name))
        .chain(latest.map(LatestGround::name))
        .chain(Topic::ALL.iter().map(|topic| topic.title()));
    assert_eq!(seen, expected.collect());
}

/// Every second that the text names.
fn seconds(text: &str) -> BTreeSet<Instant> {
    let read = |at: usize| {
        let (date, time) = (text.get(at..at + 10)?, text.get(at + 11..at + 19)?);
        (text.get(at + 19..at + 23) == Some(" UTC")).then(|| format!("{date}T{time}Z").parse().ok()).flatten()
    };
    (0..text.len()).filter_map(read).collect()
}

/// A key with a history on days that are few enough for things to fall together.
fn any_key() -> impl Strategy<Value = Key> {
    let moment = || (0..=TODAY * 4).prop_map(|quarter| day(0) + SignedDuration::from_hours(6 * quarter));
    let status = || prop_oneof![Just(Active), Just(Inactive)];
    let span = || (moment(), moment()).prop_map(|(one, other)| Span::new(one.min(other), one.max(other)));
    let look = (moment(), 0..3_i64, status()).prop_map(|(to, hours, status)| Look {
        from: to - SignedDuration::from_hours(hours * 3),
        to,
        status,
    });
    let change = (moment(), status()).prop_map(|(at, status)| Change { at, status });
    (
        moment(),
        prop::collection::vec(change, 0..5),
        prop::collection::vec(look, 0..4),
        prop::collection::vec(span(), 0..3),
        prop::collection::vec(span(), 0..2),
        prop::option::of(moment()),
        prop::option::of(0..TODAY),
    )
        .prop_map(|(created, mut changes, looks, covered, asserted, read_from, used)| {
            let seen = Key::created(0).seen;
            let created = created.min(seen.to);
            changes.retain(|change| change.at >= created && change.at <= day(TODAY));
            changes.sort_by_key(|change| change.at);
            let looks = looks.into_iter().filter(|look| look.to >= created && look.to <= seen.to).collect();
            let spans = covered.into_iter().flatten();
            let spans = spans.filter_map(|span| Span::new(span.from(), span.to().min(settled())));
            let read = read_from.and_then(|from| Span::new(from, settled()));
            let mut key = Key {
                created,
                changes,
                looks,
                covered: spans.chain(read).collect(),
                asserted: asserted.into_iter().flatten().collect(),
                history_read: read.is_some(),
                ..Key::created(0)
            };
            if let Some(day) = used {
                key = key.used(day);
            }
            key
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn the_words_never_say_more_than_the_finding(key in any_key()) {
        let (finding, explanation) = explanation(&key);
        let claim = finding.inactive_since;
        let (earliest, latest, as_of) = (claim.interval.earliest(), claim.interval.latest(), claim.as_of);
        let step = |topic| explanation.steps.iter().find(|step| step.topic == topic).map(|step| step.text.as_str());

        // Every second that is named is one of the evidence's or the claim's.
        let threshold = Policy::default().threshold.length();
        let margin = Policy::default().settling_margin.length();
        let mut known: BTreeSet<Instant> = [
            earliest, latest, as_of, finding.assessed_at, finding.created, earliest.previous(), latest.next(),
            earliest + threshold, latest + threshold, as_of - threshold, as_of + margin,
        ].into();
        known.extend(finding.used_since);
        for evidence in &finding.evidence {
            known.insert(evidence.at());
            if let Evidence::Observed(look) = evidence {
                known.insert(look.from);
            }
        }
        let (_, account) = key.finding();
        for span in account.coverage.spans().iter().chain(account.asserted.spans()) {
            known.extend([span.from(), span.to().previous(), span.to(), span.from().previous()]);
        }
        for text in explanation.steps.iter().map(|step| &step.text).chain(&explanation.outlook) {
            let unknown: Vec<_> = seconds(text).difference(&known).copied().collect();
            prop_assert_eq!(unknown, Vec::<Instant>::new(), "{}", text);
        }
        prop_assert_eq!(explanation.facts.len(), finding.evidence.len());

        if finding.verdict == Verdict::Contradictory {
            prop_assert!(step(Topic::Latest).is_none() && step(Topic::Earliest).is_none() && step(Topic::Confidence).is_none());
            return Ok(());
        }

        // What is said to be the latest, is; what is denied to be on record, is not.
        let text = step(Topic::Latest).unwrap();
        prop_assert!(text.contains(&words::second(latest)), "{}", text);
        let changed = |status: &[_]| finding.evidence.iter().any(|evidence| {
            matches!(evidence, Evidence::Changed(change)
                if change.at > latest && change.at <= as_of && status.contains(&change.status))
        });
        if text.contains("No change to Active is recorded") || text.contains("set it Inactive when it was so") {
            prop_assert!(!changed(&[Active]), "{}", text);
        }
        if text.contains("no change of this key is recorded") {
            prop_assert!(!changed(&[Active, Inactive]), "{}", text);
        }
        if text.contains("no sign of an Active key") {
            let seen = key.looks.iter().any(|look| look.status == Active && look.to > latest && look.to <= as_of);
            prop_assert!(!seen && !changed(&[Active]), "{}", text);
        }

        // No sign of an Active key is later than what is said to be the last excuse for an earlier start.
        let text = step(Topic::Earliest).unwrap();
        prop_assert!(text.contains(&words::second(earliest)), "{}", text);
        if text.contains("exactly then") {
            prop_assert!(claim.interval.is_exact());
        }

        let text = step(Topic::Confidence).unwrap();
        prop_assert!(text.to_lowercase().starts_with(claim.confidence.name()), "{}", text);
        prop_assert_eq!(text.contains("from nothing else"), claim.confidence == Confidence::Proven);

        let text = step(Topic::Threshold).unwrap();
        let (at_least, at_most) = (finding.at_least(), finding.at_most());
        match finding.verdict {
            Verdict::LongTerm => prop_assert!(at_least >= threshold && text.contains(&words::exactly(at_least))),
            Verdict::Recent => prop_assert!(at_most < threshold && text.contains(&words::exactly(at_most))),
            _ => prop_assert!(at_least < threshold && at_most >= threshold
                && text.contains(&words::exactly(at_least)) && text.contains(&words::exactly(at_most))),
        }
    }

    #[test]
    fn a_timeline_holds_every_fact_in_its_order(key in any_key()) {
        let (finding, account) = key.finding();
        let timeline = Timeline::of(&finding, &account, &Policy::default());
        for evidence in &finding.evidence {
            let text = words::evidence(evidence);
            prop_assert!(timeline.marks.iter().any(|mark| mark.text == text && mark.at == evidence.at()), "{}", text);
        }
        prop_assert!(timeline.marks.is_sorted_by_key(|mark| mark.at));
        prop_assert!(timeline.marks.is_sorted_by(|one, other| one.place <= other.place));
        let places = timeline.marks.iter().map(|mark| mark.place);
        let places = places.chain(timeline.bars.iter().flat_map(|bar| [bar.begins, bar.ends]));
        prop_assert!(places.into_iter().all(|place| (0.0..=1.0).contains(&place)));
        prop_assert!(timeline.bars.iter().all(|bar| bar.begins <= bar.ends));
        // Covered, asserted and neither are all of the line.
        let line: Vec<Span> = timeline.bars.iter()
            .filter(|bar| matches!(bar.kind, BarKind::Covered | BarKind::Asserted | BarKind::Gap))
            .filter_map(|bar| Span::new(bar.from, bar.to))
            .collect();
        let whole = keysweep_core::coverage::Coverage::from_spans(line);
        prop_assert_eq!(whole.spans(), [Span::new(timeline.scale.from(), timeline.scale.to().next()).unwrap()]);
        let start = timeline.bars.iter().find(|bar| bar.kind == BarKind::Start);
        let told = start.map(|bar| (bar.from, bar.to));
        let interval = finding.inactive_since.interval;
        let expected = (finding.verdict != Verdict::Contradictory).then(|| (interval.earliest(), interval.latest()));
        prop_assert_eq!(told, expected);
        prop_assert_eq!(timeline.marks.iter().filter(|mark| mark.kind == MarkKind::Now).count(), 1);
    }
}
