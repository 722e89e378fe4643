//! IAM's reads: users, keys, last use, tags, summary.

use std::ops::Bound;

use keysweep_core::call::Service;

use super::{
    AccessKeyMetadata, AttachedPolicy, GetAccessKeyLastUsedOutput, Page, Paging, User, UserDetail, no_user,
};
use crate::context::{Context, Scene};
use crate::error::{ApiError, ApiResult};
use crate::fault::Subject;
use crate::service::Tag;
use crate::world::iam::{self, Iam, Owner};

/// A user as IAM gives it.
pub(super) fn user(iam: &Iam, user: &iam::User, with_tags: bool) -> User {
    User {
        path: user.path.clone(),
        user_name: user.name.clone(),
        user_id: user.id.clone(),
        arn: iam.arn(user),
        create_date: user.created,
        password_last_used: user.password.as_ref().and_then(|password| password.last_used),
        tags: if with_tags { Tag::all(&user.tags) } else { Vec::new() },
    }
}

impl Context<'_> {
    /// Users after a name, in the order of names.
    fn users_after<T>(
        &self,
        scene: &mut Scene<'_>,
        paging: &Paging,
        keep: impl Fn(&iam::User) -> bool,
        make: impl Fn(&Iam, &iam::User) -> T,
    ) -> ApiResult<Page<T>> {
        let (after, size) = paging.start()?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let iam = scene.iam(self.caller.account)?;
        // One more than fits shows whether anything follows.
        let users = iam.users.range::<String, _>((from, Bound::Unbounded));
        let items: Vec<(String, T)> = users
            .filter(|(_, user)| keep(user))
            .take(size + 1)
            .map(|(name, user)| (name.clone(), make(iam, user)))
            .collect();
        Ok(self.page(scene, paging, size, items.into_iter()))
    }

    /// `ListUsers`, by name.
    pub fn list_users(&self, path_prefix: Option<&str>, paging: &Paging) -> ApiResult<Page<User>> {
        let resource = format!("arn:{}:iam::{}:user/", self.partition(), self.caller.account);
        self.run(&self.about(&resource), None, |scene| {
            let keep = |user: &iam::User| path_prefix.is_none_or(|prefix| user.path.starts_with(prefix));
            self.users_after(scene, paging, keep, |iam, one| user(iam, one, false))
        })
    }

    /// `GetUser`; without a name, the calling user.
    pub fn get_user(&self, user_name: Option<&str>) -> ApiResult<User> {
        let resource = self.user_resource(user_name);
        self.run(&self.about_user(user_name, &resource), None, |scene| {
            let owner = self.owner(user_name)?;
            let iam = scene.iam(self.caller.account)?;
            match &owner {
                Owner::User(name) => {
                    let found = iam.users.get(name).ok_or_else(|| no_user(name))?;
                    Ok(user(iam, found, true))
                }
                Owner::Root => Ok(User {
                    path: "/".to_owned(),
                    user_name: String::new(),
                    user_id: iam.account.to_string(),
                    arn: iam.owner_arn(&owner),
                    create_date: iam.created,
                    password_last_used: None,
                    tags: Vec::new(),
                }),
            }
        })
    }

    /// `ListAccessKeys`; without a name, those of the calling user.
    pub fn list_access_keys(
        &self,
        user_name: Option<&str>,
        paging: &Paging,
    ) -> ApiResult<Page<AccessKeyMetadata>> {
        let resource = self.user_resource(user_name);
        self.run(&self.about_user(user_name, &resource), None, |scene| {
            let (after, size) = paging.start()?;
            let owner = self.owner(user_name)?;
            let iam = scene.iam(self.caller.account)?;
            let name = match &owner {
                Owner::User(name) if !iam.users.contains_key(name) => return Err(no_user(name)),
                Owner::User(name) => Some(name.clone()),
                Owner::Root => None,
            };
            let mut keys: Vec<(String, AccessKeyMetadata)> = iam
                .keys_of(&owner)
                .iter()
                .map(|key| {
                    let metadata = AccessKeyMetadata {
                        user_name: name.clone(),
                        access_key_id: key.id.clone(),
                        status: key.status_text().to_owned(),
                        create_date: key.created,
                    };
                    (key.id.clone(), metadata)
                })
                .collect();
            keys.sort_by(|a, b| a.0.cmp(&b.0));
            keys.retain(|(id, _)| after.as_ref().is_none_or(|after| id > after));
            Ok(self.page(scene, paging, size, keys.into_iter()))
        })
    }

    /// `GetAccessKeyLastUsed`.
    pub fn get_access_key_last_used(&self, access_key_id: &str) -> ApiResult<GetAccessKeyLastUsedOutput> {
        let resource = format!("access key {access_key_id}");
        let subject = Subject {
            account: self.caller.account,
            user: None,
            key: Some(access_key_id),
            resource: &resource,
        };
        self.run(&subject, None, |scene| {
            let iam = scene.iam(self.caller.account)?;
            let (Some(key), Some(owner)) = (iam.key(access_key_id), iam.owner(access_key_id)) else {
                // AWS does not say whether the key of another account exists.
                if iam.gone.iter().any(|gone| gone.key.id == access_key_id) {
                    return Err(super::no_key(access_key_id));
                }
                let arn = &self.caller.arn;
                let text = format!(
                    "User: {arn} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: {resource}"
                );
                return Err(ApiError::denied(Service::Iam, text));
            };
            let used = key.last_use.as_ref();
            let not_recorded = || "N/A".to_owned();
            Ok(GetAccessKeyLastUsedOutput {
                user_name: match owner {
                    Owner::User(name) => Some(name.clone()),
                    Owner::Root => None,
                },
                last_used_date: used.map(|used| used.at),
                service_name: used.map_or_else(not_recorded, |used| used.service.clone()),
                region: used.map_or_else(not_recorded, |used| used.region.clone()),
            })
        })
    }

    /// `ListUserTags`.
    pub fn list_user_tags(&self, user_name: &str, paging: &Paging) -> ApiResult<Page<Tag>> {
        let resource = self.user_resource(Some(user_name));
        self.run(&self.about_user(Some(user_name), &resource), None, |scene| {
            let (after, size) = paging.start()?;
            let iam = scene.iam(self.caller.account)?;
            let user = iam.users.get(user_name).ok_or_else(|| no_user(user_name))?;
            let mut tags = Tag::all(&user.tags);
            tags.retain(|tag| after.as_ref().is_none_or(|after| &tag.key > after));
            let tags = tags.into_iter().map(|tag| (tag.key.clone(), tag));
            Ok(self.page(scene, paging, size, tags))
        })
    }

    /// `GetAccountSummary`: `SummaryMap`, by key.
    pub fn get_account_summary(&self) -> ApiResult<Vec<(&'static str, u64)>> {
        self.run(&self.about("*"), None, |scene| {
            let iam = scene.iam(self.caller.account)?;
            let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
            let mfa = iam.users.values().filter(|user| user.password.as_ref().is_some_and(|one| one.mfa));
            Ok(vec![
                ("AccessKeysPerUserQuota", 2),
                ("AccountAccessKeysPresent", u64::from(!iam.root_keys.is_empty())),
                ("AccountMFAEnabled", 1),
                ("AccountPasswordPresent", 1),
                ("AccountSigningCertificatesPresent", 0),
                ("AssumeRolePolicySizeQuota", 2048),
                ("AttachedPoliciesPerGroupQuota", 10),
                ("AttachedPoliciesPerRoleQuota", 10),
                ("AttachedPoliciesPerUserQuota", 10),
                ("GlobalEndpointTokenVersion", 1),
                ("GroupPolicySizeQuota", 5120),
                ("Groups", 0),
                ("GroupsPerUserQuota", 10),
                ("GroupsQuota", 300),
                ("InstanceProfiles", 0),
                ("InstanceProfilesQuota", 1000),
                ("MFADevices", count(mfa.clone().count())),
                ("MFADevicesInUse", count(mfa.count())),
                ("Policies", 0),
                ("PoliciesQuota", 1500),
                ("PolicySizeQuota", 6144),
                ("PolicyVersionsInUse", 0),
                ("PolicyVersionsInUseQuota", 10_000),
                ("Providers", 0),
                ("RolePolicySizeQuota", 10_240),
                ("Roles", 4),
                ("RolesQuota", 1000),
                ("ServerCertificates", 0),
                ("ServerCertificatesQuota", 20),
                ("SigningCertificatesPerUserQuota", 2),
                ("UserPolicySizeQuota", 2048),
                ("Users", count(iam.users.len())),
                ("UsersQuota", 5000),
                ("VersionsPerPolicyQuota", 5),
            ])
        })
    }

    /// `GetAccountAuthorizationDetails`: `UserDetailList`. `filter` holds the values of `Filter`; the world has nothing
    /// but users, so a filter without `User` gives an empty page. (The wire writes the other lists empty.)
    pub fn get_account_authorization_details(
        &self,
        filter: &[&str],
        paging: &Paging,
    ) -> ApiResult<Page<UserDetail>> {
        self.run(&self.about("*"), None, |scene| {
            let wanted = filter.is_empty() || filter.contains(&"User");
            let partition = scene.world.spec.partition;
            self.users_after(
                scene,
                paging,
                |_| wanted,
                |iam, user| UserDetail {
                    path: user.path.clone(),
                    user_name: user.name.clone(),
                    user_id: user.id.clone(),
                    arn: iam.arn(user),
                    create_date: user.created,
                    group_list: Vec::new(),
                    attached_managed_policies: vec![AttachedPolicy {
                        policy_name: "ReadOnlyAccess".to_owned(),
                        policy_arn: format!("arn:{partition}:iam::aws:policy/ReadOnlyAccess"),
                    }],
                    tags: Tag::all(&user.tags),
                },
            )
        })
    }

    /// `ListAccountAliases`.
    pub fn list_account_aliases(&self, paging: &Paging) -> ApiResult<Page<String>> {
        self.run(&self.about("*"), None, |scene| {
            let (after, size) = paging.start()?;
            let member = scene.world.member(self.caller.account);
            let alias = member.map(|member| format!("example-{}", member.name)).filter(|_| after.is_none());
            let aliases: Vec<(String, String)> =
                alias.into_iter().map(|alias| (alias.clone(), alias)).collect();
            Ok(self.page(scene, paging, size, aliases.into_iter()))
        })
    }
}
