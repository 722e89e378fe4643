//! What mends a failure: a sentence and, where one does it, the exact policy statement or command. Statements come from the
//! call table, as those of `keysweep policies` do.

use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallError, CallErrorKind, Resource};
use keysweep_core::cause::Cause;
use keysweep_core::diagnosis::{Check, Diagnosis, Fault, Place};
use keysweep_core::permissions::Grant;
use serde_json::{Value, json};

use crate::policies::Names;

/// What mends a failure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mending {
    /// What to do, in one or two sentences.
    pub text: String,
    /// The statement to add to a policy, as JSON.
    pub statement: Option<String>,
    /// A command line that does it, or that shows what to do.
    pub command: Option<String>,
}

impl Mending {
    fn saying(text: impl Into<String>) -> Self {
        Self { text: text.into(), statement: None, command: None }
    }
}

/// What mends this failure, for roles of these names.
pub fn mending(diagnosis: &Diagnosis, check: &Check, fault: &Fault, names: &Names) -> Mending {
    match fault {
        Fault::ClockOff(_) => Mending {
            command: Some("timedatectl set-ntp true".to_owned()),
            ..Mending::saying(
                "Set this machine's clock, by NTP: AWS refuses calls that are signed five minutes off, and every time in a report is read from it.",
            )
        },
        Fault::NotAUrl(_) => {
            Mending::saying("Unset the variable, or let it begin with https:// (or http://).")
        }
        Fault::NothingSelected => Mending::saying(
            "Correct --include and --exclude: aws organizations list-accounts and list-organizational-units-for-parent show what there is.",
        ),
        Fault::WrongPlace => wrong_place(diagnosis),
        Fault::Call(error) => of_call(diagnosis, check.account, error, names),
    }
}

/// An organization cannot be scanned from a member account, unless the management account delegates reading it.
fn wrong_place(diagnosis: &Diagnosis) -> Mending {
    let (Place::Member(organization), Some(caller)) = (&diagnosis.place, &diagnosis.caller) else {
        return Mending::saying("This account is in no organization: scan it alone, without --org.");
    };
    let statement =
        Grant::Organization.statements().into_iter().find(|statement| statement.resource == Resource::Any);
    let actions = statement.map(|statement| statement.actions).unwrap_or_default();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "KeysweepReadsOrganization",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:{}:iam::{}:root", caller.partition, caller.account) },
            "Action": actions,
            "Resource": "*",
        }],
    });
    Mending {
        text: format!(
            "Run keysweep from the management account {}, or let that account delegate reading the organization. The command does that, run there; it replaces a delegation policy that may be there already (aws organizations describe-resource-policy).",
            organization.management_account
        ),
        statement: None,
        command: Some(format!("aws organizations put-resource-policy --content '{policy}'")),
    }
}

fn of_call(diagnosis: &Diagnosis, account: Option<AccountId>, error: &CallError, names: &Names) -> Mending {
    let call = error.call;
    match Cause::of_error(error) {
        Cause::Credentials if error.kind == CallErrorKind::CredentialsExpired => Mending {
            command: Some("aws sso login".to_owned()),
            ..Mending::saying("Renew the caller's credentials: sign in again, or start a new session.")
        },
        Cause::Credentials => Mending {
            command: Some("aws sts get-caller-identity".to_owned()),
            ..Mending::saying(
                "Name a profile with --profile or AWS_PROFILE, sign in with aws sso login, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. The command makes the same call.",
            )
        },
        Cause::ServiceControlPolicy | Cause::ResourceControlPolicy => exempted(error, names),
        Cause::RoleMissingOrUntrusting | Cause::TrustPolicy => role(diagnosis, error, names),
        Cause::Boundary => Mending {
            statement: allow(call, names),
            ..Mending::saying(format!(
                "Let the permissions boundary, session or endpoint policy that AWS names allow {call} too."
            ))
        },
        Cause::PermissionMissing if is_in_no_organization(error) => {
            Mending::saying("This account is in no organization: scan it alone, without --org.")
        }
        Cause::PermissionMissing => {
            let whose = match account {
                Some(account)
                    if diagnosis.caller.as_ref().is_none_or(|caller| caller.account != account)
                        && call != Call::AssumeRole =>
                {
                    format!("the role {} in each account that is named", names.role_name)
                }
                _ => "the caller".to_owned(),
            };
            Mending {
                text: format!("Allow {call} for {whose}: add this statement to its policy."),
                statement: allow(call, names),
                command: None,
            }
        }
        Cause::Throttled => Mending::saying(
            "AWS refused calls for too long: look again when fewer other tools call it, or raise --give-up-after.",
        ),
        Cause::Unavailable => Mending::saying(
            "Check the network, the proxy (HTTPS_PROXY, NO_PROXY), AWS_CA_BUNDLE, --region and the variables AWS_ENDPOINT_URL…",
        ),
        Cause::NotUnderstood => Mending::saying(
            "What answers is not AWS, or a proxy changes its answers: check the proxy and the variables AWS_ENDPOINT_URL…",
        ),
        _ => Mending::saying("AWS refused it for the reason above; if it stays, report it with the message."),
    }
}

