//! AWS Organizations: the accounts and the tree they hang in. Answers the management account and delegated
//! administrators; any member may ask `DescribeOrganization`.

use keysweep_core::account::{AccountId, AccountState};
use keysweep_core::call::Service;
use keysweep_core::time::Instant;

use super::{Tag, seal, unseal};
use crate::context::Context;
use crate::error::{ApiError, ApiResult};
use crate::seed;
use crate::world::World;
use crate::world::organization::{Member, Unit};

/// `NextToken` and `MaxResults` of a listing, 1 to 20 items a page, 20 where it is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// `NextToken` of the page before.
    pub next_token: Option<String>,
    /// `MaxResults`.
    pub max_results: Option<i64>,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items; there may be none although more follow.
    pub items: Vec<T>,
    /// `NextToken` for the next page.
    pub next_token: Option<String>,
}

/// `Organization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `Id`: `o-…`.
    pub id: String,
    /// `Arn`.
    pub arn: String,
    /// `FeatureSet`: `ALL`.
    pub feature_set: &'static str,
    /// `MasterAccountArn`.
    pub master_account_arn: String,
    /// `MasterAccountId`.
    pub master_account_id: AccountId,
    /// `MasterAccountEmail`.
    pub master_account_email: String,
    /// `AvailablePolicyTypes`, which are also the `PolicyTypes` of the root.
    pub available_policy_types: Vec<PolicyTypeSummary>,
}

/// `PolicyTypeSummary`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTypeSummary {
    /// `Type`.
    pub policy_type: &'static str,
    /// `Status`.
    pub status: &'static str,
}

/// `Account`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `Id`.
    pub id: AccountId,
    /// `Arn`.
    pub arn: String,
    /// `Email`.
    pub email: String,
    /// `Name`.
    pub name: String,
    /// `State`; `None` where the profile leaves it out, as AWS did before 2025.
    pub state: Option<String>,
    /// `Status`; `None` where the profile leaves it out. `PENDING_ACTIVATION` and `CLOSED` exist only as `State`.
    pub status: Option<String>,
    /// `JoinedMethod`: `CREATED` or `INVITED`.
    pub joined_method: &'static str,
    /// `JoinedTimestamp`.
    pub joined_timestamp: Instant,
}

/// `Root`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// `Id`: `r-…`.
    pub id: String,
    /// `Arn`.
    pub arn: String,
    /// `Name`.
    pub name: String,
    /// `PolicyTypes`.
    pub policy_types: Vec<PolicyTypeSummary>,
}

/// `OrganizationalUnit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationalUnit {
    /// `Id`: `ou-…`.
    pub id: String,
    /// `Arn`.
    pub arn: String,
    /// `Name`.
    pub name: String,
}

/// `Parent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// `Id`.
    pub id: String,
    /// `Type`: `ROOT` or `ORGANIZATIONAL_UNIT`.
    pub parent_type: &'static str,
}

const POLICY_TYPES: [PolicyTypeSummary; 1] =
    [PolicyTypeSummary { policy_type: "SERVICE_CONTROL_POLICY", status: "ENABLED" }];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::invalid(Service::Organizations, message)
}

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Management,
    AnyMember,
}

