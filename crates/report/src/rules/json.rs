//! The rules as JSON, schema `keysweep.rules/v1`: one document with a list of rules. Fields may be added; none is renamed,
//! removed or given another meaning.

use keysweep_core::rule::{Control, Rule, Way};
use serde::Serialize;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    rules: Vec<RuleV1>,
}

#[derive(Serialize)]
struct RuleV1 {
    id: &'static str,
    title: &'static str,
    what: &'static str,
    why: &'static str,
    decided: &'static str,
    severities: Vec<SeverityV1>,
    remedy: &'static str,
    ways: Vec<WayV1>,
    controls: Vec<ControlV1>,
    page: String,
}

#[derive(Serialize)]
struct SeverityV1 {
    severity: &'static str,
    when: &'static str,
}

#[derive(Serialize)]
struct WayV1 {
    with: &'static str,
    text: &'static str,
    commands: &'static [&'static str],
}

#[derive(Serialize)]
struct ControlV1 {
    framework: &'static str,
    references: Vec<ReferenceV1>,
    asks: &'static str,
    fit: &'static str,
}

#[derive(Serialize)]
struct ReferenceV1 {
    version: &'static str,
    number: &'static str,
}

/// The document with these rules, and a line feed.
pub fn document(rules: &[&Rule]) -> String {
    let document =
        Document { schema: "keysweep.rules/v1", rules: rules.iter().map(|rule| v1(rule)).collect() };
    // The document consists of texts and lists: nothing that JSON could not hold.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn v1(rule: &Rule) -> RuleV1 {
    let Rule { id, title, what, why, decided, remedy, .. } = *rule;
    let severity = |(severity, when): &(keysweep_core::rule::Severity, &'static str)| SeverityV1 {
        severity: severity.name(),
        when,
    };
    let way = |way: &Way| WayV1 { with: way.with, text: way.text, commands: way.commands };
    let control = |control: &&Control| ControlV1 {
        framework: control.framework.name(),
        references: control
            .references
            .iter()
            .map(|reference| ReferenceV1 { version: reference.version, number: reference.number })
            .collect(),
        asks: control.asks,
        fit: control.fit.name(),
    };
    RuleV1 {
        id,
        title,
        what,
        why,
        decided,
        severities: rule.severities.iter().map(severity).collect(),
        remedy,
        ways: rule.ways.iter().map(way).collect(),
        controls: rule.controls.iter().map(control).collect(),
        page: rule.page(),
    }
}
