//! keysweep's ports over the simulated AWS, an in-memory journal and a clock that is wrong, with trouble at every call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use keysweep_app::apply::{RunRequest, StopAfter, Tools};
use keysweep_app::progress::Silent;
use keysweep_core::account::{AccountId, CallerIdentity, OrganizationalUnit};
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::exemption::{Exemptions, Protection, Subject};
use keysweep_core::journal::{Appended, Event, KeyRecord, Lease, Leasing, Sealed, SwitchState};
use keysweep_core::key::{AccessKey, AccessKeyId, KeyStatus, LastUsed, ListedStatus, User, UserName};
use keysweep_core::plan::Plan;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{
    AccountSummary, Accounts, Clock, Directory, ExemptionSource, Inventory, Journal, KeyControl,
    ListedAccount, Page, RawEvent, RawReport, ReportState, ServerTime, StatusHistory, UserDetail, UserNow,
};
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::{SimAccount, SimPorts};
use keysweep_store::{InMemory, StoreError};

use super::trouble::{Crash, Fault, Trouble};

/// One process that applies plans.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) trouble: Arc<Trouble>,
    pub(crate) who: usize,
    /// How far its clock is off.
    pub(crate) skew: SignedDuration,
    pub(crate) plan: Arc<Plan>,
    pub(crate) digest: Digest,
    pub(crate) store: Arc<InMemory>,
    /// Whether the store has another plan that it knows of.
    pub(crate) has_others: bool,
}

fn refused(call: Call, kind: CallErrorKind, what: &str) -> CallError {
    CallError { call, kind, code: None, message: what.to_owned(), request_id: None }
}

impl Process {
    /// What it works with.
    pub(crate) fn tools(&self) -> Tools<'_, Self, Self, Self, Self> {
        Tools { accounts: self, directory: self, clock: self, journal: self, progress: &Silent }
    }

    /// The whole run of its plan.
    pub(crate) fn request<'a>(&'a self, holder: &'a str) -> RunRequest<'a> {
        RunRequest {
            plan: &self.plan,
            digest: self.digest,
            holder,
            only: None,
            at_most: None,
            concurrency: 2,
            give_up_after: Duration::from_secs(3),
            stop_after: StopAfter::default(),
        }
    }

    /// Makes a call, with whatever goes wrong at it.
    async fn call<T>(&self, call: Call, made: impl Future<Output = CallResult<T>> + Send) -> CallResult<T> {
        let trouble = &self.trouble;
        trouble.turn(self.who).await;
        let crash = trouble.draw_crash();
        if crash == Some(Crash::Before) {
            trouble.die(self.who).await;
        }
        let fault = trouble.draw_fault();
        let result = match fault {
            Some(Fault::Throttled) => Err(refused(call, CallErrorKind::Throttled, "Rate exceeded")),
            Some(Fault::Unavailable) => Err(refused(call, CallErrorKind::Unavailable, "no answer in time")),
            Some(Fault::Denied) => Err(refused(call, CallErrorKind::Denied, "not authorized")),
            Some(Fault::Lost) => {
                drop(made.await);
                Err(refused(call, CallErrorKind::Unavailable, "the connection was closed"))
            }
            Some(Fault::Malformed) => {
                drop(made.await);
                Err(refused(call, CallErrorKind::Malformed, "the answer cannot be read"))
            }
            None => made.await,
        };
        if crash == Some(Crash::After) {
            trouble.die(self.who).await;
        }
        result
    }
}

impl Clock for Process {
    fn now(&self) -> Instant {
        self.trouble.now() + self.skew
    }

    fn elapsed(&self) -> Duration {
        self.trouble.sim.clock().elapsed()
    }

    async fn sleep(&self, length: Duration) {
        self.trouble.pass(length);
        self.trouble.turn(self.who).await;
    }
}

impl ExemptionSource for Process {
    type Error = std::convert::Infallible;

    async fn exemptions(&self) -> Result<Exemptions, std::convert::Infallible> {
        let mut state = self.trouble.state();
        state.seen[self.who].asked_for_exemptions = true;
        Ok(state.exempted_by(self.trouble.sim.clock().elapsed()))
    }
}

impl Directory for Process {
    async fn describe_organization(&self) -> CallResult<keysweep_core::account::Organization> {
        let ports = self.trouble.sim_ports();
        self.call(Call::DescribeOrganization, ports.describe_organization()).await
    }

    async fn list_accounts(&self, token: Option<&str>) -> CallResult<Page<ListedAccount>> {
        self.trouble.sim_ports().list_accounts(token).await
    }

    async fn list_roots(&self, token: Option<&str>) -> CallResult<Page<OrganizationalUnit>> {
        self.trouble.sim_ports().list_roots(token).await
    }

