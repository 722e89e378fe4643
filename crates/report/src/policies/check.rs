//! Holds the policies, as they were written, against the call table: every call that needs a permission has it, and no
//! permission is there that no call needs.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_core::call::{Call, Task};
use keysweep_core::permissions::Grant;
use serde_json::Value;

use super::{Names, PolicyFormat, cloudformation, json, terraform};

/// A call and where it is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The call.
    pub call: Call,
    /// The policies that allow it, each with what it is allowed on. None where AWS asks for no permission.
    pub by: Vec<(Grant, String)>,
}

/// Why policies and call table do not agree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExact {
    /// What was written is not a policy document.
    #[error("{file} is not a policy document: {message}")]
    Unreadable {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// A call would be denied.
    #[error("{call} is not allowed by {file}, which is there for it")]
    Missing {
        /// The call's action.
        call: String,
        /// The file.
        file: String,
    },
    /// Something is allowed that is not called.
    #[error("{file} allows {action} on {resource}, which nothing needs")]
    Superfluous {
        /// The file.
        file: String,
        /// The action.
        action: String,
        /// On what.
        resource: String,
    },
}

/// Checks the policies of every format, and tells for each call of the program what allows it. Calls that are only made where
/// something is delivered have no policy where `names` delivers nothing.
pub fn check(names: &Names) -> Result<Vec<Allowed>, NotExact> {
    let mut allowed: BTreeMap<Call, Vec<(Grant, String)>> = BTreeMap::new();
    for grant in names.grants() {
        let file = format!("{}.json", grant.name());
        let mut written = permissions(&file, &json::document(names, grant))?;
        for call in grant.calls() {
            let action = call.to_string();
            let resource = names.arn(grant, call.resource());
            if !written.remove(&(action.clone(), resource.clone())) {
                return Err(NotExact::Missing { call: action, file });
            }
            allowed.entry(call).or_default().push((grant, resource));
        }
        if let Some((action, resource)) = written.pop_first() {
            return Err(NotExact::Superfluous { file, action, resource });
        }
    }
    for format in [PolicyFormat::CloudFormation, PolicyFormat::Terraform] {
        check_actions(names, format)?;
    }
    let of = |call: &Call| Allowed { call: *call, by: allowed.remove(call).unwrap_or_default() };
    let result: Vec<Allowed> = Call::ALL.iter().map(of).collect();
    let needed = |call: Call| call.permission().is_some() && call.tasks() != [Task::Delivery];
    match result.iter().find(|allowed| needed(allowed.call) && allowed.by.is_empty()) {
        Some(denied) => {
            Err(NotExact::Missing { call: denied.call.to_string(), file: "any policy".to_owned() })
        }
        None => Ok(result),
    }
}

/// The pairs of action and resource that a policy document allows.
fn permissions(file: &str, text: &str) -> Result<BTreeSet<(String, String)>, NotExact> {
    let unreadable =
        |message: &str| NotExact::Unreadable { file: file.to_owned(), message: message.to_owned() };
    let document: Value = serde_json::from_str(text).map_err(|error| unreadable(&error.to_string()))?;
    let statements = document["Statement"].as_array().ok_or_else(|| unreadable("it has no statements"))?;
    let mut pairs = BTreeSet::new();
    for statement in statements {
        let resource =
            statement["Resource"].as_str().ok_or_else(|| unreadable("a statement has no resource"))?;
        let actions =
            statement["Action"].as_array().ok_or_else(|| unreadable("a statement has no actions"))?;
        for action in actions {
            let action = action.as_str().ok_or_else(|| unreadable("an action is not a text"))?;
            pairs.insert((action.to_owned(), resource.to_owned()));
        }
    }
    Ok(pairs)
}

