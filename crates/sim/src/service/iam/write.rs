//! IAM's changes: users, keys and tags. Each becomes a CloudTrail event, refused ones too.

use super::{AccessKey, User};
use crate::context::Context;
use crate::error::ApiResult;
use crate::service::Tag;

impl Context<'_> {
    /// `CreateUser`.
    pub fn create_user(&self, user_name: &str, path: Option<&str>, tags: &[Tag]) -> ApiResult<User> {
        let _ = (user_name, path, tags);
        Err(self.unfinished())
    }

    /// `UpdateUser`: renames it or moves it to another path.
    pub fn update_user(
        &self,
        user_name: &str,
        new_user_name: Option<&str>,
        new_path: Option<&str>,
    ) -> ApiResult<()> {
        let _ = (user_name, new_user_name, new_path);
        Err(self.unfinished())
    }

    /// `DeleteUser`: `DeleteConflict` while it has keys.
    pub fn delete_user(&self, user_name: &str) -> ApiResult<()> {
        let _ = user_name;
        Err(self.unfinished())
    }

    /// `TagUser`.
    pub fn tag_user(&self, user_name: &str, tags: &[Tag]) -> ApiResult<()> {
        let _ = (user_name, tags);
        Err(self.unfinished())
    }

    /// `CreateAccessKey`; without a name, for the calling user. `LimitExceeded` above two keys.
    pub fn create_access_key(&self, user_name: Option<&str>) -> ApiResult<AccessKey> {
        let _ = user_name;
        Err(self.unfinished())
    }

    /// `UpdateAccessKey` to `Active` or `Inactive`; without a name, for a key of the calling user.
    pub fn update_access_key(
        &self,
        user_name: Option<&str>,
        access_key_id: &str,
        status: &str,
    ) -> ApiResult<()> {
        let _ = (user_name, access_key_id, status);
        Err(self.unfinished())
    }

    /// `DeleteAccessKey`; without a name, for a key of the calling user.
    pub fn delete_access_key(&self, user_name: Option<&str>, access_key_id: &str) -> ApiResult<()> {
        let _ = (user_name, access_key_id);
        Err(self.unfinished())
    }
}