    async fn list_organizational_units_for_parent(
        &self,
        parent: &str,
        token: Option<&str>,
    ) -> CallResult<Page<OrganizationalUnit>> {
        self.trouble.sim_ports().list_organizational_units_for_parent(parent, token).await
    }

    async fn list_accounts_for_parent(
        &self,
        parent: &str,
        token: Option<&str>,
    ) -> CallResult<Page<ListedAccount>> {
        self.trouble.sim_ports().list_accounts_for_parent(parent, token).await
    }

    async fn list_tags_for_resource(
        &self,
        account: AccountId,
        token: Option<&str>,
    ) -> CallResult<Page<(String, String)>> {
        self.trouble.sim_ports().list_tags_for_resource(account, token).await
    }
}

/// An account that a process has entered.
pub(crate) struct Entered {
    process: Process,
    account: AccountId,
    inner: SimAccount,
}

impl ServerTime for Process {
    fn server_time(&self) -> Option<Instant> {
        Some(self.trouble.now())
    }
}

impl Accounts for Process {
    type Entered = Entered;

    async fn get_caller_identity(&self) -> CallResult<CallerIdentity> {
        let ports = self.trouble.sim_ports();
        self.call(Call::GetCallerIdentity, ports.get_caller_identity()).await
    }

    fn own(&self) -> Entered {
        let account = self.trouble.sim.caller_account().unwrap();
        Entered { process: self.clone(), account, inner: self.trouble.sim_ports().own() }
    }

    async fn enter(&self, account: AccountId) -> CallResult<Entered> {
        let ports: SimPorts = self.trouble.sim_ports();
        let inner = self.call(Call::AssumeRole, ports.enter(account)).await?;
        Ok(Entered { process: self.clone(), account, inner })
    }
}

impl Entered {
    /// What must hold at every delete that is sent.
    fn check(&self, user: &UserName, key: &AccessKeyId, record: &KeyRecord) {
        let Process { trouble, who, plan, .. } = &self.process;
        let elapsed = trouble.sim.clock().elapsed();
        let now = self.process.now();
        let mut wrong = Vec::new();
        let planned = plan.keys.iter().find(|planned| planned.key == *key);
        match planned {
            None => wrong.push("it is not in the plan"),
            Some(planned) if planned.account != self.account || planned.user != *user => {
                wrong.push("the plan has it elsewhere");
            }
            Some(planned) => {
                let state = trouble.state();
                let seen = &state.seen[*who];
                match seen.listed.get(&(self.account, user.to_string())) {
                    None => wrong.push("nobody looked at it"),
                    Some((at, keys)) => {
                        if elapsed.checked_sub(*at).unwrap() > Duration::from_secs(3) {
                            wrong.push("the last look is old");
                        }
                        match keys.iter().find(|listed| listed.id == *key) {
                            None => wrong.push("the last look did not see it"),
                            Some(listed) => {
                                if listed.status != ListedStatus::Known(KeyStatus::Inactive) {
                                    wrong.push("the last look saw it not Inactive");
                                }
                                if listed.created != planned.created {
                                    wrong.push("it was created at another time");
                                }
                            }
                        }
                    }
                }
                let user_seen = seen.users.get(&(self.account, user.to_string()));
                let Some((arn, tags)) = user_seen.filter(|_| seen.asked_for_exemptions) else {
                    wrong.push("nobody asked whether it is exempt");
                    return self.note(key, &wrong);
                };
                // A look serves for two seconds, and other keys of this process have theirs at other times.
                let exemptions = state.exempted_by(elapsed.saturating_sub(Duration::from_secs(2)));
                let path = plan.account(self.account).and_then(|account| account.path.as_deref());
                let subject = Subject { account: self.account, path, user_arn: arn, key, tags: Some(tags) };
                if exemptions.protection(&subject, now) != Protection::None {
                    wrong.push("it is exempt");
                }
            }
        }
        if record.attempts() == 0 {
            wrong.push("there is no intent");
        }
        self.note(key, &wrong);
    }

