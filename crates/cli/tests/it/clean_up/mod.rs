//! The way of a clean-up as its users walk it: scan, plan, approve, apply, against a simulated AWS.

mod journal;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use keysweep_core::approval::Approval;
use keysweep_core::plan::document;
use keysweep_core::ports::Agreements as _;
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::{Edit, WorldSpec};
use keysweep_store::{Location, Sql};
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
        let run = planned.run(&["plan", "--scan", "latest", "--out", &file]);
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
        self.run_in(&self.aws, arguments)
    }

    /// Runs with the store of this place, and the credentials of somebody in `aws`.
    fn run_in(&self, aws: &Aws, arguments: &[&str]) -> Run {
        let state = self.path("state.db").display().to_string();
        aws.keysweep().args(arguments).args(["--state", &state]).run()
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
    assert!(planned.aws.deleted_keys().is_empty());

    assert_eq!(planned.type_in("2\n"), 0);
    let run = planned.apply(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(planned.aws.deleted_keys(), both());

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
    assert_eq!(planned.aws.deleted_keys(), [OLD]);
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
    assert!(planned.aws.deleted_keys().is_empty());
}

#[test]
fn nobody_of_another_organization_or_account_approves() {
    let planned = Planned::new();
    let config = planned.path("two.toml").display().to_string();
    std::fs::write(&config, "[clean_up]\napprovers = 2\n").unwrap();
    let digest = planned.plan["digest"].as_str().unwrap();
    let file = planned.file();
    let arguments = |by| ["approve", &file, "--by", by, "--yes", "--digest", digest, "--config", &config];
    assert_eq!(planned.run(&arguments("alice")).code, 0);
    let elsewhere = Aws::serve(WorldSpec::empty(Instant::from_unix(0)).seed(8));
    elsewhere.sim.edit(world);
    assert_ne!(elsewhere.sim.organization_id(), planned.aws.sim.organization_id());
    let run = planned.run_in(&elsewhere, &arguments("bob"));
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("is for the organization") && run.stderr.contains("nothing was approved"),
        "{}",
        run.stderr
    );
    let alone = Aws::serve(WorldSpec::single_account(2));
    let run = planned.run_in(&alone, &arguments("bob"));
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("nothing was approved"), "{}", run.stderr);
    let run = planned.apply(&["--config", &config]);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("1 of 2 people"), "{}", run.stderr);
    assert!(planned.aws.deleted_keys().is_empty());
}

#[test]
fn a_plan_that_this_store_did_not_make_is_not_approved_though_its_digest_is_right() {
    let planned = Planned::new();
    let text = std::fs::read_to_string(planned.file()).unwrap();
    let (mut plan, _) = document::read(&text).unwrap();
    // Carol's key, which is too young, with the claim of bob's.
    plan.not_planned.retain(|kept| kept.user != "carol");
    let key = plan.keys.last_mut().unwrap();
    key.user = "carol".parse().unwrap();
    key.user_arn = key.user_arn.replace("bob", "carol");
    key.key = RECENT.parse().unwrap();
    let (digest, edited) = (document::digest(&plan).to_string(), document::write(&plan));
    assert_eq!(document::read(&edited).unwrap().0, plan);
    std::fs::write(planned.file(), edited).unwrap();
    let approve = |digest: &str| {
        planned.run(&["approve", &planned.file(), "--by", "alice", "--yes", "--digest", digest])
    };
    let run = approve(&digest);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("did not make this plan"), "{}", run.stderr);
    assert_eq!(planned.type_in("2\n"), 5);
    assert_eq!(planned.apply(&[]).code, 5);
    assert!(planned.aws.deleted_keys().is_empty());
    // As it was made it can be approved, by any name, and with another store it cannot.
    std::fs::write(planned.file(), text).unwrap();
    let digest = planned.plan["digest"].as_str().unwrap();
    assert_eq!(approve(digest).code, 0);
    let elsewhere = planned.path("other.db").display().to_string();
    let exempt = ["exempt", "add", OLD, "--reason", "r", "--author", "a", "--expires", "9d"];
    assert_eq!(planned.aws.keysweep().args(exempt).args(["--state", &elsewhere]).run().code, 0);
    let mut program = planned.aws.keysweep().args(["approve", &planned.file(), "--by", "alice", "--yes"]);
    program = program.args(["--digest", digest, "--state", &elsewhere]);
    let run = program.run();
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("--state"), "{}", run.stderr);
}

