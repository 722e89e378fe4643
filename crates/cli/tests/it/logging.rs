//! What is logged is what docs/LOGGING.md says: its lines, its fields, and nothing of what is never logged.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_core::account::AccountState;
use keysweep_sim::Action;
use keysweep_sim::fault::{Denial, Effect, Rule, When};
use serde_json::Value;

use crate::program::{Program, Run, keysweep};
use crate::simulated::{Aws, OLD, OTHER, account, days_ago, old_key};

const PAGE: &str = include_str!("../../../../docs/LOGGING.md");

const EXTERNAL_ID: &str = "planted-external-id-1";
const TAG: &str = "planted-tag-value-1";
const STORE_PASSWORD: &str = "planted-store-password-1";
const PROXY_PASSWORD: &str = "planted-proxy-password-1";
const SECRET: &str = "planted/secret/access/key/1";
const TOKEN: &str = "planted-session-token-1";
const HOOK_SECRET: &str = "planted-secret-of-the-web-hook-1";
const HOOK_PATH: &str = "planted-path-of-the-web-hook-1";
const HMAC_KEY: &str = "planted-key-of-the-replacements-1";
/// What every session token of the simulated AWS begins with, as real ones do.
const ANY_TOKEN: &str = "IQoJb3JpZ2luX2Vj";

/// The first column of the table below this heading.
fn table(heading: &str) -> BTreeSet<String> {
    let section = PAGE.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let names: BTreeSet<String> = rows.map(|row| row.split('`').next().unwrap().to_owned()).collect();
    names
        .into_iter()
        .filter(|name| !["message", "level"].contains(&name.as_str()) || heading == "Fields")
        .collect()
}

/// An organization in which much goes wrong; its role asks for an external id.
fn troubled() -> Aws {
    let aws = Aws::with(|world| {
        old_key(world, 1, OLD);
        for number in 2..=5 {
            let mut member = world.account(account(number));
            member.no_role().role("audit", Some(EXTERNAL_ID));
            let mut user = member.user("bob");
            user.tag("note", TAG);
            user.key(&format!("AKIA{number:016}"), days_ago(900)).deactivated(days_ago(100));
        }
        world.account(account(3)).deny(Action::LookupEvents, Denial::ServiceControlPolicy);
        world.account(account(4)).no_role();
        world.account(account(6)).state(AccountState::Suspended);
    });
    let rule = |effect, action, number| Rule::new(effect).action(action).account(account(number));
    aws.sim.add_fault(rule(Effect::Throttle, Action::ListAccessKeys, 1).when(When::First(2)));
    aws.sim.add_fault(rule(Effect::ServiceFailure, Action::GetCredentialReport, 2).when(When::First(1)));
    let named = Effect::Error {
        status: 404,
        code: "NoSuchEntity".to_owned(),
        message: format!("The Access Key with id {OTHER} cannot be found."),
    };
    aws.sim.add_fault(rule(named, Action::ListUserTags, 5));
    aws
}

/// Everything that is ever logged is asked for.
fn verbose(program: Program, format: &str) -> Program {
    program.env("RUST_LOG", "trace").args(["--log-level", "trace", "--log-format", format, "--stats"])
}

fn scan(aws: &Aws, format: &str) -> Run {
    let program = aws
        .keysweep()
        .file("anonymize.key", HMAC_KEY)
        .args(["scan", "--org", "--role-name", "audit", "--external-id", EXTERNAL_ID, "--mask"])
        .args(["--anonymize-key-file", "anonymize.key", "--give-up-after", "1s"]);
    verbose(program, format).run()
}

/// A scan, a plan, an approval and an apply.
fn clean_up(aws: &Aws) -> Vec<Run> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (state, plan) = (path("state.db"), path("plan.json"));
    let run = |arguments: &[&str]| {
        let program = aws.keysweep().args(arguments).args(["--state", &state]);
        program.args(["--log-level", "trace", "--log-format", "json"]).run()
    };
    let mut runs = vec![run(&["scan"]), run(&["plan", "--out", &plan])];
    let text = std::fs::read_to_string(&plan).unwrap();
    let digest = serde_json::from_str::<Value>(&text).unwrap()["digest"].as_str().unwrap().to_owned();
    runs.push(run(&["approve", &plan, "--by", "alice", "--yes", "--digest", &digest]));
    runs.push(run(&["apply", &plan, "--stats"]));
    runs
}

/// One account with a key that may be deleted, and enough users beside its own.
fn to_clean() -> Aws {
    Aws::with(|world| {
        let mut own = world.account(account(1));
        own.user("alice").tag("note", TAG).key(OLD, days_ago(900)).deactivated(days_ago(70));
        for number in 0..20 {
            own.user(&format!("user-{number}"));
        }
    })
}

/// Every line of a run whose log is JSON.
fn lines(run: &Run) -> Vec<BTreeMap<String, Value>> {
    let parse = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{}", run.stderr))
    };
    run.stderr.lines().map(parse).collect()
}

