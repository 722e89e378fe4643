//! The pages of `docs/rules`: generated, so that they say what the program does.

use std::fmt::Write as _;

use keysweep_core::rule::{Framework, RULES, Rule};

use super::{fit, numbers, severities, severity_span};

/// Where the generated pages say how they are made.
const MADE: &str =
    "<!-- Generated from crates/core/src/rule: UPDATE_DOCS=1 cargo test -p keysweep --test it docs -->";

/// The page of one rule.
pub fn page(rule: &Rule) -> String {
    let Rule { id, title, what, why, decided, remedy, .. } = rule;
    let mut text = format!(
        "# {id}: {title}\n\n{MADE}\n\n{what}\n\n## Why it matters\n\n{why}\n\n## How it is decided\n\n{decided}\n\n## Severity\n\n"
    );
    for severity in severities(rule) {
        let _ = writeln!(text, "- {severity}");
    }
    let _ = write!(text, "\n## How to mend it\n\n{remedy}\n");
    for way in rule.ways {
        let _ = write!(text, "\n### {}\n\n{}\n", way.with, way.text);
        if !way.commands.is_empty() {
            let _ = write!(text, "\n```sh\n{}\n```\n", way.commands.join("\n"));
        }
    }
    text.push_str("\n## Controls\n\n");
    if rule.controls.is_empty() {
        text.push_str("None: this rule is about the assessment itself.\n");
    } else {
        text.push_str("| framework | control | asks that | fit |\n| --- | --- | --- | --- |\n");
    }
    for control in rule.controls {
        let (framework, numbers) = (control.framework, numbers(control));
        let _ = writeln!(
            text,
            "| {framework} | {numbers} | {} | {}: {} |",
            control.asks,
            control.fit.name(),
            fit(control.fit)
        );
    }
    let bears_on = |framework| rule.controls.iter().any(|control| control.framework == framework);
    let others: Vec<&str> =
        Framework::ALL.into_iter().filter(|framework| !bears_on(*framework)).map(Framework::name).collect();
    if !rule.controls.is_empty() && !others.is_empty() {
        let _ = writeln!(text, "\nNo control of {} comes near.", others.join(" or "));
    }
    text
}

/// The list of all pages.
pub fn index() -> String {
    let mut text = format!(
        "# Rules\n\n{MADE}\n\n\
         Each finding is an instance of one rule before all others: a root user's key of KS005, otherwise the verdict decides.\n\
         It may be one of more rules too; its severity is that of the worst of them. Each problem is an instance of KS007.\n\
         `keysweep rules` shows the same, also as JSON.\n\n\
         Controls that are *near* are about the same risk and are met once a credential is disabled: none of them asks to delete\n\
         a key that is inactive already.\n\n\
         | rule | title | severity |\n| --- | --- | --- |\n"
    );
    for rule in RULES {
        let _ = writeln!(text, "| [{0}]({0}.md) | {1} | {2} |", rule.id, rule.title, severity_span(rule));
    }
    text
}
