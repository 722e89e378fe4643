//! `keysweep demo` and `keysweep simulate`, as the README shows them.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::program::keysweep;

#[test]
fn the_demo_finds_what_is_true_and_leaves_its_reports() {
    let mut program = keysweep().args(["demo", "--directory", "out"]);
    let run = program.run();
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains(" 0 invented;") && run.stdout.contains(" 0 wrong; 0 dates wrong."),
        "{}",
        run.stdout
    );
    assert_eq!(run.stdout.matches("\n  keysweep ").count(), 3, "{}", run.stdout);
    let json = std::fs::read(program.directory().join("out/assessment.json")).unwrap();
    let assessment: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(assessment["schema"], "keysweep.assessment/v1");
    assert_eq!(assessment["accounts"].as_array().unwrap().len(), 50);
    assert!(
        std::fs::read_to_string(program.directory().join("out/findings.csv")).unwrap().lines().count() > 50
    );
}

#[test]
fn the_demo_uses_nothing_of_the_users_aws_configuration() {
    let program = keysweep().file("config", "this is [not a configuration\n");
    let broken = program.directory().join("config").display().to_string();
    let nowhere = "http://127.0.0.1:9";
    let run = [
        ("AWS_CONFIG_FILE", broken.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", &broken),
        ("AWS_PROFILE", "missing"),
        ("AWS_REGION", "cn-north-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "anything"),
        ("AWS_SESSION_TOKEN", "anything"),
        ("AWS_ENDPOINT_URL", nowhere),
        ("AWS_ENDPOINT_URL_STS", nowhere),
        ("AWS_ENDPOINT_URL_IAM", nowhere),
        ("AWS_ENDPOINT_URL_CLOUDTRAIL", nowhere),
        ("AWS_ENDPOINT_URL_ORGANIZATIONS", nowhere),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("HTTP_PROXY", nowhere),
        ("HTTPS_PROXY", nowhere),
        ("KEYSWEEP_THRESHOLD", "9000d"),
    ]
    .into_iter()
    .fold(program, |program, (name, value)| program.env(name, value))
    .args(["demo", "--seed", "8"])
    .run();
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("30 days"), "{}", run.stdout);
}

#[test]
fn the_demo_says_where_it_cannot_write() {
    let run = keysweep().args(["demo", "--directory", "/dev/null/out"]).run();
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("/dev/null/out") && run.stderr.contains("hint:"), "{}", run.stderr);
}

#[test]
fn a_scan_works_against_simulate_with_the_variables_it_prints() {
    let mut simulate = keysweep().args([
        "simulate",
        "--listen",
        "127.0.0.1:0",
        "--accounts",
        "4",
        "--users",
        "6",
        "--profile",
        "unlimited",
    ]);
    let mut child = simulate.command().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut scan = keysweep();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut variables = 0;
    for line in lines {
        let line = line.unwrap();
        let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
        scan = scan.env(name, value);
        variables += 1;
        if name == "AWS_DEFAULT_REGION" {
            break;
        }
    }
    let run = scan.args(["scan", "--org", "--format", "json"]).run();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(variables, 6);
    let assessment: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(assessment["accounts"].as_array().unwrap().len(), 4, "{}", run.stderr);
    assert!([0, 3].contains(&run.code), "{}", run.stderr);
}