    /// What must hold at every status that is set.
    fn check_switch(&self, user: &UserName, key: &AccessKeyId, to: KeyStatus, record: &KeyRecord) {
        let Process { trouble, who, plan, .. } = &self.process;
        let mut wrong = Vec::new();
        let Some(planned) =
            plan.by_id().deactivation(self.account, key).filter(|planned| planned.user == *user)
        else {
            return self.note_switch(key, to, &["the plan does not have it there"]);
        };
        if !matches!(record.switch().state(), SwitchState::Open { to: intended, .. } if intended == to) {
            // Whoever was given up may be slow; nobody else sends without an intent.
            let last = record.switch().attempts();
            if last == 0 {
                wrong.push("there is no intent");
            }
        }
        let elapsed = trouble.sim.clock().elapsed();
        let state = trouble.state();
        let seen = &state.seen[*who];
        let from = if to == KeyStatus::Active { KeyStatus::Inactive } else { KeyStatus::Active };
        match seen.listed.get(&(self.account, user.to_string())) {
            None => wrong.push("nobody looked at it"),
            Some((at, keys)) => {
                if elapsed.checked_sub(*at).unwrap() > Duration::from_secs(6) {
                    wrong.push("the last look is old");
                }
                match keys.iter().find(|listed| listed.id == *key) {
                    None => wrong.push("the last look did not see it"),
                    Some(listed) if listed.status != ListedStatus::Known(from) => {
                        wrong.push("the last look saw it with another status");
                    }
                    Some(listed) if listed.created != planned.created => {
                        wrong.push("it was created at another time");
                    }
                    Some(_) => {}
                }
            }
        }
        if to == KeyStatus::Active {
            if !state.switched.iter().any(|own| own.key == key.as_str() && own.to == KeyStatus::Inactive) {
                wrong.push("the run has not deactivated it");
            }
            // CloudTrail delivers within 85 minutes here, and what was read serves for 5.
            let now = trouble.sim.now();
            let known = |(other, at): &(String, Instant)| {
                other == key.as_str() && now - *at > SignedDuration::from_mins(100)
            };
            if state.set_by_others.iter().any(known) {
                wrong.push("somebody else has set its status");
            }
        } else {
            match (seen.last_used.get(key.as_str()), planned.last_used) {
                (None | Some(LastUsed::NotRead), _) => wrong.push("nobody asked when it was used"),
                (Some(LastUsed::At { at, .. }), before) if before.is_none_or(|before| *at > before) => {
                    wrong.push("it was used since");
                }
                _ => {}
            }
            let user_seen = seen.users.get(&(self.account, user.to_string()));
            match user_seen.filter(|_| seen.asked_for_exemptions) {
                Some((arn, tags)) => {
                    let exemptions = state.exempted_by(elapsed.saturating_sub(Duration::from_secs(5)));
                    let path = plan.account(self.account).and_then(|account| account.path.as_deref());
                    let subject =
                        Subject { account: self.account, path, user_arn: arn, key, tags: Some(tags) };
                    if exemptions.protection(&subject, self.process.now()) != Protection::None {
                        wrong.push("it is exempt");
                    }
                }
                None => wrong.push("nobody asked whether it is exempt"),
            }
        }
        drop(state);
        self.note_switch(key, to, &wrong);
    }

    fn note_switch(&self, key: &AccessKeyId, to: KeyStatus, wrong: &[&str]) {
        let mut state = self.process.trouble.state();
        let says = wrong.iter().map(|wrong| format!("key {key} is set {} although {wrong}", to.as_api()));
        state.violations.extend(says);
    }

    fn note(&self, key: &AccessKeyId, wrong: &[&str]) {
        let mut state = self.process.trouble.state();
        state.violations.extend(wrong.iter().map(|wrong| format!("key {key} is deleted although {wrong}")));
    }
}

impl KeyControl for Entered {
    async fn get_user(&self, user: &UserName) -> CallResult<UserNow> {
        let found = self.process.call(Call::GetUser, self.inner.get_user(user)).await?;
        let seen = (found.user.arn.clone(), found.tags.clone());
        let mut state = self.process.trouble.state();
        state.seen[self.process.who].users.insert((self.account, user.to_string()), seen);
        Ok(found)
    }

    async fn update_access_key(
        &self,
        user: &UserName,
        key: &AccessKeyId,
        status: KeyStatus,
    ) -> CallResult<Option<String>> {
        let Process { trouble, who, store, digest, .. } = &self.process;
        let record = store.record(*digest, self.account, key).await.unwrap();
        self.check_switch(user, key, status, &record);
        let dies = {
            let state = &mut *trouble.state();
            state.rng.u32(..1000) < state.level.crashes
        };
        if dies {
            trouble.turn(*who).await;
            trouble.orphan(self.account, user.as_str(), key.as_str(), Some(status));
            trouble.die(*who).await;
        }
        let made = async {
            let answer = self.inner.update_access_key(user, key, status).await;
            if let Ok(request_id) = &answer {
                trouble.switched(key.as_str(), status, request_id.clone());
            }
            answer
        };
        self.process.call(Call::UpdateAccessKey, made).await
    }

    async fn delete_access_key(&self, user: &UserName, key: &AccessKeyId) -> CallResult<Option<String>> {
        let Process { trouble, who, store, digest, .. } = &self.process;
        let record = store.record(*digest, self.account, key).await.unwrap();
        self.check(user, key, &record);
        let dies = {
            let state = &mut *trouble.state();
            state.rng.u32(..1000) < state.level.crashes
        };
        if dies {
            trouble.turn(*who).await;
            trouble.orphan(self.account, user.as_str(), key.as_str(), None);
            trouble.die(*who).await;
        }
        let made = async {
            let status = trouble.status(key.as_str());
            let answer = self.inner.delete_access_key(user, key).await;
            if let (Ok(request_id), Some(status)) = (&answer, status) {
                trouble.deleted(self.account, key.as_str(), request_id.clone(), status);
            }
            answer
        };
        self.process.call(Call::DeleteAccessKey, made).await
    }
}

