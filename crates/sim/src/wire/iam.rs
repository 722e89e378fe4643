//! AWS IAM on the wire: its parameters and its XML.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::answer;
use super::connection::Answer;
use super::parameters::Parameters;
use super::xml::Xml;
use crate::service::Tag;
use crate::service::iam::{AccessKeyMetadata, Page, Paging, User, UserDetail};
use crate::{Action, ApiError, ApiResult, Context};

/// The XML namespace of IAM's answers; it ends in the API version.
pub(super) const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Calls the operation that the context was begun for.
pub(super) fn call(context: &Context<'_>, parameters: &Parameters<'_>) -> ApiResult<Answer> {
    let user_name = parameters.get("UserName");
    match context.action() {
        Action::CreateAccessKey => create_access_key(context, user_name),
        Action::CreateUser => {
            let name = parameters.required("UserName")?;
            let user = context.create_user(name, parameters.get("Path"), &parameters.tags("Tags")?)?;
            Ok(answered(context, |xml| xml.element("User", |xml| write_user(xml, &user))))
        }
        Action::DeleteAccessKey => {
            done(context, context.delete_access_key(user_name, parameters.required("AccessKeyId")?))
        }
        Action::DeleteUser => done(context, context.delete_user(parameters.required("UserName")?)),
        Action::GenerateCredentialReport => generate_credential_report(context),
        Action::GetAccessKeyLastUsed => get_access_key_last_used(context, parameters),
        Action::GetAccountAuthorizationDetails => get_account_authorization_details(context, parameters),
        Action::GetAccountSummary => get_account_summary(context),
        Action::GetCredentialReport => get_credential_report(context),
        Action::GetUser => {
            let user = context.get_user(user_name)?;
            Ok(answered(context, |xml| xml.element("User", |xml| write_user(xml, &user))))
        }
        Action::ListAccessKeys => {
            let page = context.list_access_keys(user_name, &paging(parameters)?)?;
            Ok(listed(context, "AccessKeyMetadata", &page, write_access_key_metadata))
        }
        Action::ListAccountAliases => {
            let page = context.list_account_aliases(&paging(parameters)?)?;
            Ok(answered(context, |xml| {
                xml.texts("AccountAliases", &page.items);
                write_paging(xml, page.marker.as_deref());
            }))
        }
        Action::ListUserTags => {
            let page = context.list_user_tags(parameters.required("UserName")?, &paging(parameters)?)?;
            Ok(listed(context, "Tags", &page, write_tag))
        }
        Action::ListUsers => {
            let page = context.list_users(parameters.get("PathPrefix"), &paging(parameters)?)?;
            Ok(listed(context, "Users", &page, write_user))
        }
        Action::TagUser => {
            let name = parameters.required("UserName")?;
            done(context, context.tag_user(name, &parameters.tags("Tags")?))
        }
        Action::UpdateAccessKey => {
            let key = parameters.required("AccessKeyId")?;
            done(context, context.update_access_key(user_name, key, parameters.required("Status")?))
        }
        Action::UpdateUser => {
            let (new_name, new_path) = (parameters.get("NewUserName"), parameters.get("NewPath"));
            done(context, context.update_user(parameters.required("UserName")?, new_name, new_path))
        }
        other => {
            Err(ApiError::new(400, "InvalidAction", format!("{} is not an action of IAM", other.name())))
        }
    }
}

fn create_access_key(context: &Context<'_>, user_name: Option<&str>) -> ApiResult<Answer> {
    let key = context.create_access_key(user_name)?;
    Ok(answered(context, |xml| {
        xml.element("AccessKey", |xml| {
            xml.text("UserName", &key.user_name);
            xml.text("AccessKeyId", &key.access_key_id);
            xml.text("Status", &key.status);
            xml.text("SecretAccessKey", &key.secret_access_key);
            xml.plain("CreateDate", key.create_date);
        });
    }))
}

fn generate_credential_report(context: &Context<'_>) -> ApiResult<Answer> {
    let output = context.generate_credential_report()?;
    Ok(answered(context, |xml| {
        xml.text("State", output.state);
        if let Some(description) = output.description {
            xml.text("Description", description);
        }
    }))
}

fn get_credential_report(context: &Context<'_>) -> ApiResult<Answer> {
    let report = context.get_credential_report()?;
    Ok(answered(context, |xml| {
        xml.plain("Content", BASE64_STANDARD.encode(&report.content));
        xml.text("ReportFormat", report.report_format);
        xml.plain("GeneratedTime", report.generated_time);
    }))
}

