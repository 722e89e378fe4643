//! `Directory`: the organization.

use keysweep_core::account::{AccountId, AccountState, Organization, OrganizationalUnit};
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::ports::{Directory, ListedAccount, Page};

use super::SimPorts;
use crate::service::organizations::{Account, Paging};

fn paging(token: Option<&str>) -> Paging {
    Paging { next_token: token.map(str::to_owned), max_results: None }
}

fn listed(call: Call, account: Account) -> CallResult<ListedAccount> {
    let state = account.state.or(account.status).ok_or_else(|| CallError {
        call,
        kind: CallErrorKind::Malformed,
        code: None,
        message: "State: it is missing, and so is Status".to_owned(),
        request_id: None,
    })?;
    Ok(ListedAccount { id: account.id, name: Some(account.name), state: AccountState::from_api(&state) })
}

impl Directory for SimPorts {
    async fn describe_organization(&self) -> CallResult<Organization> {
        let output = self.call(Call::DescribeOrganization, |context| context.describe_organization()).await?;
        Ok(Organization { id: output.id, management_account: output.master_account_id })
    }

    async fn list_accounts(&self, token: Option<&str>) -> CallResult<Page<ListedAccount>> {
        let call = Call::ListAccounts;
        let page = self.call(call, |context| context.list_accounts(&paging(token))).await?;
        let items = page.items.into_iter().map(|account| listed(call, account)).collect::<CallResult<_>>()?;
        Ok(Page { items, next: page.next_token })
    }

    async fn list_roots(&self, token: Option<&str>) -> CallResult<Page<OrganizationalUnit>> {
        let page = self.call(Call::ListRoots, |context| context.list_roots(&paging(token))).await?;
        let unit =
            |root: crate::service::organizations::Root| OrganizationalUnit { id: root.id, name: root.name };
        Ok(Page { items: page.items.into_iter().map(unit).collect(), next: page.next_token })
    }

    async fn list_organizational_units_for_parent(
        &self,
        parent: &str,
        token: Option<&str>,
    ) -> CallResult<Page<OrganizationalUnit>> {
        let call = Call::ListOrganizationalUnitsForParent;
        let page = self
            .call(call, |context| context.list_organizational_units_for_parent(parent, &paging(token)))
            .await?;
        let items = page.items.into_iter().map(|unit| OrganizationalUnit { id: unit.id, name: unit.name });
        Ok(Page { items: items.collect(), next: page.next_token })
    }

    async fn list_accounts_for_parent(
        &self,
        parent: &str,
        token: Option<&str>,
    ) -> CallResult<Page<ListedAccount>> {
        let call = Call::ListAccountsForParent;
        let page =
            self.call(call, |context| context.list_accounts_for_parent(parent, &paging(token))).await?;
        let items = page.items.into_iter().map(|account| listed(call, account)).collect::<CallResult<_>>()?;
        Ok(Page { items, next: page.next_token })
    }

    async fn list_tags_for_resource(
        &self,
        account: AccountId,
        token: Option<&str>,
    ) -> CallResult<Page<(String, String)>> {
        let id = account.to_string();
        let page = self
            .call(Call::ListTagsForResource, |context| context.list_tags_for_resource(&id, token))
            .await?;
        let items = page.items.into_iter().map(|tag| (tag.key, tag.value));
        Ok(Page { items: items.collect(), next: page.next_token })
    }
}
