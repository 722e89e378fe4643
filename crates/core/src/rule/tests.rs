use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::account::AccountId;
use crate::infer::{Assertion, Claim, Confidence, EarliestGround, Grounds, LatestGround};
use crate::key::LastUsed;
use crate::problem::Gap;
use crate::time::{Instant, Interval};

const DAY: i64 = 86_400;
const NOW: i64 = 1_000 * DAY;

fn at(second: i64) -> Instant {
    Instant::from_unix(second)
}

/// A user's key that has been inactive for so many days.
fn finding(verdict: Verdict, days: i64) -> Finding {
    Finding {
        account: AccountId::from_number(1).unwrap(),
        owner: Owner::User {
            name: "alice".parse().unwrap(),
            arn: "arn:aws:iam::000000000001:user/alice".into(),
        },
        key: Some("AKIAIOSFODNN7EXAMPLE".parse().unwrap()),
        created: at(0),
        verdict,
        inactive_since: Claim {
            as_of: at(NOW),
            interval: Interval::exactly(at(NOW - days * DAY)),
            confidence: Confidence::Proven,
            grounds: Grounds { earliest: EarliestGround::SwitchedOff, latest: LatestGround::SwitchedOff },
        },
        assertion: Assertion::NotUsed,
        known_by: None,
        last_used: LastUsed::NotRecorded,
        used_since: None,
        contradictions: Vec::new(),
        evidence: Vec::new(),
        tags: None,
        exemption: None,
        assessed_at: at(NOW),
    }
}

fn root(verdict: Verdict) -> Finding {
    Finding { owner: Owner::Root, key: None, ..finding(verdict, 40) }
}

fn used(verdict: Verdict) -> Finding {
    Finding { used_since: Some(at(NOW)), ..finding(verdict, 40) }
}

fn observed(days: i64) -> Finding {
    let mut finding = finding(Verdict::LongTerm, days);
    finding.inactive_since.confidence = Confidence::Observed;
    finding
}

#[test]
fn every_finding_has_its_rules_and_the_severity_of_the_worst() {
    use Severity::{Critical, High, Informational, Low, Medium};
    use Verdict::{Contradictory, LongTerm, Recent, Undetermined};
    for (finding, rules, severity_of) in [
        (finding(LongTerm, 30), "KS001", Medium),
        (finding(LongTerm, 59), "KS001", Medium),
        (finding(LongTerm, 60), "KS001", High),
        (observed(600), "KS001", Medium),
        (finding(Undetermined, 10), "KS002", Low),
        (finding(Recent, 3), "KS003", Informational),
        (finding(Contradictory, 3), "KS004", Medium),
        (root(LongTerm), "KS005 KS001", Critical),
        (root(Undetermined), "KS005 KS002", High),
        (root(Recent), "KS005 KS003", High),
        (root(Contradictory), "KS005 KS004", High),
        (used(LongTerm), "KS001 KS006", High),
        (used(Recent), "KS003 KS006", Medium),
        (used(Undetermined), "KS002 KS006", Medium),
        (used(Contradictory), "KS004 KS006", Medium),
    ] {
        let ids: Vec<&str> = Rule::all_of(&finding).map(|rule| rule.id).collect();
        assert_eq!(ids.join(" "), rules);
        assert_eq!(ids.first().copied(), Some(Rule::of(&finding).id));
        assert_eq!(severity(&finding, &Policy::default()), severity_of, "{rules}");
        for rule in Rule::all_of(&finding) {
            let severity = rule.severity(&finding, &Policy::default());
            let documented = rule.severities.iter().any(|(one, _)| *one == severity);
            assert!(documented, "{} does not document that it can be {severity}", rule.id);
        }
    }
}

#[test]
fn the_age_counts_in_multiples_of_the_threshold() {
    let policy = Policy { threshold: "100d".parse().unwrap(), ..Policy::default() };
    assert_eq!(severity(&finding(Verdict::LongTerm, 199), &policy), Severity::Medium);
    assert_eq!(severity(&finding(Verdict::LongTerm, 200), &policy), Severity::High);
}

