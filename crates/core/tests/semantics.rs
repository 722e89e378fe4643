//! docs/SEMANTICS.md is held by tests: every statement names one, every named test exists, and the numbering has no holes.

#![allow(clippy::unwrap_used, reason = "test code: a panic is a failed check")]

use std::fs;
use std::path::{Path, PathBuf};

/// A numbered statement of the document.
struct Statement {
    number: usize,
    /// The tests that it names, as they are written: crate, path, function.
    tests: Vec<String>,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The statements: each begins with `**S<number>.` at the start of a line, and ends where the next one or a heading begins.
fn statements(document: &str) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        let number = line.strip_prefix("**S").and_then(|rest| rest.split_once('.'));
        if let Some(number) = number.and_then(|(number, _)| number.parse().ok()) {
            statements.push(Statement { number, tests: Vec::new() });
            texts.push(String::new());
            inside = true;
        }
        inside &= !line.starts_with('#');
        if let Some(text) = texts.last_mut().filter(|_| inside) {
            text.push_str(line);
            text.push(' ');
        }
    }
    for (statement, text) in statements.iter_mut().zip(texts) {
        let named = text.split("[test: ").skip(1).filter_map(|rest| rest.split_once(']'));
        statement.tests = named.map(|(test, _)| test.to_owned()).collect();
    }
    statements
}

/// Why the named test does not exist, where it does not.
fn missing(test: &str) -> Option<String> {
    let Some(((package, path), function)) =
        test.split_once("::").and_then(|(place, function)| Some((place.split_once(' ')?, function)))
    else {
        return Some(format!("[test: {test}] is not written as `crate path::function`"));
    };
    let directory: PathBuf = Path::new(path).components().take(2).collect();
    let manifest = fs::read_to_string(repository().join(directory).join("Cargo.toml")).unwrap_or_default();
    if !manifest.contains(&format!("name = \"{package}\"")) {
        return Some(format!("[test: {test}]: {path} is no file of {package}"));
    }
    let Ok(source) = fs::read_to_string(repository().join(path)) else {
        return Some(format!("[test: {test}]: there is no file {path}"));
    };
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let head = format!("fn {function}(");
    let declared = |line: &&str| line.starts_with(&head) || line.starts_with(&format!("async {head}"));
    let Some(index) = lines.iter().position(declared) else {
        return Some(format!("[test: {test}]: {path} has no function {function}"));
    };
    let attributes = lines[..index].iter().rev().take_while(|line| line.starts_with("#["));
    let is_test = attributes.into_iter().any(|line| line.starts_with("#[test]") || line.contains("::test"));
    (!is_test).then(|| format!("[test: {test}]: the function is no test"))
}

fn document() -> String {
    fs::read_to_string(repository().join("docs/SEMANTICS.md")).unwrap()
}

#[test]
fn every_statement_names_tests_that_exist() {
    let mut wrong = Vec::new();
    for Statement { number, tests } in statements(&document()) {
        if tests.is_empty() {
            wrong.push(format!("S{number} names no test"));
        }
        wrong.extend(tests.iter().filter_map(|test| missing(test)).map(|why| format!("S{number}: {why}")));
    }
    assert!(wrong.is_empty(), "docs/SEMANTICS.md:\n{}", wrong.join("\n"));
}

#[test]
fn the_numbering_has_no_holes() {
    let numbers: Vec<usize> = statements(&document()).iter().map(|statement| statement.number).collect();
    let expected: Vec<usize> = (1..=numbers.len()).collect();
    assert_eq!(numbers, expected);
    assert!(numbers.len() >= 30, "only {} statements were found", numbers.len());
}

#[test]
fn every_rule_test_is_named_by_a_statement() {
    let named = document();
    let source = fs::read_to_string(repository().join("crates/core/tests/rules.rs")).unwrap();
    let functions = source.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split_once('('));
    let forgotten: Vec<&str> =
        functions.map(|(name, _)| name).filter(|name| !named.contains(&format!("::{name}]"))).collect();
    assert!(forgotten.is_empty(), "tests/rules.rs has tests that no statement names: {forgotten:?}");
}

#[test]
fn a_wrong_reference_is_noticed() {
    for test in [
        "keysweep-core crates/core/tests/rules.rs",
        "keysweep-app crates/core/tests/rules.rs::a_key_is_born_active",
        "keysweep-core crates/core/tests/none.rs::a_key_is_born_active",
        "keysweep-core crates/core/tests/rules.rs::no_such_test",
        "keysweep-core crates/core/tests/rules.rs::day",
    ] {
        assert!(missing(test).is_some(), "{test}");
    }
    assert_eq!(missing("keysweep-core crates/core/tests/rules.rs::a_key_is_born_active"), None);
    let found = statements("# T\n**S1.** a\n[test: x y::z]\n# H\n[test: not here]\n**S3.** b\n");
    let found: Vec<_> = found.iter().map(|statement| (statement.number, statement.tests.len())).collect();
    assert_eq!(found, [(1, 1), (3, 0)]);
}
