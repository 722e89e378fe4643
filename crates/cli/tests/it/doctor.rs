//! `keysweep doctor`.

use keysweep_sim::Action;
use keysweep_sim::fault::Denial;
use serde_json::Value;

use crate::program::keysweep;
use crate::simulated::{Aws, OLD, OTHER, account, old_key};

/// An organization of three accounts; the third has no role, and the second may not list keys or read events.
fn ailing() -> Aws {
    Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
        world.account(account(2)).deny(Action::ListAccessKeys, Denial::NoPolicy);
        world.account(account(2)).deny(Action::LookupEvents, Denial::ServiceControlPolicy);
        world.account(account(3)).no_role();
    })
}

#[test]
fn what_works_and_what_mends_the_rest_is_said() {
    let aws = ailing();
    let run = aws.keysweep().args(["doctor", "--org", "--quiet", "--external-id", "keysweep-7f3a"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
    let endpoint =
        run.stdout.lines().find_map(|line| line.split("calls go to ").nth(1)?.split(',').next()).unwrap();
    insta::assert_snapshot!("doctor", run.stdout.replace(endpoint, "ENDPOINT"));
}

#[test]
fn json_has_every_check_with_its_mending() {
    let aws = ailing();
    let run = aws.keysweep().args(["doctor", "--org", "--format", "json", "--all"]).run();
    assert_eq!(run.code, 4, "{}", run.stderr);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema"], "keysweep.diagnosis/v1");
    assert_eq!((&document["fine"], &document["place"]["name"]), (&false.into(), &"management".into()));
    let failing: Vec<(&str, &str)> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["outcome"] == "fails")
        .map(|check| (check["account"].as_str().unwrap(), check["subject"].as_str().unwrap()))
        .collect();
    assert_eq!(
        failing,
        [
            ("000000000002", "iam:ListAccessKeys"),
            ("000000000002", "cloudtrail:LookupEvents"),
            ("000000000003", "sts:AssumeRole"),
        ]
    );
    let statements = document["checks"].as_array().unwrap().iter();
    let statement = statements
        .filter(|check| check["subject"] == "iam:ListAccessKeys" && check["outcome"] == "fails")
        .map(|check| check["mending"]["statement"].as_str().unwrap())
        .next()
        .unwrap();
    let statement: Value = serde_json::from_str(statement).unwrap();
    assert_eq!(statement["Action"], "iam:ListAccessKeys");
    assert_eq!(statement["Resource"], "arn:aws:iam::*:user/*");
}

#[test]
fn a_healthy_account_is_fine() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().args(["doctor"]).run();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.ends_with("Everything that was looked at works.\n"), "{}", run.stdout);
}

#[test]
fn without_credentials_it_says_what_to_do() {
    let run = keysweep().args(["doctor", "--quiet"]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").run();
    assert_eq!((run.code, run.stderr.as_str()), (4, ""));
    assert!(run.stdout.contains("FAILS  sts:GetCallerIdentity"), "{}", run.stdout);
    assert!(run.stdout.contains("aws sso login"), "{}", run.stdout);
}

#[test]
fn a_ca_bundle_that_cannot_be_read_fails_before_anything_is_called() {
    let run = keysweep().args(["doctor"]).env("AWS_CA_BUNDLE", "/nonexistent/ca.pem").run();
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(
        run.stderr.contains("the CA bundle /nonexistent/ca.pem (AWS_CA_BUNDLE) cannot be read"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_sample_of_nothing_readable_is_a_usage_error() {
    for wrong in [
        &["doctor", "--sample", "some"][..],
        &["doctor", "--sample", "3", "--all"],
        &["doctor", "--threshold", "3d"],
    ] {
        assert_eq!(keysweep().args(wrong).run().code, 2, "{wrong:?}");
    }
}
