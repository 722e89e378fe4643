//! Help texts, version, completions and man pages; and what a wrong command line gets.

use crate::program::keysweep;

#[test]
fn help_texts_are_as_they_were_reviewed() {
    for (name, arguments) in [
        ("help", &["--help"][..]),
        ("help_short", &["-h"]),
        ("help_scan", &["scan", "--help"]),
        ("help_apply", &["apply", "--help"]),
        ("help_approve", &["approve", "--help"]),
        ("help_plan", &["plan", "--help"]),
        ("help_clean", &["clean", "--help"]),
        ("help_demo", &["demo", "--help"]),
        ("help_diff", &["diff", "--help"]),
        ("help_doctor", &["doctor", "--help"]),
        ("help_evidence", &["evidence", "--help"]),
        ("help_evidence_import", &["evidence", "import", "--help"]),
        ("help_exempt", &["exempt", "--help"]),
        ("help_exempt_add", &["exempt", "add", "--help"]),
        ("help_exempt_check", &["exempt", "check", "--help"]),
        ("help_exempt_list", &["exempt", "list", "--help"]),
        ("help_exempt_remove", &["exempt", "remove", "--help"]),
        ("help_history", &["history", "--help"]),
        ("help_journal", &["journal", "--help"]),
        ("help_receipts", &["receipts", "--help"]),
        ("help_policies", &["policies", "--help"]),
        ("help_simulate", &["simulate", "--help"]),
        ("help_report", &["report", "--help"]),
        ("help_revert", &["revert", "--help"]),
        ("help_rules", &["rules", "--help"]),
        ("help_completions", &["completions", "--help"]),
        ("help_man", &["man", "--help"]),
        ("help_state", &["state", "--help"]),
        ("help_state_check", &["state", "check", "--help"]),
        ("help_state_export", &["state", "export", "--help"]),
        ("help_state_import", &["state", "import", "--help"]),
        ("help_state_prune", &["state", "prune", "--help"]),
    ] {
        let run = keysweep().args(arguments).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        insta::assert_snapshot!(name, run.stdout);
    }
}

#[test]
fn the_version_is_one_line() {
    for arguments in [&["--version"][..], &["-V"]] {
        let run = keysweep().args(arguments).run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert_eq!(run.stdout, format!("keysweep {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = keysweep().args(["completions", shell]).run();
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.contains("settling-margin"), "{shell}");
    }
}

#[test]
fn there_is_a_man_page_for_every_verb() {
    let page = keysweep().args(["man"]).run();
    assert_eq!(page.code, 0);
    assert!(page.stdout.contains(".TH keysweep 1"), "{}", page.stdout);
    let page = keysweep().args(["man", "scan"]).run();
    assert!(page.stdout.contains(r"\-\-settling\-margin"), "{}", page.stdout);

    let page = keysweep().args(["man", "evidence-import"]).run();
    assert!(page.stdout.contains(r"\-\-covers"), "{}", page.stdout);

    let directory = tempfile::tempdir().unwrap();
    let run = keysweep().args(["man", "--directory"]).arg(directory.path().join("man1")).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut names: Vec<String> = std::fs::read_dir(directory.path().join("man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let verbs = [
        "apply",
        "approve",
        "clean",
        "completions",
        "demo",
        "diff",
        "doctor",
        "evidence-import",
        "evidence",
        "exempt-add",
        "exempt-check",
        "exempt-list",
        "exempt-remove",
        "exempt",
        "explain",
        "history",
        "journal",
        "man",
        "plan",
        "policies",
        "receipts",
        "report",
        "revert",
        "rules",
        "scan",
        "simulate",
        "state-check",
        "state-export",
        "state-import",
        "state-prune",
        "state",
    ]
    .map(|verb| format!("keysweep-{verb}.1"));
    assert_eq!(names, [&verbs[..], &["keysweep.1".to_owned()]].concat());
}

#[test]
fn a_wrong_command_line_is_a_usage_error_that_says_what_is_right() {
    for (arguments, part) in [
        (&["scan", "--treshold", "1d"][..], "--threshold"),
        (&["scan", "--threshold", "30"], "is not a length of time"),
        (&["scan", "--format", "xml"], "terminal, json, html"),
        (&["scan", "--include", "prod"], "selects no accounts"),
        (&["scan", "--include", "tag:env=prod"], "--include needs --org"),
        (&["scan", "--width", "10"], "from 60 to 1000"),
        (&["scna"], "scan"),
        (&["simulate", "--listen", "0.0.0.0:4599"], "not a loopback address"),
        (&["simulate", "--profile", "fast"], "aws-like, unlimited"),
        (&["simulate", "--inactive-share", "2"], "from 0 to 1"),
        (&["completions", "tcsh"], "bash"),
        (&["policies", "--trusted-account", "42"], "twelve digits"),
        (&["policies", "--role-path", "/*/"], "between its slashes"),
        (&["policies", "--partition", "aws-iso"], "aws-us-gov"),
        (&["man", "sweep"], "the verbs are"),
        (&["rules", "KS999"], "the rules are KS001"),
        (&[], "Usage"),
    ] {
        let run = keysweep().args(arguments).run();
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert!(run.stderr.contains(part), "{arguments:?}: {}", run.stderr);
    }
}
