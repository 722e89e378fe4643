//! The way of a clean-up as its users walk it: scan, plan, approve, apply, against a simulated AWS.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use keysweep_core::time::SignedDuration;
use keysweep_sim::Edit;
use serde_json::Value;

use crate::program::Run;
use crate::simulated::{Aws, OLD, OTHER, account, days_ago};

const RECENT: &str = "AKIARECENTRECENTREC1";
const KEPT: &str = "AKIAKEEPKEEPKEEPKEP1";
const ACTIVE: &str = "AKIAACTIVEACTIVEACT1";
const ROLE: &str = "keysweep-clean-up";

/// Two keys to delete, one that is a little too young, one that a tag keeps, and one that is in use.
fn world(world: &mut Edit<'_>) {
    // Their switching off is on record: what was only not recorded settles for two hours before it may be deleted.
    world.account(account(1)).user("alice").key(OLD, days_ago(900)).deactivated(days_ago(70));
    let mut member = world.account(account(2));
    member.role(ROLE, None);
    member.user("bob").key(OTHER, days_ago(900)).deactivated(days_ago(60));
    member.user("carol").key(RECENT, days_ago(900)).activated(days_ago(80)).deactivated(days_ago(29));
    member.user("dave").tag("keysweep:keep", "").key(KEPT, days_ago(900)).deactivated(days_ago(400));
    member.user("frank").key(ACTIVE, days_ago(900));
    // Shares of users are small only where there are many.
    for number in 0..10 {
        member.user(&format!("user-{number}"));
    }
}

/// A scanned and planned world; everything is in one directory.
struct Planned {
    aws: Aws,
    directory: tempfile::TempDir,
    plan: Value,
}

