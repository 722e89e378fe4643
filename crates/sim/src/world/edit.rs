//! Precise small worlds for tests: accounts, users with any name, keys with an explicit history.
//!
//! ```
//! # use keysweep_sim::{Sim, WorldSpec};
//! # let at = |text: &str| text.parse::<keysweep_core::time::Instant>().unwrap();
//! let sim = Sim::new(WorldSpec::empty(at("2026-11-23T09:00:00Z")));
//! sim.edit(|world| {
//!     let mut account = world.account("111122223333".parse().unwrap());
//!     account.user("alice").tag("owner", "platform").key("AKIAIOSFODNN7EXAMPLE", at("2025-01-01T00:00:00Z"))
//!         .deactivated(at("2026-09-01T08:00:00Z"));
//! });
//! assert_eq!(sim.truth().accounts[0].keys[0].inactive_since, Some(at("2026-09-01T08:00:00Z")));
//! ```

use keysweep_core::account::{AccountId, AccountState};
use keysweep_core::key::KeyStatus;
use keysweep_core::time::{Instant, SignedDuration};

use super::World;
use super::history::{Actor, Deed, Event, Refused};
use super::iam::{Iam, Owner, Password};
use super::key::{Change, Key, LastUse};
use super::organization::{Member, Role};
use super::report::{self, Report};
use crate::action::Action;
use crate::fault::{Denial, Effect, Rule};

/// A hand on the world.
pub struct Edit<'a> {
    pub(crate) world: &'a mut World,
}

impl Edit<'_> {
    /// An account; a new, empty one where there is none with this id. The first account of a world is the management
    /// account, where the caller is.
    pub fn account(&mut self, id: AccountId) -> AccountEdit<'_> {
        let place = match self.world.place(id) {
            Some(place) => place,
            None => self.add_account(id),
        };
        AccountEdit { world: self.world, place, id }
    }

    fn add_account(&mut self, id: AccountId) -> usize {
        let spec = &self.world.spec;
        let created = spec.now - SignedDuration::from_hours(4 * 365 * 24);
        let role = Role { name: spec.role_name.clone(), external_id: spec.external_id.clone() };
        let first = self.world.members.is_empty();
        let member = Member {
            id,
            name: format!("account-{id}"),
            email: format!("aws+{id}@example.com"),
            state: AccountState::Active,
            unit: 0,
            tags: std::collections::BTreeMap::new(),
            invited: false,
            joined: created,
            created,
            roles: if first { Vec::new() } else { vec![role] },
            delegated_administrator: false,
            inactive_users: 0,
        };
        let iam = Iam::new(id, spec.partition, created, spec.profile.lag, spec.seed);
        self.world.add_member(member, Some(Box::new(iam)))
    }
}

/// A hand on an account.
pub struct AccountEdit<'a> {
    world: &'a mut World,
    place: usize,
    id: AccountId,
}

