//! Why a verdict is what it is, in sentences for someone who decides about the key: who it belongs to, the facts with their
//! sources, the verdict derived step by step, and what would tell more. The words are made here and nowhere else; every
//! format shows them as they are.
//!
//! Names in them are as AWS wrote them: whoever shows them masks and escapes them.

pub mod json;
mod outlook;
mod steps;

use keysweep_core::assessment::AccountAssessment;
use keysweep_core::finding::Finding;
use keysweep_core::key::{LastUsed, Owner};
use keysweep_core::policy::Policy;
use keysweep_core::time::Instant;

use crate::words::{self, second};

/// What is said of one inactive key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Which key it is and who has it.
    pub subject: Vec<Detail>,
    /// The verdict and why, in one sentence without a full stop.
    pub summary: String,
    /// What was recorded and seen, earliest first, each with its source.
    pub facts: Vec<Fact>,
    /// How the verdict follows from the facts, one sentence or a few for each step.
    pub steps: Vec<Step>,
    /// What would tell more, and when.
    pub outlook: Vec<String>,
}

/// One property of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What it is: `Account`.
    pub label: &'static str,
    /// Its value.
    pub text: String,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// When; for a look, its end.
    pub at: Instant,
    /// What, when and from which source: no capital and no full stop.
    pub text: String,
}

/// One step of the derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub topic: Topic,
    /// Whole sentences.
    pub text: String,
}

/// What a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// What is known at the latest look.
    Status,
    /// How far back complete history reaches.
    History,
    /// Why it did not become inactive later.
    Latest,
    /// Why it did not become inactive earlier.
    Earliest,
    /// What the claim assumes.
    Confidence,
    /// What was asserted by hand.
    Assertion,
    /// The comparison with the threshold.
    Threshold,
    /// A use of the key after it is said to have become inactive.
    Use,
    /// What cannot be true together.
    Contradiction,
}

impl Topic {
    /// Every topic.
    pub const ALL: &'static [Self] = &[
        Self::Status,
        Self::History,
        Self::Latest,
        Self::Earliest,
        Self::Confidence,
        Self::Assertion,
        Self::Threshold,
        Self::Use,
        Self::Contradiction,
    ];

    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::History => "history",
            Self::Latest => "latest",
            Self::Earliest => "earliest",
            Self::Confidence => "confidence",
            Self::Assertion => "assertion",
            Self::Threshold => "threshold",
            Self::Use => "use",
            Self::Contradiction => "contradiction",
        }
    }

    /// Its heading, for a person.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::History => "History",
            Self::Latest => "Not later",
            Self::Earliest => "Not earlier",
            Self::Confidence => "Confidence",
            Self::Assertion => "Asserted",
            Self::Threshold => "Threshold",
            Self::Use => "Used since",
            Self::Contradiction => "Contradiction",
        }
    }
}

impl Explanation {
    /// Explains `finding`, which is one of `account`'s, against `policy`.
    pub fn of(finding: &Finding, account: &AccountAssessment, policy: &Policy) -> Self {
        let fact = |evidence| Fact {
            at: keysweep_core::evidence::Evidence::at(evidence),
            text: words::evidence(evidence),
        };
        Self {
            subject: subject(finding, account),
            summary: words::finding(finding, policy),
            facts: finding.evidence.iter().map(fact).collect(),
            steps: steps::derive(finding, account, policy),
            outlook: outlook::of(finding, account, policy),
        }
    }
}

fn subject(finding: &Finding, assessed: &AccountAssessment) -> Vec<Detail> {
    let account = &assessed.account;
    let mut details = Vec::new();
    let mut add = |label, text: Option<String>| details.extend(text.map(|text| Detail { label, text }));
    let key = finding.key.as_ref().map_or_else(
        || "not shown by AWS: the credential report tells no ids of a root user's keys".to_owned(),
        ToString::to_string,
    );
    add("Access key", Some(key));
    add(
        "User",
        Some(match &finding.owner {
            Owner::Root => "the account's root user".to_owned(),
            Owner::User { name, arn } => format!("{name} ({arn})"),
        }),
    );
    add("Owner", finding.owner_tag().map(str::to_owned));
    add("User tags", finding.tags.as_ref().map(tags));
    add(
        "Account",
        Some(match &account.name {
            Some(name) => format!("{} {name}", account.id),
            None => account.id.to_string(),
        }),
    );
    add("OU", account.ou_path().filter(|path| !path.is_empty()));
    add("Account tags", account.tags.as_ref().map(tags));
    add("Created", Some(second(finding.created)));
    add("Last used", Some(last_used(&finding.last_used)));
    add("Assessed", Some(second(finding.assessed_at)));
    details
}

fn tags(tags: &keysweep_core::account::Tags) -> String {
    let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if tags.is_empty() { "none".to_owned() } else { tags.join(", ") }
}

/// The last use to the second, with what was called.
pub fn last_used(last_used: &LastUsed) -> String {
    let LastUsed::At { at, service, region } = last_used else {
        return match last_used {
            LastUsed::NotRecorded => "never, as far as AWS recorded (since 2015-04-22)".to_owned(),
            _ => "not known".to_owned(),
        };
    };
    let place = match (service, region) {
        (Some(service), Some(region)) => format!(" ({service} in {region})"),
        (Some(service), None) => format!(" ({service})"),
        (None, Some(region)) => format!(" (in {region})"),
        (None, None) => String::new(),
    };
    format!("{}{place}", second(*at))
}
