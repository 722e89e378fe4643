//! The journal and the receipts as their readers see them, and two plans in one store.

use keysweep_core::journal::{Appended, Event, Lease, Leasing};
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::Journal as _;
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::Action;
use keysweep_sim::fault::{Effect, Rule};
use keysweep_store::{Location, Sql};
use serde_json::Value;

use super::{Planned, both};
use crate::program::{Program, Running};
use crate::simulated::{OLD, OTHER, account, days_ago};
use crate::validator;

#[test]
fn the_journal_is_shown_and_checked_and_receipts_are_those_of_the_deleted_keys() {
    let planned = Planned::new();
    planned.approve();
    let run = planned.run(&["journal"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "No plan was applied yet.\n"));
    assert_eq!(planned.apply(&[]).code, 0);

    let run = planned.run(&["journal", "--verify"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("whole: ") && run.stdout.contains("2 keys gone"), "{}", run.stdout);
    let id = planned.plan["plan"]["plan_id"].as_str().unwrap();
    let run = planned.run(&["journal", &id[..12], "--format", "json"]);
    let journal: Value = serde_json::from_str(&run.stdout).unwrap();
    validator::holds("journal", &run.stdout);
    validator::holds("plan", &planned.plan.to_string());
    assert_eq!(journal["plan_digest"], planned.plan["digest"]);
    assert_eq!(journal["events"].as_array().unwrap().len(), 5, "{}", run.stdout);
    assert!(planned.run(&["journal", "latest"]).stdout.contains("deleted: last look"));
    assert_eq!(planned.run(&["journal", "nothing"]).code, 2);
    // What a script has not set names nothing, though there is only one of each.
    for verb in [
        &["journal", ""][..],
        &["journal", "", "--verify"],
        &["receipts", ""],
        &["revert", ""],
        &["revert", "", "--yes"],
        &["plan", "--scan", "", "--out", "/dev/null"],
        &["report", ""],
        &["explain", OLD, "--scan", ""],
    ] {
        let run = planned.run(verb);
        assert_eq!(run.code, 2, "{verb:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("is empty"), "{verb:?}: {}", run.stderr);
    }

    let run = planned.run(&["receipts", "--format", "json"]);
    validator::holds("receipts", &run.stdout);
    let receipts: Value = serde_json::from_str(&run.stdout).unwrap();
    let ids: Vec<_> = receipts["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|receipt| receipt["access_key_id"].as_str().unwrap())
        .collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, both());
    let run = planned.run(&["receipts", "latest", "--format", "csv"]);
    let mut lines = run.stdout.lines();
    assert!(lines.next().unwrap().starts_with("number,plan_id,plan_digest,account_id"), "{}", run.stdout);
    for (line, id) in lines.zip(ids) {
        assert!(line.contains(id) && line.contains("alice <arn:aws:"), "{line}");
    }
}

#[test]
fn a_journal_that_was_changed_is_refused_by_every_verb_and_says_where() {
    let planned = Planned::new();
    planned.approve();
    assert_eq!(planned.apply(&["--limit", "1"]).code, 6);
    // Copies are made by SQLite itself, which knows what lies in its files.
    let sqlite = |script: &str, more: &str| {
        let output = std::process::Command::new("python3")
            .args(["-c", &format!("import sqlite3, sys\nstate, more = (sys.argv[1:] + [''])[:2]\n{script}")])
            .arg(planned.path("state.db"))
            .arg(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let copy = |from: &str, to: &str| {
        sqlite(&format!("sqlite3.connect({from}).backup(sqlite3.connect({to}))"), "");
    };
    copy("state", "state + '.copy'");
    for (statement, says) in [
        ("update journal set event = replace(event, 'alice', 'mallory') where number = 1", "event 1"),
        ("update journal set digest = previous where number = 2", "event 2"),
        ("update journal set event = '{}' where number = 3", "event 3"),
        ("delete from journal where number = 2", "event 3"),
        ("update journal set account = 9 where number = 2", "event 2"),
        ("update journal set access_key = 'AKIANOBODYNOBODYNOB1' where number = 3", "event 3"),
        ("update plans set file = replace(file, 'alice', 'malice')", "plan"),
        ("delete from journal where number = 3", "3 were written"),
        ("delete from journal", "3 were written"),
    ] {
        sqlite("c = sqlite3.connect(state)\nassert c.execute(more).rowcount\nc.commit()", statement);
        let run = planned.run(&["journal", "--verify"]);
        assert_eq!(run.code, 1, "{statement}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("DAMAGED") && run.stderr.contains(says), "{statement}: {}", run.stderr);
        assert_eq!(planned.run(&["receipts"]).code, 1, "{statement}");
        let check = planned.run(&["state", "check"]);
        assert_eq!(check.code, 1, "{statement}: {}{}", check.stdout, check.stderr);
        let run = planned.apply(&[]);
        assert!([1, 5].contains(&run.code), "{statement}: {} {}", run.code, run.stderr);
        assert_eq!(planned.aws.deleted_keys().len(), 1, "{statement}");
        copy("state + '.copy'", "state");
    }
    let run = planned.apply(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(planned.aws.deleted_keys(), both());
}

/// A second plan of the same scan, approved too: it holds the same keys.
fn second_plan(planned: &Planned) -> (String, Digest) {
    let file = planned.path("second.json").display().to_string();
    let run = planned.run(&["plan", "--scan", "latest", "--out", &file]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let (_, digest) = keysweep_core::plan::document::read(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let digest_text = digest.to_string();
    let run = planned.run(&["approve", &file, "--by", "alice", "--yes", "--digest", &digest_text]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    (file, digest)
}

/// The lease of a plan, which nobody else has from one moment until another.
async fn leased(store: &Sql, plan: Digest, holder: &str, (from, until): (Instant, Instant)) -> Lease {
    match store.lease(plan, holder, from, until).await.unwrap() {
        Leasing::Granted(lease) => lease,
        held @ Leasing::Held { .. } => panic!("{held:?}"),
    }
}

#[test]
fn of_two_plans_that_share_keys_applied_at_once_the_receipts_are_the_deletions() {
    let planned = Planned::new();
    planned.approve();
    let (second, _) = second_plan(&planned);
    // Where both may begin, both look before either deletes.
    let slow = Effect::Slow { milliseconds: 1_000 };
    planned.aws.sim.add_fault(Rule::new(slow).action(Action::ListAccessKeys));
    let state = planned.path("state.db").display().to_string();
    let apply = |file: &str| planned.aws.keysweep().args(["apply", file, "--state", &state]);
    let mut programs = [apply(&planned.file()), apply(&second)];
    let running = programs.each_mut().map(Program::start);
    let ended = running.map(Running::end);
    // One of them had them all. The other came while it was at it, or found them gone.
    let mut codes = ended.each_ref().map(|run| run.code);
    codes.sort_unstable();
    assert!(matches!(codes, [0, 5 | 6]), "{ended:?}");
    for run in ended.iter().filter(|run| run.code == 5) {
        assert!(run.stderr.contains("is applying a plan of this store"), "{}", run.stderr);
    }
    let run = planned.run(&["receipts", "--format", "json"]);
    let receipts: Value = serde_json::from_str(&run.stdout).unwrap();
    let of = |receipt: &Value| receipt["access_key_id"].as_str().unwrap().to_owned();
    let mut receipts: Vec<_> = receipts["receipts"].as_array().unwrap().iter().map(of).collect();
    receipts.sort();
    assert_eq!((&receipts, planned.aws.deleted_keys()), (&both(), both()));
}

/// An apply of the first plan was killed with both keys under way: one of its calls may still arrive, the other cannot any more.
#[test]
fn what_a_killed_apply_left_is_found_out_before_another_plan_is_applied_and_each_key_has_one_receipt() {
    let planned = Planned::new();
    planned.approve();
    let (second, _) = second_plan(&planned);
    let location: Location = planned.path("state.db").display().to_string().parse().unwrap();
    let first: Digest = planned.plan["digest"].as_str().unwrap().parse().unwrap();
    let ago = |length| days_ago(0) - length;
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Sql::open(&location).await.unwrap();
        let long = ago(SignedDuration::from_hours(2));
        let lease = leased(&store, first, "dead", (long, long.next())).await;
        let (epoch, holder, caller_arn) = (lease.epoch, "dead".to_owned(), "arn:dead".to_owned());
        let opened = Event::Opened { at: long, epoch, holder, caller_arn, approved_by: Vec::new() };
        let intended = |at, number, user: &str, key: &str| Event::Intended {
            at,
            epoch,
            account: account(number),
            key: key.parse().unwrap(),
            user: user.parse().unwrap(),
            user_id: "AIDADEAD".to_owned(),
            attempt: 1,
        };
        let just_now = ago(SignedDuration::from_mins(1));
        for event in [opened, intended(long, 1, "alice", OLD), intended(just_now, 2, "bob", OTHER)] {
            let appended = store.append(first, event).await.unwrap();
            assert!(matches!(appended, Appended::Sealed(_)), "{appended:?}");
        }
    });

    let run = planned.run(&["apply", &second]);
    assert_eq!(run.code, 6, "{}{}", run.stdout, run.stderr);
    let id = planned.plan["plan"]["plan_id"].as_str().unwrap();
    assert!(run.stderr.contains(&format!("finding out what came of what plan {id} began")), "{}", run.stderr);
    assert!(run.stdout.contains("has begun it"), "{}", run.stdout);
    assert_eq!(planned.aws.deleted_keys(), [OLD]);
    // The first has it, and goes on; the second has nothing more to find out.
    let run = planned.apply(&[]);
    assert_eq!(run.code, 6, "{}{}", run.stdout, run.stderr);
    assert_eq!(planned.aws.deleted_keys(), both());
    assert!(planned.run(&["apply", &second]).stdout.contains("no such key any more"));
    let run = planned.run(&["receipts", "--format", "json"]);
    let receipts: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(receipts["receipts"].as_array().unwrap().len(), 2, "{}", run.stdout);
    assert_eq!(planned.run(&["journal", "--verify"]).code, 0);
}

#[test]
fn a_plan_waits_for_the_apply_of_another_and_not_for_one_that_was_killed() {
    let planned = Planned::new();
    planned.approve();
    let (_, second) = second_plan(&planned);
    let location: Location = planned.path("state.db").display().to_string().parse().unwrap();
    let take = |holder: &str| {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let (now, store) = (days_ago(0), Sql::open(&location).await.unwrap());
            let lease = leased(&store, second, holder, (now, now + SignedDuration::from_mins(5))).await;
            (store, lease)
        })
    };
    let (store, lease) = take("somebody else");
    let run = planned.apply(&[]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("somebody else is applying a plan of this store"), "{}", run.stderr);
    assert!(planned.aws.deleted_keys().is_empty());
    tokio::runtime::Runtime::new().unwrap().block_on(store.release(&lease)).unwrap();

    // Elsewhere than on Linux nobody can tell that a process has ended.
    if cfg!(target_os = "linux") {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = child.id();
        child.wait().unwrap();
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap();
        let (namespace, boot) = (namespace.display(), boot.trim());
        take(&format!("killed process {id} started 1 in {namespace} of boot {boot}"));
        let run = planned.apply(&[]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("was killed"), "{}", run.stderr);
        assert_eq!(planned.aws.deleted_keys(), both());
    }
}
