//! `keysweep exempt`: what is kept, where, what it protects, and how reports tell of it.

use serde_json::Value;

use crate::program::{Run, keysweep};
use crate::simulated::{Aws, OLD, OTHER, account, days_ago};
use crate::validator;

/// A directory with a store and perhaps a file of exemptions, and what runs there.
struct Place {
    aws: Aws,
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let aws = Aws::with(|world| {
            world.account(account(1)).user("alice").key(OLD, days_ago(900)).deactivated(days_ago(70));
            let mut bob = world.account(account(1));
            bob.user("bob").tag("team:keep", "yes").key(OTHER, days_ago(900)).deactivated(days_ago(70));
        });
        Self { aws, directory: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut program = self.aws.keysweep().args(arguments).args(["--state", "state.db"]);
        program.command().current_dir(self.directory.path());
        program.run()
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap()
    }
}

/// An exemption of a key in the words of the file.
fn written(id: &str, key: &str, created: i64, expires: i64) -> String {
    format!(
        "[[exemption]]\nid = \"{id}\"\nprotects = \"key:{key}\"\nreason = \"yearly transfer\"\nauthor = \"alice\"\ncreated = \"{}\"\nexpires = \"{}\"\n",
        days_ago(created),
        days_ago(expires)
    )
}

fn add(place: &Place, more: &[&str]) -> Run {
    let base = ["exempt", "add", OLD, "--reason", "yearly transfer", "--author", "alice"];
    place.run(&[&base[..], more].concat())
}

