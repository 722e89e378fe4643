//! Unused keys, as their users meet them: plan, approve, apply deactivates, revert reactivates, against a simulated AWS.

use keysweep_core::key::KeyStatus;
use keysweep_core::time::SignedDuration;
use keysweep_sim::Edit;
use serde_json::Value;

use crate::program::Run;
use crate::simulated::{Aws, OLD, account, days_ago};
use crate::validator;

const ROLE: &str = "keysweep-clean-up";
const UNUSED: &str = "AKIAUNUSEDUNUSEDUNU1";
const NEVER: &str = "AKIANEVERNEVERNEVER1";
const IN_USE: &str = "AKIAINUSEINUSEINUSE1";
const NEW: &str = "AKIANEWNEWNEWNEWNEW1";
const BACK: &str = "AKIABACKBACKBACKBAC1";
const KEPT: &str = "AKIAKEPTKEPTKEPTKEP1";

/// A key to delete, two to deactivate; beside them one in use, one too young, one that was switched on lately, one that a tag
/// keeps, and the root user's.
fn world(world: &mut Edit<'_>) {
    let mut own = world.account(account(1));
    own.root_key("AKIAROOTROOTROOTROO1", days_ago(2000));
    own.user("alice").key(OLD, days_ago(900)).deactivated(days_ago(70));
    own.user("bob").key(UNUSED, days_ago(900)).last_used(days_ago(200), "s3", "us-east-1");
    own.user("bob").key(IN_USE, days_ago(800)).last_used(days_ago(2), "s3", "us-east-1");
    let mut member = world.account(account(2));
    member.role(ROLE, None);
    member.user("carol").key(NEVER, days_ago(400));
    member.user("dave").key(NEW, days_ago(90));
    member.user("erin").key(BACK, days_ago(900)).deactivated(days_ago(60)).activated(days_ago(20));
    member.user("frank").tag("keysweep:keep", "").key(KEPT, days_ago(900));
    // Shares of users are small only where there are many.
    for number in 0..20 {
        member.user(&format!("user-{number}"));
        world.account(account(1)).user(&format!("user-{number}"));
        member = world.account(account(2));
    }
}

struct Place {
    aws: Aws,
    directory: tempfile::TempDir,
}

impl Place {
    fn new(settings: &str) -> Self {
        Self::with(settings, world)
    }

