//! IAM's changes: users, keys and tags. Each becomes a CloudTrail event, refused ones too.

use keysweep_core::call::Service;
use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;

use super::{AccessKey, User, no_key, no_user, read};
use crate::context::Context;
use crate::error::{ApiError, ApiResult};
use crate::fault::Subject;
use crate::seed;
use crate::service::Tag;
use crate::world::history::Deed;
use crate::world::iam::{Iam, Owner};

const USERS_QUOTA: usize = 5_000;
const KEYS_QUOTA: usize = 2;
const TAGS_QUOTA: usize = 50;

fn check_name(name: &str) -> ApiResult<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    let text = "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";
    Err(ApiError::invalid(Service::Iam, text))
}

fn check_path(path: &str) -> ApiResult<()> {
    if path.starts_with('/') && path.ends_with('/') && path.len() <= 512 {
        return Ok(());
    }
    let text = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.";
    Err(ApiError::invalid(Service::Iam, text))
}

/// Names differ in more than case.
fn check_free(iam: &Iam, name: &str) -> ApiResult<()> {
    let taken =
        iam.users.contains_key(name) || iam.users.keys().any(|other| other.eq_ignore_ascii_case(name));
    if taken {
        return Err(ApiError::new(
            409,
            "EntityAlreadyExists",
            format!("User with name {name} already exists."),
        ));
    }
    Ok(())
}

fn limit(what: &str, quota: usize) -> ApiError {
    ApiError::new(409, "LimitExceeded", format!("Cannot exceed quota for {what}: {quota}"))
}

