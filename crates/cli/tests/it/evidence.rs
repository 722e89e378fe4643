//! `keysweep evidence import`: from files of the simulated AWS to findings that a scan alone cannot decide.

use keysweep_core::time::{Instant, SignedDuration};
use serde_json::Value;

use crate::program::{Program, Run, keysweep};
use crate::simulated::{Aws, OLD, OTHER, account, days_ago};
use crate::validator;

const ACCOUNT: &str = "000000000001";

/// Alice's key was switched off 400 days ago, bob's 700 days ago.
fn aws() -> Aws {
    Aws::with(|world| {
        world.account(account(1)).user("alice").key(OLD, days_ago(900)).deactivated(days_ago(400));
        world.account(account(1)).user("bob").key(OTHER, days_ago(900)).deactivated(days_ago(700));
    })
}

/// The day that was so many days ago, as `--covers` takes it.
fn day(ago: i64) -> String {
    days_ago(ago).to_string()[..10].to_owned()
}

fn midnight(ago: i64) -> Instant {
    format!("{}T00:00:00Z", day(ago)).parse().unwrap()
}

/// Scans, with a threshold that one scan cannot decide, into a store that outlives the run.
fn scan(aws: &Aws, store: &str) -> (Run, Value) {
    let run = aws
        .keysweep()
        .args(["scan", "--quiet", "--format", "json", "--threshold", "300d", "--state", store])
        .run();
    let report = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    (run, report)
}

fn finding<'a>(report: &'a Value, key: &str) -> &'a Value {
    let findings = report["accounts"][0]["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["access_key_id"] == key).unwrap()
}

fn import(path: &str, store: &str, more: &[&str]) -> Program {
    keysweep().args(["evidence", "import", path, "--state", store]).args(more)
}

#[test]
fn what_is_imported_decides_what_a_scan_alone_cannot() {
    let (aws, directory) = (aws(), tempfile::tempdir().unwrap());
    let store = directory.path().join("state.db").display().to_string();
    let files = directory.path().join("trail");
    std::fs::create_dir(&files).unwrap();

    let (_, report) = scan(&aws, &store);
    for key in [OLD, OTHER] {
        assert_eq!(finding(&report, key)["verdict"], "undetermined");
    }

    // A year and a half of the trail, in two files. Of bob's key nothing happened in it.
    for (name, from, to) in [("a.json", 550, 300), ("b.json", 300, 60)] {
        std::fs::write(files.join(name), aws.sim.trail(account(1), midnight(from), midnight(to))).unwrap();
    }
    let covers = format!("{}..{}", day(550), day(60));
    let asserting = ["--account", ACCOUNT, "--covers", &covers];
    let path = files.display().to_string();
    let run = import(&path, &store, &asserting).run();
    assert_eq!(run.code, 0, "{run:?}");
    let expected = format!(
        "Read 1 record in 2 files: 2 of a trail or the console's JSON.\n\
         Account {ACCOUNT}: 1 status change of 1 access key, 1 of them new.\n\
         Asserted: every status change of account {ACCOUNT} from {} 00:00:00 UTC up to {} 00:00:00 UTC is known. Nothing \
         proves it, so only observed claims rest on it.\n",
        day(550),
        day(60)
    );
    assert_eq!(run.stdout, expected);

    let (run, report) = scan(&aws, &store);
    assert_eq!(run.code, 3, "{run:?}");
    for key in [OLD, OTHER] {
        let finding = finding(&report, key);
        assert_eq!(finding["verdict"], "long_term", "{finding:#}");
        assert_eq!(finding["inactive_since"]["confidence"], "observed");
    }
    let bob = &finding(&report, OTHER)["inactive_since"];
    assert_eq!(bob["latest"], (midnight(550) - SignedDuration::from_secs(1)).to_string());
    assert_eq!(bob["assertion"]["status"], "used");
    assert_eq!(bob["assertion"]["text"], "it rests on what somebody asserted, and is true if that is");
    let alice = finding(&report, OLD)["evidence"].as_array().unwrap();
    let change = alice.iter().find(|evidence| evidence["kind"] == "changed").unwrap();
    assert_eq!((&change["source"], &change["file"]), (&"imported_file".into(), &"a.json".into()));
    let span = &report["accounts"][0]["coverage"]["asserted_spans"][0];
    assert_eq!(span["from"], midnight(550).to_string());

    // Once more changes nothing, and says so.
    let run = import(&path, &store, &asserting).run();
    assert!(run.stdout.contains("1 status change of 1 access key, 0 of them new"), "{run:?}");
    let (_, again) = scan(&aws, &store);
    for key in [OLD, OTHER] {
        let since = |report| finding(report, key)["inactive_since"]["latest"].clone();
        assert_eq!(since(&again), since(&report));
    }
}

