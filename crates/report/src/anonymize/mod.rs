//! Makes an assessment anonymous: every name and id in it is replaced by another of its shape, the same one everywhere, so
//! that a report can be shared and still be read as one. Dates, verdicts, services, regions and scan ids stay.
//!
//! The replacements are drawn from HMAC-SHA-256 under a key. Who has the key can find out whom a report is about by trying
//! names; nobody else can, and reports under different keys cannot be matched by their names.

mod pseudonym;
mod text;

use keysweep_core::account::{Account, CallerIdentity, Organization, OrganizationalUnit, Tags};
use keysweep_core::assessment::{AccountAssessment, Assessment, Scope};
use keysweep_core::evidence::{ChangeSource, EventId, Evidence, StatusChange, Target};
use keysweep_core::exemption::{Exemption, Protected, Standing};
use keysweep_core::finding::Finding;
use keysweep_core::key::{Owner, UserName};
use keysweep_core::problem::{Gap, Problem};

use crate::compared::{Became, Compared};
use crate::resolved::Resolved;
use pseudonym::Pseudonyms;

/// Makes assessments anonymous, all under one key.
#[derive(Debug)]
pub struct Anonymizer {
    pseudonyms: Pseudonyms,
}

impl Anonymizer {
    /// With this key. Its bytes should be as many and as random as those of any other secret.
    pub fn new(key: &[u8]) -> Self {
        Self { pseudonyms: Pseudonyms::new(key) }
    }

    /// The assessment without a name or id of the original.
    pub fn assessment(&self, original: &Assessment) -> Assessment {
        let mut accounts: Vec<_> = original.accounts.iter().map(|one| self.assessed(one)).collect();
        // Their order would tell which of two real ids is the greater.
        accounts.sort_by_key(|assessed| assessed.account.id);
        Assessment {
            scope: match &original.scope {
                Scope::Account => Scope::Account,
                Scope::Organization(organization) => Scope::Organization(Organization {
                    id: self.name(&organization.id),
                    management_account: self.pseudonyms.account(organization.management_account),
                }),
            },
            caller: CallerIdentity {
                account: self.pseudonyms.account(original.caller.account),
                arn: self.text(&original.caller.arn),
                partition: original.caller.partition,
            },
            problems: original.problems.iter().map(|problem| self.problem(problem)).collect(),
            accounts,
            ..original.clone()
        }
    }

    /// A settled finding without a name or id of the original.
    pub fn resolved(&self, original: &Resolved) -> Resolved {
        Resolved { finding: self.finding(&original.finding), ..original.clone() }
    }

    /// The scan that a report is compared with, without a name or id of the original.
    pub fn compared(&self, original: &Compared) -> Compared {
        let became = |became: &Became| Became {
            account: self.pseudonyms.account(became.account),
            key: self.pseudonyms.key(&became.key),
            change: became.change,
        };
        Compared {
            earlier: self.assessment(&original.earlier),
            became: original.became.iter().map(became).collect(),
        }
    }

    /// The pseudonym of a text that is a name or an id as a whole.
    fn name(&self, text: &str) -> String {
        self.pseudonyms.of(text)
    }

    /// A text with names and ids in it.
    fn text(&self, text: &str) -> String {
        text::anonymous(text, &self.pseudonyms)
    }

    fn assessed(&self, original: &AccountAssessment) -> AccountAssessment {
        let mut findings: Vec<_> = original.findings.iter().map(|finding| self.finding(finding)).collect();
        findings.sort_by(|one, other| (&one.owner, &one.key).cmp(&(&other.owner, &other.key)));
        AccountAssessment {
            account: self.account(&original.account),
            findings,
            problems: original.problems.iter().map(|problem| self.problem(problem)).collect(),
            ..original.clone()
        }
    }

    fn account(&self, original: &Account) -> Account {
        let unit = |unit: &OrganizationalUnit| OrganizationalUnit {
            id: self.name(&unit.id),
            // Every organization's root has this name.
            name: if unit.name == "Root" { unit.name.clone() } else { self.name(&unit.name) },
        };
        Account {
            id: self.pseudonyms.account(original.id),
            name: original.name.as_deref().map(|name| self.name(name)),
            state: original.state.clone(),
            path: original.path.as_ref().map(|path| path.iter().map(unit).collect()),
            tags: original.tags.as_ref().map(|tags| self.tags(tags)),
        }
    }

    /// The key `owner` stays: reports have a column of that name.
    fn tags(&self, original: &Tags) -> Tags {
        let key = |key: &str| if key.eq_ignore_ascii_case("owner") { key.to_owned() } else { self.name(key) };
        original.iter().map(|(name, value)| (key(name), self.name(value))).collect()
    }