impl Context<'_> {
    fn ask<T>(&self, asks: Asks, answer: impl FnOnce(&Tree<'_>) -> ApiResult<T>) -> ApiResult<T> {
        self.run(&self.about("*"), None, |scene| {
            let world = &*scene.world;
            let (Some(management), Some(caller)) = (world.members.first(), world.member(self.caller.account))
            else {
                return Err(ApiError::service_failure(Service::Organizations));
            };
            if !world.spec.organization {
                return Err(ApiError::new(
                    400,
                    "AWSOrganizationsNotInUseException",
                    "Your account is not a member of an organization.",
                ));
            }
            if asks == Asks::Management && caller.id != management.id && !caller.delegated_administrator {
                let text = "You don't have permissions to access this resource.";
                return Err(ApiError::denied(Service::Organizations, text));
            }
            answer(&Tree { world, management, action: self.action.name() })
        })
    }

    /// `DescribeOrganization`.
    pub fn describe_organization(&self) -> ApiResult<Organization> {
        self.ask(Asks::AnyMember, |tree| {
            let id = &tree.world.organization.id;
            Ok(Organization {
                id: id.clone(),
                arn: tree.arn(&format!("organization/{id}")),
                feature_set: "ALL",
                master_account_arn: tree.arn(&format!("account/{id}/{}", tree.management.id)),
                master_account_id: tree.management.id,
                master_account_email: tree.management.email.clone(),
                available_policy_types: POLICY_TYPES.to_vec(),
            })
        })
    }

    /// `DescribeAccount`.
    pub fn describe_account(&self, account_id: &str) -> ApiResult<Account> {
        self.ask(Asks::Management, |tree| Ok(tree.account(tree.member(account_id)?)))
    }

    /// `ListAccounts`.
    pub fn list_accounts(&self, paging: &Paging) -> ApiResult<Page<Account>> {
        self.ask(Asks::Management, |tree| {
            let members: Vec<&Member> = tree.world.members.iter().collect();
            tree.page(paging, "", &members, |member| tree.account(member))
        })
    }

    /// `ListRoots`.
    pub fn list_roots(&self, paging: &Paging) -> ApiResult<Page<Root>> {
        self.ask(Asks::Management, |tree| {
            let organization = &tree.world.organization;
            let roots: Vec<&Unit> = organization.units.iter().take(1).collect();
            tree.page(paging, "", &roots, |root| Root {
                id: root.id.clone(),
                arn: tree.arn(&format!("root/{}/{}", organization.id, root.id)),
                name: root.name.clone(),
                policy_types: POLICY_TYPES.to_vec(),
            })
        })
    }

    /// `ListOrganizationalUnitsForParent`.
    pub fn list_organizational_units_for_parent(
        &self,
        parent_id: &str,
        paging: &Paging,
    ) -> ApiResult<Page<OrganizationalUnit>> {
        self.ask(Asks::Management, |tree| {
            let parent = tree.unit(parent_id)?;
            let organization = &tree.world.organization;
            let units: Vec<&Unit> =
                organization.units.iter().filter(|unit| unit.parent == Some(parent)).collect();
            tree.page(paging, parent_id, &units, |unit| OrganizationalUnit {
                id: unit.id.clone(),
                arn: tree.arn(&format!("ou/{}/{}", organization.id, unit.id)),
                name: unit.name.clone(),
            })
        })
    }

    /// `ListAccountsForParent`.
    pub fn list_accounts_for_parent(&self, parent_id: &str, paging: &Paging) -> ApiResult<Page<Account>> {
        self.ask(Asks::Management, |tree| {
            let parent = tree.unit(parent_id)?;
            let members: Vec<&Member> =
                tree.world.members.iter().filter(|member| member.unit == parent).collect();
            tree.page(paging, parent_id, &members, |member| tree.account(member))
        })
    }

    /// `ListParents` of an account or an organizational unit.
    pub fn list_parents(&self, child_id: &str, paging: &Paging) -> ApiResult<Page<Parent>> {
        self.ask(Asks::Management, |tree| {
            let units = &tree.world.organization.units;
            let child = tree.world.organization.find(child_id);
            let parent = match child.and_then(|child| units.get(child)) {
                Some(unit) => unit.parent,
                None => Some(
                    tree.member(child_id)
                        .map_err(|_| {
                            let text = "You specified an organizational unit or account that doesn't exist.";
                            ApiError::new(400, "ChildNotFoundException", text)
                        })?
                        .unit,
                ),
            };
            let parents: Vec<&Unit> = parent.and_then(|parent| units.get(parent)).into_iter().collect();
            tree.page(paging, child_id, &parents, |unit| Parent {
                id: unit.id.clone(),
                parent_type: if unit.parent.is_none() { "ROOT" } else { "ORGANIZATIONAL_UNIT" },
            })
        })
    }

    /// `ListTagsForResource` of an account. Takes no `MaxResults`.
    pub fn list_tags_for_resource(
        &self,
        resource_id: &str,
        next_token: Option<&str>,
    ) -> ApiResult<Page<Tag>> {
        self.ask(Asks::Management, |tree| {
            let tags = if tree.world.organization.find(resource_id).is_some() {
                Vec::new()
            } else {
                let text = "You specified a target that doesn't exist.";
                let missing = |_| ApiError::new(400, "TargetNotFoundException", text);
                Tag::all(&tree.member(resource_id).map_err(missing)?.tags)
            };
            let paging = Paging { next_token: next_token.map(str::to_owned), max_results: None };
            tree.page(&paging, resource_id, &tags, Clone::clone)
        })
    }
}

