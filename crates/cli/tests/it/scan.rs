//! `keysweep scan` on the wire: what it finds, how it ends, and what it says when something is wrong.

use std::collections::BTreeMap;

use keysweep_core::account::AccountState;
use keysweep_core::time::Instant;
use keysweep_sim::fault::{Denial, Effect, Rule};
use keysweep_sim::{Action, WorldSpec};
use serde_json::Value;

use crate::program::{Run, keysweep};
use crate::simulated::{Aws, OLD, OTHER, account, days_ago, old_key};

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr))
}

fn findings(assessment: &Value) -> Vec<&Value> {
    let accounts = assessment["accounts"].as_array().unwrap();
    accounts.iter().flat_map(|account| account["findings"].as_array().unwrap()).collect()
}

fn keys(assessment: &Value) -> Vec<String> {
    let findings = findings(assessment).into_iter();
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
        old_key(world, 2, OTHER);
        world.account(account(3)).no_role();
    });
    let scan = |arguments: &[&str]| aws.keysweep().args(["scan", "--org"]).args(arguments).run();
    let terminal = scan(&[]);
    let machine = scan(&["--format", "json"]);
    let table = scan(&["--format", "csv"]);
    for run in [&terminal, &machine, &table] {
        assert_eq!(run.code, 4, "{}\n{}", run.stdout, run.stderr);
        for part in ["000000000003", "AccessDenied", "trust policy", OLD, OTHER] {
            assert!(run.stdout.contains(part), "{part} is missing:\n{}", run.stdout);
        }
    }
    let document = json(&machine);
    assert_eq!(document["accounts"][2]["status"], "not_assessed");
    assert_eq!(keys(&document), [OLD, OTHER]);
}

#[test]
fn every_inactive_key_of_a_whole_organization_is_found_and_dated_truly() {
    let aws = Aws::serve(WorldSpec::organization(8, 12).inactive_users(0.5).seed(11));
    let truth = aws.sim.truth();
    let expected: BTreeMap<String, Instant> = truth
        .inactive_keys()
        .filter(|(_, key)| key.user != "<root_account>")
        .map(|(_, key)| (key.id.clone(), key.inactive_since.unwrap()))
        .collect();
    for arguments in [&["scan", "--org"][..], &["scan", "--org", "--exhaustive"]] {
        let run = aws.keysweep().args(arguments).args(["--format", "json"]).run();
        let document = json(&run);
        assert_eq!(document["accounts"].as_array().unwrap().len(), 8);
        let mut found: Vec<String> = keys(&document);
        found.retain(|id| id != "root");
        found.sort();
        assert_eq!(found, expected.keys().cloned().collect::<Vec<_>>(), "{arguments:?}");
        for finding in findings(&document).iter().filter(|finding| finding["access_key_id"].is_string()) {
            let claim = &finding["inactive_since"];
            let at = |field: &str| claim[field].as_str().unwrap().parse::<Instant>().unwrap();
            let since = expected[finding["access_key_id"].as_str().unwrap()];
            if claim["confidence"] == "proven" && since <= at("as_of") {
                assert!(at("earliest") <= since && since <= at("latest"), "{since}: {finding}");
            }
        }
    }
}

#[test]
fn throttling_that_never_ends_is_given_up_and_reported() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    aws.sim.add_fault(Rule::new(Effect::Throttle).action(Action::ListAccessKeys));
    let run = aws.keysweep().args(["scan", "--give-up-after", "1s", "--format", "json"]).run();
    assert_eq!(run.code, 4, "{}", run.stderr);
    let problem = &json(&run)["accounts"][0]["problems"][0];
    assert_eq!((&problem["gap"], &problem["error_code"]), (&"keys_not_listed".into(), &"Throttling".into()));
    assert!(problem["remedy"].as_str().unwrap().contains("--give-up-after"), "{problem}");
}

#[test]
fn no_secret_is_ever_shown() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let refused = aws.keysweep().env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").args(["scan"]).run();
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("InvalidClientTokenId"), "{}", refused.stderr);
    for run in [refused, aws.keysweep().args(["scan", "--format", "json"]).run()] {
        for secret in aws.secrets() {
            assert!(!run.stdout.contains(&secret) && !run.stderr.contains(&secret), "{run:?}");
        }
    }
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
        old_key(world, 2, OTHER);
        world.account(account(2)).no_role().role("SecurityAudit", Some("8a1f"));
    });
    let with = |id: &str| {
        let role = ["--role-name", "SecurityAudit", "--external-id", id];
        aws.keysweep().args(["scan", "--org", "--format", "json"]).args(role).run()
    };
    assert_eq!((with("8a1f").code, with("wrong").code), (3, 4));
}

#[test]
fn without_credentials_it_says_what_to_do() {
    let run = keysweep().args(["scan", "--region", "us-east-1"]).run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("hint:") && run.stderr.contains("aws sso login"), "{}", run.stderr);
}

#[test]
fn outside_an_organization_it_says_so() {
    let aws = Aws::serve(WorldSpec::single_account(3));
    let run = aws.keysweep().args(["scan", "--org"]).run();
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("AWSOrganizationsNotInUseException") && run.stderr.contains("without --org"),
        "{}",
        run.stderr
    );
}