impl AccountEdit<'_> {
    fn member(&mut self, change: impl FnOnce(&mut Member)) -> &mut Self {
        if let Some(member) = self.world.members.get_mut(self.place) {
            change(member);
        }
        self
    }

    fn iam(&mut self, change: impl FnOnce(&mut Iam)) -> &mut Self {
        if let Some(iam) = self.world.iam_at(self.place) {
            change(iam);
        }
        self
    }

    /// Its name.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.member(|member| name.clone_into(&mut member.name))
    }

    /// Its organizational unit, by the names below the root: `Workloads/Production`. Units that are missing are made.
    pub fn ou(&mut self, path: &str) -> &mut Self {
        let unit = self.world.organization.unit_at(path);
        self.member(|member| member.unit = unit)
    }

    /// A tag of the account.
    pub fn tag(&mut self, key: &str, value: &str) -> &mut Self {
        self.member(|member| {
            member.tags.insert(key.to_owned(), value.to_owned());
        })
    }

    /// Its state in the organization.
    pub fn state(&mut self, state: AccountState) -> &mut Self {
        self.member(|member| member.state = state)
    }

    /// Joined by invitation: such accounts do not have the default role.
    pub fn invited(&mut self) -> &mut Self {
        self.member(|member| {
            member.invited = true;
            member.roles.clear();
        })
    }

    /// May ask Organizations as the management account may.
    pub fn delegated_administrator(&mut self) -> &mut Self {
        self.member(|member| member.delegated_administrator = true)
    }

    /// One more role, by its name with its path if it has one.
    pub fn role(&mut self, name: &str, external_id: Option<&str>) -> &mut Self {
        let role = Role { name: name.to_owned(), external_id: external_id.map(str::to_owned) };
        self.member(|member| {
            member.roles.retain(|other| other.name != role.name);
            member.roles.push(role);
        })
    }

    /// No role: the account cannot be entered.
    pub fn no_role(&mut self) -> &mut Self {
        self.member(|member| member.roles.clear())
    }

    /// Denies an operation in this account; `AssumeRole` into it.
    pub fn deny(&mut self, action: Action, denial: Denial) -> &mut Self {
        self.world.faults.add(Rule::new(Effect::Denied(denial)).action(action).account(self.id));
        self
    }

    /// A credential report that was made at this moment.
    pub fn report(&mut self, generated: Instant) -> &mut Self {
        let additional = self.world.spec.additional_credentials_info;
        self.iam(|iam| {
            let content = report::write(iam, generated, additional);
            iam.reports.last = Some(Report { content, generated, ready: generated });
        })
    }

    /// A credential report with this content, made at this moment: for reports that no account would have.
    pub fn raw_report(&mut self, generated: Instant, content: &[u8]) -> &mut Self {
        let report = Report { content: content.to_vec(), generated, ready: generated };
        self.iam(|iam| iam.reports.last = Some(report))
    }

    /// A record of `UpdateAccessKey` that is whatever is given, delivered at once.
    pub fn raw_event(&mut self, at: Instant, record: &str) -> &mut Self {
        self.iam(|iam| {
            let dice = iam.draw();
            let actor = iam.colleague(dice);
            let key = iam.new_key_id();
            let deed = Deed::UpdateAccessKey { user: None, key, status: KeyStatus::Inactive };
            let mut event = iam.event(at, actor, deed);
            event.delivered = at;
            event.raw = Some(record.to_owned());
            iam.history.add(event);
        })
    }

    /// A user; a new one, as old as the account, where there is none with this name. Any name will do.
    pub fn user(&mut self, name: &str) -> UserEdit<'_> {
        let place = self.place;
        self.iam(|iam| {
            if !iam.users.contains_key(name) {
                let created = iam.created;
                let user = iam.new_user(name, "/", created);
                iam.add_user(user);
            }
        });
        UserEdit { world: self.world, place, name: name.to_owned() }
    }

    /// A key of the root user.
    pub fn root_key(&mut self, id: &str, created: Instant) -> KeyEdit<'_> {
        add_key(self.world, self.place, Owner::Root, id, created)
    }
}

/// A hand on a user.
pub struct UserEdit<'a> {
    world: &'a mut World,
    place: usize,
    name: String,
}

impl UserEdit<'_> {
    fn change(&mut self, change: impl FnOnce(&mut super::iam::User)) -> &mut Self {
        let user = self.world.iam_at(self.place).and_then(|iam| iam.users.get_mut(&self.name));
        if let Some(user) = user {
            change(user);
        }
        self
    }

    /// Its path, such as `/service/`.
    pub fn path(&mut self, path: &str) -> &mut Self {
        self.change(|user| path.clone_into(&mut user.path))
    }

    /// A tag.
    pub fn tag(&mut self, key: &str, value: &str) -> &mut Self {
        self.change(|user| {
            user.tags.insert(key.to_owned(), value.to_owned());
        })
    }

    /// `CreateDate`.
    pub fn created(&mut self, at: Instant) -> &mut Self {
        self.change(|user| user.created = at)
    }

    /// A console password.
    pub fn password(&mut self, changed: Instant, last_used: Option<Instant>) -> &mut Self {
        self.change(|user| user.password = Some(Password { changed, last_used, mfa: true }))
    }

    /// A key, born Active; the one that is there where the id is known already. Nothing stops a user from having more
    /// than two here.
    pub fn key(&mut self, id: &str, created: Instant) -> KeyEdit<'_> {
        add_key(self.world, self.place, Owner::User(self.name.clone()), id, created)
    }
}

fn add_key<'a>(world: &'a mut World, place: usize, owner: Owner, id: &str, created: Instant) -> KeyEdit<'a> {
    world.homes.insert(id.to_owned(), place);
    if let Some(iam) = world.iam_at(place)
        && iam.key(id).is_none()
    {
        iam.add_key(&owner, Key::new(id.to_owned(), created));
        let dice = iam.draw();
        let actor = iam.colleague(dice);
        let name = match &owner {
            Owner::User(name) => Some(name.clone()),
            Owner::Root => None,
        };
        let deed = Deed::CreateAccessKey { user: name.clone(), owner: name, key: Some(id.to_owned()) };
        iam.record(created, actor, deed);
    }
    KeyEdit { world, place, owner, id: id.to_owned(), event: None }
}

/// A hand on a key. What is said of "the event" concerns the change or refusal that was told last.
pub struct KeyEdit<'a> {
    world: &'a mut World,
    place: usize,
    owner: Owner,
    id: String,
    event: Option<String>,
}

