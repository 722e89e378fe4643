//! The rules that findings and problems are instances of: one rule, one file, one id, one page in `docs/rules`. A rule says
//! what it means, how it is decided, how bad it is and how to mend it. It decides nothing about keys: that is done by
//! [`crate::infer`] and the policy; it only names what they came to.

mod control;
mod ks001_long_term;
mod ks002_undetermined;
mod ks003_recent;
mod ks004_contradictory;
mod ks005_root;
mod ks006_used_since;
mod ks007_not_assessed;

use std::fmt;

pub use control::{Control, Fit, Framework, Reference};

use crate::finding::{Finding, Verdict};
use crate::key::Owner;
use crate::policy::Policy;
use crate::problem::Problem;

/// How bad it is. The words are those of OCSF and of AWS Security Hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing to do.
    Informational,
    /// Needs no action of its own.
    Low,
    /// To be addressed, not urgently.
    Medium,
    /// To be addressed first.
    High,
    /// To be addressed now.
    Critical,
}

impl Severity {
    /// Every severity, the mildest first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One way to mend what a rule finds.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// By what: `keysweep`, `IAM console`, `AWS CLI`.
    pub with: &'static str,
    /// What to do, in sentences.
    pub text: &'static str,
    /// Commands for a POSIX shell, with `USER`, `KEY` and `ACCOUNT` to be filled in.
    pub commands: &'static [&'static str],
}

/// What a rule is about.
#[derive(Clone, Copy, Debug)]
enum About {
    /// Inactive keys.
    Findings {
        /// Whether it holds of a finding.
        holds: fn(&Finding) -> bool,
        /// How bad that is.
        severity: fn(&Finding, &Policy) -> Severity,
    },
    /// What could not be assessed: every problem is an instance.
    Problems,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `KS001`: never given to another rule.
    pub id: &'static str,
    /// What an instance is called, in sentence case.
    pub title: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How it is decided whether something is an instance.
    pub decided: &'static str,
    /// Every severity that an instance can have, and when it has it, the worst first.
    pub severities: &'static [(Severity, &'static str)],
    /// What to do, in a few sentences.
    pub remedy: &'static str,
    /// How to do it.
    pub ways: &'static [Way],
    /// The controls of well-known frameworks that it bears on.
    pub controls: &'static [&'static Control],
    about: About,
}

/// A rule is its id.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// Every rule, by id.
pub const RULES: [&Rule; 7] = [
    &ks001_long_term::RULE,
    &ks002_undetermined::RULE,
    &ks003_recent::RULE,
    &ks004_contradictory::RULE,
    &ks005_root::RULE,
    &ks006_used_since::RULE,
    &ks007_not_assessed::RULE,
];

impl Rule {
    /// The rule with this id, in any case; `None` where there is none.
    pub fn by_id(id: &str) -> Option<&'static Self> {
        RULES.into_iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
    }

    /// The rule that `finding` is an instance of before all others. Every finding has exactly one: a root user's key is
    /// one whatever its verdict, and otherwise the verdict decides.
    pub const fn of(finding: &Finding) -> &'static Self {
        match (&finding.owner, finding.verdict) {
            (Owner::Root, _) => &ks005_root::RULE,
            (Owner::User { .. }, Verdict::LongTerm) => &ks001_long_term::RULE,
            (Owner::User { .. }, Verdict::Undetermined) => &ks002_undetermined::RULE,
            (Owner::User { .. }, Verdict::Recent) => &ks003_recent::RULE,
            (Owner::User { .. }, Verdict::Contradictory) => &ks004_contradictory::RULE,
        }
    }

    /// Every rule that `finding` is an instance of: [`Rule::of`] first, the others by id.
    pub fn all_of(finding: &Finding) -> impl Iterator<Item = &'static Self> {
        let first = Self::of(finding);
        let others = RULES.into_iter().filter(move |rule| *rule != first && rule.holds(finding));
        std::iter::once(first).chain(others)
    }

    /// The rule that `problem` is an instance of.
    pub const fn of_problem(_: &Problem) -> &'static Self {
        &ks007_not_assessed::RULE
    }

    /// Where its page is, from the root of the repository.
    pub fn page(&self) -> String {
        format!("docs/rules/{}.md", self.id)
    }

    /// Whether its instances are findings; otherwise they are problems.
    pub const fn is_about_findings(&self) -> bool {
        matches!(self.about, About::Findings { .. })
    }

    fn holds(&self, finding: &Finding) -> bool {
        match self.about {
            About::Findings { holds, .. } => holds(finding),
            About::Problems => false,
        }
    }

    fn severity(&self, finding: &Finding, policy: &Policy) -> Severity {
        match self.about {
            About::Findings { severity, .. } => severity(finding, policy),
            About::Problems => Severity::Informational,
        }
    }
}

/// How bad a finding is: as bad as the worst of the rules that it is an instance of.
pub fn severity(finding: &Finding, policy: &Policy) -> Severity {
    Rule::all_of(finding).map(|rule| rule.severity(finding, policy)).max().unwrap_or(Severity::Informational)
}

/// How bad a problem is.
pub const fn problem_severity(problem: &Problem) -> Severity {
    ks007_not_assessed::severity(&problem.gap)
}

#[cfg(test)]
mod tests;