#[test]
fn a_unit_that_no_account_lies_below_is_said_to_protect_nothing() {
    let planned = Planned::new();
    planned.aws.sim.edit(|world| {
        world.account(account(2)).ou("Workloads/Production");
    });
    let add = |what: &str| {
        let run = planned.run(&["exempt", "add", what, "--reason", "r", "--author", "a", "--expires", "9d"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stderr
    };
    // The last scan in the store is from before there were any units.
    for (what, unit) in [("ou:Does/Not/Exist", "Does/Not/Exist"), ("ou:Workloads", "Workloads")] {
        assert!(add(what).contains(&format!("protects nothing by {unit:?}")), "{what}");
    }
    let config = planned.path("units.toml").display().to_string();
    std::fs::write(&config, "[clean_up]\nprotected_units = [\"Securty\", \"Workloads/Production\"]\n")
        .unwrap();
    let plan = |more: &[&str]| {
        let file = planned.file();
        planned.run(&[&["plan", "--org", "--quiet", "--config", &config, "--out", &file][..], more].concat())
    };
    let run = plan(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for part in ["protected_units protects nothing by \"Securty\"", "protects nothing by \"Does/Not/Exist\""]
    {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("Workloads"), "{}", run.stderr);
    assert!(add("ou:Prod").contains("protects nothing by \"Prod\""));
    for what in ["ou:Workloads/Production", "account:111122223333"] {
        assert!(!add(what).contains("protects nothing"), "{what}");
    }
    // An account that is left out is listed all the same, with its units.
    let run = plan(&["--include", &account(1).to_string()]);
    assert!(run.stderr.contains("Securty") && !run.stderr.contains("Workloads"), "{}", run.stderr);
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
    assert!(planned.aws.deleted_keys().is_empty());

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
    assert_eq!(planned.aws.deleted_keys(), [OLD]);
}

#[test]
fn accounts_and_limit_only_narrow_and_a_role_that_is_not_there_deletes_nothing() {
    let planned = Planned::new();
    planned.approve();
    let second = account(2).to_string();
    assert_eq!(planned.apply(&["--accounts", &second, "--cleanup-role", "nobody"]).code, 6);
    assert_eq!(planned.apply(&["--limit", "0"]).code, 2);
    let run = planned.apply(&["--accounts", &format!("{second},999999999999")]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("the plan changes no key in 999999999999"), "{}", run.stderr);
    assert!(planned.aws.deleted_keys().is_empty());
    assert_eq!(planned.apply(&["--accounts", &second]).code, 6);
    assert_eq!(planned.aws.deleted_keys(), [OTHER]);
    let run = planned.apply(&["--limit", "1"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(planned.aws.deleted_keys(), both());
}

#[test]
fn a_plan_scans_by_itself_and_knows_which_keys_are_the_last_of_their_users() {
    let aws = Aws::with(|edit| {
        world(edit);
        let mut member = edit.account(account(2));
        member.user("gina").key("AKIATWOTWOTWOTWOTWO1", days_ago(900)).deactivated(days_ago(60));
        let mut gina = edit.account(account(2));
        gina.user("gina").key("AKIATWOTWOTWOTWOTWO2", days_ago(800));
    });
    let mut program = aws.keysweep().args(["plan", "--org"]);
    let run = program.run();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let text = std::fs::read_to_string(program.directory().join("plan.json")).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<_> = plan["plan"]["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["access_key_id"].as_str().unwrap().to_owned(), key["other_keys"].as_u64()))
        .collect();
    let expected = [(OLD, Some(0)), (OTHER, Some(0)), ("AKIATWOTWOTWOTWOTWO1", Some(1))]
        .map(|(id, n)| (id.to_owned(), n));
    assert_eq!(keys, expected);
    assert!(run.stdout.contains("user alice of account 000000000001 loses its only key"), "{}", run.stdout);
    assert!(!run.stdout.contains("gina of account"), "{}", run.stdout);
    assert!(!run.stdout.contains("is not known of"), "{}", run.stdout);
}

#[test]
fn what_the_configuration_file_protects_is_not_planned_for_approval() {
    for (settings, says) in [
        ("max_keys = 1", "KL001"),
        ("protected_users = [\"arn:aws:iam::*:user/bob\"]", "KL005"),
        ("protected_accounts = [\"000000000002\"]", "KL006"),
        ("break_glass = [\"ALICE\"]", "KL008"),
    ] {
        let planned = Planned::new();
        planned.approve();
        let config = planned.path("limits.toml");
        std::fs::write(&config, format!("[clean_up]\n{settings}\n")).unwrap();
        let config = config.display().to_string();
        let run = planned.run(&["plan", "--scan", "latest", "--out", "/dev/null", "--config", &config]);
        assert_eq!(run.code, 5, "{settings}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains(says), "{settings}: {}", run.stdout);
        assert!(run.stderr.contains(&format!("error {says}")), "{settings}: {}", run.stderr);
        let (file, digest) = (planned.file(), planned.plan["digest"].as_str().unwrap());
        let run =
            planned.run(&["approve", &file, "--by", "bob", "--yes", "--digest", digest, "--config", &config]);
        assert_eq!(run.code, 5, "{settings}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(&format!("error {says}")), "{settings}: {}", run.stderr);
        // What was approved before the file said so is refused as well.
        let run = planned.apply(&["--config", &config]);
        assert_eq!(run.code, 5, "{settings}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(says), "{settings}: {}", run.stderr);
        assert!(planned.aws.deleted_keys().is_empty());
    }
}

#[test]
fn two_people_must_approve_where_the_file_asks_for_two_and_the_author_not_where_it_forbids() {
    let planned = Planned::new();
    let config = planned.path("two.toml");
    let name = config.display().to_string();
    let digest = planned.plan["digest"].as_str().unwrap().to_owned();
    let file = planned.file();
    let approve = |by: &str| {
        planned.run(&["approve", &file, "--by", by, "--yes", "--digest", &digest, "--config", &name])
    };
    std::fs::write(&config, "[clean_up]\napprove_own = false\n").unwrap();
    let run = approve("alice");
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("made this plan"), "{}", run.stderr);

    std::fs::write(&config, "[clean_up]\napprovers = 2\n").unwrap();
    let run = approve("alice");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("1 of 2 people"), "{}", run.stderr);
    // Another name with the same AWS identity is the same person.
    let run = approve("bob");
    assert!(run.stderr.contains("1 of 2 people"), "{}", run.stderr);
    let run = planned.apply(&["--config", &name]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(planned.aws.deleted_keys().is_empty());
}

#[test]
fn approvals_that_expired_of_another_plan_or_of_a_clock_that_is_wrong_let_nothing_pass() {
    let planned = Planned::new();
    let text = std::fs::read_to_string(planned.file()).unwrap();
    let (plan, digest) = keysweep_core::plan::document::read(&text).unwrap();
    let right = Approval {
        plan: digest,
        by: "alice".to_owned(),
        account: plan.made_by.account,
        arn: plan.made_by.arn.clone(),
        comment: None,
        at: plan.made_at,
        expires: plan.made_at + SignedDuration::from_hours(1),
    };
    let location: Location = planned.path("state.db").display().to_string().parse().unwrap();
    let approve = |approval: Approval| {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            Sql::open(&location).await.unwrap().approve(&approval).await.unwrap();
        });
    };
    let hour = SignedDuration::from_hours(1);
    for (wrong, says) in [
        (Approval { expires: right.at, ..right.clone() }, "expired at"),
        (Approval { at: right.at - hour, ..right.clone() }, "before the plan was made"),
        (
            Approval { at: right.at + hour, expires: right.at + hour + hour, ..right.clone() },
            "later than now",
        ),
    ] {
        approve(wrong);
        let run = planned.apply(&[]);
        assert_eq!(run.code, 5, "{says}: {}", run.stderr);
        assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
    }
    approve(Approval { plan: keysweep_core::plan::digest::Digest::of(b"another"), ..right.clone() });
    assert_eq!(planned.apply(&[]).code, 5);
    assert!(planned.aws.deleted_keys().is_empty());
    approve(right);
    assert_eq!(planned.apply(&[]).code, 0);
    assert_eq!(planned.aws.deleted_keys(), both());
}