impl Planned {
    fn new() -> Self {
        let aws = Aws::with(world);
        let directory = tempfile::tempdir().unwrap();
        let mut planned = Self { aws, directory, plan: Value::Null };
        let run = planned.run(&["scan", "--org"]);
        assert_eq!(run.code, 3, "{}", run.stderr);
        let file = planned.file();
        let run = planned.run(&["plan", "--out", &file]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        planned.plan = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        planned
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self) -> String {
        self.path("plan.json").display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let state = self.path("state.db").display().to_string();
        self.aws.keysweep().args(arguments).args(["--state", &state]).run()
    }

    fn approve(&self) {
        let digest = self.plan["digest"].as_str().unwrap();
        let run = self.run(&["approve", &self.file(), "--by", "alice", "--yes", "--digest", digest]);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }

    /// Approves by typing `line`.
    fn type_in(&self, line: &str) -> i32 {
        let state = self.path("state.db").display().to_string();
        let mut program =
            self.aws.keysweep().args(["approve", &self.file(), "--by", "alice", "--state", &state]);
        let command = program.command().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // A plan that is refused is refused before anybody is asked: then nobody reads this.
        let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
        child.wait().unwrap().code().unwrap()
    }

    fn apply(&self, more: &[&str]) -> Run {
        let file = self.file();
        let arguments: Vec<&str> = ["apply", &file].into_iter().chain(more.iter().copied()).collect();
        self.run(&arguments)
    }

    /// The keys that are gone from the world.
    fn deleted(&self) -> Vec<String> {
        let truth = self.aws.sim.truth();
        let mut keys: Vec<String> = truth
            .accounts
            .iter()
            .flat_map(|account| &account.deleted_keys)
            .map(|key| key.id.clone())
            .collect();
        keys.sort();
        keys
    }
}

fn both() -> Vec<String> {
    let mut keys = vec![OLD.to_owned(), OTHER.to_owned()];
    keys.sort();
    keys
}

#[test]
fn exactly_the_planned_keys_are_deleted_and_a_second_apply_changes_nothing() {
    let planned = Planned::new();
    let plan = &planned.plan["plan"];
    let ids = |list: &str| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = plan[list].as_array().unwrap();
        list.iter().map(|key| (text(&key["access_key_id"]), text(&key["reason"]))).collect()
    };
    assert_eq!(ids("keys"), [OLD, OTHER].map(|key| (key.to_owned(), "long_term".to_owned())));
    assert_eq!(
        ids("not_planned"),
        [(RECENT, "recent"), (KEPT, "exempt")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );

    let run = planned.apply(&[]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("approved") && run.stderr.contains("nothing was deleted"), "{}", run.stderr);
    assert_eq!(planned.type_in("3\n"), 5);
    assert_eq!(planned.type_in(""), 5);
    assert_eq!(planned.apply(&[]).code, 5);
    assert!(planned.deleted().is_empty());

    assert_eq!(planned.type_in("2\n"), 0);
    let run = planned.apply(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(planned.deleted(), both());

    let before = planned.aws.sim.truth().accounts;
    let again = planned.apply(&[]);
    assert_eq!((again.code, again.stdout), (0, run.stdout));
    assert_eq!(planned.aws.sim.truth().accounts, before);
}

#[test]
fn a_key_that_was_switched_on_after_the_approval_survives() {
    let planned = Planned::new();
    planned.approve();
    planned.aws.sim.edit(|world| {
        let mut member = world.account(account(2));
        member
            .user("bob")
            .key(OTHER, days_ago(900))
            .activated(days_ago(0))
            .delivered_after(SignedDuration::ZERO);
    });
    let run = planned.apply(&[]);
    assert_eq!(run.code, 6, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("it is Active again"), "{}", run.stdout);
    assert!(run.stderr.contains("out of this plan for good"), "{}", run.stderr);
    assert_eq!(planned.deleted(), [OLD]);
}

#[test]
fn an_edited_plan_is_refused_wherever_it_is_given() {
    let planned = Planned::new();
    planned.approve();
    let text = std::fs::read_to_string(planned.file()).unwrap();
    for (from, to) in
        [(OTHER, ACTIVE), (OLD, KEPT), ("sha256:", "sha256:0"), ("keysweep.plan/v1", "keysweep.plan/v2")]
    {
        std::fs::write(planned.file(), text.replace(from, to)).unwrap();
        assert_eq!(planned.apply(&[]).code, 5, "{from}");
        assert_eq!(planned.type_in("2\n"), 5, "{from}");
    }
    assert!(planned.deleted().is_empty());
}

#[test]
fn exemptions_made_after_the_approval_hold_and_unreadable_ones_stop_everything() {
    let planned = Planned::new();
    planned.approve();
    let file = planned.path("exemptions.toml");
    let name = file.display().to_string();
    std::fs::write(&file, "[[exemption]]\nid = 1\n").unwrap();
    let run = planned.apply(&["--exemptions", &name]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    let missing = planned.path("missing.toml").display().to_string();
    assert_eq!(planned.apply(&["--exemptions", &missing]).code, 5);
    assert!(planned.deleted().is_empty());

    let day = |days| days_ago(days).to_string();
    let text = format!(
        "[[exemption]]\nid = \"bank\"\nprotects = \"key:{OTHER}\"\nreason = \"yearly transfer\"\nauthor = \"alice\"\ncreated = \"{}\"\nexpires = \"{}\"\n",
        day(1),
        day(-30)
    );
    std::fs::write(&file, text).unwrap();
    let run = planned.apply(&["--exemptions", &name]);
    assert_eq!(run.code, 6, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("yearly transfer"), "{}", run.stdout);
    assert_eq!(planned.deleted(), [OLD]);
}

#[test]
fn accounts_and_limit_only_narrow_and_a_role_that_is_not_there_deletes_nothing() {
    let planned = Planned::new();
    planned.approve();
    let second = account(2).to_string();
    assert_eq!(planned.apply(&["--accounts", &second, "--cleanup-role", "nobody"]).code, 6);
    assert_eq!(planned.apply(&["--limit", "0"]).code, 6);
    assert!(planned.deleted().is_empty());
    assert_eq!(planned.apply(&["--accounts", &second]).code, 6);
    assert_eq!(planned.deleted(), [OTHER]);
    let run = planned.apply(&["--limit", "1"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(planned.deleted(), both());
}
