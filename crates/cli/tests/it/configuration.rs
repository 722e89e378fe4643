//! Where the settings of a scan come from.

use crate::program::keysweep;
use crate::simulated::{Aws, OLD, old_key};

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let file = "threshold = \"1000d\"\n";
    let base = || aws.keysweep().file("keysweep.toml", file);
    assert_eq!(base().args(["scan"]).run().code, 0);
    assert_eq!(base().env("KEYSWEEP_THRESHOLD", "30d").args(["scan"]).run().code, 3);
    let run = base().env("KEYSWEEP_THRESHOLD", "30d").args(["scan", "--threshold", "2000d"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn an_unknown_key_in_the_file_names_the_nearest() {
    let run = keysweep().file("keysweep.toml", "org = true\ntreshold = \"30d\"\n").args(["scan"]).run();
    assert_eq!(run.code, 2);
    for part in ["keysweep.toml", "treshold", "threshold", "2"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn the_file_may_be_named_and_must_then_be_there() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let base = || aws.keysweep().file("nightly.toml", "threshold = \"1000d\"\n").args(["scan"]);
    assert_eq!(base().run().code, 3, "a file of another name is not read unasked");
    assert_eq!(base().args(["--config", "nightly.toml"]).run().code, 0);
    assert_eq!(base().env("KEYSWEEP_CONFIG", "nightly.toml").run().code, 0);
    let run = base().args(["--config", "missing.toml"]).run();
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("missing.toml") && run.stderr.contains("hint:"), "{}", run.stderr);
}

#[test]
fn wrong_values_name_where_they_stand() {
    let run = keysweep().file("keysweep.toml", "\nthreshold = 45\n").args(["scan"]).run();
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("keysweep.toml, line 2: threshold: "), "{}", run.stderr);
    let run = keysweep().env("KEYSWEEP_CONCURRENCY", "many").args(["scan"]).run();
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("KEYSWEEP_CONCURRENCY"), "{}", run.stderr);
}

#[test]
fn a_variable_that_sets_nothing_is_warned_of_unless_quiet() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let base = || aws.keysweep().env("KEYSWEEP_TRESHOLD", "1000d").args(["scan"]);
    let run = base().run();
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("KEYSWEEP_TRESHOLD") && run.stderr.contains("KEYSWEEP_THRESHOLD"),
        "{}",
        run.stderr
    );
    assert_eq!(base().args(["--quiet"]).run().stderr, "");
}
