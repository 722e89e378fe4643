//! What the scripts say where something is missing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// What `scripts/needs-python` says with only this as `python3`, and how it ends.
fn needs(python: Option<&str>, arguments: &[&str]) -> (i32, String) {
    let directory = tempfile::tempdir().unwrap();
    if let Some(script) = python {
        let program = directory.path().join("python3");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/needs-python");
    let output =
        Command::new("/bin/bash").arg(script).args(arguments).env("PATH", directory.path()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_is_missing_of_python_is_said() {
    let of_version = |version: &str, is_old: i32, has_venv: i32| {
        format!(
            "case $2 in *print*) echo {version} ;; *version_info*) exit {is_old} ;; *venv*) exit {has_venv} ;; esac"
        )
    };
    let (old, without, whole) = (of_version("3.9", 1, 0), of_version("3.12", 0, 1), of_version("3.12", 0, 0));
    for (python, arguments, code, told) in [
        (None, &[][..], 69, "python3 is not installed: Python 3.11 or newer is needed\n"),
        (Some("exit 1"), &[], 69, "python3 does not run\n"),
        (Some(old.as_str()), &["--alone"], 69, "python3 is 3.9: 3.11 or newer is needed\n"),
        (
            Some(without.as_str()),
            &[],
            69,
            "python3 has no venv with pip: on Debian and Ubuntu it is the package python3-venv\n",
        ),
        (Some(without.as_str()), &["--alone"], 0, ""),
        (Some(whole.as_str()), &[], 0, ""),
    ] {
        assert_eq!(needs(python, arguments), (code, told.to_owned()), "{python:?} {arguments:?}");
    }
}