/// The sentences of the problems that an expected account makes, by account.
fn unmet(assessment: &Value) -> BTreeMap<String, String> {
    let problems = assessment["organization_problems"].as_array().unwrap().iter();
    problems
        .filter(|problem| problem["gap"] == "expected_account_not_complete")
        .map(|problem| {
            let text = |field: &str| problem[field].as_str().unwrap().to_owned();
            (text("account_id"), text("detail"))
        })
        .collect()
}

#[test]
fn an_account_that_was_expected_and_not_assessed_completely_fails_the_scan() {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        old_key(world, 2, OTHER);
        world.account(account(3)).no_role();
        world.account(account(4)).state(AccountState::Suspended);
        world.account(account(5));
    });
    let scan = |list: &str, more: &[&str]| {
        let program = aws.keysweep().file("accounts.txt", list).args(["scan", "--format", "json"]);
        program.args(["--expect-accounts", "accounts.txt"]).args(more).run()
    };
    // All that was expected is there: what was found decides.
    let run = scan("000000000001\n", &[]);
    assert_eq!((run.code, unmet(&json(&run))), (3, BTreeMap::new()));

    let list =
        "000000000001\n000000000002\n000000000003 # invited\n000000000004\n000000000005\n999999999999\n";
    let run = scan(list, &["--org", "--exclude", "000000000005"]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    let expected = [
        ("000000000003", "it was not assessed"),
        ("000000000004", "it was skipped: its state is SUSPENDED"),
        ("000000000005", "it was skipped: --include or --exclude leaves it out"),
        ("999999999999", "it is not among the accounts that were listed"),
    ];
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(id, detail)| (id.to_owned(), detail.to_owned())).collect();
    let assessment = json(&run);
    assert_eq!(unmet(&assessment), expected);
    let coverage = &assessment["coverage_summary"];
    assert_eq!(
        (&coverage["accounts"], &coverage["accounts_to_assess"]),
        (&2.into(), &3.into()),
        "skipped accounts were not to be assessed: {coverage:#}"
    );
    let causes: BTreeMap<&str, &Value> = coverage["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| (cause["cause"].as_str().unwrap(), &cause["account_ids"]))
        .collect();
    let all_unmet: Value = expected.keys().cloned().collect();
    let (role, state) = (serde_json::json!(["000000000003"]), serde_json::json!(["000000000004"]));
    let expected_causes = [
        ("account_not_in_use", &state),
        ("expected_account", &all_unmet),
        ("role_missing_or_untrusting", &role),
    ];
    assert_eq!(causes, BTreeMap::from(expected_causes));

    // Nothing else is wrong, and yet the exit code is 4.
    let run = scan("000000000001\n000000000002\n", &[]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(unmet(&json(&run)).into_keys().collect::<Vec<_>>(), ["000000000002"]);
}

#[test]
fn a_list_of_accounts_that_cannot_be_read_is_said_before_the_scan() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    for (list, part) in [("payments\n", "line 1"), ("# none\n", "names none")] {
        let program = aws.keysweep().file("accounts.txt", list);
        let run = program.args(["scan", "--expect-accounts", "accounts.txt"]).run();
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(part) && run.stderr.contains("accounts.txt"), "{}", run.stderr);
    }
    assert_eq!(aws.keysweep().args(["scan", "--expect-accounts", "missing.txt"]).run().code, 2);
    assert!(aws.sim.calls().accounts.is_empty());
}

#[test]
fn a_selection_of_nothing_is_never_clean() {
    let aws = Aws::with(|world| {
        world.account(account(1)).user("alice");
        world.account(account(2)).ou("Workloads");
    });
    let scan =
        |filters: &[&str]| aws.keysweep().args(["scan", "--org", "--format", "json"]).args(filters).run();
    let run = scan(&[]);
    assert_eq!((run.code, &json(&run)["conclusion"]), (0, &"clean".into()), "{}", run.stderr);
    for (filters, detail) in [
        (&["--include", "999999999999"][..], "--include 999999999999 selects none of the 2 accounts"),
        // One that selects none is told even where another selects some.
        (
            &["--include", "ou:Nope", "--include", "000000000001"],
            "--include ou:Nope selects none of the 2 accounts",
        ),
        (
            &["--exclude", "000000000001", "--exclude", "ou:Workloads"],
            "the 2 accounts that were listed are left out, all of them",
        ),
    ] {
        let run = scan(filters);
        let report = json(&run);
        assert_eq!((run.code, &report["conclusion"]), (4, &"incomplete".into()), "{filters:?}");
        let [problem] = &report["organization_problems"].as_array().unwrap()[..] else {
            panic!("{report:#}")
        };
        assert_eq!(problem["gap"], "nothing_selected");
        assert!(problem["detail"].as_str().unwrap().starts_with(detail), "{problem}");
        assert!(problem["remedy"].as_str().unwrap().contains("--include and --exclude"), "{problem}");
    }
    // What leaves out nothing hides nothing.
    let run = scan(&["--exclude", "ou:Nope"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("--exclude ou:Nope leaves out no account"), "{}", run.stderr);

    let run = aws.keysweep().args(["doctor", "--org", "--include", "999999999999"]).run();
    assert_eq!(run.code, 4, "{}", run.stdout);
    assert!(run.stdout.contains("leave no account to be assessed"), "{}", run.stdout);
}
