//! `keysweep scan` on the wire: what it finds, how it ends, and what it says when something is wrong.

use std::io::Read as _;
use std::process::Stdio;

use keysweep_sim::fault::{Denial, Effect, Rule};
use keysweep_sim::{Action, Edit};
use serde_json::Value;

use crate::program::{Run, keysweep};
use crate::simulated::{Aws, account, days_ago};

const OLD: &str = "AKIAOLDOLDOLDOLDOLD1";
const NEW: &str = "AKIANEWNEWNEWNEWNEW1";

fn old_key(world: &mut Edit<'_>, number: u64, id: &str) {
    world.account(account(number)).user("alice").key(id, days_ago(900)).deactivated(days_ago(400));
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr))
}

fn keys(assessment: &Value) -> Vec<String> {
    let accounts = assessment["accounts"].as_array().unwrap();
    let findings = accounts.iter().flat_map(|account| account["findings"].as_array().unwrap());
    findings.map(|finding| finding["access_key_id"].as_str().unwrap_or("root").to_owned()).collect()
}

#[test]
fn a_clean_account_ends_with_0_and_long_term_keys_with_3() {
    let clean = Aws::with(|world| {
        world.account(account(1)).user("alice").key(OLD, days_ago(900));
    });
    let run = clean.keysweep().args(["scan"]).run();
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);

    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().args(["scan"]).run();
    assert_eq!(run.code, 3, "{}\n{}", run.stdout, run.stderr);
    assert!(run.stdout.contains(OLD) && run.stdout.contains("alice"), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "colour only on a terminal: {}", run.stdout);

    let run = aws.keysweep().args(["scan", "--format", "json"]).run();
    assert_eq!((run.code, keys(&json(&run))), (3, vec![OLD.to_owned()]));
    let run = aws.keysweep().args(["scan", "--threshold", "2000d"]).run();
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
}

#[test]
fn one_denied_account_is_in_every_output_and_hides_no_other() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, NEW);
        world.account(account(3)).no_role();
    });
    let scan = |arguments: &[&str]| aws.keysweep().args(["scan", "--org"]).args(arguments).run();
    let terminal = scan(&[]);
    let machine = scan(&["--format", "json"]);
    let table = scan(&["--format", "csv"]);
    for run in [&terminal, &machine, &table] {
        assert_eq!(run.code, 4, "{}\n{}", run.stdout, run.stderr);
        for part in ["000000000003", "AccessDenied", "trust policy", OLD, NEW] {
            assert!(run.stdout.contains(part), "{part} is missing:\n{}", run.stdout);
        }
    }
    let document = json(&machine);
    assert_eq!(document["accounts"][2]["status"], "not_assessed");
    assert_eq!(keys(&document), [OLD, NEW]);
}

#[test]
fn denied_history_makes_keys_undetermined_and_the_end_4() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let denied = Rule::new(Effect::Denied(Denial::ServiceControlPolicy)).action(Action::LookupEvents);
    aws.sim.add_fault(denied);
    let run = aws.keysweep().args(["scan", "--format", "json"]).run();
    assert_eq!(run.code, 4);
    let document = json(&run);
    assert_eq!(document["accounts"][0]["findings"][0]["verdict"], "undetermined");
    assert_eq!(document["accounts"][0]["problems"][0]["error_code"], "AccessDeniedException");
}

#[test]
fn filters_choose_accounts() {
    let aws = Aws::with(|world| {
        for number in 1..=3 {
            old_key(world, number, &format!("AKIA00000000000000{number:02}"));
        }
        world.account(account(2)).ou("Workloads/Production").tag("env", "prod");
    });
    for (arguments, expected) in [
        (["--include", "ou:Workloads"], &["02"][..]),
        (["--exclude", "tag:env=prod"], &["01", "03"]),
        (["--include", "000000000003"], &["03"]),
    ] {
        let run = aws.keysweep().args(["scan", "--org", "--format", "json"]).args(arguments).run();
        let found = keys(&json(&run));
        let expected: Vec<String> = expected.iter().map(|end| format!("AKIA00000000000000{end}")).collect();
        assert_eq!(found, expected, "{arguments:?}");
    }
}

#[test]
fn external_ids_and_role_names_are_used() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, NEW);
        world.account(account(2)).no_role().role("SecurityAudit", Some("8a1f"));
    });
    let with = |id: &str| {
        let role = ["--role-name", "SecurityAudit", "--external-id", id];
        aws.keysweep().args(["scan", "--org", "--format", "json"]).args(role).run()
    };
    assert_eq!((with("8a1f").code, with("wrong").code), (3, 4));
}

#[test]
fn key_ids_are_masked_everywhere() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    for format in ["terminal", "json", "csv"] {
        let run = aws.keysweep().args(["scan", "--mask", "--format", format]).run();
        assert_eq!(run.code, 3);
        assert!(!run.stdout.contains(OLD) && run.stdout.contains("AKIA****"), "{format}: {}", run.stdout);
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let file = "threshold = \"1000d\"\n";
    let base = || aws.keysweep().file("keysweep.toml", file);
    assert_eq!(base().args(["scan"]).run().code, 0);
    assert_eq!(base().env("KEYSWEEP_THRESHOLD", "30d").args(["scan"]).run().code, 3);
    let run = base().env("KEYSWEEP_THRESHOLD", "30d").args(["scan", "--threshold", "2000d"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn an_unknown_key_in_the_file_names_the_nearest() {
    let run = keysweep().file("keysweep.toml", "org = true\ntreshold = \"30d\"\n").args(["scan"]).run();
    assert_eq!(run.code, 2);
    for part in ["keysweep.toml", "treshold", "threshold", "2"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn output_that_cannot_be_written_is_said_before_the_scan() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().args(["scan", "--output", "missing/report.txt"]).run();
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("report.txt") && run.stderr.contains("hint:"), "{}", run.stderr);
    assert!(aws.sim.calls().accounts.is_empty(), "{:?}", aws.sim.calls());
    let run = aws.keysweep().args(["scan", "--format", "json", "--output", "/dev/full"]).run();
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("/dev/full") && run.stderr.contains("hint:"), "{}", run.stderr);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program = aws.keysweep().args(["scan", "--format", "json"]);
    let mut child = program.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{said}");
}

#[test]
fn without_credentials_it_says_what_to_do() {
    let run = keysweep().args(["scan", "--region", "us-east-1"]).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("hint:") && run.stderr.contains("aws sso login"), "{}", run.stderr);
}

#[test]
fn outside_an_organization_it_says_so() {
    let aws = Aws::serve(keysweep_sim::WorldSpec::single_account(3));
    let run = aws.keysweep().args(["scan", "--org"]).run();
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("AWSOrganizationsNotInUseException") && run.stderr.contains("without --org"),
        "{}",
        run.stderr
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_what_was_done_and_ends_with_130() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, NEW);
    });
    // The second account never answers, so the scan is still running when the signal comes.
    aws.sim.add_fault(Rule::new(Effect::TimeoutBefore).action(Action::ListAccessKeys).account(account(2)));
    let mut program = aws.keysweep().args(["scan", "--org", "--format", "json", "--output", "report.json"]);
    let mut child = program.command().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let listed = |aws: &Aws| aws.sim.calls().of(account(2), Action::ListAccessKeys).sent > 0;
    for _ in 0..6_000 {
        if listed(&aws) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(listed(&aws), "the scan never came so far");
    let signalled =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("interrupted: "), "{said}");
    let report = std::fs::read(program.directory().join("report.json")).unwrap();
    let document: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(document["accounts"][1]["problems"][0]["gap"], "interrupted", "{said}");
}
