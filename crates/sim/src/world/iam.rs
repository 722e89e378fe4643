//! What IAM holds of one account: users and their keys, the event history, the credential report. Its changes keep
//! keys, history and truth in step; permissions and limits belong to the operations.

use std::collections::{BTreeMap, HashMap};

use keysweep_core::account::{AccountId, Partition};
use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;

use super::history::{Actor, Deed, Event, History, Refused};
use super::key::{Change, Key};
use super::report::Reports;
use crate::profile::Lag;
use crate::seed;

/// An IAM user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) created: Instant,
    pub(crate) password: Option<Password>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) keys: Vec<Key>,
}

/// A console password.
#[derive(Clone, Debug)]
pub(crate) struct Password {
    pub(crate) changed: Instant,
    pub(crate) last_used: Option<Instant>,
    pub(crate) mfa: bool,
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Root,
    User(String),
}

/// A key that was deleted, by itself or with its user.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) owner: Owner,
    pub(crate) arn: String,
    pub(crate) key: Key,
}

/// One account's IAM.
#[derive(Debug)]
pub(crate) struct Iam {
    pub(crate) account: AccountId,
    pub(crate) partition: Partition,
    pub(crate) created: Instant,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) root_keys: Vec<Key>,
    pub(crate) gone: Vec<Gone>,
    pub(crate) history: History,
    pub(crate) reports: Reports,
    pub(crate) lag: Lag,
    owners: HashMap<String, Owner>,
    seed: u64,
    drawn: u64,
    /// The request id of the next event.
    request: Option<String>,
}

impl Iam {
    pub(crate) fn new(
        account: AccountId,
        partition: Partition,
        created: Instant,
        lag: Lag,
        world_seed: u64,
    ) -> Self {
        Self {
            account,
            partition,
            created,
            users: BTreeMap::new(),
            root_keys: Vec::new(),
            gone: Vec::new(),
            history: History::default(),
            reports: Reports::default(),
            lag,
            owners: HashMap::new(),
            seed: seed::mix(&[world_seed, seed::account(account), 0x1a3]),
            drawn: 0,
            request: None,
        }
    }

