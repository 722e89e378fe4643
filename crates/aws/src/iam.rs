//! AWS IAM: the users of an account, their keys and tags, and the credential report. The user is named in every call:
//! without a name AWS would answer for the caller.

use aws_sdk_iam::operation::RequestId;
use aws_sdk_iam::types::{EntityType, ReportStateType, StatusType, SummaryKeyType, Tag};
use aws_smithy_types::retry::RetryConfig;
use keysweep_core::call::{Call, CallResult};
use keysweep_core::key::{AccessKey, AccessKeyId, KeyStatus, LastUsed, ListedStatus, User, UserName};
use keysweep_core::ports::{
    AccountSummary, Inventory, KeyControl, Page, RawReport, ReportState, UserDetail, UserNow,
};

use crate::answer::Answer;
use crate::request::answered;
use crate::session::EnteredAccount;

/// The most that IAM gives in one page.
const A_PAGE: i32 = 1000;

impl Inventory for EnteredAccount {
    async fn generate_credential_report(&self) -> CallResult<ReportState> {
        let call = Call::GenerateCredentialReport;
        let request = self.iam.generate_credential_report().send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        match answer.required("State", output.state())? {
            ReportStateType::Started => Ok(ReportState::Started),
            ReportStateType::Inprogress => Ok(ReportState::InProgress),
            ReportStateType::Complete => Ok(ReportState::Complete),
            other => Err(answer.malformed(format_args!("State: {:?} is not known here", other.as_str()))),
        }
    }

    async fn get_credential_report(&self) -> CallResult<RawReport> {
        let call = Call::GetCredentialReport;
        let request = self.iam.get_credential_report().send();
        let output = answered(call, request).await?;
        let request_id = output.request_id().map(str::to_owned);
        let answer = Answer { call, request_id: request_id.as_deref() };
        Ok(RawReport {
            generated_at: answer.instant("GeneratedTime", output.generated_time())?,
            content: answer.required("Content", output.content)?.into_inner(),
        })
    }

    async fn list_users(&self, marker: Option<&str>) -> CallResult<Page<User>> {
        let call = Call::ListUsers;
        let request = self.iam.list_users().max_items(A_PAGE).set_marker(marker.map(str::to_owned)).send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let users = output
            .users()
            .iter()
            .map(|user| {
                // The SDK writes 1970 where there is no date; IAM is younger.
                let created = Some(user.create_date()).filter(|date| date.secs() > 0);
                Ok(User {
                    name: answer.parsed("Users.UserName", Some(user.user_name()))?,
                    id: answer.text("Users.UserId", Some(user.user_id()))?.to_owned(),
                    arn: answer.text("Users.Arn", Some(user.arn()))?.to_owned(),
                    created: answer.instant("Users.CreateDate", created)?,
                })
            })
            .collect::<CallResult<_>>()?;
        answer.marked_page(users, output.is_truncated(), output.marker.clone(), marker)
    }

    async fn list_access_keys(&self, user: &UserName, marker: Option<&str>) -> CallResult<Page<AccessKey>> {
        let call = Call::ListAccessKeys;
        let request = self
            .iam
            .list_access_keys()
            .user_name(user.as_str())
            .max_items(A_PAGE)
            .set_marker(marker.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let keys = output
            .access_key_metadata()
            .iter()
            .map(|key| {
                let status = key.status().map(aws_sdk_iam::types::StatusType::as_str);
                Ok(AccessKey {
                    id: answer.parsed("AccessKeyMetadata.AccessKeyId", key.access_key_id())?,
                    status: ListedStatus::from_api(answer.text("AccessKeyMetadata.Status", status)?),
                    created: answer.instant("AccessKeyMetadata.CreateDate", key.create_date())?,
                })
            })
            .collect::<CallResult<_>>()?;
        answer.marked_page(keys, output.is_truncated(), output.marker.clone(), marker)
    }

    async fn get_access_key_last_used(&self, key: &AccessKeyId) -> CallResult<LastUsed> {
        let call = Call::GetAccessKeyLastUsed;
        let request = self.iam.get_access_key_last_used().access_key_id(key.as_str()).send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let last_used = answer.required("AccessKeyLastUsed", output.access_key_last_used())?;
        let Some(date) = last_used.last_used_date() else { return Ok(LastUsed::NotRecorded) };
        let recorded = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && text != "N/A");
        Ok(LastUsed::At {
            at: answer.instant("AccessKeyLastUsed.LastUsedDate", Some(date))?,
            service: recorded(last_used.service_name()),
            region: recorded(last_used.region()),
        })
    }

