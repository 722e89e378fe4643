//! `--state`: where scans are kept, and what happens where they cannot be.

use crate::program::keysweep;
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
