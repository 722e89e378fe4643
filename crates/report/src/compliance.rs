//! What security tools keep of an assessment: items with an id that stays, a severity and a compliance status. One for each
//! inactive key, one for each account, which says whether it could be assessed (incomplete is not clean, there too), and
//! one for each finding of an earlier scan that is settled. OCSF and ASFF are made from them, so that they cannot disagree.

use keysweep_core::account::{Account, AccountId};
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, Scope};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::key::Owner;
use keysweep_core::problem::Problem;
use keysweep_core::rule::{self, Control, Rule, Severity};
use keysweep_core::time::Instant;

use crate::Options;
use crate::identity::{base, identified};
use crate::mask::Mask;
use crate::resolved::Resolved;
use crate::visible::visible;
use crate::words;

/// How it stands against the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Within the threshold, or settled.
    Pass,
    /// Not decided, or assessed in part.
    Warning,
    /// Long-term inactive.
    Fail,
    /// Not assessed.
    Unknown,
}

/// What an item is about.
pub(crate) enum Subject<'a> {
    /// An inactive key, and the account as the organization describes it, where that is known.
    Key(&'a Finding, Option<&'a Account>),
    /// Whether an account could be assessed.
    Account(&'a AccountAssessment),
    /// Whether the organization could be assessed as a whole.
    Organization,
}

/// One thing that a security tool keeps.
pub(crate) struct Item<'a> {
    pub(crate) id: String,
    pub(crate) account: AccountId,
    pub(crate) subject: Subject<'a>,
    /// The rule that it is an instance of.
    pub(crate) rule: &'static str,
    /// The controls that its rules bear on, each once.
    pub(crate) controls: Vec<&'static Control>,
    pub(crate) severity: Severity,
    pub(crate) status: Status,
    /// One line; hidden characters are visible, ids are masked where asked for.
    pub(crate) title: String,
    /// What is to be said, as the title is.
    pub(crate) text: String,
    /// Each thing that could not be assessed, as the title is.
    pub(crate) problems: Vec<String>,
    pub(crate) remedy: String,
    /// Since when it is so, at the latest.
    pub(crate) since: Instant,
    /// When it was seen so.
    pub(crate) seen_at: Instant,
    /// Whether it is settled.
    pub(crate) resolved: bool,
}

/// Every item, in the order of accounts; settled findings last.
pub(crate) fn items<'a>(
    assessment: &'a Assessment,
    options: &'a Options,
    mask: &'a Mask<'a>,
) -> impl Iterator<Item = Item<'a>> {
    let make = Maker { assessment, mask };
    let organization = matches!(assessment.scope, Scope::Organization(_)).then(move || make.organization());
    let of_accounts = assessment.accounts.iter().flat_map(move |assessed| {
        let keys = identified(assessed, mask).map(move |(id, finding)| make.key(id, finding, assessed));
        std::iter::once(make.account(assessed)).chain(keys)
    });
    let resolved = options.resolved.iter().map(move |resolved| make.resolved(resolved));
    organization.into_iter().chain(of_accounts).chain(resolved)
}

/// The items that say whether accounts, and the organization, could be assessed.
pub(crate) fn coverage<'a>(assessment: &'a Assessment, mask: &'a Mask<'a>) -> impl Iterator<Item = Item<'a>> {
    let make = Maker { assessment, mask };
    let organization = matches!(assessment.scope, Scope::Organization(_)).then(move || make.organization());
    organization.into_iter().chain(assessment.accounts.iter().map(move |assessed| make.account(assessed)))
}

/// The items of keys, in the order of accounts; settled findings last.
pub(crate) fn keys<'a>(
    assessment: &'a Assessment,
    options: &'a Options,
    mask: &'a Mask<'a>,
) -> impl Iterator<Item = Item<'a>> {
    let make = Maker { assessment, mask };
    let of_accounts = assessment.accounts.iter().flat_map(move |assessed| {
        identified(assessed, mask).map(move |(id, finding)| make.key(id, finding, assessed))
    });
    of_accounts.chain(options.resolved.iter().map(move |resolved| make.resolved(resolved)))
}

#[derive(Clone, Copy)]
struct Maker<'a> {
    assessment: &'a Assessment,
    mask: &'a Mask<'a>,
}

impl<'a> Maker<'a> {
    fn show(self, text: &str) -> String {
        visible(&self.mask.text(text)).into_owned()
    }

    /// The key as a title names it.
    fn key_words(self, finding: &Finding) -> String {
        let id = finding.key.as_ref().map(|key| format!(" {}", self.mask.key(key))).unwrap_or_default();
        match &finding.owner {
            Owner::Root => "The root user's access key".to_owned(),
            Owner::User { name, .. } => format!("Access key{id} of user {}", self.show(name.as_str())),
        }
    }

