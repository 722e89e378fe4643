//! `--state`: where scans are kept, and what happens where they cannot be.

use crate::program::{Program, keysweep};
use crate::simulated::{Aws, OLD, old_key};

#[test]
fn scans_are_kept_in_the_users_data_directory_for_nobody_else() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program = aws.keysweep().args(["scan", "--quiet"]);
    assert_eq!(program.run().code, 3);
    let store = program.home().join(".local/share/keysweep/state.db");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&store), mode(store.parent().unwrap())), (0o600, 0o700));
    }
    assert!(store.exists());
}

#[test]
fn no_store_is_made_where_none_is_wanted() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program = aws.keysweep().args(["scan", "--quiet", "--state", "none"]);
    assert_eq!(program.run().code, 3);
    assert!(!program.home().join(".local").exists());
    assert!(!program.directory().join("none").exists());
}

#[test]
fn a_foreign_or_damaged_file_is_refused_and_left_as_it_is() {
    for content in [
        "",
        "no database at all, only words, and enough of them to fill a header of one hundred bytes, which is what SQLite reads first",
    ] {
        let mut program = keysweep().args(["scan", "--state", "state.db"]).file("state.db", content);
        let run = program.run();
        assert_eq!(run.code, 1, "{}", run.stderr);
        // An empty file is one that SQLite takes for a new database; what fails then is the call to AWS.
        if !content.is_empty() {
            assert!(run.stderr.contains("the store state.db is damaged"), "{}", run.stderr);
            assert!(run.stderr.contains("keysweep state check"), "{}", run.stderr);
            assert_eq!(std::fs::read_to_string(program.directory().join("state.db")).unwrap(), content);
        }
    }
}

#[test]
fn a_store_is_checked_moved_and_pruned() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program = aws.keysweep().args(["scan", "--quiet", "--state", "one.db"]);
    assert_eq!(program.run().code, 3);
    let directory = program.directory().to_owned();
    let state = |arguments: &[&str]| {
        let mut program = keysweep().arg("state").args(arguments);
        program.command().current_dir(&directory);
        program.run()
    };
    let run = state(&["check", "--state", "one.db"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "one.db: 1 scan; 1 account; schema 5: sound\n"),
        "{}",
        run.stderr
    );

    assert_eq!(state(&["export", "--state", "one.db", "--output", "one.ndjson"]).code, 0);
    let run = state(&["import", "--state", "two.db", "one.ndjson"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("1 scan new, with 1 result"), "{}", run.stderr);
    let exported = std::fs::read_to_string(directory.join("one.ndjson")).unwrap();
    assert_eq!(state(&["export", "--state", "two.db"]).stdout, exported);
    let run = state(&["import", "--state", "two.db", "one.ndjson"]);
    assert!(run.stderr.contains("0 scans new"), "{}", run.stderr);

    let run = state(&["prune", "--state", "two.db", "--older-than", "0s"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("0 scans from before"), "the newest scan stays: {}", run.stderr);

    std::fs::write(directory.join("half.ndjson"), &exported[..exported.len() / 2]).unwrap();
    let run = state(&["import", "--state", "three.db", "half.ndjson"]);
    assert_eq!(run.code, 1);
    for part in ["half.ndjson", "line ", "nothing was imported"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let run = state(&["check", "--state", "none.db"]);
    assert_eq!(run.code, 1, "a check makes no store");
    assert!(run.stderr.contains("the store none.db could not be opened"), "{}", run.stderr);
}

#[test]
fn a_damaged_store_is_told_and_a_scan_says_so_before_it_asks_aws() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program = aws.keysweep().args(["scan", "--quiet", "--state", "state.db"]);
    assert_eq!(program.run().code, 3);
    let path = program.directory().join("state.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // The pages of the tables, but not the first, which lists them.
    let pages = bytes.len() / 4096;
    for page in 1..pages {
        bytes[page * 4096..page * 4096 + 200].fill(0xa5);
    }
    std::fs::write(&path, &bytes).unwrap();
    let mut check = keysweep().args(["state", "check", "--state"]).arg(&path);
    let run = check.run();
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("is damaged"), "{}", run.stderr);
    let calls = aws.sim.calls();
    let run = program.run();
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("is damaged") && run.stderr.contains("hint:"), "{}", run.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "it is never made anew");
    drop(calls);
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_what_only_goes_on_with_it() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program = aws.keysweep().args(["plan", "--state", "state.db"]);
    assert_eq!(program.run().code, 0);
    let directory = program.directory().to_owned();
    let digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let plan: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(directory.join("plan.json")).unwrap()).unwrap();
    let own = plan["digest"].as_str().unwrap();
    assert_ne!(own, digest);
    for verb in [
        &["journal", "--verify"][..],
        &["journal"],
        &["receipts"],
        &["revert", "latest"],
        &["apply", "plan.json"],
        &["approve", "plan.json", "--by", "alice", "--yes", "--digest", own],
        &["exempt", "list"],
        &["exempt", "check", OLD],
        &["exempt", "remove", "x"],
        &["history"],
        &["explain", OLD],
        &["report", "--quiet"],
        &["diff"],
        &["state", "export"],
        &["state", "prune", "--older-than", "1d"],
        &["state", "check"],
    ] {
        let mut program = aws.keysweep().args(verb).args(["--state", "typo/dir/x.db"]);
        program.command().current_dir(&directory);
        let run = program.run();
        assert_eq!(run.code, 1, "{verb:?}: {}{}", run.stdout, run.stderr);
        let says = "the store typo/dir/x.db could not be opened";
        assert!(run.stderr.contains(says) && run.stdout.is_empty(), "{verb:?}: {}{}", run.stdout, run.stderr);
        assert!(!directory.join("typo").exists(), "{verb:?}");
        // Nor is a file that nothing was kept in taken for one.
        std::fs::write(directory.join("empty.db"), "").unwrap();
        let mut program = aws.keysweep().args(verb).args(["--state", "empty.db"]);
        program.command().current_dir(&directory);
        if !verb.starts_with(&["state", "check"]) {
            let run = program.run();
            assert_eq!(run.code, 1, "{verb:?}: {}", run.stdout);
            assert!(run.stderr.contains("nothing was ever kept there"), "{verb:?}: {}", run.stderr);
        }
    }
    // Where the user's own store is none yet, the file of exemptions is all that there is.
    let mut program =
        keysweep().args(["exempt", "list"]).file("exemptions.toml", "keep_tags = [\"team:keep\"]\n");
    let run = program.run();
    assert!(run.code == 0 && run.stdout.contains("team:keep"), "{}{}", run.stdout, run.stderr);
    assert!(!program.home().join(".local").exists());
    let mut program = keysweep().arg("journal");
    assert_eq!(program.run().code, 1);
    assert!(!program.home().join(".local").exists());
}

