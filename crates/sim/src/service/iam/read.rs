//! IAM's reads: users, keys, last use, tags, summary.

use super::{AccessKeyMetadata, GetAccessKeyLastUsedOutput, Page, Paging, User, UserDetail};
use crate::context::Context;
use crate::error::ApiResult;
use crate::service::Tag;

impl Context<'_> {
    /// `ListUsers`, by name.
    pub fn list_users(&self, path_prefix: Option<&str>, paging: &Paging) -> ApiResult<Page<User>> {
        let _ = (path_prefix, paging);
        Err(self.unfinished())
    }

    /// `GetUser`; without a name, the calling user.
    pub fn get_user(&self, user_name: Option<&str>) -> ApiResult<User> {
        let _ = user_name;
        Err(self.unfinished())
    }

    /// `ListAccessKeys`; without a name, those of the calling user.
    pub fn list_access_keys(
        &self,
        user_name: Option<&str>,
        paging: &Paging,
    ) -> ApiResult<Page<AccessKeyMetadata>> {
        let _ = (user_name, paging);
        Err(self.unfinished())
    }

    /// `GetAccessKeyLastUsed`.
    pub fn get_access_key_last_used(&self, access_key_id: &str) -> ApiResult<GetAccessKeyLastUsedOutput> {
        let _ = access_key_id;
        Err(self.unfinished())
    }

    /// `ListUserTags`.
    pub fn list_user_tags(&self, user_name: &str, paging: &Paging) -> ApiResult<Page<Tag>> {
        let _ = (user_name, paging);
        Err(self.unfinished())
    }

    /// `GetAccountSummary`: `SummaryMap`, by key.
    pub fn get_account_summary(&self) -> ApiResult<Vec<(&'static str, u64)>> {
        Err(self.unfinished())
    }

    /// `GetAccountAuthorizationDetails`: `UserDetailList`. `filter` holds the values of `Filter`; the world has nothing
    /// but users, so a filter without `User` gives an empty page. (The wire writes the other lists empty.)
    pub fn get_account_authorization_details(
        &self,
        filter: &[&str],
        paging: &Paging,
    ) -> ApiResult<Page<UserDetail>> {
        let _ = (filter, paging);
        Err(self.unfinished())
    }

    /// `ListAccountAliases`.
    pub fn list_account_aliases(&self, paging: &Paging) -> ApiResult<Page<String>> {
        let _ = paging;
        Err(self.unfinished())
    }
}
