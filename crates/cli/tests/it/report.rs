//! `keysweep report`: what a scan wrote can be written again, and what has become of an earlier scan's findings is told.

use keysweep_report::Format;
use serde_json::Value;

use crate::program::{Run, keysweep, wait_until};
use crate::simulated::{Aws, OLD, OTHER, account, days_ago, two_accounts};

fn report(state: &str, arguments: &[&str]) -> Run {
    keysweep().args(["report", "--state", state]).args(arguments).run()
}

fn scan(aws: &Aws, state: &str, arguments: &[&str]) {
    let run = aws.keysweep().args(["scan", "--org", "--state", state]).args(arguments).run();
    assert!([0, 3].contains(&run.code), "{}", run.stderr);
}

#[test]
fn every_format_is_byte_for_byte_as_the_scan_wrote_it() {
    let aws = two_accounts();
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name).display().to_string();
    let (state, list) = (place("state.db"), place("accounts.txt"));
    std::fs::write(&list, "000000000001\n000000000009\n").unwrap();
    let common =
        ["--format", &Format::NAMES.join(","), "--mask", "--width", "90", "--expect-accounts", &list];
    let run = aws
        .keysweep()
        .args(["scan", "--org", "--state", &state, "--output", &place("then")])
        .args(common)
        .run();
    assert_eq!(run.code, 4, "{}", run.stderr);
    let run = report(&state, &[&["latest", "--output", &place("now")][..], &common].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for format in Format::ALL {
        let read = |of: &str| std::fs::read(directory.path().join(of).join(format.file_name())).unwrap();
        assert!(!read("then").is_empty(), "{format}");
        assert!(read("then") == read("now"), "{format} differs");
    }
}

#[test]
fn findings_that_a_later_scan_misses_in_a_complete_account_are_closed_by_their_ids() {
    let aws = two_accounts();
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state.db").display().to_string();
    scan(&aws, &state, &[]);
    let first: Value = serde_json::from_str(&report(&state, &["--format", "json"]).stdout).unwrap();
    let first = first["assessment_id"].as_str().unwrap().to_owned();
    aws.sim.edit(|world| {
        world.account(account(2)).user("alice").key(OTHER, days_ago(80)).activated(days_ago(0));
    });
    let switched = days_ago(0);
    wait_until(|| days_ago(0) > switched);
    scan(&aws, &state, &["--exhaustive", "--fresh"]);

    let run = report(&state, &["--compare", &first, "--format", "ndjson"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let settled: Vec<_> = lines.iter().filter(|line| line["type"] == "resolved").collect();
    assert_eq!(settled.len(), 1, "{}", run.stdout);
    assert_eq!(settled[0]["finding_id"], format!("000000000002:{OTHER}"));
    assert_eq!(settled[0]["resolution"], "not_inactive");

    // People are told what changed, with what other scans know of it, and the trend.
    for (format, heading) in
        [("terminal", "What changed"), ("markdown", "**Changed since"), ("html", "What changed</h2>")]
    {
        let run = report(&state, &["--compare", &first, "--format", format]);
        let (_, changed) = run.stdout.split_once(heading).unwrap_or_default();
        assert!(changed.contains("Reactivated") && changed.contains(OTHER), "{format}: {}", run.stdout);
        assert!(!report(&state, &["--format", format]).stdout.contains(heading), "{format}");
    }
    // Compared, it is the same again in every format too, and in those for people it is another one than alone.
    let place = |name: &str| directory.path().join(name).display().to_string();
    let all = Format::NAMES.join(",");
    for name in ["one", "other"] {
        let compared = ["--compare", &first, "--format", &all, "--output", &place(name)];
        assert_eq!(report(&state, &compared).code, 0);
    }
    assert_eq!(report(&state, &["--format", &all, "--output", &place("alone")]).code, 0);
    for format in Format::ALL {
        let read = |of: &str| std::fs::read(directory.path().join(of).join(format.file_name())).unwrap();
        assert!(read("one") == read("other"), "{format} differs");
        let of_one_scan = matches!(format, Format::Json | Format::Csv | Format::Junit);
        assert_eq!(read("one") == read("alone"), of_one_scan, "{format}");
    }
    let page = report(&state, &["--format", "html"]).stdout;
    assert_eq!(page.matches("<svg class=trend").count(), 1);
    assert!(!report(&state, &[&first, "--format", "html"]).stdout.contains("<svg class=trend"));

    let run = report(&state, &[&first, "--compare", "latest"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("is later than scan"), "{}", run.stderr);
    let run = report(&state, &["nothing"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no scan has an id that begins with"), "{}", run.stderr);
}

#[test]
fn anonymous_reports_of_a_scan_and_of_the_store_are_the_same_under_one_key_and_the_store_keeps_the_names() {
    let aws = two_accounts();
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name).display().to_string();
    let (state, key) = (place("state.db"), place("report.key"));
    std::fs::write(&key, "c0ffee00c0ffee00\n").unwrap();
    let anonymous = ["--format", "json", "--anonymize-key-file", &key];
    let then = aws.keysweep().args(["scan", "--org", "--state", &state]).args(anonymous).run();
    assert_eq!(then.code, 3, "{}", then.stderr);
    for name in [OLD, OTHER, "alice", "000000000001", "000000000002"] {
        assert!(!then.stdout.contains(name), "{name}: {}", then.stdout);
    }
    assert_eq!(report(&state, &anonymous).stdout, then.stdout);
    let random = report(&state, &["--format", "json", "--anonymize"]).stdout;
    assert!(random != then.stdout && !random.contains(OLD), "{random}");
    assert!(report(&state, &["--format", "json"]).stdout.contains(OLD));

    std::fs::write(&key, "too short\n").unwrap();
    let run = report(&state, &anonymous);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("less than 16 bytes"), "{}", run.stderr);
}