/// Templates and modules are text to us (`scripts/test` reads them with parsers of their own): here, every action that
/// stands in one for the accounts, or for the caller, must be one that is needed there, and the other way round.
fn check_actions(names: &Names, format: PolicyFormat) -> Result<(), NotExact> {
    let files = match format {
        PolicyFormat::CloudFormation => cloudformation::files(names),
        _ => terraform::files(names),
    };
    for (place, grants) in [
        ("account", &[Grant::Scan, Grant::CleanUp, Grant::Deactivation, Grant::Delivery][..]),
        (
            "caller",
            &[
                Grant::Organization,
                Grant::Scan,
                Grant::CleanUpEntry,
                Grant::Delivery,
                Grant::DeliveryToBucket,
            ],
        ),
    ] {
        let text: String =
            files.iter().filter(|file| file.path.contains(place)).map(|file| file.text.as_str()).collect();
        let mut written = actions_in(&text);
        // In the accounts it is the trust policy that lets the caller in.
        let trusted = (place == "account").then(|| Call::AssumeRole.to_string());
        let needed: BTreeSet<String> = names
            .grants()
            .filter(|grant| grants.contains(grant))
            .flat_map(Grant::calls)
            .map(|call| call.to_string())
            .chain(trusted)
            .collect();
        let file = format!(
            "the {} for {place}",
            if format == PolicyFormat::CloudFormation { "template" } else { "module" }
        );
        for call in needed {
            if !written.remove(&call) {
                return Err(NotExact::Missing { call, file });
            }
        }
        if let Some(action) = written.pop_first() {
            return Err(NotExact::Superfluous { file, action, resource: "any resource".to_owned() });
        }
    }
    Ok(())
}

/// Every word that reads as an action, with wildcards.
fn actions_in(text: &str) -> BTreeSet<String> {
    let part_of_action = |character: char| character.is_ascii_alphanumeric() || ":*-".contains(character);
    let is_action = |word: &&str| {
        word.split_once(':').is_some_and(|(service, name)| {
            !service.is_empty()
                && service.chars().all(|character| !character.is_ascii_uppercase())
                && name.starts_with(|first: char| first.is_ascii_uppercase() || first == '*')
        })
    };
    text.split(|character| !part_of_action(character))
        .map(|word| word.trim_end_matches(':'))
        .filter(is_action)
        .filter(|word| *word != "sts:ExternalId")
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use keysweep_core::account::Partition;
    use keysweep_core::call::Resource;
    use keysweep_core::delivery::Destination;

    use super::*;

    fn names() -> Names {
        Names {
            partition: Partition::AwsCn,
            role_name: "keysweep".to_owned(),
            role_path: "/security/".to_owned(),
            trusted_account: None,
            external_id: None,
            security_hub: true,
            bucket: match "s3://reports/security".parse() {
                Ok(Destination::Bucket(bucket)) => Some(bucket),
                other => panic!("{other:?}"),
            },
        }
    }

    #[test]
    fn every_call_is_allowed_and_said_where() {
        let allowed = check(&names()).unwrap();
        assert_eq!(allowed.iter().map(|allowed| allowed.call).collect::<Vec<_>>(), Call::ALL);
        for Allowed { call, by } in allowed {
            assert_eq!(by.is_empty(), call == Call::GetCallerIdentity, "{call}");
            for (_, resource) in by {
                match call.resource() {
                    Resource::Any => assert_eq!(resource, "*"),
                    Resource::Users => assert_eq!(resource, "arn:aws-cn:iam::*:user/*"),
                    Resource::MemberRole => assert!(
                        resource.starts_with("arn:aws-cn:iam::*:role/security/keysweep"),
                        "{resource}"
                    ),
                    Resource::OwnProduct => {
                        assert_eq!(resource, "arn:aws-cn:securityhub:*:*:product/*/default");
                    }
                    Resource::Reports => {
                        assert_eq!(resource, "arn:aws-cn:s3:::reports/security/*");
                    }
                }
            }
        }
    }

    #[test]
    fn deliveries_are_allowed_only_where_they_are_asked_for() {
        let none = Names { security_hub: false, bucket: None, ..names() };
        let allowed = check(&none).unwrap();
        let denied: Vec<Call> = allowed
            .iter()
            .filter(|allowed| allowed.call.permission().is_some() && allowed.by.is_empty())
            .map(|allowed| allowed.call)
            .collect();
        assert_eq!(denied, [Call::BatchImportFindings, Call::PutObject]);
        for format in PolicyFormat::ALL {
            let text = crate::policies::text(&none, *format);
            assert!(!text.contains("securityhub") && !text.contains("s3:"), "{text}");
            let text = crate::policies::text(&names(), *format);
            assert!(
                text.contains("securityhub:BatchImportFindings") && text.contains("s3:PutObject"),
                "{text}"
            );
        }
    }

    #[test]
    fn wildcards_and_strange_actions_are_seen() {
        let text = "- iam:ListUsers\n\"iam:*\" [\"s3:GetObject\"] arn:${AWS::Partition}:iam::*:user/* !Ref AWS::NoValue sts:ExternalId";
        assert_eq!(
            actions_in(text).into_iter().collect::<Vec<_>>(),
            ["iam:*", "iam:ListUsers", "s3:GetObject"]
        );
    }
}