    fn finding(&self, original: &Finding) -> Finding {
        Finding {
            account: self.pseudonyms.account(original.account),
            owner: match &original.owner {
                Owner::Root => Owner::Root,
                Owner::User { name, arn } => Owner::User { name: self.user(name), arn: self.text(arn) },
            },
            key: original.key.as_ref().map(|key| self.pseudonyms.key(key)),
            tags: original.tags.as_ref().map(|tags| self.tags(tags)),
            evidence: original.evidence.iter().map(|evidence| self.evidence(evidence)).collect(),
            exemption: original.exemption.as_ref().map(|standing| self.standing(standing)),
            ..original.clone()
        }
    }

    fn standing(&self, original: &Standing) -> Standing {
        match original {
            Standing::Exempt(exemption) => Standing::Exempt(self.exemption(exemption)),
            Standing::Expired(exemption) => Standing::Expired(self.exemption(exemption)),
            Standing::KeepTag { name, value } => {
                let value = if value.is_empty() { String::new() } else { self.name(value) };
                Standing::KeepTag { name: self.name(name), value }
            }
            Standing::CannotTell(unread) => Standing::CannotTell(*unread),
        }
    }

    /// Free text says whatever its author meant to say: none of it stays.
    fn exemption(&self, original: &Exemption) -> Exemption {
        // No report says what it protects beside the key that it is told of.
        let protects = Protected::OrganizationalUnit(self.name(&original.protects().to_string()));
        let (id, reason, author) =
            (self.name(original.id()), self.name(original.reason()), self.name(original.author()));
        original.renamed(&id, protects, &reason, &author)
    }

    fn user(&self, original: &UserName) -> UserName {
        // A pseudonym is never empty, so it is a user's name.
        self.name(original.as_str()).parse().unwrap_or_else(|_| original.clone())
    }

    fn evidence(&self, original: &Evidence) -> Evidence {
        let Evidence::Changed(change) = original else { return original.clone() };
        Evidence::Changed(StatusChange {
            key: self.pseudonyms.key(&change.key),
            target: match &change.target {
                Target::User(user) => Target::User(self.user(user)),
                other => other.clone(),
            },
            account: change.account.map(|account| self.pseudonyms.account(account)),
            event: EventId::new(&self.name(change.event.as_str())),
            actor: change.actor.as_deref().map(|actor| self.text(actor)),
            source_ip: change.source_ip.as_deref().map(|address| self.text(address)),
            source: match &change.source {
                ChangeSource::EventHistory => ChangeSource::EventHistory,
                // A trail's log files have the account in their names.
                ChangeSource::File { name, record } => {
                    ChangeSource::File { name: self.name(name), record: *record }
                }
            },
            ..change.clone()
        })
    }

    fn problem(&self, original: &Problem) -> Problem {
        let mut problem = original.clone();
        problem.account = original.account.map(|account| self.pseudonyms.account(account));
        problem.gap = self.gap(&original.gap);
        problem.detail = original.detail.as_deref().map(|detail| self.text(detail));
        if let Some(error) = &mut problem.error {
            error.message = self.text(&error.message);
            error.request_id = error.request_id.as_deref().map(|id| self.name(id));
        }
        problem
    }

    fn gap(&self, original: &Gap) -> Gap {
        match original {
            Gap::ReportDistrusted { user } => Gap::ReportDistrusted { user: self.user(user) },
            Gap::KeysNotListed { user } => Gap::KeysNotListed { user: self.user(user) },
            Gap::UserVanished { user } => Gap::UserVanished { user: self.user(user) },
            Gap::UnknownStatus { user, key, status } => Gap::UnknownStatus {
                user: self.user(user),
                key: self.pseudonyms.key(key),
                status: status.clone(),
            },
            Gap::LastUseNotRead { user, key } => {
                Gap::LastUseNotRead { user: self.user(user), key: self.pseudonyms.key(key) }
            }
            Gap::EventNotUnderstood { event } => {
                Gap::EventNotUnderstood { event: event.as_deref().map(|event| self.name(event)) }
            }
            // Written out, so that one that gets a name or an id is not forgotten here.
            Gap::AccountNotEntered
            | Gap::UsersNotListed
            | Gap::ReportUnavailable
            | Gap::RootKeysNotAssessed
            | Gap::HistoryNotRead
            | Gap::UserTagsNotRead
            | Gap::AccountsNotListed
            | Gap::OrganizationalUnitsNotRead
            | Gap::AccountTagsNotRead
            | Gap::NothingSelected
            | Gap::ExpectedAccountNotComplete
            | Gap::Interrupted => original.clone(),
        }
    }
}