    /// A number that the account never drew before.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        seed::mix(&[self.seed, self.drawn])
    }

    pub(crate) fn arn(&self, user: &User) -> String {
        let (partition, account) = (self.partition, self.account);
        format!("arn:{partition}:iam::{account}:user{}{}", user.path, user.name)
    }

    pub(crate) fn owner_arn(&self, owner: &Owner) -> String {
        match owner {
            Owner::User(name) if self.users.contains_key(name) => self.arn(&self.users[name]),
            Owner::User(name) => format!("arn:{}:iam::{}:user/{name}", self.partition, self.account),
            Owner::Root => format!("arn:{}:iam::{}:root", self.partition, self.account),
        }
    }

    pub(crate) fn owner(&self, key: &str) -> Option<&Owner> {
        self.owners.get(key)
    }

    pub(crate) fn keys_of(&self, owner: &Owner) -> &[Key] {
        match owner {
            Owner::Root => &self.root_keys,
            Owner::User(name) => self.users.get(name).map(|user| user.keys.as_slice()).unwrap_or_default(),
        }
    }

    fn keys_of_mut(&mut self, owner: &Owner) -> Option<&mut Vec<Key>> {
        match owner {
            Owner::Root => Some(&mut self.root_keys),
            Owner::User(name) => self.users.get_mut(name).map(|user| &mut user.keys),
        }
    }

    pub(crate) fn key(&self, id: &str) -> Option<&Key> {
        self.keys_of(self.owners.get(id)?).iter().find(|key| key.id == id)
    }

    pub(crate) fn key_mut(&mut self, id: &str) -> Option<&mut Key> {
        let owner = self.owners.get(id)?.clone();
        self.keys_of_mut(&owner)?.iter_mut().find(|key| key.id == id)
    }

    /// A user that is new in every respect, with an id of its own.
    pub(crate) fn new_user(&mut self, name: &str, path: &str, created: Instant) -> User {
        User {
            name: name.to_owned(),
            path: path.to_owned(),
            id: format!("AIDA{}", seed::letters(self.draw(), 17)),
            created,
            password: None,
            tags: BTreeMap::new(),
            keys: Vec::new(),
        }
    }

    /// Adds a user with the keys it has.
    pub(crate) fn add_user(&mut self, user: User) {
        for key in &user.keys {
            self.owners.insert(key.id.clone(), Owner::User(user.name.clone()));
        }
        self.users.insert(user.name.clone(), user);
    }

    /// Adds a key; the caller has made sure that the owner exists.
    pub(crate) fn add_key(&mut self, owner: &Owner, key: Key) {
        self.owners.insert(key.id.clone(), owner.clone());
        if let Some(keys) = self.keys_of_mut(owner) {
            keys.push(key);
        }
    }

    /// A key id that the account never had.
    pub(crate) fn new_key_id(&mut self) -> String {
        loop {
            let id = seed::key_id("AKIA", self.account, self.draw());
            if !self.owners.contains_key(&id) {
                return id;
            }
        }
    }

    /// The next event is recorded with this request id.
    pub(crate) fn on_behalf_of(&mut self, request_id: &str) {
        self.request = Some(request_id.to_owned());
    }

    /// An event of this account, not yet part of its history.
    pub(crate) fn event(&mut self, at: Instant, actor: Actor, deed: Deed) -> Event {
        let dice = self.draw();
        Event {
            id: seed::uuid(&[dice, 1]),
            request_id: self.request.take().unwrap_or_else(|| seed::uuid(&[dice, 2])),
            at,
            delivered: at + self.lag.draw(seed::mix(&[dice, 3])),
            actor,
            deed,
            refused: None,
            raw: None,
        }
    }

    /// Records a call; gives the event's id.
    pub(crate) fn record(&mut self, at: Instant, actor: Actor, deed: Deed) -> String {
        let event = self.event(at, actor, deed);
        let id = event.id.clone();
        self.history.add(event);
        id
    }

    /// Records a call that was refused; gives the event's id.
    pub(crate) fn record_refused(
        &mut self,
        at: Instant,
        actor: Actor,
        deed: Deed,
        refused: Refused,
    ) -> String {
        let mut event = self.event(at, actor, deed);
        event.refused = Some(refused);
        let id = event.id.clone();
        self.history.add(event);
        id
    }

    /// Creates a key now and records it; `named` says whether the caller named the user.
    pub(crate) fn create_key(&mut self, owner: &Owner, at: Instant, actor: Actor, named: bool) -> String {
        let id = self.new_key_id();
        self.add_key(owner, Key::new(id.clone(), at));
        let name = match owner {
            Owner::User(name) => Some(name.clone()),
            Owner::Root => None,
        };
        let user = name.clone().filter(|_| named);
        self.record(at, actor, Deed::CreateAccessKey { user, owner: name, key: Some(id.clone()) });
        id
    }

    /// Sets a key's status now and records it. `user` is the name that the caller gave.
    pub(crate) fn set_status(
        &mut self,
        id: &str,
        status: KeyStatus,
        at: Instant,
        actor: Actor,
        user: Option<String>,
    ) -> String {
        let event = self.record(at, actor, Deed::UpdateAccessKey { user, key: id.to_owned(), status });
        if let Some(key) = self.key_mut(id) {
            key.changes.push(Change { at, status, event: event.clone() });
        }
        event
    }

    /// Deletes a key now and records it. `user` is the name that the caller gave.
    pub(crate) fn delete_key(&mut self, id: &str, at: Instant, actor: Actor, user: Option<String>) {
        self.record(at, actor, Deed::DeleteAccessKey { user, key: id.to_owned() });
        self.remove_key(id, at);
    }

    pub(crate) fn remove_key(&mut self, id: &str, at: Instant) {
        let Some(owner) = self.owners.remove(id) else { return };
        let arn = self.owner_arn(&owner);
        let Some(keys) = self.keys_of_mut(&owner) else { return };
        let Some(place) = keys.iter().position(|key| key.id == id) else { return };
        let mut key = keys.remove(place);
        key.deleted = Some(at);
        self.gone.push(Gone { owner, arn, key });
    }

    /// Deletes a user with its keys now and records it.
    pub(crate) fn delete_user(&mut self, name: &str, at: Instant, actor: &Actor) {
        let keys: Vec<String> = self
            .users
            .get(name)
            .map(|user| user.keys.iter().map(|key| key.id.clone()).collect())
            .unwrap_or_default();
        for key in keys {
            self.delete_key(&key, at, actor.clone(), Some(name.to_owned()));
        }
        self.record(at, actor.clone(), Deed::DeleteUser { user: name.to_owned() });
        self.users.remove(name);
    }

    /// Renames a user or moves it now and records it.
    pub(crate) fn update_user(
        &mut self,
        name: &str,
        new_name: Option<&str>,
        new_path: Option<&str>,
        at: Instant,
        actor: Actor,
    ) {
        let Some(mut user) = self.users.remove(name) else { return };
        if let Some(new_name) = new_name {
            new_name.clone_into(&mut user.name);
        }
        if let Some(new_path) = new_path {
            new_path.clone_into(&mut user.path);
        }
        self.add_user(user);
        let deed = Deed::UpdateUser {
            user: name.to_owned(),
            new_name: new_name.map(str::to_owned),
            new_path: new_path.map(str::to_owned),
        };
        self.record(at, actor, deed);
    }

    /// Somebody who works in the account and is not the caller.
    pub(crate) fn colleague(&mut self, dice: u64) -> Actor {
        let (role, session) = super::names::operator(dice);
        Actor::Role {
            role_id: format!("AROA{}", seed::letters(seed::mix(&[self.seed, seed::text(role)]), 17)),
            role: role.to_owned(),
            session,
            key: seed::key_id("ASIA", self.account, dice),
        }
    }
}