#[test]
fn an_exemption_is_added_listed_checked_and_removed() {
    let place = Place::new();
    assert_eq!(place.run(&["scan", "--quiet"]).code, 3);
    let run = place.run(&["exempt", "check", OLD]);
    assert!(run.stdout.contains("not exempt") && run.stdout.contains("alice"), "{}", run.stdout);

    let run = add(&place, &["--expires", "90d", "--id", "bank"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = add(&place, &["--expires", "90d", "--id", "bank"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("\"bank\" already"), "{}", run.stderr);

    let run = place.run(&["exempt", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    validator::holds("exemptions", &run.stdout);
    let one = &list["exemptions"][0];
    assert_eq!(
        (one["exemption_id"].as_str(), one["kept_in"].as_str(), one["expired"].as_bool()),
        (Some("bank"), Some("store"), Some(false))
    );
    assert_eq!(list["keep_tags"], serde_json::json!(["keysweep:keep"]));
    for arguments in [&["exempt", "check", OLD][..], &["exempt", "check", "--user", "alice"]] {
        let run = place.run(arguments);
        assert!(run.stdout.contains("by bank (alice): yearly transfer"), "{}", run.stdout);
    }

    let run = place.run(&["exempt", "check", OLD, "--format", "json"]);
    validator::holds("exemption-check", &run.stdout);

    assert_eq!(place.run(&["exempt", "remove", "bank"]).code, 0);
    let run = place.run(&["exempt", "remove", "bank"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("there is no exemption \"bank\""), "{}", run.stderr);
}

#[test]
fn a_reviewed_file_is_added_to_and_an_exemption_of_it_is_not_removed_behind_its_back() {
    let place = Place::new();
    let run = add(&place, &["--expires", "2d", "--id", "bank", "--to-file"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let first = place.text("exemptions.toml");
    assert!(first.contains("id = \"bank\""), "{first}");
    assert_eq!(add(&place, &["--expires", "2d", "--id", "again", "--to-file"]).code, 0);
    assert!(place.text("exemptions.toml").starts_with(&first));
    let run = place.run(&["exempt", "remove", "bank"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("exemptions.toml, line 2"), "{}", run.stderr);

    place.file("exemptions.toml", "[[exemption]]\nid = 1\n");
    let run = add(&place, &["--expires", "2d", "--to-file"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("exemptions.toml, line 2"), "{}", run.stderr);
    assert_eq!(place.text("exemptions.toml"), "[[exemption]]\nid = 1\n");
}

#[test]
fn what_is_no_exemption_is_refused_and_says_why() {
    let place = Place::new();
    for (more, says) in [
        (&["--expires", "367d"][..], "more than a year"),
        (&["--expires", "2020-01-01"], "not after"),
        (&["--expires", "2027-02-30"], "neither a day"),
        (&["--expires", "soon"], "nor a length of time"),
    ] {
        let run = add(&place, more);
        assert_eq!(run.code, 2, "{more:?}");
        assert!(run.stderr.contains(says), "{more:?}: {}", run.stderr);
    }
    for (what, says) in [
        ("user:arn:aws:iam::*:user/[ab]", "only * and ? are wildcards"),
        ("user:alice", "it is an ARN"),
        ("everything", "does not say what to protect"),
        ("ou:/A", "an organizational unit"),
        ("tag: owner", "\"tag:owner\" was meant"),
        ("tag:owner ", "\"tag:owner\" was meant"),
        ("tag:owner= value", "\"tag:owner=value\" was meant"),
        ("ou: Workloads", "\"ou:Workloads\" was meant"),
        ("ou:Workloads /Production", "\"ou:Workloads/Production\" was meant"),
        ("key:akiaiosfodnn7example", "\"key:AKIAIOSFODNN7EXAMPLE\" was meant"),
        ("akiaiosfodnn7example", "\"key:AKIAIOSFODNN7EXAMPLE\" was meant"),
    ] {
        let run = keysweep()
            .args(["exempt", "add", what, "--reason", "r", "--author", "a", "--expires", "1d"])
            .run();
        assert_eq!(run.code, 2, "{what}");
        assert!(run.stderr.contains(says), "{what}: {}", run.stderr);
    }
    let run = keysweep().args(["exempt", "add", OLD, "--author", "a", "--expires", "1d"]).run();
    assert!(run.code == 2 && run.stderr.contains("--reason"), "{}", run.stderr);
    let blank = ["exempt", "add", OLD, "--reason", " ", "--author", "a", "--expires", "1d"];
    let run = keysweep().args(blank).run();
    assert!(run.code == 2 && run.stderr.contains("no reason"), "{}", run.stderr);
}

#[test]
fn a_file_whose_exemptions_could_never_match_or_begin_later_is_refused() {
    let place = Place::new();
    let add = ["exempt", "add", OTHER, "--reason", "r", "--author", "a", "--expires", "9d"];
    assert_eq!(place.run(&add).code, 0, "there is a store");
    for (text, says) in [
        ("keep_tags = [\" owner\"]\n".to_owned(), "line 1: keep_tags: \"owner\" was meant"),
        (written("e", OLD, 1, -30).replace("key:", "key: "), "exemptions.toml, line 3"),
        (written("e", &OLD.to_lowercase(), 1, -30), "line 3: exemption \"e\": \"key:akia"),
        (written("e", OLD, -2, -30), "line 6: exemption \"e\": created: "),
    ] {
        place.file("exemptions.toml", &text);
        let run = place.run(&["exempt", "list"]);
        assert_eq!(run.code, 5, "{text}: {}", run.stderr);
        assert!(run.stderr.contains(says), "{text}: {}", run.stderr);
    }
    // What is today somewhere on earth is not later than now.
    place.file("exemptions.toml", &written("e", OLD, 0, -30));
    assert_eq!(place.run(&["exempt", "list"]).code, 0);
}

#[test]
fn an_expired_exemption_is_shown_for_a_while_and_protects_nothing() {
    let place = Place::new();
    place.file(
        "exemptions.toml",
        &format!("{}{}", written("lately", OLD, 300, 10), written("past", OTHER, 300, 91)),
    );
    let scan = place.run(&["scan", "--quiet"]);
    let run = place.run(&["exempt", "list"]);
    assert!(run.stdout.contains("lately") && run.stdout.contains("expired"), "{}", run.stdout);
    assert!(!run.stdout.contains("past"), "{}", run.stdout);
    assert!(place.run(&["exempt", "list", "--all"]).stdout.contains("past"));
    let run = scan;
    assert!(run.stdout.contains("not exempt any more: it was until"), "{}", run.stdout);
    let run = place.run(&["plan", "--scan", "latest"]);
    assert!(run.stdout.contains(OLD) && run.stdout.contains("KL012"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn every_report_tells_what_is_exempt_and_why() {
    let place = Place::new();
    place.file("exemptions.toml", &written("bank", OLD, 1, -30));
    place.file("keysweep.toml", "[clean_up]\nkeep_tags = [\"team:keep\"]\n");
    let formats = "terminal,json,html,ndjson,csv,ocsf,asff,markdown,github-summary,junit";
    let run = place.run(&["scan", "--quiet", "--format", formats, "--output", "reports"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let again = place.run(&["report", "--quiet", "--format", formats, "--output", "again"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    for entry in std::fs::read_dir(place.directory.path().join("reports")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let text = place.text(&format!("reports/{name}"));
        for part in ["exempt from clean-up until", "by bank (alice): yearly transfer", "tag team:keep=yes"] {
            assert!(text.contains(part), "{name} has no {part:?}");
        }
        assert_eq!(text, place.text(&format!("again/{name}")), "{name}");
    }
}

#[test]
fn a_scan_with_a_file_that_cannot_be_read_says_so_before_it_calls_anything() {
    let place = Place::new();
    place.file("exemptions.toml", "keep_tags = [1]\n");
    let before = place.aws.sim.calls();
    let run = place.run(&["scan", "--quiet"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("exemptions.toml, line 1"), "{}", run.stderr);
    let run = place.run(&["report", "--exemptions", "missing.toml"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(format!("{:?}", place.aws.sim.calls()), format!("{before:?}"));
}
