//! AWS Organizations: the accounts, the tree of organizational units, and the accounts' tags.

use aws_sdk_organizations::operation::RequestId;
use aws_sdk_organizations::types;
use keysweep_core::account::{AccountId, AccountState, Organization, OrganizationalUnit};
use keysweep_core::call::{Call, CallResult};
use keysweep_core::ports::{Directory, ListedAccount, Page};

use crate::answer::Answer;
use crate::request::answered;
use crate::session::Session;

/// The most that Organizations gives in one page.
const A_PAGE: i32 = 20;

impl Directory for Session {
    async fn describe_organization(&self) -> CallResult<Organization> {
        let call = Call::DescribeOrganization;
        let request = self.shared.organizations.describe_organization().send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let organization = answer.required("Organization", output.organization())?;
        Ok(Organization {
            id: answer.text("Organization.Id", organization.id())?.to_owned(),
            management_account: answer
                .parsed("Organization.MasterAccountId", organization.master_account_id())?,
        })
    }

    async fn list_accounts(&self, token: Option<&str>) -> CallResult<Page<ListedAccount>> {
        let call = Call::ListAccounts;
        let request = self
            .shared
            .organizations
            .list_accounts()
            .max_results(A_PAGE)
            .set_next_token(token.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        accounts(answer, output.accounts.as_deref(), output.next_token.clone(), token)
    }

    async fn list_roots(&self, token: Option<&str>) -> CallResult<Page<OrganizationalUnit>> {
        let call = Call::ListRoots;
        let request = self
            .shared
            .organizations
            .list_roots()
            .max_results(A_PAGE)
            .set_next_token(token.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let roots = answer
            .required("Roots", output.roots.as_deref())?
            .iter()
            .map(|root| unit(answer, "Roots", root.id(), root.name()))
            .collect::<CallResult<_>>()?;
        answer.page("NextToken", roots, output.next_token.clone(), token)
    }

    async fn list_organizational_units_for_parent(
        &self,
        parent: &str,
        token: Option<&str>,
    ) -> CallResult<Page<OrganizationalUnit>> {
        let call = Call::ListOrganizationalUnitsForParent;
        let request = self
            .shared
            .organizations
            .list_organizational_units_for_parent()
            .parent_id(parent)
            .max_results(A_PAGE)
            .set_next_token(token.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let units = answer
            .required("OrganizationalUnits", output.organizational_units.as_deref())?
            .iter()
            .map(|below| unit(answer, "OrganizationalUnits", below.id(), below.name()))
            .collect::<CallResult<_>>()?;
        answer.page("NextToken", units, output.next_token.clone(), token)
    }

    async fn list_accounts_for_parent(
        &self,
        parent: &str,
        token: Option<&str>,
    ) -> CallResult<Page<ListedAccount>> {
        let call = Call::ListAccountsForParent;
        let request = self
            .shared
            .organizations
            .list_accounts_for_parent()
            .parent_id(parent)
            .max_results(A_PAGE)
            .set_next_token(token.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        accounts(answer, output.accounts.as_deref(), output.next_token.clone(), token)
    }

    async fn list_tags_for_resource(
        &self,
        account: AccountId,
        token: Option<&str>,
    ) -> CallResult<Page<(String, String)>> {
        let call = Call::ListTagsForResource;
        let request = self
            .shared
            .organizations
            .list_tags_for_resource()
            .resource_id(account.to_string())
            .set_next_token(token.map(str::to_owned))
            .send();
        let output = answered(call, request).await?;
        let answer = Answer { call, request_id: output.request_id() };
        let tags = answer
            .required("Tags", output.tags.as_deref())?
            .iter()
            // A tag's value may be empty; its key may not.
            .map(|tag| Ok((answer.text("Tags.Key", Some(tag.key()))?.to_owned(), tag.value().to_owned())))
            .collect::<CallResult<_>>()?;
        answer.page("NextToken", tags, output.next_token.clone(), token)
    }
}

fn accounts(
    answer: Answer<'_>,
    listed: Option<&[types::Account]>,
    next: Option<String>,
    asked: Option<&str>,
) -> CallResult<Page<ListedAccount>> {
    let accounts = answer
        .required("Accounts", listed)?
        .iter()
        .map(|account| {
            // `Status` was to be retired on 2026-09-09 in favour of `State`; emulators know only `Status`.
            let state = account.state().map(types::AccountState::as_str);
            let state = state.or(account.status().map(types::AccountStatus::as_str));
            Ok(ListedAccount {
                id: answer.parsed("Accounts.Id", account.id())?,
                name: account.name().map(str::to_owned),
                state: AccountState::from_api(answer.text("Accounts.State", state)?),
            })
        })
        .collect::<CallResult<_>>()?;
    answer.page("NextToken", accounts, next, asked)
}

fn unit(
    answer: Answer<'_>,
    list: &str,
    id: Option<&str>,
    name: Option<&str>,
) -> CallResult<OrganizationalUnit> {
    Ok(OrganizationalUnit {
        id: answer.text(&format!("{list}.Id"), id)?.to_owned(),
        name: answer.text(&format!("{list}.Name"), name)?.to_owned(),
    })
}
