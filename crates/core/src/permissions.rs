//! The least-privilege permissions that keysweep needs, made from the call table: which actions, on what, for whom. How
//! they are written as policies, templates and modules is for `keysweep-report` to say.

use std::collections::BTreeMap;

use crate::call::{Call, Resource, Service, Task};

/// A set of permissions that belongs together: one policy of one principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {
    /// In each account: what a scan reads there.
    Scan,
    /// For whoever runs `keysweep scan --org`: reading the organization, and entering its accounts.
    Organization,
    /// In each account: the last look and the deletion.
    CleanUp,
    /// For whoever runs the clean-up of other accounts: entering them.
    CleanUpEntry,
    /// In each account, beside [`Grant::CleanUp`] and only where deactivating is turned on.
    Deactivation,
    /// In each account, beside [`Grant::Scan`] and only where findings go to Security Hub.
    Delivery,
    /// For whoever runs keysweep, only where reports go to a bucket.
    DeliveryToBucket,
}

/// Actions that are allowed on one kind of resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `Sid`: what the statement is for.
    pub sid: &'static str,
    /// The actions, in order of their names.
    pub actions: Vec<&'static str>,
    /// What they are allowed on.
    pub resource: Resource,
}

impl Grant {
    /// Every grant.
    pub const ALL: &'static [Self] = &[
        Self::Scan,
        Self::Organization,
        Self::CleanUp,
        Self::CleanUpEntry,
        Self::Deactivation,
        Self::Delivery,
        Self::DeliveryToBucket,
    ];

    /// Its name, in the names of files too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Organization => "organization",
            Self::CleanUp => "clean-up",
            Self::CleanUpEntry => "clean-up-entry",
            Self::Deactivation => "deactivation",
            Self::Delivery => "delivery",
            Self::DeliveryToBucket => "delivery-to-bucket",
        }
    }

    /// Who needs it, where and when, in one sentence.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Scan => "In each account, for the role (or the user) that scans it. Changes nothing.",
            Self::Organization => {
                "In the account that keysweep runs in, for whoever runs it with --org. Changes nothing."
            }
            Self::CleanUp => "In each account, for the role that cleans up. Deletes access keys.",
            Self::CleanUpEntry => {
                "In the account that keysweep runs in, for whoever cleans up other accounts: entering them."
            }
            Self::Deactivation => {
                "In each account, for the role that cleans up, only where it is to deactivate unused keys too."
            }
            Self::Delivery => {
                "In each account, for the role (or the user) that scans it, only where findings go to Security Hub (--to security-hub)."
            }
            Self::DeliveryToBucket => {
                "In the account that keysweep runs in, for whoever runs it, only where reports go to a bucket (--to s3://…)."
            }
        }
    }

    /// The calls that it allows, in the table's order. Those that AWS asks no permission for belong to none.
    pub fn calls(self) -> impl Iterator<Item = Call> {
        Call::ALL.iter().copied().filter(move |call| call.permission().is_some() && self.needs(*call))
    }

    fn needs(self, call: Call) -> bool {
        let for_task = |task: Task| call.tasks().contains(&task);
        let service = call.service();
        let in_account = matches!(service, Service::Iam | Service::CloudTrail);
        match self {
            Self::Scan => in_account && for_task(Task::Scan),
            Self::Organization => !in_account && for_task(Task::Scan),
            Self::CleanUp => in_account && for_task(Task::CleanUp),
            Self::CleanUpEntry => !in_account && for_task(Task::CleanUp),
            Self::Deactivation => in_account && for_task(Task::Deactivation) && !for_task(Task::CleanUp),
            // Accounts are entered to be sent to with the permission that they are entered with to be scanned.
            Self::Delivery => service == Service::SecurityHub && for_task(Task::Delivery),
            Self::DeliveryToBucket => service == Service::S3 && for_task(Task::Delivery),
        }
    }

    /// The statements of its policy: one for each kind of resource.
    pub fn statements(self) -> Vec<Statement> {
        let mut actions: BTreeMap<Resource, Vec<&'static str>> = BTreeMap::new();
        for call in self.calls() {
            actions.entry(call.resource()).or_default().extend(call.permission());
        }
        let statement = |(resource, mut actions): (Resource, Vec<&'static str>)| {
            actions.sort_unstable();
            Statement { sid: self.sid(resource), actions, resource }
        };
        actions.into_iter().map(statement).collect()
    }

    /// Names of statements are letters and digits only.
    const fn sid(self, resource: Resource) -> &'static str {
        match (self, resource) {
            (Self::Scan, Resource::Any) => "ReadAccount",
            (Self::Scan, _) => "ReadUsers",
            (Self::Organization, Resource::Any) => "ReadOrganization",
            (Self::Organization, _) => "EnterAccounts",
            (Self::CleanUp, Resource::Any) => "LookBack",
            (Self::CleanUp, _) => "DeleteKeys",
            (Self::CleanUpEntry, Resource::Any) => "NameOrganization",
            (Self::CleanUpEntry, _) => "EnterAccountsToCleanUp",
            (Self::Deactivation, _) => "DeactivateKeys",
            (Self::Delivery, _) => "ImportFindings",
            (Self::DeliveryToBucket, _) => "WriteReports",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Access;

    fn actions(grant: Grant) -> Vec<&'static str> {
        grant.statements().into_iter().flat_map(|statement| statement.actions).collect()
    }

    #[test]
    fn every_call_is_allowed_where_it_is_made_and_nothing_else_is() {
        for call in Call::ALL {
            let needed = match call.permission() {
                None => Vec::new(),
                Some(_) if matches!(call.service(), Service::Iam | Service::CloudTrail) => [
                    (Task::Scan, Grant::Scan),
                    (Task::CleanUp, Grant::CleanUp),
                    (Task::Deactivation, Grant::Deactivation),
                ]
                .into_iter()
                // Whoever deactivates has the clean-up's permissions too.
                .filter(|(task, _)| call.tasks().contains(task))
                .filter(|(task, _)| *task != Task::Deactivation || !call.tasks().contains(&Task::CleanUp))
                .map(|(_, grant)| grant)
                .collect(),
                Some(_) if call.service() == Service::SecurityHub => vec![Grant::Delivery],
                Some(_) if call.service() == Service::S3 => vec![Grant::DeliveryToBucket],
                Some(_) => [(Task::Scan, Grant::Organization), (Task::CleanUp, Grant::CleanUpEntry)]
                    .into_iter()
                    .filter(|(task, _)| call.tasks().contains(task))
                    .map(|(_, grant)| grant)
                    .collect(),
            };
            let allowed: Vec<Grant> = Grant::ALL
                .iter()
                .copied()
                .filter(|grant| grant.calls().any(|other| other == *call))
                .collect();
            assert_eq!(allowed, needed, "{call}");
        }
    }

    #[test]
    fn only_the_clean_up_and_deliveries_may_change_anything() {
        let writes = |grant: &Grant| grant.calls().any(|call| call.access() == Access::Write);
        let writing: Vec<Grant> = Grant::ALL.iter().copied().filter(writes).collect();
        assert_eq!(writing, [Grant::CleanUp, Grant::Deactivation, Grant::Delivery, Grant::DeliveryToBucket]);
        assert_eq!(
            actions(Grant::CleanUp),
            [
                "cloudtrail:LookupEvents",
                "iam:ListUsers",
                "iam:DeleteAccessKey",
                "iam:GetUser",
                "iam:ListAccessKeys"
            ]
        );
        assert_eq!(actions(Grant::Deactivation), ["iam:GetAccessKeyLastUsed", "iam:UpdateAccessKey"]);
        assert_eq!(actions(Grant::Delivery), ["securityhub:BatchImportFindings"]);
        assert_eq!(actions(Grant::DeliveryToBucket), ["s3:PutObject"]);
    }

    /// Statements may be put together in one policy, where AWS asks for different names.
    #[test]
    fn no_two_statements_have_the_same_name() {
        let mut names: Vec<&str> =
            Grant::ALL.iter().flat_map(|grant| grant.statements()).map(|statement| statement.sid).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }

    #[test]
    fn what_can_be_allowed_on_users_only_is() {
        for grant in Grant::ALL {
            for statement in grant.statements() {
                for action in statement.actions {
                    let on_users = action.ends_with("AccessKey")
                        || [
                            "iam:ListAccessKeys",
                            "iam:GetAccessKeyLastUsed",
                            "iam:GetUser",
                            "iam:ListUserTags",
                        ]
                        .contains(&action);
                    assert_eq!(on_users, statement.resource == Resource::Users, "{action}");
                }
            }
        }
    }
}
