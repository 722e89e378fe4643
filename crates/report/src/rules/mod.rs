//! The rules of [`keysweep_core::rule`] as people and programs read them: Markdown for `docs/rules`, JSON, and, in
//! [`crate::terminal::rules`], the terminal. What the rules are is decided in the core.

pub mod json;
pub mod markdown;

use keysweep_core::rule::{Control, Fit, Rule, Severity};

/// `high: inactive for at least twice the threshold`, the worst first.
pub(crate) fn severities(rule: &Rule) -> impl Iterator<Item = String> {
    rule.severities.iter().map(|(severity, when)| format!("{severity}: {when}"))
}

/// The span of severities: `medium to high`.
pub(crate) fn severity_span(rule: &Rule) -> String {
    let severities = || rule.severities.iter().map(|(severity, _)| *severity);
    let (mildest, worst) = (severities().min(), severities().max());
    match (mildest, worst) {
        (Some(mildest), Some(worst)) if mildest != worst => format!("{mildest} to {worst}"),
        (_, worst) => worst.unwrap_or(Severity::Informational).to_string(),
    }
}

/// The numbers of a control: `3.0.0 1.12, 4.0.1 1.12`.
pub(crate) fn numbers(control: &Control) -> String {
    let number = |reference: &keysweep_core::rule::Reference| match reference.version {
        "" => reference.number.to_owned(),
        version => format!("{version} {}", reference.number),
    };
    control.references.iter().map(number).collect::<Vec<_>>().join(", ")
}

/// What a fit means to an auditor.
pub const fn fit(fit: Fit) -> &'static str {
    match fit {
        Fit::Asks => "asks for what mends the finding",
        Fit::Near => "is about the same risk, and met without mending the finding",
    }
}