fn is_in_no_organization(error: &CallError) -> bool {
    error.code.as_deref() == Some("AWSOrganizationsNotInUseException")
}

/// The statement that allows one call, on as little as possible.
fn allow(call: Call, names: &Names) -> Option<String> {
    let grant = [Grant::Scan, Grant::Organization]
        .into_iter()
        .find(|grant| grant.calls().any(|other| other == call))?;
    let permission = call.permission()?;
    let sid = format!("Keysweep{}", call.name());
    let statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": permission,
        "Resource": names.arn(grant, call.resource()),
    });
    Some(pretty(&statement))
}

/// A policy of the organization denies it: its statement needs an exception for the role.
fn exempted(error: &CallError, names: &Names) -> Mending {
    let call = error.call;
    let kind = match Cause::of_error(error) {
        Cause::ResourceControlPolicy => "resource control policy",
        _ => "service control policy",
    };
    let regions = if call == Call::LookupEvents {
        " IAM's events are in the partition's lead region (us-east-1, us-gov-west-1 or cn-north-1): a statement that denies other regions denies them too."
    } else {
        ""
    };
    let role = format!("arn:{}:iam::*:role{}{}", names.partition, names.role_path, names.role_name);
    let condition = json!({ "ArnNotLike": { "aws:PrincipalArn": role } });
    Mending {
        text: format!(
            "Exempt the role from the {kind} of the organization that denies {call}: add this to the Condition of the statement that denies it.{regions}"
        ),
        statement: Some(pretty(&condition)),
        command: None,
    }
}

/// The role is missing, or does not let the caller in.
fn role(diagnosis: &Diagnosis, error: &CallError, names: &Names) -> Mending {
    let caller = diagnosis.caller.as_ref().map(|caller| caller.account);
    let external_id = names.external_id.as_ref().map(|_| " --external-id ID").unwrap_or_default();
    let trusted = caller.map(|account| format!(" --trusted-account {account}")).unwrap_or_default();
    let path =
        if names.role_path == "/" { String::new() } else { format!(" --role-path {}", names.role_path) };
    let what = if Cause::of_error(error) == Cause::TrustPolicy {
        "Let the trust policy of the role in each account that is named let the caller in"
    } else {
        "Make the role in each account that is named, or let its trust policy let the caller in"
    };
    let asks = if names.external_id.is_some() { " and the same external id" } else { "" };
    Mending {
        text: format!(
            "{what}: {} must trust this account{asks}. The command writes the templates of a StackSet; a StackSet that AWS Organizations manages never reaches the management account, where the stack is made by itself.",
            names.role_name
        ),
        statement: crate::policies::trust(&Names { trusted_account: caller, ..names.clone() })
            .map(|text| text.trim_end().to_owned()),
        command: Some(format!(
            "keysweep policies --format cloudformation --output policies --role-name {}{path}{trusted}{external_id}",
            names.role_name
        )),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}