    fn key(self, id: String, finding: &'a Finding, assessed: &'a AccountAssessment) -> Item<'a> {
        let (status, remedy) = judgement(finding);
        let key = self.key_words(finding);
        let text = self.show(&words::finding(finding, &self.assessment.policy));
        Item {
            id,
            account: finding.account,
            title: format!("{key} is {}", self.show(&words::inactive_for(finding))),
            text: format!("{key}: {text}."),
            problems: Vec::new(),
            rule: Rule::of(finding).id,
            controls: controls(finding),
            severity: rule::severity(finding, &self.assessment.policy),
            status,
            remedy: remedy.to_owned(),
            since: finding.inactive_since.interval.latest(),
            seen_at: finding.assessed_at,
            resolved: false,
            subject: Subject::Key(finding, Some(&assessed.account)),
        }
    }

    fn resolved(self, resolved: &'a Resolved) -> Item<'a> {
        let finding = &resolved.finding;
        let account = self.assessment.accounts.iter().find(|one| one.account.id == finding.account);
        let key = self.key_words(finding);
        let title = format!("{key} {}", resolved.resolution.text());
        Item {
            id: base(finding, self.mask),
            account: finding.account,
            text: format!("{title}: it was {}.", self.show(&words::inactive_for(finding))),
            title,
            problems: Vec::new(),
            rule: Rule::of(finding).id,
            controls: controls(finding),
            severity: Severity::Informational,
            status: Status::Pass,
            remedy: "Nothing is left to do.".to_owned(),
            since: finding.inactive_since.interval.latest(),
            seen_at: resolved.seen_at,
            resolved: true,
            subject: Subject::Key(finding, account.map(|one| &one.account)),
        }
    }

    fn account(self, assessed: &'a AccountAssessment) -> Item<'a> {
        let name = assessed.account.name.as_deref().map(|name| format!(" ({})", self.show(name)));
        let subject = format!("Account {}{}", assessed.account.id, name.unwrap_or_default());
        let status = match assessed.status {
            AccountStatus::Complete => Status::Pass,
            AccountStatus::Partial => Status::Warning,
            AccountStatus::NotAssessed | AccountStatus::Skipped(_) => Status::Unknown,
        };
        let said = self.show(&words::account_status(&assessed.status));
        Item {
            title: match assessed.status {
                AccountStatus::Complete => format!("{subject} was assessed for inactive access keys"),
                AccountStatus::Partial => format!("{subject} was assessed in part for inactive access keys"),
                AccountStatus::NotAssessed | AccountStatus::Skipped(_) => {
                    format!("{subject} was not assessed for inactive access keys")
                }
            },
            status,
            seen_at: assessed.assessed_at.unwrap_or(self.assessment.finished_at),
            ..self.coverage(
                assessed.account.id,
                &assessed.account.id.to_string(),
                Subject::Account(assessed),
                &assessed.problems,
                &format!("{subject}: {said}."),
            )
        }
    }

    fn organization(self) -> Item<'a> {
        let id = match &self.assessment.scope {
            Scope::Organization(organization) => self.show(&organization.id),
            Scope::Account => String::new(),
        };
        let problems = &self.assessment.problems;
        let (status, how) = match problems.as_slice() {
            [] => (Status::Pass, "could be read"),
            _ => (Status::Warning, "could be read in part only"),
        };
        let title = format!("The accounts of organization {id} {how}");
        let text = format!("{title}.");
        Item {
            status,
            title,
            ..self.coverage(self.assessment.caller.account, &id, Subject::Organization, problems, &text)
        }
    }

    /// What items about coverage have in common.
    fn coverage(
        self,
        account: AccountId,
        id: &str,
        subject: Subject<'a>,
        problems: &[Problem],
        text: &str,
    ) -> Item<'a> {
        let told: Vec<String> = problems.iter().map(|problem| self.show(&problem.to_string())).collect();
        let remedy = match problems {
            [] => "Nothing is left to do.".to_owned(),
            [first, rest @ ..] => {
                let more = match rest.len() {
                    0 => String::new(),
                    more => format!(
                        " {} more: see the report.",
                        words::count(u64::try_from(more).unwrap_or(u64::MAX), "problem")
                    ),
                };
                format!("{}{more}", self.show(&first.remedy()))
            }
        };
        Item {
            id: format!("{id}:coverage"),
            account,
            subject,
            rule: NOT_ASSESSED,
            controls: Vec::new(),
            // As bad as the worst of what could not be assessed.
            severity: problems.iter().map(rule::problem_severity).max().unwrap_or(Severity::Informational),
            status: Status::Pass,
            title: String::new(),
            text: match told.first() {
                Some(first) => format!("{text} {first}."),
                None => text.to_owned(),
            },
            problems: told,
            remedy,
            since: self.assessment.started_at,
            seen_at: self.assessment.finished_at,
            resolved: false,
        }
    }
}

/// The rule of items that say whether an account could be assessed: they fail it where it could not.
pub(crate) const NOT_ASSESSED: &str = "KS007";

/// The controls of every rule that a finding is an instance of, each once.
fn controls(finding: &Finding) -> Vec<&'static Control> {
    let mut controls: Vec<&'static Control> = Vec::new();
    for control in Rule::all_of(finding).flat_map(|rule| rule.controls) {
        if !controls.contains(control) {
            controls.push(control);
        }
    }
    controls
}

/// How a finding stands, and what to do.
fn judgement(finding: &Finding) -> (Status, &'static str) {
    match (finding.verdict, &finding.owner) {
        (Verdict::LongTerm, Owner::Root) => (
            Status::Fail,
            "Sign in as the root user, look that the key is still inactive, and delete it: a root user needs no access keys.",
        ),
        (Verdict::LongTerm, Owner::User { .. }) => (
            Status::Fail,
            "Agree with its owner that the key can go, look once more that it is still Inactive, and delete it (iam:DeleteAccessKey). Deletion cannot be undone.",
        ),
        (Verdict::Undetermined, _) => (
            Status::Warning,
            "Scan again when it will be known, and let keysweep read the account's event history.",
        ),
        (Verdict::Contradictory, _) => (
            Status::Warning,
            "Look at the key's history: what the evidence says of it cannot all be true, so nothing is concluded from it.",
        ),
        (Verdict::Recent, _) => (
            Status::Pass,
            "Nothing yet: it was deactivated within the threshold. Delete it when nobody misses it.",
        ),
    }
}

/// At most so many characters, and an ellipsis for what is cut.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) => text.chars().take(longest.saturating_sub(1)).chain(['…']).collect(),
    }
}
