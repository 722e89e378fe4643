//! Where reports go, and how they look there.

use std::fs::{self, File};
use std::io::Read as _;
use std::process::Stdio;

use crate::simulated::{Aws, OLD, old_key};

#[test]
fn key_ids_are_masked_everywhere() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    for format in ["terminal", "json", "csv"] {
        let run = aws.keysweep().args(["scan", "--mask", "--format", format]).run();
        assert_eq!(run.code, 3);
        assert!(!run.stdout.contains(OLD) && run.stdout.contains("AKIA****"), "{format}: {}", run.stdout);
    }
}

#[test]
fn output_that_cannot_be_written_is_said_before_the_scan() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().args(["scan", "--output", "missing/report.txt"]).run();
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("report.txt") && run.stderr.contains("hint:"), "{}", run.stderr);
    assert!(aws.sim.calls().accounts.is_empty(), "{:?}", aws.sim.calls());
    let run = aws.keysweep().args(["scan", "--format", "json", "--output", "/dev/full"]).run();
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("/dev/full") && run.stderr.contains("hint:"), "{}", run.stderr);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program = aws.keysweep().args(["scan", "--format", "json"]);
    let mut child = program.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    for format in ["terminal", "json", "csv"] {
        let mut program = aws.keysweep().args(["scan", "--format", format]);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = program.command().stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}: {said}");
        for part in ["standard output", "No space left", "hint:"] {
            assert!(said.contains(part), "{format}: {part}: {said}");
        }
    }
}

#[test]
fn a_report_in_a_file_replaces_the_old_one_and_leaves_standard_output_empty() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program =
        aws.keysweep().file("report.csv", "old").args(["scan", "--format", "csv", "--output", "report.csv"]);
    let run = program.run();
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(
        run.stderr.contains("1 long-term inactive key,") && run.stderr.contains("report.csv"),
        "{}",
        run.stderr
    );
    assert!(fs::read_to_string(program.directory().join("report.csv")).unwrap().contains(OLD));
    let names: Vec<_> =
        fs::read_dir(program.directory()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["report.csv"], "nothing unfinished is left");
}

#[test]
fn a_scan_that_fails_leaves_the_old_report_alone() {
    let mut program =
        crate::program::keysweep().file("report.json", "old").args(["scan", "--output", "report.json"]);
    assert_eq!(program.run().code, 1);
    assert_eq!(fs::read_to_string(program.directory().join("report.json")).unwrap(), "old");
}

#[test]
fn colours_are_used_where_they_are_asked_for() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let scan = |arguments: &[&str]| aws.keysweep().args(["scan"]).args(arguments).run();
    let coloured = scan(&["--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'), "{}", coloured.stdout);
    for arguments in [&[][..], &["--color", "never"], &["--color", "always", "--format", "csv"]] {
        let run = scan(arguments);
        assert!(!run.stdout.contains('\u{1b}'), "{arguments:?}: {}", run.stdout);
    }
}

#[test]
fn the_summary_is_as_wide_as_it_is_asked_to_be() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().args(["scan", "--width", "70"]).run();
    assert!(run.stdout.contains("alice"), "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 70), "{}", run.stdout);
}

#[test]
fn several_formats_are_files_of_their_own_names_in_a_directory() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let mut program =
        aws.keysweep().args(["scan", "--format", "terminal,json", "--format", "csv", "--output", "reports"]);
    let run = program.run();
    assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{}", run.stderr);
    assert!(run.stderr.contains("summary.txt, assessment.json, findings.csv in reports"), "{}", run.stderr);
    let directory = program.directory().join("reports");
    let mut names: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["assessment.json", "findings.csv", "summary.txt"]);
    for name in names {
        assert!(fs::read_to_string(directory.join(&name)).unwrap().contains(OLD), "{}", name.display());
    }
}

#[test]
fn several_formats_without_a_directory_are_refused_before_the_scan() {
    let aws = Aws::with(|world| old_key(world, 1, OLD));
    let run = aws.keysweep().args(["scan", "--format", "json,csv"]).run();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("--output DIRECTORY"), "{}", run.stderr);
    let mut program = aws.keysweep().file("reports", "mine");
    program = program.args(["scan", "--format", "json,csv", "--output", "reports"]);
    let run = program.run();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("reports is a file"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(program.directory().join("reports")).unwrap(), "mine");
    assert!(aws.sim.calls().accounts.is_empty(), "{:?}", aws.sim.calls());
}
