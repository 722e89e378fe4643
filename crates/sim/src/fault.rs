//! Faults on request: rules that say which calls go wrong, and how. Rules are data (JSON on `/_sim/faults`), so that a
//! failing search can print the plan that made it fail.

use std::borrow::Cow;
use std::time::Duration;

use fastrand::Rng;
use keysweep_core::account::AccountId;
use keysweep_core::call::Service;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::context::Delivery;
use crate::error::ApiError;

/// Which calls go wrong, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Only calls of this account; for `AssumeRole`, calls into it. All where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only calls of this operation, by its API name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only calls that name this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Which of these calls.
    #[serde(default)]
    pub when: When,
    /// What happens to them.
    pub effect: Effect,
}

impl Rule {
    /// A rule for every call.
    pub fn new(effect: Effect) -> Self {
        Self { account: None, action: None, user: None, when: When::Always, effect }
    }

    /// Only calls of this account; for `AssumeRole`, calls into it.
    #[must_use]
    pub fn account(mut self, account: AccountId) -> Self {
        self.account = Some(account.to_string());
        self
    }

    /// Only calls of this operation.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.action = Some(action.name().to_owned());
        self
    }

    /// Only calls that name this user.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// Which of these calls.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }
}

/// Which of the calls that a rule fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Every one.
    #[default]
    Always,
    /// The nth, counted from 1.
    Nth(u64),
    /// The first so many.
    First(u64),
    /// All after the first so many.
    After(u64),
    /// Each by itself.
    Probability {
        /// From 0 to 1.
        share: f64,
        /// For the same decisions again.
        seed: u64,
    },
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Too many calls, in the words of the service.
    Throttle,
    /// This error answer.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error code.
        code: String,
        /// The message.
        #[serde(default)]
        message: String,
    },
    /// A 500 answer in the words of the service.
    ServiceFailure,
    /// Not allowed, in the words of the service.
    Denied(Denial),
    /// No answer; the call has no effect.
    TimeoutBefore,
    /// No answer; the call has its effect.
    TimeoutAfter,
    /// The call has its effect, and the connection is closed without an answer.
    LostResponse,
    /// The connection is reset; the call has no effect.
    Reset,
    /// The answer cannot be read.
    MalformedBody,
    /// The answer ends in the middle.
    TruncatedBody,
    /// An HTML page comes instead of the answer.
    WrongContentType,
    /// The answer is a redirect.
    Redirect,
    /// The answer takes so long.
    Slow {
        /// In milliseconds.
        milliseconds: u64,
    },
    /// The credential report never gets done: for `GenerateCredentialReport` and `GetCredentialReport`.
    StuckReport,
    /// Somebody else acts just before the call.
    Before(Act),
    /// Somebody else acts just after the call.
    After(Act),
}

/// Why a call is not allowed; the message says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// No policy allows it.
    #[default]
    NoPolicy,
    /// A policy of the caller denies it.
    ExplicitDeny,
    /// A service control policy denies it, such as one that denies regions.
    ServiceControlPolicy,
}

/// What somebody else does, at a moment that the caller does not expect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What.
    pub deed: Deed,
    /// To which user; where it is missing, to the user that the call names or whose key it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// To which key; where it is missing, to the key that the call names, or else to the user's first key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Act {
    /// Does it to the user and key that the call names.
    pub fn new(deed: Deed) -> Self {
        Self { deed, user: None, key: None }
    }

    /// To this user.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// To this key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The key becomes Active.
    Reactivate,
    /// The key becomes Inactive.
    Deactivate,
    /// The key is deleted.
    DeleteKey,
    /// The key is deleted and the user gets a new one.
    RecreateKey,
    /// The user is deleted, with its keys.
    DeleteUser,
    /// The user gets this name.
    RenameUser(String),
}

/// What a call is about, for rules to fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) account: AccountId,
    pub(crate) user: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) resource: &'a str,
}

/// What the plan has for one call.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) before: Vec<Act>,
    pub(crate) after: Vec<Act>,
    pub(crate) instead: Option<Instead>,
    pub(crate) no_effect: bool,
    pub(crate) delivery: Delivery,
    pub(crate) report_stuck: bool,
}

/// An error that comes instead of the operation.
#[derive(Debug)]
pub(crate) enum Instead {
    Throttle,
    Denied(Denial),
    Error(ApiError),
}

#[derive(Debug)]
struct Armed {
    rule: Rule,
    fits: u64,
    rng: Rng,
}

impl Armed {
    fn fits(&self, action: Action, subject: &Subject<'_>) -> bool {
        let rule = &self.rule;
        rule.action.as_deref().is_none_or(|name| name == action.name())
            && rule.user.as_deref().is_none_or(|user| Some(user) == subject.user)
            && rule.account.as_deref().is_none_or(|account| account == subject.account.to_string())
    }