impl KeyEdit<'_> {
    fn key(&mut self, change: impl FnOnce(&mut Key)) -> &mut Self {
        if let Some(key) = self.world.iam_at(self.place).and_then(|iam| iam.key_mut(&self.id)) {
            change(key);
        }
        self
    }

    fn event(&mut self, change: impl FnOnce(&mut Event)) -> &mut Self {
        let iam = self.world.iam_at(self.place);
        if let (Some(iam), Some(id)) = (iam, &self.event)
            && let Some(event) = iam.history.get_mut(id)
        {
            change(event);
        }
        self
    }

    fn deed(&self, status: KeyStatus) -> Deed {
        let user = match &self.owner {
            Owner::User(name) => Some(name.clone()),
            Owner::Root => None,
        };
        Deed::UpdateAccessKey { user, key: self.id.clone(), status }
    }

    /// A successful `UpdateAccessKey`. Changes of the same second happened in the order in which they are told.
    pub fn changed(&mut self, at: Instant, status: KeyStatus) -> &mut Self {
        let deed = self.deed(status);
        let root = self.owner == Owner::Root;
        if let Some(iam) = self.world.iam_at(self.place) {
            let dice = iam.draw();
            let actor = if root { Actor::Root { key: self.id.clone() } } else { iam.colleague(dice) };
            let event = iam.record(at, actor, deed);
            self.event = Some(event.clone());
            self.key(|key| {
                key.changes.push(Change { at, status, event });
                key.changes.sort_by_key(|change| change.at);
            });
        }
        self
    }

    /// `UpdateAccessKey` to Inactive.
    pub fn deactivated(&mut self, at: Instant) -> &mut Self {
        self.changed(at, KeyStatus::Inactive)
    }

    /// `UpdateAccessKey` to Active.
    pub fn activated(&mut self, at: Instant) -> &mut Self {
        self.changed(at, KeyStatus::Active)
    }

    /// A change that CloudTrail never recorded.
    pub fn changed_unrecorded(&mut self, at: Instant, status: KeyStatus) -> &mut Self {
        self.event = None;
        self.key(|key| {
            key.changes.push(Change { at, status, event: String::new() });
            key.changes.sort_by_key(|change| change.at);
        })
    }

    /// An `UpdateAccessKey` that was refused with `AccessDenied`: it changes nothing.
    pub fn refused(&mut self, at: Instant, status: KeyStatus) -> &mut Self {
        let deed = self.deed(status);
        if let Some(iam) = self.world.iam_at(self.place) {
            let dice = iam.draw();
            let actor = iam.colleague(dice);
            let message = format!(
                "User: {} is not authorized to perform: iam:UpdateAccessKey on resource: user {}",
                actor.username(),
                deed.user().unwrap_or_default()
            );
            let refused = Refused { code: "AccessDenied".to_owned(), message, without_parameters: true };
            self.event = Some(iam.record_refused(at, actor, deed, refused));
        }
        self
    }

    /// The event becomes visible so long after the call.
    pub fn delivered_after(&mut self, lag: SignedDuration) -> &mut Self {
        self.event(|event| event.delivered = event.at + lag)
    }

    /// The event is the user's own doing, with this very key and without naming itself.
    pub fn by_itself(&mut self) -> &mut Self {
        let (Owner::User(name), Some(iam)) = (self.owner.clone(), self.world.iam_at(self.place)) else {
            return self;
        };
        let Some(user) = iam.users.get(&name) else { return self };
        let (arn, id) = (iam.arn(user), user.id.clone());
        let actor = Actor::User { name, arn, id, key: self.id.clone() };
        self.event(|event| {
            event.actor = actor;
            if let Deed::UpdateAccessKey { user, .. } = &mut event.deed {
                *user = None;
            }
        })
    }

    /// The event names the user so: the name it had at that time.
    pub fn naming(&mut self, name: &str) -> &mut Self {
        self.event(|event| {
            if let Deed::UpdateAccessKey { user, .. } = &mut event.deed {
                *user = Some(name.to_owned());
            }
        })
    }

    /// Its last use as IAM recorded it.
    pub fn last_used(&mut self, at: Instant, service: &str, region: &str) -> &mut Self {
        let used = LastUse { at, service: service.to_owned(), region: region.to_owned() };
        self.key(|key| key.last_use = Some(used))
    }

    /// `ListAccessKeys` gives this status whatever the history says, such as `Expired`.
    pub fn listed_as(&mut self, status: &str) -> &mut Self {
        self.key(|key| key.listed_as = Some(status.to_owned()))
    }

    /// Deleted at this moment.
    pub fn deleted(&mut self, at: Instant) {
        let user = self.deed(KeyStatus::Inactive).user().map(str::to_owned);
        if let Some(iam) = self.world.iam_at(self.place) {
            let dice = iam.draw();
            let actor = iam.colleague(dice);
            iam.delete_key(&self.id, at, actor, user);
        }
    }
}