    fn with(settings: &str, fill: impl FnOnce(&mut Edit<'_>)) -> Self {
        let place = Self { aws: Aws::with(fill), directory: tempfile::tempdir().unwrap() };
        place.settings(settings);
        place
    }

    fn settings(&self, settings: &str) {
        let text = format!("org = true\nquiet = false\n{settings}");
        std::fs::write(self.directory.path().join("keysweep.toml"), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut program = self.aws.keysweep().args(arguments).args(["--state", "state.db"]);
        program.command().current_dir(self.directory.path());
        program.run()
    }

    fn plan(&self) -> Value {
        let run = self.run(&["plan"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let text = std::fs::read_to_string(self.directory.path().join("plan.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn approve(&self, plan: &Value) {
        let digest = plan["digest"].as_str().unwrap();
        let run = self.run(&["approve", "plan.json", "--by", "alice", "--yes", "--digest", digest]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }

    fn status(&self, key: &str) -> Option<KeyStatus> {
        self.aws.sim.truth().key(key).map(|key| key.status)
    }

    /// The keys of these that are Inactive.
    fn inactive(&self) -> Vec<&'static str> {
        let all = [UNUSED, NEVER, IN_USE, NEW, BACK, KEPT];
        all.into_iter().filter(|key| self.status(key) == Some(KeyStatus::Inactive)).collect()
    }
}

const ON: &str = "[lifecycle]\ndeactivate_unused = \"90d\"\n";

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|key| key["access_key_id"].as_str().unwrap_or_default()).collect()
}

#[test]
fn without_the_setting_no_unused_key_is_looked_for() {
    let place = Place::new("");
    let plan = place.plan();
    assert_eq!(ids(&plan["plan"]["keys"]), [OLD]);
    assert_eq!(plan["plan"]["deactivate_unused_seconds"], Value::Null);
    assert_eq!(ids(&plan["plan"]["deactivations"]), Vec::<&str>::new());
    assert_eq!(ids(&plan["plan"]["not_planned"]), Vec::<&str>::new());
}

#[test]
fn unused_keys_are_deactivated_as_planned_and_a_revert_gives_exactly_them_back() {
    let place = Place::new(ON);
    let run = place.run(&["plan"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("1 key to delete, 2 keys to deactivate"), "{}", run.stdout);
    assert!(run.stdout.contains("To deactivate") && run.stdout.contains("KL014"), "{}", run.stdout);
    let plan = place.plan();
    let of = &plan["plan"];
    assert_eq!(ids(&of["keys"]), [OLD]);
    assert_eq!(ids(&of["deactivations"]), [UNUSED, NEVER]);
    assert_eq!(of["deactivations"][0]["other_active"], 1);
    let reasons: Vec<_> =
        of["not_planned"].as_array().unwrap().iter().map(|kept| kept["reason"].as_str().unwrap()).collect();
    // That the key is in use, the report says already; so it does of the one that is young.
    assert_eq!(ids(&of["not_planned"]), [BACK, KEPT]);
    assert_eq!(reasons, ["not_unused", "exempt"]);

    assert_eq!(place.run(&["apply", "plan.json"]).code, 5, "nobody approved it");
    assert_eq!(place.inactive(), Vec::<&str>::new());
    place.approve(&plan);
    let run = place.run(&["apply", "plan.json"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("1 key gone, 2 keys deactivated, as planned"), "{}", run.stderr);
    assert_eq!((place.inactive(), place.aws.deleted_keys()), (vec![UNUSED, NEVER], vec![OLD.to_owned()]));
    let before = place.aws.sim.truth().accounts;
    let again = place.run(&["apply", "plan.json"]);
    assert_eq!((again.code, again.stdout), (0, run.stdout));
    assert_eq!(place.aws.sim.truth().accounts, before);

    let run = place.run(&["receipts", "--format", "json"]);
    let receipts: Value = serde_json::from_str(&run.stdout).unwrap();
    let actions = |receipts: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = receipts["receipts"].as_array().unwrap();
        let mut all: Vec<_> =
            list.iter().map(|one| (text(&one["action"]), text(&one["access_key_id"]))).collect();
        all.sort();
        all
    };
    let expected = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        let mut all: Vec<_> = all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        all.sort();
        all
    };
    let first = [("deleted", OLD), ("deactivated", UNUSED), ("deactivated", NEVER)];
    assert_eq!(actions(&receipts), expected(&first));

    let dry = place.run(&["revert", "latest"]);
    assert_eq!(dry.code, 0, "{}{}", dry.stdout, dry.stderr);
    assert!(dry.stdout.contains(UNUSED) && dry.stdout.contains(NEVER), "{}", dry.stdout);
    assert!(dry.stderr.contains("nothing was changed"), "{}", dry.stderr);
    assert_eq!(place.aws.sim.truth().accounts, before);

    let second = account(2).to_string();
    let run = place.run(&["revert", "latest", "--yes", "--accounts", &second]);
    assert_eq!((run.code, place.inactive()), (6, vec![UNUSED]), "{}{}", run.stdout, run.stderr);
    let run = place.run(&["revert", "latest", "--yes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!((place.inactive(), place.status(OLD)), (vec![], None));
    let before = place.aws.sim.truth().accounts;
    assert_eq!(place.run(&["revert", "latest", "--yes"]).code, 0);
    // Applied again, the plan switches nothing off again.
    assert_eq!(place.run(&["apply", "plan.json"]).code, 0);
    assert_eq!(place.aws.sim.truth().accounts, before);

    let run = place.run(&["journal", "--verify"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("1 key gone, 2 deactivated, 2 reactivated"), "{}", run.stdout);
    let run = place.run(&["receipts", "--format", "json"]);
    let receipts: Value = serde_json::from_str(&run.stdout).unwrap();
    for (name, document) in [
        ("receipts", run.stdout),
        ("journal", place.run(&["journal", "latest", "--format", "json"]).stdout),
        ("plan", plan.to_string()),
    ] {
        validator::holds(name, &document);
    }
    let all = [&first[..], &[("reactivated", UNUSED), ("reactivated", NEVER)]].concat();
    assert_eq!(actions(&receipts), expected(&all));
    let csv = place.run(&["receipts", "--format", "csv"]).stdout;
    assert!(
        csv.lines().next().unwrap().ends_with("digest,action,unused_since,unused_as_of,last_used,set_by")
    );
    assert_eq!(csv.lines().filter(|line| line.contains(",reactivated,")).count(), 2, "{csv}");
}

#[test]
fn a_key_that_is_used_or_kept_after_the_approval_stays_active() {
    let place = Place::new(ON);
    let plan = place.plan();
    place.approve(&plan);
    place.aws.sim.edit(|world| {
        world.account(account(1)).user("bob").key(UNUSED, days_ago(900)).last_used(
            days_ago(0),
            "s3",
            "us-east-1",
        );
        world.account(account(2)).user("carol").tag("keysweep:keep", "yes");
    });
    let run = place.run(&["apply", "plan.json"]);
    assert_eq!(run.code, 6, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("which the plan does not know of"), "{}", run.stdout);
    assert!(run.stdout.contains("exempt by"), "{}", run.stdout);
    assert_eq!((place.inactive(), place.aws.deleted_keys()), (vec![], vec![OLD.to_owned()]));
    // Nothing was deactivated, so nothing is to be given back.
    let run = place.run(&["revert", "latest", "--yes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("nothing to revert"), "{}", run.stderr);
}

#[test]
fn a_revert_leaves_alone_what_somebody_else_has_set_since() {
    let place = Place::new(ON);
    let plan = place.plan();
    place.approve(&plan);
    assert_eq!(place.run(&["apply", "plan.json"]).code, 0);
    place.aws.sim.edit(|world| {
        // Its owner switched it on and off again, which is a will of its own.
        world
            .account(account(1))
            .user("bob")
            .key(UNUSED, days_ago(900))
            .activated(days_ago(0))
            .delivered_after(SignedDuration::ZERO)
            .deactivated(days_ago(0))
            .delivered_after(SignedDuration::ZERO);
    });
    let run = place.run(&["revert", "latest", "--yes"]);
    assert_eq!(run.code, 6, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("its status was set to"), "{}", run.stdout);
    assert_eq!(place.inactive(), [UNUSED]);
    let again = place.run(&["revert", "latest", "--yes"]);
    assert_eq!((again.code, again.stdout), (6, run.stdout));
}

#[test]
fn a_file_that_became_stricter_refuses_what_was_approved_before() {
    let place = Place::new(ON);
    let plan = place.plan();
    place.approve(&plan);
    for settings in [
        "",
        "[lifecycle]\ndeactivate_unused = \"300d\"\n",
        "[clean_up]\nmax_keys = 2\n[lifecycle]\ndeactivate_unused = \"90d\"\n",
    ] {
        place.settings(settings);
        let run = place.run(&["apply", "plan.json"]);
        assert_eq!(run.code, 5, "{settings}: {}{}", run.stdout, run.stderr);
    }
    assert_eq!((place.inactive(), place.aws.deleted_keys()), (vec![], Vec::<String>::new()));
}

#[test]
fn an_account_that_cannot_be_surveyed_is_said_and_nothing_of_it_is_planned() {
    let place = Place::new(ON);
    assert_eq!(place.run(&["scan"]).code, 3);
    place.aws.sim.edit(|world| {
        world.account(account(2)).no_role();
    });
    let run = place.run(&["plan", "--scan", "latest"]);
    assert_eq!(run.code, 4, "{}{}", run.stdout, run.stderr);
    let said = format!("could not be looked for in account {}", account(2));
    assert!(run.stderr.contains(&said), "{}", run.stderr);
    assert!(run.stdout.contains("Unused keys not looked for"), "{}", run.stdout);
    let text = std::fs::read_to_string(place.directory.path().join("plan.json")).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["plan"]["not_surveyed"][0]["account_id"], account(2).to_string());
    assert_eq!(ids(&plan["plan"]["deactivations"]), [UNUSED]);
}

#[test]
fn unattended_the_grace_and_the_first_run_hold_for_deactivations_too() {
    let clean = "[clean_up]\nauto_approve = 5\n";
    let place = Place::new(&format!("{clean}{ON}"));
    let run = place.run(&["clean", "--auto"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("published 3 planned keys") && run.stderr.contains("0 due"),
        "{}",
        run.stderr
    );
    assert_eq!(place.inactive(), Vec::<&str>::new());
    place.settings(&format!("{clean}grace = \"0s\"\nfirst_run_is_dry = false\n{ON}").replace("= 5", "= 2"));
    assert_eq!(place.run(&["clean", "--auto"]).code, 5, "three keys change, and two may");
    assert_eq!(place.inactive(), Vec::<&str>::new());
    place.settings(&format!("{clean}grace = \"0s\"\nfirst_run_is_dry = false\n{ON}"));
    let run = place.run(&["clean", "--auto"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!((place.inactive(), place.aws.deleted_keys()), (vec![UNUSED, NEVER], vec![OLD.to_owned()]));
    let run = place.run(&["revert", "latest", "--yes", "--limit", "1"]);
    assert_eq!((run.code, place.inactive().len()), (6, 1), "{}{}", run.stdout, run.stderr);
}