    fn strikes(&mut self) -> bool {
        self.fits += 1;
        match self.rule.when {
            When::Always => true,
            When::Nth(n) => self.fits == n,
            When::First(n) => self.fits <= n,
            When::After(n) => self.fits > n,
            When::Probability { share, .. } => self.rng.f64() < share,
        }
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    rules: Vec<Armed>,
    struck: u64,
}

impl Plan {
    pub(crate) fn add(&mut self, rule: Rule) {
        let seed = match rule.when {
            When::Probability { seed, .. } => seed,
            _ => 0,
        };
        self.rules.push(Armed { rule, fits: 0, rng: Rng::with_seed(seed) });
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// How often a rule struck, those that were cleared too.
    pub(crate) const fn struck(&self) -> u64 {
        self.struck
    }

    /// What happens to a call. Where several rules strike, the last one decides on the answer.
    pub(crate) fn consult(&mut self, action: Action, subject: &Subject<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        for armed in &mut self.rules {
            if armed.fits(action, subject) && armed.strikes() {
                self.struck += 1;
                apply(&armed.rule.effect, action.service(), &mut outcome);
            }
        }
        outcome
    }
}

fn apply(effect: &Effect, service: Service, outcome: &mut Outcome) {
    match effect {
        Effect::Throttle => outcome.instead = Some(Instead::Throttle),
        Effect::Error { status, code, message } => {
            outcome.instead =
                Some(Instead::Error(ApiError::new(*status, Cow::Owned(code.clone()), message.clone())));
        }
        Effect::ServiceFailure => outcome.instead = Some(Instead::Error(ApiError::service_failure(service))),
        Effect::Denied(denial) => outcome.instead = Some(Instead::Denied(*denial)),
        Effect::TimeoutBefore => {
            outcome.delivery = Delivery::Hang;
            outcome.no_effect = true;
        }
        Effect::TimeoutAfter => outcome.delivery = Delivery::Hang,
        Effect::LostResponse => outcome.delivery = Delivery::Lost,
        Effect::Reset => {
            outcome.delivery = Delivery::Reset;
            outcome.no_effect = true;
        }
        Effect::MalformedBody => outcome.delivery = Delivery::Malformed,
        Effect::TruncatedBody => outcome.delivery = Delivery::Truncated,
        Effect::WrongContentType => outcome.delivery = Delivery::WrongContentType,
        Effect::Redirect => outcome.delivery = Delivery::Redirect,
        Effect::Slow { milliseconds } => {
            outcome.delivery = Delivery::Slow(Duration::from_millis(*milliseconds));
        }
        Effect::StuckReport => outcome.report_stuck = true,
        Effect::Before(act) => outcome.before.push(act.clone()),
        Effect::After(act) => outcome.after.push(act.clone()),
    }
}

/// AWS's words for a refusal.
pub(crate) fn refusal(
    denial: Denial,
    service: Service,
    arn: &str,
    action: Action,
    resource: &str,
) -> ApiError {
    let permission = action.permission();
    let because = match denial {
        Denial::NoPolicy => format!(" because no identity-based policy allows the {permission} action"),
        Denial::ExplicitDeny => " with an explicit deny in an identity-based policy".to_owned(),
        Denial::ServiceControlPolicy => " with an explicit deny in a service control policy".to_owned(),
    };
    ApiError::denied(
        service,
        format!("User: {arn} is not authorized to perform: {permission} on resource: {resource}{because}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(when: When) -> Vec<bool> {
        let mut plan = Plan::default();
        plan.add(Rule::new(Effect::LostResponse).when(when));
        let account = AccountId::from_number(1).unwrap();
        let subject = Subject { account, user: None, key: None, resource: "*" };
        (0..5).map(|_| plan.consult(Action::ListUsers, &subject).delivery == Delivery::Lost).collect()
    }

    #[test]
    fn rules_strike_when_they_say() {
        assert_eq!(strikes(When::Always), [true; 5]);
        assert_eq!(strikes(When::Nth(2)), [false, true, false, false, false]);
        assert_eq!(strikes(When::First(2)), [true, true, false, false, false]);
        assert_eq!(strikes(When::After(3)), [false, false, false, true, true]);
        let drawn = When::Probability { share: 0.5, seed: 3 };
        assert_eq!(strikes(drawn), strikes(drawn));
    }

    #[test]
    fn rules_are_written_and_read_as_json() {
        let rule = Rule::new(Effect::After(Act::new(Deed::RenameUser("bob".into())).user("alice")))
            .action(Action::ListAccessKeys)
            .when(When::Probability { share: 0.5, seed: 3 });
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule, "{json}");
        let short = r#"{"action":"LookupEvents","effect":{"denied":"service_control_policy"}}"#;
        let rule: Rule = serde_json::from_str(short).unwrap();
        assert_eq!(rule.effect, Effect::Denied(Denial::ServiceControlPolicy));
    }
}