impl Context<'_> {
    fn name_of(owner: &Owner) -> Option<String> {
        match owner {
            Owner::User(name) => Some(name.clone()),
            Owner::Root => None,
        }
    }

    /// The key's owner, who must be the one that is meant.
    fn check_key(iam: &Iam, owner: &Owner, access_key_id: &str) -> ApiResult<()> {
        if let Owner::User(name) = owner
            && !iam.users.contains_key(name)
        {
            return Err(no_user(name));
        }
        if iam.owner(access_key_id) == Some(owner) { Ok(()) } else { Err(no_key(access_key_id)) }
    }

    /// `CreateUser`.
    pub fn create_user(&self, user_name: &str, path: Option<&str>, tags: &[Tag]) -> ApiResult<User> {
        let path = path.unwrap_or("/");
        let resource = format!("arn:{}:iam::{}:user{path}{user_name}", self.partition(), self.caller.account);
        let deed = Deed::CreateUser { user: user_name.to_owned(), path: path.to_owned() };
        self.run(&self.about_user(Some(user_name), &resource), Some(&deed), |scene| {
            let now = scene.now;
            let iam = scene.iam(self.caller.account)?;
            check_name(user_name)?;
            check_path(path)?;
            check_free(iam, user_name)?;
            if iam.users.len() >= USERS_QUOTA {
                return Err(limit("UsersPerAccount", USERS_QUOTA));
            }
            let mut user = iam.new_user(user_name, path, now);
            user.tags = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
            let answer = read::user(iam, &user, true);
            iam.add_user(user);
            iam.on_behalf_of(&self.request_id);
            iam.record(now, self.actor(), deed.clone());
            Ok(answer)
        })
    }

    /// `UpdateUser`: renames it or moves it to another path.
    pub fn update_user(
        &self,
        user_name: &str,
        new_user_name: Option<&str>,
        new_path: Option<&str>,
    ) -> ApiResult<()> {
        let resource = self.user_resource(Some(user_name));
        let deed = Deed::UpdateUser {
            user: user_name.to_owned(),
            new_name: new_user_name.map(str::to_owned),
            new_path: new_path.map(str::to_owned),
        };
        self.run(&self.about_user(Some(user_name), &resource), Some(&deed), |scene| {
            let now = scene.now;
            let iam = scene.iam(self.caller.account)?;
            if !iam.users.contains_key(user_name) {
                return Err(no_user(user_name));
            }
            if let Some(new) = new_user_name {
                check_name(new)?;
                if !new.eq_ignore_ascii_case(user_name) {
                    check_free(iam, new)?;
                }
            }
            new_path.map_or(Ok(()), check_path)?;
            iam.on_behalf_of(&self.request_id);
            iam.update_user(user_name, new_user_name, new_path, now, self.actor());
            Ok(())
        })
    }

    /// `DeleteUser`: `DeleteConflict` while it has keys.
    pub fn delete_user(&self, user_name: &str) -> ApiResult<()> {
        let resource = self.user_resource(Some(user_name));
        let deed = Deed::DeleteUser { user: user_name.to_owned() };
        self.run(&self.about_user(Some(user_name), &resource), Some(&deed), |scene| {
            let now = scene.now;
            let iam = scene.iam(self.caller.account)?;
            let user = iam.users.get(user_name).ok_or_else(|| no_user(user_name))?;
            if !user.keys.is_empty() {
                let text = "Cannot delete entity, must delete access keys first.";
                return Err(ApiError::new(409, "DeleteConflict", text));
            }
            iam.on_behalf_of(&self.request_id);
            iam.delete_user(user_name, now, &self.actor());
            Ok(())
        })
    }

    /// `TagUser`.
    pub fn tag_user(&self, user_name: &str, tags: &[Tag]) -> ApiResult<()> {
        let resource = self.user_resource(Some(user_name));
        let pairs: Vec<(String, String)> =
            tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
        let deed = Deed::TagUser { user: user_name.to_owned(), tags: pairs.clone() };
        self.run(&self.about_user(Some(user_name), &resource), Some(&deed), |scene| {
            let now = scene.now;
            let iam = scene.iam(self.caller.account)?;
            let user = iam.users.get_mut(user_name).ok_or_else(|| no_user(user_name))?;
            let mut tags = user.tags.clone();
            tags.extend(pairs);
            if tags.len() > TAGS_QUOTA {
                return Err(limit("TagsPerUser", TAGS_QUOTA));
            }
            user.tags = tags;
            iam.on_behalf_of(&self.request_id);
            iam.record(now, self.actor(), deed.clone());
            Ok(())
        })
    }

    /// `CreateAccessKey`; without a name, for the calling user. `LimitExceeded` above two keys.
    pub fn create_access_key(&self, user_name: Option<&str>) -> ApiResult<AccessKey> {
        let resource = self.user_resource(user_name);
        let deed = Deed::CreateAccessKey { user: user_name.map(str::to_owned), owner: None, key: None };
        self.run(&self.about_user(user_name, &resource), Some(&deed), |scene| {
            let now = scene.now;
            let owner = self.owner(user_name)?;
            let iam = scene.iam(self.caller.account)?;
            if let Owner::User(name) = &owner
                && !iam.users.contains_key(name)
            {
                return Err(no_user(name));
            }
            if iam.keys_of(&owner).len() >= KEYS_QUOTA {
                return Err(limit("AccessKeysPerUser", KEYS_QUOTA));
            }
            iam.on_behalf_of(&self.request_id);
            let id = iam.create_key(&owner, now, self.actor(), user_name.is_some());
            Ok(AccessKey {
                user_name: Self::name_of(&owner).unwrap_or_default(),
                secret_access_key: seed::secret(seed::text(&id)),
                access_key_id: id,
                status: "Active".to_owned(),
                create_date: now,
            })
        })
    }

    /// `UpdateAccessKey` to `Active` or `Inactive`; without a name, for a key of the calling user.
    pub fn update_access_key(
        &self,
        user_name: Option<&str>,
        access_key_id: &str,
        status: &str,
    ) -> ApiResult<()> {
        let status = match status {
            "Active" => KeyStatus::Active,
            "Inactive" => KeyStatus::Inactive,
            other => {
                let text = format!(
                    "1 validation error detected: Value '{other}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]"
                );
                return Err(ApiError::invalid(Service::Iam, text));
            }
        };
        let deed = Deed::UpdateAccessKey {
            user: user_name.map(str::to_owned),
            key: access_key_id.to_owned(),
            status,
        };
        self.change_key(user_name, access_key_id, &deed, |iam, now, user| {
            iam.set_status(access_key_id, status, now, self.actor(), user);
        })
    }

    /// `DeleteAccessKey`; without a name, for a key of the calling user.
    pub fn delete_access_key(&self, user_name: Option<&str>, access_key_id: &str) -> ApiResult<()> {
        let deed =
            Deed::DeleteAccessKey { user: user_name.map(str::to_owned), key: access_key_id.to_owned() };
        self.change_key(user_name, access_key_id, &deed, |iam, now, user| {
            iam.delete_key(access_key_id, now, self.actor(), user);
        })
    }

    /// Changes a key of the named user, or of the calling one.
    fn change_key(
        &self,
        user_name: Option<&str>,
        access_key_id: &str,
        deed: &Deed,
        change: impl FnOnce(&mut Iam, Instant, Option<String>),
    ) -> ApiResult<()> {
        let resource = self.user_resource(user_name);
        let subject = Subject {
            account: self.caller.account,
            user: user_name,
            key: Some(access_key_id),
            resource: &resource,
        };
        self.run(&subject, Some(deed), |scene| {
            let now = scene.now;
            let owner = self.owner(user_name)?;
            let iam = scene.iam(self.caller.account)?;
            Self::check_key(iam, &owner, access_key_id)?;
            iam.on_behalf_of(&self.request_id);
            change(iam, now, user_name.map(str::to_owned));
            Ok(())
        })
    }
}
