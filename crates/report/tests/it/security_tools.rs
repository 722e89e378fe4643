//! The formats that security tools read: the ids, the statuses, and the limits that are documented. That they are valid
//! against the schemas of OCSF and of Security Hub is for `scripts/formats` to show, which has these.

use keysweep_core::account::OrganizationalUnit;
use keysweep_core::assessment::{AccountStatus, Assessment};
use keysweep_core::delivery::Batch;
use keysweep_core::finding::Finding;
use keysweep_core::key::Owner;
use keysweep_core::problem::{Gap, Problem};
use keysweep_report::asff::{BATCH, BATCH_BYTES, batches};
use keysweep_report::resolved::{Resolution, Resolved};
use keysweep_report::{Format, Options, render};
use proptest::prelude::*;
use serde_json::Value;

use crate::properties::{filled, text};
use crate::samples;

/// What is settled in the samples: one key of each kind.
pub(crate) fn settled() -> Options {
    let resolved = |finding, resolution| Resolved { finding, resolution, seen_at: samples::at(samples::NOW) };
    Options {
        resolved: vec![
            resolved(samples::long_term("111122223333", "departed", 8), Resolution::Gone),
            resolved(samples::undetermined("999900001111", "revived", 9), Resolution::Active),
        ],
        ..Options::default()
    }
}

fn ocsf(assessment: &Assessment, options: &Options) -> Vec<Value> {
    serde_json::from_str(&render(assessment, Format::Ocsf, options).unwrap()).unwrap()
}

fn asff(assessment: &Assessment, options: &Options) -> Vec<Value> {
    let text = render(assessment, Format::Asff, options).unwrap();
    let findings =
        |line| serde_json::from_str::<Value>(line).unwrap()["Findings"].as_array().unwrap().clone();
    text.lines().flat_map(findings).collect()
}

fn texts<'a>(values: &'a [Value], pointers: &[&str]) -> Vec<Vec<&'a str>> {
    let field = |value: &'a Value, pointer: &str| value.pointer(pointer).unwrap().as_str().unwrap();
    values.iter().map(|value| pointers.iter().map(|pointer| field(value, pointer)).collect()).collect()
}

#[test]
fn every_key_and_every_account_is_an_event_with_its_status() {
    let events = ocsf(&samples::every_verdict(), &settled());
    assert_eq!(
        texts(
            &events,
            &["/finding_info/uid", "/metadata/event_code", "/compliance/status", "/severity", "/status"]
        ),
        [
            ["111122223333:coverage", "KS007", "Pass", "Informational", "New"],
            ["111122223333:AKIAIOSFODNN70000004", "KS003", "Pass", "Medium", "New"],
            ["111122223333:AKIAIOSFODNN70000001", "KS001", "Fail", "High", "New"],
            ["111122223333:AKIAIOSFODNN70000006", "KS004", "Warning", "Medium", "New"],
            ["111122223333:AKIAIOSFODNN70000005", "KS002", "Warning", "Low", "New"],
            ["111122223333:AKIAIOSFODNN70000002", "KS001", "Fail", "Medium", "New"],
            ["111122223333:root:2023-02-01T08:00:00Z", "KS005", "Fail", "Critical", "New"],
            ["111122223333:AKIAIOSFODNN70000008", "KS001", "Pass", "Informational", "Resolved"],
            ["999900001111:AKIAIOSFODNN70000009", "KS002", "Pass", "Informational", "Resolved"],
        ]
    );
}

#[test]
fn what_was_not_assessed_is_an_event_and_never_a_pass() {
    let events = ocsf(&samples::organization(), &Options::default());
    let coverage: Vec<_> = texts(&events, &["/finding_info/uid", "/compliance/status", "/severity"])
        .into_iter()
        .filter(|event| event[0].ends_with(":coverage"))
        .collect();
    assert_eq!(
        coverage,
        [
            ["o-a1b2c3d4e5:coverage", "Warning", "Low"],
            ["111122223333:coverage", "Pass", "Informational"],
            ["222233334444:coverage", "Warning", "Medium"],
            ["333344445555:coverage", "Unknown", "Medium"],
            ["444455556666:coverage", "Unknown", "Medium"],
            ["555566667777:coverage", "Unknown", "Informational"],
            ["666677778888:coverage", "Unknown", "Informational"],
            ["777788889999:coverage", "Unknown", "Informational"],
        ]
    );
    let findings = asff(&samples::organization(), &Options::default());
    let statuses: Vec<_> = texts(&findings, &["/Id", "/Compliance/Status"])
        .into_iter()
        .filter(|finding| finding[1] == "NOT_AVAILABLE")
        .map(|finding| finding[0])
        .collect();
    assert_eq!(statuses.len(), 5);
    assert!(statuses.contains(&"333344445555:coverage"));
}