impl StatusHistory for Entered {
    async fn lookup_events(
        &self,
        from: Instant,
        to: Instant,
        token: Option<&str>,
    ) -> CallResult<Page<RawEvent>> {
        self.process.call(Call::LookupEvents, self.inner.lookup_events(from, to, token)).await
    }
}

impl Inventory for Entered {
    async fn generate_credential_report(&self) -> CallResult<ReportState> {
        self.inner.generate_credential_report().await
    }

    async fn get_credential_report(&self) -> CallResult<RawReport> {
        self.inner.get_credential_report().await
    }

    async fn list_users(&self, marker: Option<&str>) -> CallResult<Page<User>> {
        self.process.call(Call::ListUsers, self.inner.list_users(marker)).await
    }

    async fn list_access_keys(&self, user: &UserName, marker: Option<&str>) -> CallResult<Page<AccessKey>> {
        let made = self.inner.list_access_keys(user, marker);
        let page = self.process.call(Call::ListAccessKeys, made).await?;
        let trouble = &self.process.trouble;
        let at = trouble.sim.clock().elapsed();
        let listed = &mut trouble.state().seen[self.process.who].listed;
        listed.insert((self.account, user.to_string()), (at, page.items.clone()));
        Ok(page)
    }

    async fn get_access_key_last_used(&self, key: &AccessKeyId) -> CallResult<LastUsed> {
        let made = self.inner.get_access_key_last_used(key);
        let used = self.process.call(Call::GetAccessKeyLastUsed, made).await?;
        let mut state = self.process.trouble.state();
        state.seen[self.process.who].last_used.insert(key.to_string(), used.clone());
        Ok(used)
    }

    async fn list_user_tags(
        &self,
        user: &UserName,
        marker: Option<&str>,
    ) -> CallResult<Page<(String, String)>> {
        self.inner.list_user_tags(user, marker).await
    }

    async fn get_account_authorization_details(&self, marker: Option<&str>) -> CallResult<Page<UserDetail>> {
        self.inner.get_account_authorization_details(marker).await
    }

    async fn get_account_summary(&self) -> CallResult<AccountSummary> {
        self.inner.get_account_summary().await
    }
}

/// The store could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the store is down")]
pub(crate) struct Down;

impl Process {
    /// Uses the store, with whatever goes wrong at it.
    async fn kept<T: Send>(
        &self,
        made: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, Down> {
        let trouble = &self.trouble;
        trouble.turn(self.who).await;
        let crash = trouble.draw_crash();
        if crash == Some(Crash::Before) {
            trouble.die(self.who).await;
        }
        let fails = {
            let state = &mut *trouble.state();
            let fails = state.rng.u32(..1000) < state.level.faults / 8;
            fails.then(|| state.rng.bool())
        };
        // Before, nothing is written; after, it is, and nobody knows.
        if fails == Some(true) {
            return Err(Down);
        }
        let answer = made.await.unwrap();
        if crash == Some(Crash::After) {
            trouble.die(self.who).await;
        }
        if fails == Some(false) { Err(Down) } else { Ok(answer) }
    }
}

impl Journal for Process {
    type Error = Down;

    async fn lease(&self, plan: Digest, holder: &str, now: Instant, until: Instant) -> Result<Leasing, Down> {
        self.kept(self.store.lease(plan, holder, now, until)).await
    }

    async fn extend(&self, lease: &Lease, until: Instant) -> Result<Option<Lease>, Down> {
        self.kept(self.store.extend(lease, until)).await
    }

    async fn is_in_force(&self, lease: &Lease) -> Result<bool, Down> {
        self.kept(self.store.is_in_force(lease)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), Down> {
        self.kept(self.store.release(lease)).await
    }

    async fn append(&self, plan: Digest, event: Event) -> Result<Appended, Down> {
        self.kept(self.store.append(plan, event)).await
    }

    async fn record(&self, plan: Digest, account: AccountId, key: &AccessKeyId) -> Result<KeyRecord, Down> {
        self.kept(self.store.record(plan, account, key)).await
    }

    async fn events(&self, plan: Digest) -> Result<Vec<Sealed>, Down> {
        self.kept(self.store.events(plan)).await
    }

    async fn runs(&self) -> Result<Vec<Digest>, Down> {
        // Where there is one plan, nothing is to be learnt by it, and nothing goes wrong by it.
        if self.has_others {
            self.kept(self.store.runs()).await
        } else {
            self.store.runs().await.map_err(|_| Down)
        }
    }
}
