//! `keysweep clean --auto` against a simulated AWS, whose clock is the real one: what lies a grace back was published, in the
//! tests' own words, by a run of then.

use keysweep_core::plan::document;
use keysweep_core::ports::{Agreements as _, KeptPlan};
use keysweep_core::time::SignedDuration;
use keysweep_sim::Edit;
use keysweep_store::{Location, Sql};
use serde_json::Value;

use crate::program::Run;
use crate::simulated::{Aws, OLD, OTHER, account, days_ago};

const ROLE: &str = "keysweep-clean-up";

fn world(world: &mut Edit<'_>) {
    world.account(account(1)).user("alice").key(OLD, days_ago(900)).deactivated(days_ago(70));
    let mut member = world.account(account(2));
    member.role(ROLE, None);
    member.user("bob").key(OTHER, days_ago(900)).deactivated(days_ago(60));
    for number in 0..10 {
        member.user(&format!("user-{number}"));
    }
}

struct Place {
    aws: Aws,
    directory: tempfile::TempDir,
}

impl Place {
    fn new(settings: &str) -> Self {
        let place = Self { aws: Aws::with(world), directory: tempfile::tempdir().unwrap() };
        place.settings(settings);
        place
    }

    fn settings(&self, settings: &str) {
        let text = format!("org = true\nquiet = false\n[clean_up]\n{settings}");
        std::fs::write(self.directory.path().join("keysweep.toml"), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut program = self.aws.keysweep().args(arguments).args(["--state", "state.db"]);
        program.command().current_dir(self.directory.path());
        program.run()
    }

    fn clean(&self, more: &[&str]) -> Run {
        self.run(&[&["clean", "--auto"][..], more].concat())
    }

    /// The last published plan, as a run of so many days ago would have made it.
    fn published_also(&self, days: i64) {
        let text = std::fs::read_to_string(self.directory.path().join("plan.json")).unwrap();
        let (mut plan, _) = document::read(&text).unwrap();
        let back = SignedDuration::from_hours(24 * days);
        plan.id = format!("{days}-days-ago");
        plan.made_at = plan.made_at - back;
        plan.assessed_at = plan.assessed_at - back;
        for key in &mut plan.keys {
            key.inactive_since.as_of = key.inactive_since.as_of - back;
            key.inactive_since.interval =
                keysweep_core::time::Interval::exactly(key.inactive_since.interval.earliest());
        }
        let (digest, text) = (document::digest(&plan), document::write(&plan));
        document::read(&text).unwrap();
        let location: Location =
            self.directory.path().join("state.db").display().to_string().parse().unwrap();
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let store = Sql::open(&location).await.unwrap();
            let kept = KeptPlan { digest, id: plan.id.clone(), made_at: plan.made_at, text };
            store.keep_plan(&kept).await.unwrap();
            store.publish(digest, plan.made_at).await.unwrap();
        });
    }
}

fn both() -> Vec<String> {
    let mut keys = vec![OLD.to_owned(), OTHER.to_owned()];
    keys.sort();
    keys
}