fn get_access_key_last_used(context: &Context<'_>, parameters: &Parameters<'_>) -> ApiResult<Answer> {
    let output = context.get_access_key_last_used(parameters.required("AccessKeyId")?)?;
    Ok(answered(context, |xml| {
        if let Some(user_name) = &output.user_name {
            xml.text("UserName", user_name);
        }
        xml.element("AccessKeyLastUsed", |xml| {
            if let Some(date) = output.last_used_date {
                xml.plain("LastUsedDate", date);
            }
            xml.text("ServiceName", &output.service_name);
            xml.text("Region", &output.region);
        });
    }))
}

fn get_account_summary(context: &Context<'_>) -> ApiResult<Answer> {
    let summary = context.get_account_summary()?;
    Ok(answered(context, |xml| {
        xml.element("SummaryMap", |xml| {
            for (key, value) in summary {
                xml.element("entry", |xml| {
                    xml.text("key", key);
                    xml.plain("value", value);
                });
            }
        });
    }))
}

fn get_account_authorization_details(
    context: &Context<'_>,
    parameters: &Parameters<'_>,
) -> ApiResult<Answer> {
    let filter = parameters.list("Filter");
    let page = context.get_account_authorization_details(&filter, &paging(parameters)?)?;
    Ok(answered(context, |xml| {
        xml.list("UserDetailList", &page.items, write_user_detail);
        for list in ["GroupDetailList", "RoleDetailList", "Policies"] {
            xml.element(list, |_| {});
        }
        write_paging(xml, page.marker.as_deref());
    }))
}

fn write_user(xml: &mut Xml, user: &User) {
    xml.text("Path", &user.path);
    xml.text("UserName", &user.user_name);
    xml.text("UserId", &user.user_id);
    xml.text("Arn", &user.arn);
    xml.plain("CreateDate", user.create_date);
    if let Some(date) = user.password_last_used {
        xml.plain("PasswordLastUsed", date);
    }
    // AWS leaves the list out where there are no tags, and always in ListUsers.
    if !user.tags.is_empty() {
        xml.list("Tags", &user.tags, write_tag);
    }
}

fn write_user_detail(xml: &mut Xml, user: &UserDetail) {
    xml.text("Path", &user.path);
    xml.text("UserName", &user.user_name);
    xml.text("UserId", &user.user_id);
    xml.text("Arn", &user.arn);
    xml.plain("CreateDate", user.create_date);
    xml.element("UserPolicyList", |_| {});
    xml.texts("GroupList", &user.group_list);
    xml.list("AttachedManagedPolicies", &user.attached_managed_policies, |xml, policy| {
        xml.text("PolicyName", &policy.policy_name);
        xml.text("PolicyArn", &policy.policy_arn);
    });
    xml.list("Tags", &user.tags, write_tag);
}

fn write_access_key_metadata(xml: &mut Xml, key: &AccessKeyMetadata) {
    if let Some(user_name) = &key.user_name {
        xml.text("UserName", user_name);
    }
    xml.text("AccessKeyId", &key.access_key_id);
    xml.text("Status", &key.status);
    xml.plain("CreateDate", key.create_date);
}

fn write_tag(xml: &mut Xml, tag: &Tag) {
    xml.text("Key", &tag.key);
    xml.text("Value", &tag.value);
}

fn write_paging(xml: &mut Xml, marker: Option<&str>) {
    xml.plain("IsTruncated", marker.is_some());
    if let Some(marker) = marker {
        xml.text("Marker", marker);
    }
}

fn paging(parameters: &Parameters<'_>) -> ApiResult<Paging> {
    let marker = parameters.get("Marker").map(str::to_owned);
    Ok(Paging { marker, max_items: parameters.number("MaxItems")? })
}

fn answered(context: &Context<'_>, result: impl FnOnce(&mut Xml)) -> Answer {
    answer::query(NAMESPACE, context, result)
}

fn listed<T>(context: &Context<'_>, list: &str, page: &Page<T>, write: fn(&mut Xml, &T)) -> Answer {
    answered(context, |xml| {
        xml.list(list, &page.items, write);
        write_paging(xml, page.marker.as_deref());
    })
}

/// The answer of an operation that has no result.
fn done(context: &Context<'_>, outcome: ApiResult<()>) -> ApiResult<Answer> {
    outcome.map(|()| answer::query_without_result(NAMESPACE, context))
}
