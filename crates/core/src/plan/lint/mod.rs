//! The linter: rules that a plan must pass before it may be approved or applied, apart from the planner that made it. One
//! file a rule; each has an id and a page in `docs/lint`. Errors block; warnings are shown.

mod kl001_too_many_keys;
mod kl002_account_share;
mod kl003_organization_share;
mod kl004_own_key;
mod kl005_protected_user;
mod kl006_protected_account;
mod kl007_protected_unit;
mod kl008_break_glass;
mod kl009_age;
mod kl010_not_proven;
mod kl011_last_key;
mod kl012_lapsed_exemption;
mod kl013_incomplete;
mod kl014_last_active_key;
mod kl015_unused_limit;

use std::fmt;
use std::str::FromStr;

use super::Plan;
use crate::account::AccountId;
use crate::exemption::UserPattern;
use crate::policy::UnusedLimit;
use crate::time::{Instant, SignedDuration};

/// A share in whole per cent, from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u8);

/// Why a text is not a share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a share in whole per cent from 0% to 100%, such as 20%")]
pub struct NotAPercentage {
    text: String,
}

impl FromStr for Percent {
    type Err = NotAPercentage;

    fn from_str(text: &str) -> Result<Self, NotAPercentage> {
        let digits = text.strip_suffix('%').unwrap_or(text);
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .parse()
            .ok()
            .filter(|percent| plain && *percent <= 100)
            .map(Self)
            .ok_or_else(|| NotAPercentage { text: text.to_owned() })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl Percent {
    /// Whether `part` of `whole` is more than this.
    fn is_less_than(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 100 > u128::from(self.0) * u128::from(whole)
    }
}

/// What a plan is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most keys of one plan.
    pub max_keys: u32,
    /// The most keys in one account, as a share of its users.
    pub max_account_share: Percent,
    /// The most keys of one plan, as a share of all users.
    pub max_organization_share: Percent,
    /// How old a plan, and the assessment that it was made from, may be.
    pub max_age: SignedDuration,
    /// Whether keys whose claim is only observed may be deleted.
    pub allow_observed: bool,
    /// How long a key must have been unused to be deactivated; `None` where none is.
    pub deactivate_unused: Option<UnusedLimit>,
    /// Users whose keys are never deleted.
    pub protected_users: Vec<UserPattern>,
    /// Accounts whose keys are never deleted.
    pub protected_accounts: Vec<AccountId>,
    /// Organizational units, by id or names, below which no keys are deleted.
    pub protected_units: Vec<String>,
    /// Names of users that are kept for emergencies: `*` and `?` are wildcards, case does not matter.
    pub break_glass: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_keys: 50,
            max_account_share: Percent(20),
            max_organization_share: Percent(20),
            max_age: SignedDuration::from_hours(7 * 24),
            allow_observed: false,
            deactivate_unused: None,
            protected_users: Vec::new(),
            protected_accounts: Vec::new(),
            protected_units: Vec::new(),
            break_glass: ["*break*glass*", "*emergency*", "*firecall*"].map(str::to_owned).to_vec(),
        }
    }
}

/// A share says nothing of a handful: so many keys are let through whatever their share.
const HANDFUL: u64 = 2;

/// What the rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What it is held against.
    pub limits: &'a Limits,
    /// The ARN of whoever plans, approves or applies now.
    pub caller_arn: &'a str,
    /// Now.
    pub now: Instant,
}

/// How heavy an objection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is shown, and does not stop anything.
    Warning,
    /// The plan can be neither approved nor applied.
    Error,
}

impl Severity {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a rule has against a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The rule's id: `KL001`.
    pub rule: &'static str,
    /// How heavy it is.
    pub severity: Severity,
    /// What is wrong, with the names and numbers, and what to do.
    pub message: String,
}

/// `error KL001: …`
impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity.name(), self.rule, self.message)
    }
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `KL001`.
    pub id: &'static str,
    /// Its name, in words and hyphens.
    pub name: &'static str,
    /// What it is there for, in one sentence.
    pub purpose: &'static str,
    check: fn(Rule, &Context<'_>) -> Vec<Objection>,
}

impl Rule {
    fn error(self, message: String) -> Objection {
        Objection { rule: self.id, severity: Severity::Error, message }
    }

    fn warning(self, message: String) -> Objection {
        Objection { rule: self.id, severity: Severity::Warning, message }
    }
}

/// Every rule, in the order of ids.
pub const RULES: [Rule; 15] = [
    kl001_too_many_keys::RULE,
    kl002_account_share::RULE,
    kl003_organization_share::RULE,
    kl004_own_key::RULE,
    kl005_protected_user::RULE,
    kl006_protected_account::RULE,
    kl007_protected_unit::RULE,
    kl008_break_glass::RULE,
    kl009_age::RULE,
    kl010_not_proven::RULE,
    kl011_last_key::RULE,
    kl012_lapsed_exemption::RULE,
    kl013_incomplete::RULE,
    kl014_last_active_key::RULE,
    kl015_unused_limit::RULE,
];

/// All objections, in the order of rules.
pub fn lint(context: &Context<'_>) -> Vec<Objection> {
    RULES.iter().flat_map(|rule| (rule.check)(*rule, context)).collect()
}

/// Whether any objection blocks.
pub fn blocks(objections: &[Objection]) -> bool {
    objections.iter().any(|objection| objection.severity == Severity::Error)
}