#[test]
fn what_must_be_found_again_is_refused_without_a_store_to_keep_it_in() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let config = "[clean_up]\nauto_approve = 5\ngrace = \"0s\"\nfirst_run_is_dry = false\n";
    let mut program = aws.keysweep().args(["plan", "--state", "state.db"]).file("keysweep.toml", config);
    assert_eq!(program.run().code, 0);
    let directory = program.directory().to_owned();
    let plan: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(directory.join("plan.json")).unwrap()).unwrap();
    let digest = plan["digest"].as_str().unwrap();
    let add = ["exempt", "add", OLD, "--reason", "r", "--author", "a", "--expires", "1d"];
    for verb in [
        &["clean", "--auto"][..],
        &["clean", "--auto", "--dry-run"],
        &["approve", "plan.json", "--by", "alice", "--yes", "--digest", digest],
        &["apply", "plan.json"],
        &["revert", "latest"],
        &["journal", "--verify"],
        &["receipts"],
        &["exempt", "remove", "x"],
        &add,
    ] {
        let ways: [&dyn Fn(Program) -> Program; 2] =
            [&|program| program.args(["--state", "none"]), &|program| program.env("KEYSWEEP_STATE", "none")];
        for way in ways {
            let mut program = way(aws.keysweep().args(verb));
            program.command().current_dir(&directory);
            let run = program.run();
            assert_eq!(run.code, 2, "{verb:?}: {}{}", run.stdout, run.stderr);
            assert!(run.stderr.contains("the store is `none`"), "{verb:?}: {}", run.stderr);
            assert!(run.stderr.contains("--state") && run.stdout.is_empty(), "{verb:?}: {}", run.stderr);
        }
    }
    assert!(aws.deleted_keys().is_empty());
    // What goes to the file needs none.
    let mut program = keysweep().args(add).args(["--to-file", "--state", "none"]);
    let run = program.run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(program.directory().join("exemptions.toml").exists());
}