#[test]
fn lines_and_fields_are_those_of_the_page() {
    let aws = troubled();
    let mut runs = vec![scan(&aws, "json")];
    assert_eq!(runs[0].code, 4, "{}", runs[0].stderr);
    runs.extend(clean_up(&to_clean()));
    assert_eq!(runs.iter().map(|run| run.code).collect::<Vec<_>>(), [4, 3, 0, 0, 0], "{runs:?}");
    runs.push(verbose_doctor(&aws));
    let denied = aws.keysweep().env("AWS_ACCESS_KEY_ID", OTHER);
    runs.push(verbose(denied.args(["scan"]), "json").run());
    assert_eq!(runs.last().unwrap().code, 1);

    let (mut messages, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for line in runs.iter().flat_map(lines) {
        messages.insert(line["message"].as_str().unwrap().to_owned());
        for (field, value) in line {
            let is_time = field.ends_with("_ms");
            assert!(!is_time || value.is_u64(), "{field}: {value}");
            fields.insert(field);
        }
    }
    assert_eq!(messages, table("Lines"));
    assert_eq!(fields, table("Fields"));
}

fn verbose_doctor(aws: &Aws) -> Run {
    let program = aws.keysweep().args(["doctor", "--org", "--role-name", "audit"]);
    program.args(["--external-id", EXTERNAL_ID, "--log-level", "trace", "--log-format", "json"]).run()
}

/// Whether the text has a word of the shape of a secret access key: 40 letters, digits, `+` or `/`.
fn has_secret_shape(text: &str) -> bool {
    let is_of_it = |character: char| character.is_ascii_alphanumeric() || "+/".contains(character);
    text.split(|character| !is_of_it(character)).any(|word| word.len() == 40)
}

#[test]
fn nothing_that_is_never_logged_is_written() {
    assert!(has_secret_shape("x=simulated/secret/of/keysweep/operator/00;"));
    let aws = troubled();
    let mut runs = vec![scan(&aws, "json"), scan(&aws, "text"), verbose_doctor(&aws)];
    runs.extend(clean_up(&to_clean()));
    let planted = |program: Program| {
        program
            .env("AWS_ACCESS_KEY_ID", OLD)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_SESSION_TOKEN", TOKEN)
    };
    for format in ["text", "json"] {
        runs.push(verbose(planted(aws.keysweep()).args(["scan"]), format).run());
        let state = format!("postgres://keysweep:{STORE_PASSWORD}@127.0.0.1:9/keysweep");
        runs.push(verbose(planted(keysweep()).args(["scan", "--state", &state]), format).run());
        // Nothing listens on these ports, so nothing leaves the machine.
        let proxy = format!("http://keysweep:{PROXY_PASSWORD}@127.0.0.1:9");
        let proxied = planted(keysweep()).env("HTTPS_PROXY", &proxy).env("AWS_REGION", "us-east-1");
        runs.push(verbose(proxied.args(["scan"]), format).run());
    }
    // It is tried again for a quarter of a minute, so once must do.
    let hook = format!("http://127.0.0.1:9/{HOOK_PATH}");
    let hooked = aws.keysweep().env("KEYSWEEP_WEBHOOK_SECRET", HOOK_SECRET);
    runs.push(verbose(hooked.args(["scan", "--to", &hook]), "json").run());
    let mut never: Vec<String> =
        [STORE_PASSWORD, HOOK_SECRET, HOOK_PATH, PROXY_PASSWORD, SECRET, TOKEN, HMAC_KEY, ANY_TOKEN]
            .map(str::to_owned)
            .into();
    never.extend(aws.secrets());
    never.extend(
        ["AWS4-HMAC-SHA256", "Signature=", "X-Amz-Signature", "x-amz-security-token"].map(str::to_owned),
    );
    for run in &runs {
        assert!(run.stderr.lines().count() > 0, "it logs something");
        for text in &never {
            assert!(!run.stdout.contains(text) && !run.stderr.contains(text), "{text}: {run:?}");
        }
        assert!(!has_secret_shape(&run.stderr), "{}", run.stderr);
        // Reports have users and their tags, and doctor writes the trust policy; logs have nothing of it.
        for text in [TAG, EXTERNAL_ID] {
            assert!(!run.stderr.contains(text), "{text}: {}", run.stderr);
        }
    }
}

#[test]
fn ids_are_masked_in_logs_too() {
    let aws = troubled();
    for format in ["text", "json"] {
        let masked = scan(&aws, format);
        assert!(masked.stderr.contains("The Access Key with id AKIA************ALS1"), "{}", masked.stderr);
        assert!(!masked.stderr.contains(OTHER) && !masked.stderr.contains(OLD), "{}", masked.stderr);
    }
}

#[test]
fn only_lines_of_keysweep_are_let_through() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = verbose(aws.keysweep().args(["scan"]), "text").run();
    let known = table("Lines");
    let log = run.stderr.split("\nStatistics\n").next().unwrap();
    assert!(log.lines().count() > 20, "{log}");
    for line in log.lines() {
        assert!(known.iter().any(|message| line.contains(message.as_str())), "{line}");
        assert!(line.starts_with("20") && !line.contains('\u{1b}'), "{line}");
    }
}

