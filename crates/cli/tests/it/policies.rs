//! `keysweep policies`: what it writes is what README and docs show, and what a scan calls is what it allows.

use std::collections::BTreeSet;
use std::path::Path;

use keysweep_core::call::{Call, Task};
use keysweep_core::permissions::Grant;
use keysweep_sim::WorldSpec;

use crate::program::keysweep;
use crate::simulated::Aws;

fn written(directory: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                paths.push(path.strip_prefix(directory).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    paths.sort();
    paths
}

#[test]
fn every_format_is_as_it_was_reviewed() {
    let names =
        ["--role-path", "/security/", "--trusted-account", "111122223333", "--external-id", "keysweep-7f3a"];
    for format in ["json", "cloudformation", "terraform"] {
        let run = keysweep().args(["policies", "--format", format]).args(names).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{format}");
        insta::assert_snapshot!(format!("policies_{format}"), run.stdout);
    }
}

#[test]
fn the_check_says_what_allows_each_call() {
    let run = keysweep().args(["policies", "--check"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("policies_check", run.stdout);
    for call in Call::ALL {
        assert!(run.stdout.lines().any(|line| line == call.to_string()), "{call}");
    }
}

#[test]
fn files_are_written_and_named() {
    let mut program = keysweep().args(["policies", "--output", "made", "--trusted-account", "111122223333"]);
    let run = program.run();
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    let made = program.directory().join("made");
    let names = ["clean-up-entry", "clean-up", "deactivation", "organization", "scan", "trust"];
    assert_eq!(written(&made), names.map(|name| format!("{name}.json")));
    assert!(names.iter().all(|name| run.stderr.contains(name)), "{}", run.stderr);
    let scan: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(made.join("scan.json")).unwrap()).unwrap();
    assert_eq!(scan["Version"], "2012-10-17");
}

#[test]
fn without_an_account_to_trust_there_is_no_trust_policy_and_that_is_said() {
    let run = keysweep().args(["policies"]).run();
    let documents: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(documents["trust"].is_null() && documents["scan"].is_object());
    assert!(run.stderr.contains("--trusted-account"), "{}", run.stderr);
}

/// The README shows the two policies that a scan needs, exactly as the program writes them.
#[test]
fn the_readme_shows_the_policies_of_a_scan() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut program = keysweep().args(["policies", "--output", "."]);
    assert_eq!(program.run().code, 0);
    for name in ["scan", "organization"] {
        let document = std::fs::read_to_string(program.directory().join(format!("{name}.json"))).unwrap();
        assert!(
            text.contains(&format!("```json\n{document}```\n")),
            "README.md does not show {name}.json:\n{document}"
        );
    }
}

/// What the simulated AWS was called with, in scans both ways, is allowed by the policies of a scan.
#[test]
fn a_scan_calls_nothing_that_its_policies_do_not_allow() {
    let aws = Aws::serve(WorldSpec::organization(6, 12).seed(3));
    for more in [&["--exhaustive"][..], &[], &["--exclude", "tag:env=prod"]] {
        let run = aws.keysweep().args(["scan", "--org", "--quiet"]).args(more).run();
        assert!([0, 3].contains(&run.code), "{}", run.stderr);
    }
    let called: BTreeSet<String> = aws
        .sim
        .calls()
        .accounts
        .values()
        .flat_map(|calls| calls.keys())
        .map(|action| (*action).to_owned())
        .collect();
    let allowed: BTreeSet<String> = [Grant::Scan, Grant::Organization]
        .into_iter()
        .flat_map(Grant::calls)
        .chain([Call::GetCallerIdentity])
        .map(|call| call.name().to_owned())
        .collect();
    assert!(called.is_subset(&allowed), "called and not allowed: {:?}", called.difference(&allowed));
    assert!(called.len() >= 12, "the scans called too little to show anything: {called:?}");
    let of_scans = Call::ALL.iter().filter(|call| call.tasks().contains(&Task::Scan)).count();
    assert_eq!(allowed.len(), of_scans);
}
