//! AWS STS on the wire: its parameters and its XML.

use super::answer;
use super::connection::Answer;
use super::parameters::Parameters;
use crate::service::sts::AssumeRoleInput;
use crate::{Action, ApiResult, Context};

/// The XML namespace of STS's answers; it ends in the API version.
pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Calls the operation that the context was begun for.
pub(super) fn call(context: &Context<'_>, parameters: &Parameters<'_>) -> ApiResult<Answer> {
    if context.action() == Action::AssumeRole {
        assume_role(context, parameters)
    } else {
        get_caller_identity(context)
    }
}

fn get_caller_identity(context: &Context<'_>) -> ApiResult<Answer> {
    let output = context.get_caller_identity()?;
    Ok(answer::query(NAMESPACE, context, |xml| {
        xml.text("Arn", &output.arn);
        xml.text("UserId", &output.user_id);
        xml.plain("Account", output.account);
    }))
}

fn assume_role(context: &Context<'_>, parameters: &Parameters<'_>) -> ApiResult<Answer> {
    let output = context.assume_role(&AssumeRoleInput {
        role_arn: parameters.required("RoleArn")?.to_owned(),
        role_session_name: parameters.required("RoleSessionName")?.to_owned(),
        duration_seconds: parameters.number("DurationSeconds")?,
        external_id: parameters.get("ExternalId").map(str::to_owned),
    })?;
    Ok(answer::query(NAMESPACE, context, |xml| {
        xml.element("AssumedRoleUser", |xml| {
            xml.text("AssumedRoleId", &output.assumed_role_user.assumed_role_id);
            xml.text("Arn", &output.assumed_role_user.arn);
        });
        xml.element("Credentials", |xml| {
            xml.text("AccessKeyId", &output.credentials.access_key_id);
            xml.text("SecretAccessKey", &output.credentials.secret_access_key);
            xml.text("SessionToken", &output.credentials.session_token);
            xml.plain("Expiration", output.credentials.expiration);
        });
    }))
}