#[test]
fn the_level_decides_what_is_logged() {
    let aws = troubled();
    let messages = |arguments: &[&str]| -> BTreeSet<String> {
        let program = aws.keysweep().args(["scan", "--org", "--log-format", "json"]).args(arguments);
        let run = program.args(["--output", "report.txt"]).run();
        lines(&run).iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    };
    let set = |messages: &[&str]| -> BTreeSet<String> { messages.iter().map(ToString::to_string).collect() };
    assert_eq!(messages(&["--log-level", "off", "--quiet"]), set(&[]));
    assert_eq!(messages(&["--quiet"]), set(&[]));
    assert_eq!(messages(&[]), set(&["account ended", "note"]));
    let info =
        ["scan begun", "account skipped", "account begun", "not assessed", "account ended", "scan ended"];
    assert_eq!(messages(&["--quiet", "--log-level", "info"]), set(&info));
}

#[test]
fn by_default_an_account_that_is_not_complete_is_one_line() {
    let aws = troubled();
    let run = aws.keysweep().args(["scan", "--org", "--output", "report.txt"]).run();
    let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.contains(" WARN ")).collect();
    assert_eq!(warnings.len(), 4, "{}", run.stderr);
    assert!(warnings.iter().all(|line| line.contains("account ended account=0000000000")), "{}", run.stderr);
    let clean = Aws::with(|world| old_key(world, 1, OLD));
    let run = clean.keysweep().args(["scan"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
}

#[test]
fn errors_are_lines_too_where_the_log_is_json() {
    let run = keysweep().args(["scan", "--log-format", "json", "--region", "us-east-1"]).run();
    assert_eq!(run.code, 1);
    let last = lines(&run).pop().unwrap();
    assert_eq!(
        (&last["message"], &last["level"], &last["exit_code"]),
        (&"failed".into(), &"ERROR".into(), &1.into())
    );
    assert!(last["error"].as_str().unwrap().contains("no AWS credentials were found"), "{last:?}");
    assert!(last["hint"].as_str().unwrap().contains("aws sso login"), "{last:?}");
}

#[test]
fn statistics_are_those_of_the_simulated_aws() {
    let aws = troubled();
    let run = scan(&aws, "json");
    let log = lines(&run);
    let sent = aws.sim.calls();
    let costs: Vec<_> = log.iter().filter(|line| line["message"] == "operation cost").collect();
    let of = |operation: &str, field: &str| -> u64 {
        let line = costs.iter().find(|line| line["operation"] == operation).unwrap();
        line[field].as_u64().unwrap()
    };
    for line in &costs {
        let operation = line["operation"].as_str().unwrap();
        let action =
            Action::ALL.iter().find(|action| operation.ends_with(&format!(":{}", action.name()))).unwrap();
        assert_eq!(
            of(operation, "calls") + of(operation, "repeated"),
            sent.total_of(*action).sent,
            "{operation}: {line:?}"
        );
        assert!(
            of(operation, "p50_ms") <= of(operation, "p95_ms")
                && of(operation, "p95_ms") <= of(operation, "max_ms")
        );
        assert!(of(operation, "bytes_received") > 0, "{line:?}");
    }
    assert_eq!(of("iam:ListAccessKeys", "throttled"), 2);
    assert_eq!((of("iam:GetCredentialReport", "repeated"), of("iam:GetCredentialReport", "failed")), (1, 0));
    assert_eq!(of("sts:AssumeRole", "failed"), 1);
    let slow: Vec<&str> = log
        .iter()
        .filter(|line| line["message"] == "slow account")
        .map(|line| line["account"].as_str().unwrap())
        .collect();
    assert_eq!(slow.len(), 5, "the suspended one took nothing: {slow:?}");
    let phases: BTreeSet<&str> = log
        .iter()
        .filter(|line| line["message"] == "phase cost")
        .map(|line| line["phase"].as_str().unwrap())
        .collect();
    let all: BTreeSet<&str> = keysweep_app::progress::Phase::ALL.iter().map(|phase| phase.name()).collect();
    assert_eq!(phases, all);
}

#[test]
fn statistics_follow_the_summary_as_text() {
    let aws = troubled();
    let run = aws.keysweep().args(["scan", "--org", "--stats", "--quiet"]).run();
    let stats = run.stderr.split("\nStatistics\n").nth(1).unwrap_or_else(|| panic!("{}", run.stderr));
    for part in ["Calls ", "Bytes ", "iam:ListAccessKeys", "history", "Slowest accounts", "000000000001"] {
        assert!(stats.contains(part), "{part} is missing:\n{stats}");
    }
    let without = aws.keysweep().args(["scan", "--org", "--quiet"]).run();
    assert!(!without.stderr.contains("Statistics"), "{}", without.stderr);
}