#[test]
fn a_key_is_deleted_when_it_has_been_published_for_the_grace() {
    let place = Place::new("auto_approve = 5\n");
    let run = place.clean(&["--output", "reports/", "--format", "json"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("first run that comes upon its account"), "{}", run.stdout);
    assert!(run.stderr.contains("2 planned keys") && run.stderr.contains("0 due"), "{}", run.stderr);
    assert!(place.directory.path().join("reports/assessment.json").exists());
    let run = place.clean(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("it must be in published plans until"), "{}", run.stdout);
    assert!(place.aws.deleted_keys().is_empty());

    place.published_also(8);
    assert_eq!(place.clean(&["--dry-run"]).code, 0);
    assert!(place.aws.deleted_keys().is_empty());
    let run = place.clean(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(place.aws.deleted_keys(), both());
    let run = place.run(&["receipts", "--format", "json"]);
    let receipts: Value = serde_json::from_str(&run.stdout).unwrap();
    let approvers: Vec<_> = receipts["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|receipt| receipt["approved_by"][0]["name"].as_str().unwrap())
        .collect();
    assert_eq!(approvers, ["policy of the configuration file"; 2]);
    let run = place.clean(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_key_that_its_owner_switches_on_meanwhile_is_out() {
    let place = Place::new("auto_approve = 5\n");
    assert_eq!(place.clean(&[]).code, 0);
    place.published_also(8);
    place.aws.sim.edit(|world| {
        let mut member = world.account(account(2));
        member
            .user("bob")
            .key(OTHER, days_ago(900))
            .activated(days_ago(0))
            .delivered_after(SignedDuration::ZERO);
    });
    let run = place.clean(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(place.aws.deleted_keys(), [OLD]);
}

#[test]
fn nothing_is_approved_unattended_beyond_what_the_file_says() {
    let without_grace = "grace = \"0s\"\nfirst_run_is_dry = false\n";
    let place = Place::new(without_grace);
    let run = place.clean(&[]);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("auto_approve"), "{}", run.stderr);
    for (more, says) in [
        ("auto_approve = 1\n", "lets at most 1"),
        ("auto_approve = 5\nmax_keys = 1\n", "KL001"),
        ("auto_approve = 5\napprovers = 2\n", "1 of 2 people"),
        ("auto_approve = 5\napprove_own = false\n", "made this plan"),
        ("auto_approve = 5\nprotected_accounts = [\"000000000002\"]\n", "KL006"),
    ] {
        place.settings(&format!("{without_grace}{more}"));
        let run = place.clean(&[]);
        assert_eq!(run.code, 5, "{more}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(says), "{more}: {}", run.stderr);
    }
    assert!(place.aws.deleted_keys().is_empty());
    assert_eq!(place.run(&["clean"]).code, 2, "--auto must be said");

    place.settings(&format!("{without_grace}auto_approve = 2\n"));
    let run = place.clean(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(place.aws.deleted_keys(), both());
}

#[test]
fn an_approval_of_the_file_holds_only_as_long_as_the_file_says_so() {
    let settings = "grace = \"0s\"\nfirst_run_is_dry = false\n";
    let place = Place::new(&format!("{settings}auto_approve = 2\nrole = \"nobody\"\n"));
    // Only the own account can be entered.
    assert_eq!(place.clean(&[]).code, 6);
    assert_eq!(place.aws.deleted_keys(), [OLD]);
    let digest = place.run(&["journal"]).stdout;
    let digest = digest.split("plan sha256:").nth(1).unwrap().split_whitespace().next().unwrap();
    let location: Location = place.directory.path().join("state.db").display().to_string().parse().unwrap();
    let text = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let plans = Sql::open(&location).await.unwrap().plans().await.unwrap();
        plans.into_iter().find(|plan| plan.digest.to_string().ends_with(digest)).unwrap().text
    });
    std::fs::write(place.directory.path().join("due.json"), text).unwrap();
    for more in ["", "auto_approve = 1\n"] {
        place.settings(&format!("{settings}{more}"));
        let run = place.run(&["apply", "due.json"]);
        assert_eq!(run.code, 5, "{more}: {}{}", run.stdout, run.stderr);
    }
    for name in ["Policy of the configuration file", " policy  of the\tconfiguration file "] {
        let run = place.run(&["approve", "due.json", "--by", name]);
        assert_eq!(run.code, 2, "{name:?}: {}", run.stderr);
    }
    assert_eq!(place.aws.deleted_keys(), [OLD]);
    place.settings(&format!("{settings}auto_approve = 2\n"));
    assert_eq!(place.run(&["apply", "due.json"]).code, 0);
    assert_eq!(place.aws.deleted_keys(), both());
}

#[test]
fn an_incomplete_scan_is_never_clean_also_where_nobody_reads_along() {
    let place = Place::new("auto_approve = 5\n");
    let second = account(2).to_string();
    let told = |run: &Run| {
        assert_eq!(run.code, 4, "{}{}", run.stdout, run.stderr);
        for part in [&second, "1 of 2 accounts", "--role-name", "keysweep report"] {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
    };
    told(&place.clean(&["--role-name", "nobody", "--quiet"]));
    told(&place.run(&["plan", "--role-name", "nobody", "--quiet"]));
    told(&place.run(&["plan", "--scan", "latest", "--quiet"]));
    // A selection of nothing has nothing to delete, and is not clean for that.
    for verb in [&["clean", "--auto"][..], &["plan"]] {
        let run = place.run(&[verb, &["--include", "999999999999", "--quiet"]].concat());
        assert_eq!(run.code, 4, "{verb:?}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains("selects none of the 2 accounts"), "{verb:?}: {}", run.stderr);
    }
    assert!(place.aws.deleted_keys().is_empty());
    // What could be assessed is cleaned up all the same.
    place.settings("auto_approve = 5\ngrace = \"0s\"\nfirst_run_is_dry = false\n");
    told(&place.clean(&["--role-name", "nobody", "--quiet"]));
    assert_eq!(place.aws.deleted_keys(), [OLD]);
    let run = place.clean(&["--quiet"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(place.aws.deleted_keys(), both());
}

#[test]
fn jobs_that_share_the_accounts_among_them_do_not_begin_each_others_grace_anew() {
    let place = Place::new("auto_approve = 5\n");
    let (first, second) = (account(1).to_string(), account(2).to_string());
    assert_eq!(place.clean(&["--include", &first]).code, 0);
    place.published_also(8);
    assert_eq!(place.clean(&["--include", &second]).code, 0);
    assert!(place.aws.deleted_keys().is_empty());
    let run = place.clean(&["--include", &first]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(place.aws.deleted_keys(), [OLD]);
    // The other job's key has its own grace.
    let run = place.clean(&["--include", &second]);
    assert!(run.stdout.contains("it must be in published plans until"), "{}", run.stdout);
    assert_eq!(place.aws.deleted_keys(), [OLD]);
}

#[test]
fn no_flag_and_no_variable_lets_more_be_deleted() {
    let place = Place::new("auto_approve = 5\ngrace = \"0s\"\nfirst_run_is_dry = false\n");
    let file = std::fs::read_to_string(place.directory.path().join("keysweep.toml")).unwrap();
    std::fs::write(place.directory.path().join("keysweep.toml"), format!("threshold = \"1000d\"\n{file}"))
        .unwrap();
    assert_eq!(place.clean(&["--threshold", "1d"]).code, 2);
    let mut program = place.aws.keysweep().args(["clean", "--auto", "--state", "state.db"]);
    let mut program = {
        program.command().current_dir(place.directory.path());
        program.env("KEYSWEEP_THRESHOLD", "1d")
    };
    let run = program.run();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("0 planned keys"), "{}", run.stderr);

    std::fs::write(place.directory.path().join("keysweep.toml"), &file).unwrap();
    let day = |days: i64| days_ago(days);
    let exemption = |key: &str| {
        format!(
            "[[exemption]]\nid = \"{key}\"\nprotects = \"key:{key}\"\nreason = \"r\"\nauthor = \"a\"\ncreated = \"{}\"\nexpires = \"{}\"\n",
            day(1),
            day(-30)
        )
    };
    std::fs::write(place.directory.path().join("exemptions.toml"), exemption(OLD)).unwrap();
    std::fs::write(place.directory.path().join("empty.toml"), "").unwrap();
    let run = place.clean(&["--exemptions", "empty.toml"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(place.aws.deleted_keys(), [OTHER], "a file that a flag names takes no protection away");
}

#[test]
fn an_unreadable_exemption_or_published_plan_stops_all_of_it() {
    let place = Place::new("auto_approve = 5\ngrace = \"0s\"\nfirst_run_is_dry = false\n");
    let file = place.directory.path().join("exemptions.toml");
    std::fs::write(&file, "[[exemption]]\nid = 1\n").unwrap();
    assert_eq!(place.clean(&[]).code, 5);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(place.clean(&["--dry-run"]).code, 0);
    let location: Location = place.directory.path().join("state.db").display().to_string().parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Sql::open(&location).await.unwrap();
        let digest = keysweep_core::plan::digest::Digest::of(b"x");
        let kept = KeptPlan { digest, id: "x".to_owned(), made_at: days_ago(1), text: "{}".to_owned() };
        store.keep_plan(&kept).await.unwrap();
        store.publish(digest, days_ago(1)).await.unwrap();
    });
    let run = place.clean(&[]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(place.aws.deleted_keys().is_empty());
}