#[test]
fn settled_findings_are_closed_under_their_own_ids() {
    let findings = asff(&samples::every_verdict(), &settled());
    let states = texts(&findings, &["/Id", "/RecordState", "/Workflow/Status", "/Compliance/Status"]);
    let archived: Vec<_> = states.into_iter().filter(|finding| finding[1] == "ARCHIVED").collect();
    assert_eq!(
        archived,
        [
            ["111122223333:AKIAIOSFODNN70000008", "ARCHIVED", "RESOLVED", "PASSED"],
            ["999900001111:AKIAIOSFODNN70000009", "ARCHIVED", "RESOLVED", "PASSED"],
        ]
    );
    let events = ocsf(&samples::every_verdict(), &settled());
    let closed = events.iter().filter(|event| event["activity_id"] == 3).count();
    assert_eq!(
        (closed, events[7]["status_id"].clone(), events[7]["type_uid"].clone()),
        (2, 4.into(), 200_303.into())
    );
}

#[test]
fn ids_stay_the_same_from_scan_to_scan() {
    let later = Assessment {
        id: "scan-20261124T071200Z-8".to_owned(),
        finished_at: samples::at("2026-11-24T07:12:34Z"),
        ..samples::every_verdict()
    };
    let uids = |assessment: &Assessment| {
        let events = ocsf(assessment, &settled());
        texts(&events, &["/finding_info/uid"]).concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(uids(&samples::every_verdict()), uids(&later));
    let events = ocsf(&later, &settled());
    let ids = texts(&events, &["/metadata/uid"]).concat();
    assert!(ids.iter().all(|id| id.starts_with("scan-20261124T071200Z-8/")), "{ids:?}");
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "each event has an id of its own");
}

#[test]
fn requests_are_of_one_account_and_of_at_most_a_hundred_findings() {
    let mut assessment = samples::organization();
    assessment.accounts[0].findings =
        (0..250).map(|number| samples::long_term("111122223333", "ci", number)).collect();
    let mut made: Vec<Batch> = Vec::new();
    let options = Options { region: Some("eu-central-1".to_owned()), ..Options::default() };
    batches::<std::io::Error>(&assessment, &options, |batch| {
        made.push(batch);
        Ok(())
    })
    .unwrap();
    let sizes: Vec<_> =
        made.iter().map(|batch| (batch.account.to_string(), batch.ids.len())).take(5).collect();
    let account = "111122223333".to_owned();
    // What could be assessed, of every account, is for the caller's to send: eight more, before the 250.
    assert_eq!(
        sizes,
        [(account.clone(), BATCH), (account.clone(), BATCH), (account, 58), ("222233334444".to_owned(), 1),]
    );
    for batch in &made {
        let request: Value = serde_json::from_slice(&batch.body).unwrap();
        let findings = request["Findings"].as_array().unwrap();
        assert_eq!(texts(findings, &["/Id"]).concat(), batch.ids);
        let account = batch.account.to_string();
        for finding in findings {
            assert_eq!(finding["AwsAccountId"], account.as_str());
            let arn = format!("arn:aws:securityhub:eu-central-1:{account}:product/{account}/default");
            assert_eq!(finding["ProductArn"], arn.as_str());
        }
    }
}

/// What is documented of `AwsSecurityFinding` and the model of the API does not say: the longest texts, in characters.
const LONGEST: &[(&str, usize)] = &[
    ("/Id", 512),
    ("/ProductArn", 2048),
    ("/ProductName", 128),
    ("/CompanyName", 128),
    ("/GeneratorId", 512),
    ("/AwsAccountId", 12),
    ("/AwsAccountName", 50),
    ("/Title", 256),
    ("/Description", 1024),
    ("/Severity/Original", 64),
    ("/Remediation/Recommendation/Text", 512),
    ("/Resources/0/Type", 256),
    ("/Resources/0/Id", 512),
    ("/Resources/0/Region", 16),
];