/// The organization while it answers.
struct Tree<'a> {
    world: &'a World,
    management: &'a Member,
    action: &'static str,
}

impl<'a> Tree<'a> {
    fn arn(&self, resource: &str) -> String {
        format!("arn:{}:organizations::{}:{resource}", self.world.spec.partition, self.management.id)
    }

    fn member(&self, id: &str) -> ApiResult<&'a Member> {
        let member = id.parse().ok().and_then(|id| self.world.member(id));
        member.ok_or_else(|| {
            let text = "You specified an account that doesn't exist.";
            ApiError::new(400, "AccountNotFoundException", text)
        })
    }

    fn unit(&self, id: &str) -> ApiResult<usize> {
        self.world.organization.find(id).ok_or_else(|| {
            ApiError::new(400, "ParentNotFoundException", "You specified parent that doesn't exist.")
        })
    }

    fn account(&self, member: &Member) -> Account {
        let profile = &self.world.spec.profile;
        let state = member.state.as_api();
        // The older field has three values only.
        let status = match &member.state {
            AccountState::PendingActivation | AccountState::Active => "ACTIVE",
            AccountState::PendingClosure => "PENDING_CLOSURE",
            _ => "SUSPENDED",
        };
        Account {
            id: member.id,
            arn: self.arn(&format!("account/{}/{}", self.world.organization.id, member.id)),
            email: member.email.clone(),
            name: member.name.clone(),
            state: profile.account_state.then(|| state.to_owned()),
            status: profile.account_status.then(|| status.to_owned()),
            joined_method: if member.invited || member.id == self.management.id {
                "INVITED"
            } else {
                "CREATED"
            },
            joined_timestamp: member.joined,
        }
    }

    /// A page of `items`. `about` is what a token is bound to beside the operation. Before some pages an empty one comes.
    fn page<I, T>(
        &self,
        paging: &Paging,
        about: &str,
        items: &[I],
        make: impl Fn(&I) -> T,
    ) -> ApiResult<Page<T>> {
        let size = match paging.max_results {
            None => 20,
            Some(size @ 1..=20) => usize::try_from(size).unwrap_or(20),
            Some(_) => {
                return Err(invalid(
                    "You provided a value for MaxResults that does not match the required pattern.",
                ));
            }
        };
        let prefix = format!("{}|{about}|", self.action);
        let wrong = || invalid("You specified an invalid value for nextToken.");
        let (start, waited) = match &paging.next_token {
            None => (0, false),
            Some(token) => {
                let text = unseal(token).ok_or_else(wrong)?;
                let place = text.strip_prefix(&prefix).and_then(|place| place.split_once('|'));
                let (start, waited) = place.ok_or_else(wrong)?;
                (start.parse::<usize>().map_err(|_| wrong())?, waited == "waited")
            }
        };
        let dice = seed::mix(&[self.world.spec.seed, seed::text(&prefix), start as u64]);
        if !waited && seed::happens(dice, self.world.spec.profile.empty_pages) {
            let next_token = Some(seal(&format!("{prefix}{start}|waited")));
            return Ok(Page { items: Vec::new(), next_token });
        }
        let end = start.saturating_add(size).min(items.len());
        let next_token = (end < items.len()).then(|| seal(&format!("{prefix}{end}|")));
        let items = items.get(start..end).unwrap_or_default().iter().map(make).collect();
        Ok(Page { items, next_token })
    }
}