#[test]
fn what_is_not_read_is_said_and_the_rest_is_kept() {
    let (aws, directory) = (aws(), tempfile::tempdir().unwrap());
    let whole = aws.sim.trail(account(1), days_ago(500), days_ago(60));
    std::fs::write(directory.path().join("a.json"), &whole).unwrap();
    std::fs::write(directory.path().join("b.json"), &whole[..whole.len() - 2]).unwrap();
    std::fs::write(directory.path().join("c.txt"), "Dear all").unwrap();
    let path = directory.path().display().to_string();

    let run = import(&path, "none", &["--account", ACCOUNT, "--covers", "2020-01-01..2020-02-01"]).run();
    assert_eq!(run.code, 4, "{run:?}");
    for said in [
        "1 status change of 1 access key, 1 of them new",
        &format!(
            "  b.json: byte {}, record 2: the file ends here in the middle of its JSON: it is cut off",
            whole.len() - 2
        ),
        "  c.txt: byte 0, record 1: it is neither JSON nor the console's CSV",
        "Not asserted: not all was read, so what the files hold is not known.",
    ] {
        assert!(run.stdout.contains(said), "{said}\n{}", run.stdout);
    }

    let run = import(&path, "none", &["--format", "json"]).run();
    assert_eq!(run.stderr, "note: nothing is kept, as --state none says\n");
    validator::holds("import", &run.stdout);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (run.code, &report["schema"], &report["complete"]),
        (4, &"keysweep.import/v1".into(), &false.into())
    );
    let status: Vec<&str> =
        report["files"].as_array().unwrap().iter().filter_map(|file| file["status"].as_str()).collect();
    assert_eq!(status, ["read", "not_read", "not_read"]);
    assert_eq!(report["files"][1]["error_record"], 2);
    assert_eq!(report["accounts"][0]["access_key_ids"], serde_json::json!([OLD]));
}

#[test]
fn every_field_of_the_json_is_in_the_document() {
    fn fields(value: &Value, found: &mut std::collections::BTreeSet<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, inner)| {
                found.insert(name.clone());
                fields(inner, found);
            }),
            Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
            _ => {}
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let strange =
        aws().sim.trail(account(1), days_ago(500), days_ago(60)).replace("\"Inactive\"", "\"Expired\"");
    std::fs::write(directory.path().join("a.json"), strange).unwrap();
    let path = directory.path().display().to_string();
    let covers = format!("{}..{}", day(450), day(60));
    let more = ["--format", "json", "--account", ACCOUNT, "--covers", &covers];
    let run = import(&path, "none", &more).run();
    assert_eq!(run.code, 4, "{run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    // What cannot be understood leaves a hole of its second.
    assert_eq!(report["assertion"]["spans"].as_array().unwrap().len(), 2, "{report:#}");
    let mut found = std::collections::BTreeSet::new();
    fields(&report, &mut found);
    let document = include_str!("../../../../docs/EVIDENCE.md");
    let missing: Vec<_> = found.iter().filter(|field| !document.contains(&format!("`{field}`"))).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn a_store_that_cannot_be_written_is_an_error_that_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.json");
    std::fs::write(&file, aws().sim.trail(account(1), days_ago(500), days_ago(60))).unwrap();
    let store = directory.path().join("state.db");
    let content = "no database ".repeat(20);
    std::fs::write(&store, &content).unwrap();
    let run = import(&file.display().to_string(), &store.display().to_string(), &[]).run();
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("is damaged") && run.stderr.contains("hint:"), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(&store).unwrap(), content);
}

#[test]
fn wrong_command_lines_are_told_before_anything_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().display().to_string();
    let nowhere = directory.path().join("nothing").display().to_string();
    let tomorrow = format!("2025-01-01..{}", day(-2));
    let file = directory.path().join("a").display().to_string();
    for (path, more, code, said) in [
        (nowhere.as_str(), vec![], 1, "nothing cannot be read"),
        (here.as_str(), vec![], 1, "there is no file in"),
        (here.as_str(), vec!["--covers", "2025-01-01..2025-02-01"], 2, "--account"),
        (here.as_str(), vec!["--account", ACCOUNT, "--covers", "2025"], 2, "FROM..TO"),
        (here.as_str(), vec!["--account", "1"], 2, "account"),
        (
            file.as_str(),
            vec!["--account", ACCOUNT, "--covers", &tomorrow],
            2,
            "nobody knows what will happen",
        ),
    ] {
        if path == file {
            std::fs::write(&file, "{\"Events\":[]}").unwrap();
        }
        let store = directory.path().join("state.db");
        let run = import(path, &store.display().to_string(), &more).run();
        assert_eq!(run.code, code, "{more:?} {run:?}");
        assert!(run.stderr.contains(said), "{said}\n{}", run.stderr);
        assert!(!store.exists());
    }
}