/// Every text as long as AWS lets it be, or longer, of letters that take four bytes.
fn longest() -> Assessment {
    let long = |letters: usize| "𠜎".repeat(letters);
    let id = "111122223333";
    let mut only = samples::account(id, Some(&long(300)));
    only.account.path =
        Some((0..40).map(|_| OrganizationalUnit { id: "ou-1".to_owned(), name: long(128) }).collect());
    let tags = || (0..60).map(|number| (format!("{number}{}", long(300)), long(300)));
    only.findings = (0..150)
        .map(|number| Finding {
            owner: Owner::User { name: long(64).parse().unwrap(), arn: long(600) },
            tags: Some(tags().chain([("owner".to_owned(), long(3000))]).collect()),
            ..samples::long_term(id, "x", number)
        })
        .collect();
    let problem = |number: usize| Problem {
        detail: Some(long(3000)),
        ..samples::problem(
            id,
            Gap::KeysNotListed { user: format!("{number}{}", long(1000)).parse().unwrap() },
            None,
        )
    };
    only.problems = (0..50).map(problem).collect();
    only.status = AccountStatus::Partial;
    samples::assessment(vec![only])
}

#[test]
fn requests_and_findings_have_at_most_the_bytes_that_security_hub_takes() {
    let mut made: Vec<Batch> = Vec::new();
    batches::<std::io::Error>(&longest(), &Options::default(), |batch| {
        made.push(batch);
        Ok(())
    })
    .unwrap();
    let mut largest = 0;
    for batch in &made {
        assert!(batch.body.len() <= BATCH_BYTES, "{}", batch.body.len());
        let request: Value = serde_json::from_slice(&batch.body).unwrap();
        let findings = request["Findings"].as_array().unwrap();
        assert_eq!(texts(findings, &["/Id"]).concat(), batch.ids);
        for finding in findings {
            assert_eq!(against_the_limits(finding), Vec::<String>::new());
            largest = largest.max(finding.to_string().len());
        }
    }
    // It is bytes that end these requests, long before a hundred findings do; and each is as full as it may be.
    let sizes: Vec<_> = made.iter().map(|batch| (batch.ids.len(), batch.body.len())).collect();
    let (_, all_but_last) = sizes.split_last().unwrap();
    assert!(largest > 100_000 && sizes.len() > 2, "{largest}, {sizes:?}");
    assert!(
        all_but_last.iter().all(|(ids, bytes)| *ids < BATCH && *bytes + largest > BATCH_BYTES),
        "{sizes:?}"
    );
    assert_eq!(sizes.iter().map(|(ids, _)| ids).sum::<usize>(), 151, "150 keys and the account");
}

fn against_the_limits(finding: &Value) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    for &(pointer, longest) in LONGEST {
        let length = finding.pointer(pointer).and_then(Value::as_str).map_or(0, |text| text.chars().count());
        if length > longest {
            wrong.push(format!("{pointer} has {length} characters"));
        }
    }
    let strings = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let fields = strings(&finding["ProductFields"]);
    let tags =
        finding["Resources"].as_array().unwrap().iter().flat_map(|resource| strings(&resource["Tags"]));
    for (map, key, value, most) in [(fields, 128, 2048, 50), (tags.collect(), 256, 256, 50)] {
        let long = |text: &str, longest| text.trim().is_empty() || text.chars().count() > longest;
        let bad = |(name, text): (&String, &Value)| long(name, key) || long(text.as_str().unwrap(), value);
        if map.len() > most || map.iter().any(bad) {
            wrong.push(format!("{map:?}"));
        }
    }
    let size = finding.to_string().len();
    if size > 240_000 {
        wrong.push(format!("{size} bytes"));
    }
    wrong
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn no_name_breaks_the_limits_of_security_hub(
        texts in prop::collection::vec(text(), 4..12),
        longer in 0_usize..3000,
    ) {
        let texts: Vec<String> =
            texts.iter().map(|text| text.chars().cycle().take(text.chars().count() + longer).collect()).collect();
        let assessment = filled(&texts, &[samples::key_id(1)]);
        for finding in asff(&assessment, &Options::default()) {
            prop_assert_eq!(against_the_limits(&finding), Vec::<String>::new());
        }
    }
}