    async fn list_user_tags(
        &self,
        user: &UserName,
        marker: Option<&str>,
    ) -> CallResult<Page<(String, String)>> {
        let call = Call::ListUserTags;
        let request = self
            .iam
            .list_user_tags()
            .user_name(user.as_str())
            .max_items(A_PAGE)
            .set_marker(marker.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let tags = output.tags().iter().map(|tag| pair(answer, tag)).collect::<CallResult<_>>()?;
        answer.marked_page(tags, output.is_truncated(), output.marker.clone(), marker)
    }

    async fn get_account_authorization_details(&self, marker: Option<&str>) -> CallResult<Page<UserDetail>> {
        let call = Call::GetAccountAuthorizationDetails;
        let request = self
            .iam
            .get_account_authorization_details()
            .filter(EntityType::User)
            .max_items(A_PAGE)
            .set_marker(marker.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let users = answer
            .required("UserDetailList", output.user_detail_list.as_deref())?
            .iter()
            .map(|user| {
                Ok(UserDetail {
                    name: answer.parsed("UserDetailList.UserName", user.user_name())?,
                    id: answer.text("UserDetailList.UserId", user.user_id())?.to_owned(),
                    tags: user.tags().iter().map(|tag| pair(answer, tag)).collect::<CallResult<_>>()?,
                })
            })
            .collect::<CallResult<_>>()?;
        answer.marked_page(users, output.is_truncated(), output.marker.clone(), marker)
    }

    async fn get_account_summary(&self) -> CallResult<AccountSummary> {
        let call = Call::GetAccountSummary;
        let request = self.iam.get_account_summary().send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let counts = answer.required("SummaryMap", output.summary_map())?;
        let count = |key: SummaryKeyType| {
            let Some(count) = counts.get(&key) else { return Ok(None) };
            let field = key.as_str();
            u64::try_from(*count)
                .map(Some)
                .map_err(|_| answer.malformed(format_args!("SummaryMap.{field}: {count} is not a count")))
        };
        Ok(AccountSummary {
            users: count(SummaryKeyType::Users)?,
            root_access_keys: count(SummaryKeyType::AccountAccessKeysPresent)?,
        })
    }
}

impl KeyControl for EnteredAccount {
    async fn get_user(&self, user: &UserName) -> CallResult<UserNow> {
        let call = Call::GetUser;
        let request = self.iam.get_user().user_name(user.as_str()).send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let found = answer.required("User", output.user())?;
        let created = Some(found.create_date()).filter(|date| date.secs() > 0);
        Ok(UserNow {
            user: User {
                name: answer.parsed("User.UserName", Some(found.user_name()))?,
                id: answer.text("User.UserId", Some(found.user_id()))?.to_owned(),
                arn: answer.text("User.Arn", Some(found.arn()))?.to_owned(),
                created: answer.instant("User.CreateDate", created)?,
            },
            tags: found.tags().iter().map(|tag| pair(answer, tag)).collect::<CallResult<_>>()?,
        })
    }

    async fn update_access_key(
        &self,
        user: &UserName,
        key: &AccessKeyId,
        status: KeyStatus,
    ) -> CallResult<Option<String>> {
        let call = Call::UpdateAccessKey;
        // As a delete, it is sent once: a repetition might undo what somebody else did meanwhile.
        let once = aws_sdk_iam::config::Builder::new().retry_config(RetryConfig::disabled());
        let request = self
            .iam
            .update_access_key()
            .user_name(user.as_str())
            .access_key_id(key.as_str())
            .status(match status {
                KeyStatus::Active => StatusType::Active,
                KeyStatus::Inactive => StatusType::Inactive,
            })
            .customize()
            .config_override(once)
            .send();
        let output = answered(call, request).await?;
        Ok(output.request_id().map(str::to_owned))
    }

    async fn delete_access_key(&self, user: &UserName, key: &AccessKeyId) -> CallResult<Option<String>> {
        let call = Call::DeleteAccessKey;
        // The SDK must not repeat it by itself: between the look that allows it and a repetition the key may be switched on.
        let once = aws_sdk_iam::config::Builder::new().retry_config(RetryConfig::disabled());
        let request = self
            .iam
            .delete_access_key()
            .user_name(user.as_str())
            .access_key_id(key.as_str())
            .customize()
            .config_override(once)
            .send();
        let output = answered(call, request).await?;
        Ok(output.request_id().map(str::to_owned))
    }
}

/// A tag's value may be empty; its key may not.
fn pair(answer: Answer<'_>, tag: &Tag) -> CallResult<(String, String)> {
    Ok((answer.text("Tags.Key", Some(tag.key()))?.to_owned(), tag.value().to_owned()))
}