#[test]
fn a_problem_that_hides_keys_is_worse_than_one_that_hides_a_detail() {
    let problem = |gap| Problem { account: None, gap, error: None, detail: None };
    for (gap, severity) in [
        (Gap::AccountNotEntered, Severity::Medium),
        (Gap::HistoryNotRead, Severity::Medium),
        (Gap::ReportUnavailable, Severity::Low),
        (Gap::UserTagsNotRead, Severity::Low),
    ] {
        let problem = problem(gap);
        assert_eq!(problem_severity(&problem), severity, "{problem}");
        let rule = Rule::of_problem(&problem);
        assert!(!rule.is_about_findings() && rule.severities.iter().any(|(one, _)| *one == severity));
    }
}

#[test]
fn one_rule_is_one_id_one_file_and_one_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |directory: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(root.join(directory)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.to_ascii_lowercase().starts_with("ks")).collect()
    };
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let expected: Vec<String> = (1..=RULES.len()).map(|number| format!("KS{number:03}")).collect();
    assert_eq!(ids, expected);
    let files: Vec<String> =
        names("src/rule").iter().map(|name| name.split('_').next().unwrap().to_uppercase()).collect();
    assert_eq!(files, expected);
    let pages: BTreeSet<String> = RULES.iter().map(|rule| rule.page().replace("docs/rules/", "")).collect();
    assert_eq!(names("../../docs/rules"), pages);
    for rule in RULES {
        assert_eq!(Rule::by_id(&rule.id.to_lowercase()), Some(rule));
        let worst_first = rule.severities.windows(2).all(|pair| pair[0].0 > pair[1].0);
        assert!(worst_first && !rule.severities.is_empty(), "{}", rule.id);
    }
    assert_eq!(Rule::by_id("KS999"), None);
}

/// The frameworks that are asked for, and the three ways.
#[test]
fn every_rule_can_be_mended_in_every_way_and_names_the_editions_of_its_controls() {
    use Framework::{CisAws, Iso27001, Nist80053, PciDss, Soc2};
    for rule in RULES {
        let ways: Vec<&str> = rule.ways.iter().map(|way| way.with).collect();
        assert!(
            matches!(ways[..], ["keysweep", "IAM console" | "AWS console", "AWS CLI"]),
            "{}: {ways:?}",
            rule.id
        );
        for way in rule.ways {
            let expected = match way.with {
                "keysweep" => Some("keysweep "),
                "AWS CLI" => Some("aws "),
                _ => None,
            };
            assert!(!way.text.is_empty() && way.commands.is_empty() == expected.is_none(), "{}", rule.id);
            let begins = |command: &&str| command.starts_with(expected.unwrap_or_default());
            assert!(way.commands.iter().all(begins), "{}: {:?}", rule.id, way.commands);
        }
        for control in rule.controls {
            // Security Hub's own controls have no editions.
            let dated = control.references.iter().all(|reference| !reference.version.is_empty());
            assert!(!control.references.is_empty() && dated != (control.framework == Framework::SecurityHub));
        }
    }
    let bears_on = |framework| {
        let ids =
            RULES.iter().filter(|rule| rule.controls.iter().any(|control| control.framework == framework));
        ids.map(|rule| rule.id).collect::<Vec<_>>()
    };
    let of_credentials = ["KS001", "KS002", "KS003", "KS004", "KS005"];
    let of_findings = ["KS001", "KS002", "KS003", "KS004", "KS005", "KS006"];
    assert_eq!([CisAws, PciDss].map(bears_on), [of_credentials; 2]);
    assert_eq!([Nist80053, Iso27001, Soc2].map(bears_on), [of_findings; 3]);
}

/// Controls of unused credentials accept *disabled*. Only the one about root keys asks for what mends a finding.
#[test]
fn no_control_is_said_to_ask_for_more_than_it_does() {
    let asking: Vec<(&str, Vec<String>)> = RULES
        .iter()
        .flat_map(|rule| rule.controls.iter().map(|control| (rule.id, *control)))
        .filter(|(_, control)| control.fit == Fit::Asks)
        .map(|(id, control)| (id, control.names().collect()))
        .collect();
    let names =
        ["3.0.0 1.4", "4.0.1 1.4", "7.0.0 2.4"].map(|at| format!("CIS AWS Foundations Benchmark {at}"));
    assert_eq!(asking, [("KS005", names.to_vec())]);
}
