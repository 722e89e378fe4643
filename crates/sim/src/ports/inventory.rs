//! `Inventory` and `KeyControl`: what IAM knows of one account, and the deletion of keys.

use keysweep_core::call::{Call, CallResult};
use keysweep_core::key::{AccessKey, AccessKeyId, KeyStatus, LastUsed, ListedStatus, User, UserName};
use keysweep_core::ports::{
    AccountSummary, Inventory, KeyControl, Page, RawReport, ReportState, UserDetail, UserNow,
};

use super::{SimAccount, field};
use crate::service::iam::Paging;

fn paging(marker: Option<&str>, max_items: Option<i64>) -> Paging {
    Paging { marker: marker.map(str::to_owned), max_items }
}

/// IAM's way to say that nothing is recorded.
fn recorded(text: String) -> Option<String> {
    Some(text).filter(|text| text != "N/A")
}

impl Inventory for SimAccount {
    async fn generate_credential_report(&self) -> CallResult<ReportState> {
        let call = Call::GenerateCredentialReport;
        let output = self.call(call, |context| context.generate_credential_report()).await?;
        Ok(match output.state {
            "STARTED" => ReportState::Started,
            "INPROGRESS" => ReportState::InProgress,
            _ => ReportState::Complete,
        })
    }

    async fn get_credential_report(&self) -> CallResult<RawReport> {
        let output = self.call(Call::GetCredentialReport, |context| context.get_credential_report()).await?;
        Ok(RawReport { content: output.content, generated_at: output.generated_time })
    }

    async fn list_users(&self, marker: Option<&str>) -> CallResult<Page<User>> {
        let call = Call::ListUsers;
        let page = self.call(call, |context| context.list_users(None, &paging(marker, Some(1000)))).await?;
        let user = |user: crate::service::iam::User| {
            Ok(User {
                name: field(call, "UserName", &user.user_name)?,
                id: user.user_id,
                arn: user.arn,
                created: user.create_date,
            })
        };
        Ok(Page { items: page.items.into_iter().map(user).collect::<CallResult<_>>()?, next: page.marker })
    }

    async fn list_access_keys(&self, user: &UserName, marker: Option<&str>) -> CallResult<Page<AccessKey>> {
        let call = Call::ListAccessKeys;
        let page = self
            .call(call, |context| context.list_access_keys(Some(user.as_str()), &paging(marker, None)))
            .await?;
        let key = |key: crate::service::iam::AccessKeyMetadata| {
            Ok(AccessKey {
                id: field(call, "AccessKeyId", &key.access_key_id)?,
                status: ListedStatus::from_api(&key.status),
                created: key.create_date,
            })
        };
        Ok(Page { items: page.items.into_iter().map(key).collect::<CallResult<_>>()?, next: page.marker })
    }

    async fn get_access_key_last_used(&self, key: &AccessKeyId) -> CallResult<LastUsed> {
        let output = self
            .call(Call::GetAccessKeyLastUsed, |context| context.get_access_key_last_used(key.as_str()))
            .await?;
        Ok(match output.last_used_date {
            None => LastUsed::NotRecorded,
            Some(at) => {
                LastUsed::At { at, service: recorded(output.service_name), region: recorded(output.region) }
            }
        })
    }

    async fn list_user_tags(
        &self,
        user: &UserName,
        marker: Option<&str>,
    ) -> CallResult<Page<(String, String)>> {
        let page = self
            .call(Call::ListUserTags, |context| context.list_user_tags(user.as_str(), &paging(marker, None)))
            .await?;
        let items = page.items.into_iter().map(|tag| (tag.key, tag.value));
        Ok(Page { items: items.collect(), next: page.marker })
    }

    async fn get_account_authorization_details(&self, marker: Option<&str>) -> CallResult<Page<UserDetail>> {
        let call = Call::GetAccountAuthorizationDetails;
        let paging = paging(marker, Some(1000));
        let page =
            self.call(call, |context| context.get_account_authorization_details(&["User"], &paging)).await?;
        let detail = |user: crate::service::iam::UserDetail| {
            Ok(UserDetail {
                name: field(call, "UserName", &user.user_name)?,
                id: user.user_id,
                tags: user.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            })
        };
        Ok(Page { items: page.items.into_iter().map(detail).collect::<CallResult<_>>()?, next: page.marker })
    }

    async fn get_account_summary(&self) -> CallResult<AccountSummary> {
        let output = self.call(Call::GetAccountSummary, |context| context.get_account_summary()).await?;
        let value = |key| output.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        Ok(AccountSummary { users: value("Users"), root_access_keys: value("AccountAccessKeysPresent") })
    }
}

impl KeyControl for SimAccount {
    async fn get_user(&self, user: &UserName) -> CallResult<UserNow> {
        let call = Call::GetUser;
        let found = self.call(call, |context| context.get_user(Some(user.as_str()))).await?;
        let tags = found.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        let name = field(call, "UserName", &found.user_name)?;
        let user = User { name, id: found.user_id, arn: found.arn, created: found.create_date };
        Ok(UserNow { user, tags })
    }

    async fn update_access_key(
        &self,
        user: &UserName,
        key: &AccessKeyId,
        status: KeyStatus,
    ) -> CallResult<Option<String>> {
        self.call(Call::UpdateAccessKey, |context| {
            let updated = context.update_access_key(Some(user.as_str()), key.as_str(), status.as_api());
            updated.map(|()| Some(context.request_id().to_owned()))
        })
        .await
    }

    async fn delete_access_key(&self, user: &UserName, key: &AccessKeyId) -> CallResult<Option<String>> {
        self.call(Call::DeleteAccessKey, |context| {
            let deleted = context.delete_access_key(Some(user.as_str()), key.as_str());
            deleted.map(|()| Some(context.request_id().to_owned()))
        })
        .await
    }
}
