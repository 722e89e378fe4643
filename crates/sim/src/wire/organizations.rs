//! AWS Organizations on the wire: its parameters and its JSON.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{self, present};
use super::connection::Answer;
use crate::service::Tag;
use crate::service::organizations::{
    Account, Organization, OrganizationalUnit, Paging, Parent, PolicyTypeSummary, Root,
};
use crate::{Action, ApiError, ApiResult, Context};

/// The parameters of every operation of Organizations that is answered.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters {
    account_id: Option<String>,
    child_id: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    parent_id: Option<String>,
    resource_id: Option<String>,
}

/// Calls the operation that the context was begun for.
pub(super) fn call(context: &Context<'_>, body: &[u8]) -> ApiResult<Answer> {
    let Parameters { account_id, child_id, max_results, next_token, parent_id, resource_id } =
        answer::read_json(body)?;
    let paging = Paging { next_token, max_results };
    let body = match context.action() {
        Action::DescribeAccount => {
            json!({ "Account": account(&context.describe_account(&needed(account_id, "AccountId")?)?) })
        }
        Action::ListAccounts => {
            let page = context.list_accounts(&paging)?;
            listing("Accounts", page.items.iter().map(account), page.next_token.as_deref())
        }
        Action::ListRoots => {
            let page = context.list_roots(&paging)?;
            listing("Roots", page.items.iter().map(root), page.next_token.as_deref())
        }
        Action::ListOrganizationalUnitsForParent => {
            let parent = needed(parent_id, "ParentId")?;
            let page = context.list_organizational_units_for_parent(&parent, &paging)?;
            listing(
                "OrganizationalUnits",
                page.items.iter().map(organizational_unit),
                page.next_token.as_deref(),
            )
        }
        Action::ListAccountsForParent => {
            let page = context.list_accounts_for_parent(&needed(parent_id, "ParentId")?, &paging)?;
            listing("Accounts", page.items.iter().map(account), page.next_token.as_deref())
        }
        Action::ListParents => {
            let page = context.list_parents(&needed(child_id, "ChildId")?, &paging)?;
            listing("Parents", page.items.iter().map(parent), page.next_token.as_deref())
        }
        Action::ListTagsForResource => {
            let resource = needed(resource_id, "ResourceId")?;
            let page = context.list_tags_for_resource(&resource, paging.next_token.as_deref())?;
            listing("Tags", page.items.iter().map(tag), page.next_token.as_deref())
        }
        _ => json!({ "Organization": organization(&context.describe_organization()?) }),
    };
    Ok(answer::json(context.request_id(), &body))
}

fn needed(value: Option<String>, name: &str) -> ApiResult<String> {
    value.ok_or_else(|| ApiError::new(400, "InvalidInputException", format!("You must provide {name}.")))
}

fn listing(name: &str, items: impl Iterator<Item = Value>, next_token: Option<&str>) -> Value {
    present(json!({ name: items.collect::<Vec<_>>(), "NextToken": next_token }))
}

fn organization(organization: &Organization) -> Value {
    json!({
        "Id": organization.id,
        "Arn": organization.arn,
        "FeatureSet": organization.feature_set,
        "MasterAccountArn": organization.master_account_arn,
        "MasterAccountId": organization.master_account_id.to_string(),
        "MasterAccountEmail": organization.master_account_email,
        "AvailablePolicyTypes": policy_types(&organization.available_policy_types),
    })
}

fn account(account: &Account) -> Value {
    present(json!({
        "Id": account.id.to_string(),
        "Arn": account.arn,
        "Email": account.email,
        "Name": account.name,
        "State": account.state,
        "Status": account.status,
        "JoinedMethod": account.joined_method,
        "JoinedTimestamp": answer::json_date(account.joined_timestamp),
    }))
}

fn root(root: &Root) -> Value {
    json!({
        "Id": root.id,
        "Arn": root.arn,
        "Name": root.name,
        "PolicyTypes": policy_types(&root.policy_types),
    })
}

fn policy_types(types: &[PolicyTypeSummary]) -> Value {
    types.iter().map(|summary| json!({ "Type": summary.policy_type, "Status": summary.status })).collect()
}

fn organizational_unit(unit: &OrganizationalUnit) -> Value {
    json!({ "Id": unit.id, "Arn": unit.arn, "Name": unit.name })
}

fn parent(parent: &Parent) -> Value {
    json!({ "Id": parent.id, "Type": parent.parent_type })
}

fn tag(tag: &Tag) -> Value {
    json!({ "Key": tag.key, "Value": tag.value })
}
