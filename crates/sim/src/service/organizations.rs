//! AWS Organizations: the accounts and the tree they hang in. Answers the management account and delegated
//! administrators; any member may ask `DescribeOrganization`.

use keysweep_core::account::AccountId;
use keysweep_core::time::Instant;

use super::Tag;
use crate::context::Context;
use crate::error::ApiResult;

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

impl Context<'_> {
    /// `DescribeOrganization`.
    pub fn describe_organization(&self) -> ApiResult<Organization> {
        Err(self.unfinished())
    }

    /// `DescribeAccount`.
    pub fn describe_account(&self, account_id: &str) -> ApiResult<Account> {
        let _ = account_id;
        Err(self.unfinished())
    }

    /// `ListAccounts`.
    pub fn list_accounts(&self, paging: &Paging) -> ApiResult<Page<Account>> {
        let _ = paging;
        Err(self.unfinished())
    }

    /// `ListRoots`.
    pub fn list_roots(&self, paging: &Paging) -> ApiResult<Page<Root>> {
        let _ = paging;
        Err(self.unfinished())
    }

    /// `ListOrganizationalUnitsForParent`.
    pub fn list_organizational_units_for_parent(
        &self,
        parent_id: &str,
        paging: &Paging,
    ) -> ApiResult<Page<OrganizationalUnit>> {
        let _ = (parent_id, paging);
        Err(self.unfinished())
    }

    /// `ListAccountsForParent`.
    pub fn list_accounts_for_parent(&self, parent_id: &str, paging: &Paging) -> ApiResult<Page<Account>> {
        let _ = (parent_id, paging);
        Err(self.unfinished())
    }

    /// `ListParents` of an account or an organizational unit.
    pub fn list_parents(&self, child_id: &str, paging: &Paging) -> ApiResult<Page<Parent>> {
        let _ = (child_id, paging);
        Err(self.unfinished())
    }

    /// `ListTagsForResource` of an account. Takes no `MaxResults`.
    pub fn list_tags_for_resource(
        &self,
        resource_id: &str,
        next_token: Option<&str>,
    ) -> ApiResult<Page<Tag>> {
        let _ = (resource_id, next_token);
        Err(self.unfinished())
    }
}
