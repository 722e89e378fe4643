//! Makes the users, keys and true histories of one account from the seed. Everything about an account is drawn from the
//! world's seed and the account's place alone, so it does not matter when it is first touched.

use std::collections::BTreeSet;

use fastrand::Rng;
use keysweep_core::key::KeyStatus::{self, Active, Inactive};
use keysweep_core::time::{Instant, SignedDuration};

use super::history::{Actor, Deed, Event, Refused};
use super::iam::{Iam, Owner, Password, User};
use super::key::{Change, Key, LastUse};
use super::names;
use super::organization::Member;
use super::report;
use super::spec::WorldSpec;
use crate::seed;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Histories reach back four years.
const OLDEST: i64 = 4 * 365 * DAY;

/// What became of a key.
#[derive(Clone, Copy, Debug)]
enum Fate {
    NeverChanged,
    /// Inactive once, Active again.
    Reactivated,
    /// Somebody tried to deactivate it and was not allowed to.
    Spared,
    /// Inactive for so long, in seconds, at least and at most.
    Deactivated {
        from: i64,
        to: i64,
    },
    /// On and off several times.
    Flapping,
    /// Inactive for long, and set Inactive again not long ago.
    SetInactiveAgain,
    /// Inactive for long; somebody tried to reactivate it and was not allowed to.
    Refused,
}

struct Past<'a> {
    spec: &'a WorldSpec,
    rng: Rng,
    iam: Iam,
    events: Vec<Event>,
}

/// The account's IAM as it is when the world is handed over.
pub(crate) fn generate(spec: &WorldSpec, index: usize, member: &Member) -> Iam {
    let iam = Iam::new(member.id, spec.partition, member.created, spec.profile.lag, spec.seed);
    let rng = seed::rng(&[spec.seed, index as u64, 0x1a4]);
    let mut past = Past { spec, rng, iam, events: Vec::new() };
    let mut taken = BTreeSet::new();
    let mut places: Vec<usize> = (0..spec.users_per_account).collect();
    past.rng.shuffle(&mut places);
    let inactive: BTreeSet<usize> = places.into_iter().take(member.inactive_users).collect();
    for place in 0..spec.users_per_account {
        past.user(&mut taken, inactive.contains(&place));
    }
    past.root();
    let Past { mut iam, events, .. } = past;
    iam.history.extend(events);
    if let Some(age) = spec.report_age {
        let at = spec.now - age;
        let content = report::write(&iam, at, spec.additional_credentials_info);
        iam.reports.last = Some(report::Report { content, generated: at, ready: at });
    }
    iam
}

impl Past<'_> {
    fn ago(&self, seconds: i64) -> Instant {
        self.spec.now - SignedDuration::from_secs(seconds)
    }

    /// Seconds before the world's now.
    fn age(&self, at: Instant) -> i64 {
        (self.spec.now - at).as_secs()
    }

    /// A number of seconds from `low` to `high`, both included, or `low` where that is no range.
    fn seconds(&mut self, low: i64, high: i64) -> i64 {
        if low < high { self.rng.i64(low..=high) } else { low }
    }

    fn user(&mut self, taken: &mut BTreeSet<String>, inactive: bool) {
        let (name, path, person) = names::user(&mut self.rng, taken);
        let fates = self.fates(inactive);
        // The user is older than the longest story one of its keys has to tell.
        let youngest = fates.iter().map(|fate| needs(*fate)).max().unwrap_or(DAY);
        let oldest = self.age(self.iam.created) - DAY;
        let age = self.seconds(youngest.min(oldest), oldest);
        let mut user = self.iam.new_user(&name, path, self.ago(age));
        self.describe(&mut user, person, age);
        if age < 92 * DAY {
            let actor = self.operator();
            self.event(
                self.ago(age),
                actor,
                Deed::CreateUser { user: name.clone(), path: path.to_owned() },
                None,
            );
        }
        if self.rng.u8(..100) < 10 && age > 40 * DAY {
            self.former_key(&user, age);
        }
        for fate in fates {
            let key = self.key(&user, fate, age);
            user.keys.push(key);
        }
        self.iam.add_user(user);
    }

    fn describe(&mut self, user: &mut User, person: bool, age: i64) {
        let (team, owner) = names::owner(&mut self.rng);
        if self.rng.u8(..100) < 85 {
            user.tags.insert("team".to_owned(), team.to_owned());
        }
        if self.rng.u8(..100) < 80 {
            user.tags.insert("owner".to_owned(), owner);
        }
        if person && self.rng.u8(..100) < 60 {
            let changed = self.seconds(age / 10, age);
            let signed_in = self.seconds(HOUR, changed);
            user.password = Some(Password {
                changed: self.ago(changed),
                last_used: (self.rng.u8(..10) > 0).then(|| self.ago(signed_in)),
                mfa: self.rng.u8(..10) < 8,
            });
        }
    }

    fn fates(&mut self, inactive: bool) -> Vec<Fate> {
        let mut fates = Vec::new();
        if inactive {
            fates.push(self.inactive_fate());
            match self.rng.u8(..100) {
                0..40 => fates.push(Fate::NeverChanged),
                40..48 => fates.push(self.inactive_fate()),
                _ => {}
            }
        } else {
            let keys = match self.rng.u8(..100) {
                0..25 => 0,
                25..82 => 1,
                _ => 2,
            };
            for _ in 0..keys {
                fates.push(match self.rng.u8(..100) {
                    _ if self.spec.quiet_history => Fate::NeverChanged,
                    0..80 => Fate::NeverChanged,
                    80..95 => Fate::Reactivated,
                    _ => Fate::Spared,
                });
            }
        }
        self.rng.shuffle(&mut fates);
        fates
    }

    fn inactive_fate(&mut self) -> Fate {
        match self.rng.u8(..100) {
            _ if self.spec.quiet_history => Fate::Deactivated { from: 91 * DAY, to: 1_300 * DAY },
            0..42 => Fate::Deactivated { from: 91 * DAY, to: 1_300 * DAY },
            42..62 => Fate::Deactivated { from: 31 * DAY, to: 89 * DAY },
            62..80 => Fate::Deactivated { from: DAY, to: 29 * DAY },
            80..84 => Fate::Deactivated { from: 2 * MINUTE, to: 110 * MINUTE },
            84..90 => Fate::Flapping,
            90..96 => Fate::SetInactiveAgain,
            _ => Fate::Refused,
        }
    }

    /// A key with its history. `age` is the user's.
    fn key(&mut self, user: &User, fate: Fate, age: i64) -> Key {
        let oldest = age.min(OLDEST);
        let need = needs(fate).min(oldest);
        let changes = self.story(fate, oldest);
        let first = changes.iter().map(|(ago, _)| *ago).max().unwrap_or(0).max(need.min(2 * HOUR));
        let created = self.seconds((first + HOUR).min(oldest), oldest);
        let mut key = Key::new(self.iam.new_key_id(), self.ago(created));
        self.created(user, &key);
        for (ago, status) in &changes {
            let named = self.change(user, &key.id, *ago, *status);
            key.changes.push(named);
        }
        if let Fate::Refused | Fate::Spared = fate {
            for _ in 0..self.rng.usize(1..3) {
                let ago = self.seconds(HOUR, changes.first().map_or(created, |(ago, _)| *ago).min(85 * DAY));
                self.refused(user, &key, ago);
            }
        }
        key.last_use = self.last_use(&key, created);
        key
    }

    /// Status changes by their age in seconds, oldest first.
    fn story(&mut self, fate: Fate, oldest: i64) -> Vec<(i64, KeyStatus)> {
        // The key must be created before its first change.
        let room = oldest - 2 * HOUR;
        match fate {
            Fate::NeverChanged | Fate::Spared => Vec::new(),
            Fate::Deactivated { from, to } => vec![(self.seconds(from.min(room), to.min(room)), Inactive)],
            Fate::Reactivated => {
                let again = self.seconds(HOUR, room / 2);
                vec![(self.seconds(again + MINUTE, room), Inactive), (again, Active)]
            }
            Fate::Flapping => {
                let mut ages: Vec<i64> = vec![0; 2 * self.rng.usize(1..4) + 1];
                for age in &mut ages {
                    *age = self.seconds(3 * HOUR, room.min(400 * DAY));
                }
                ages.sort_unstable_by(|a, b| b.cmp(a));
                ages.dedup();
                if ages.len().is_multiple_of(2) {
                    ages.pop();
                }
                ages.into_iter().zip([Inactive, Active].into_iter().cycle()).collect()
            }
            Fate::SetInactiveAgain => {
                let first = self.seconds((40 * DAY).min(room), (600 * DAY).min(room));
                vec![(first, Inactive), (self.seconds(HOUR, first.min(29 * DAY)), Inactive)]
            }
            Fate::Refused => vec![(self.seconds((40 * DAY).min(room), (600 * DAY).min(room)), Inactive)],
        }
    }

    fn last_use(&mut self, key: &Key, created: i64) -> Option<LastUse> {
        let (service, region) = names::usage(&mut self.rng);
        let ago = match (key.status(), key.changes.last()) {
            // A key that was switched off was mostly out of use for a while. Some were never used; and IAM counts
            // refused attempts with an Inactive key too.
            (Inactive, Some(_)) => match self.rng.u8(..100) {
                0..15 => return None,
                15..18 => {
                    let off = key.inactive_since().map_or(created, |since| self.age(since));
                    self.seconds(MINUTE, off)
                }
                _ => {
                    let off = key.inactive_since().map_or(created, |since| self.age(since));
                    self.seconds(off, created.min(off + 90 * DAY))
                }
            },
            _ => match self.rng.u8(..100) {
                0..12 => return None,
                12..30 => self.seconds(HOUR, created),
                _ => self.seconds(MINUTE, created.min(3 * DAY)),
            },
        };
        // IAM writes the minute.
        let minute = self.ago(ago).unix().div_euclid(60) * 60;
        let at = Instant::from_unix(minute).max(key.created);
        Some(LastUse { at, service: service.to_owned(), region: region.to_owned() })
    }

    /// A key that is gone: created, switched off, deleted.
    fn former_key(&mut self, user: &User, age: i64) {
        let created = self.seconds(30 * DAY, age.min(OLDEST));
        let deleted = self.seconds(HOUR, created - DAY);
        let mut key = Key::new(self.iam.new_key_id(), self.ago(created));
        self.created(user, &key);
        let off = self.seconds(deleted, created - HOUR);
        let change = self.change(user, &key.id, off, Inactive);
        key.changes.push(change);
        key.deleted = Some(self.ago(deleted));
        let actor = self.operator();
        let deed = Deed::DeleteAccessKey { user: Some(user.name.clone()), key: key.id.clone() };
        self.event(self.ago(deleted), actor, deed, None);
        let (owner, arn) = (Owner::User(user.name.clone()), self.iam.arn(user));
        self.iam.gone.push(super::iam::Gone { owner, arn, key });
    }

    fn root(&mut self) {
        if self.rng.f64() >= self.spec.inactive_root {
            return;
        }
        let created = self.age(self.iam.created);
        let mut key = Key::new(self.iam.new_key_id(), self.iam.created);
        let youngest = if self.spec.quiet_history { 91 } else { 10 };
        let off = self.seconds(youngest * DAY, created - DAY);
        let actor = Actor::Root { key: key.id.clone() };
        let deed = Deed::UpdateAccessKey { user: None, key: key.id.clone(), status: Inactive };
        let event = self.event(self.ago(off), actor, deed, None);
        key.changes.push(Change { at: self.ago(off), status: Inactive, event });
        self.iam.add_key(&Owner::Root, key);
    }

    fn operator(&mut self) -> Actor {
        let dice = self.rng.u64(..);
        self.iam.colleague(dice)
    }

    fn event(&mut self, at: Instant, actor: Actor, deed: Deed, refused: Option<Refused>) -> String {
        let mut event = self.iam.event(at, actor, deed);
        event.refused = refused;
        let id = event.id.clone();
        self.events.push(event);
        id
    }

    fn created(&mut self, user: &User, key: &Key) {
        let (actor, named) = self.actor(user, &key.id);
        let deed = Deed::CreateAccessKey {
            user: named.then(|| user.name.clone()),
            owner: Some(user.name.clone()),
            key: Some(key.id.clone()),
        };
        self.event(key.created, actor, deed, None);
    }

    fn change(&mut self, user: &User, key: &str, ago: i64, status: KeyStatus) -> Change {
        let (actor, named) = self.actor(user, key);
        let at = self.ago(ago);
        let user = named.then(|| user.name.clone());
        let event = self.event(at, actor, Deed::UpdateAccessKey { user, key: key.to_owned(), status }, None);
        Change { at, status, event }
    }

    fn refused(&mut self, user: &User, key: &Key, ago: i64) {
        // Somebody who may only read.
        let (partition, account) = (self.spec.partition, self.iam.account);
        let dice = self.rng.u64(..);
        let (_, session) = names::operator(dice);
        let who = format!("arn:{partition}:sts::{account}:assumed-role/ReadOnly/{session}");
        let actor = Actor::Role {
            role: "ReadOnly".to_owned(),
            role_id: format!("AROA{}", seed::letters(seed::account(account), 17)),
            session,
            key: seed::key_id("ASIA", account, dice),
        };
        let status = if key.status() == Active { Inactive } else { Active };
        let deed = Deed::UpdateAccessKey { user: Some(user.name.clone()), key: key.id.clone(), status };
        let message = format!(
            "User: {who} is not authorized to perform: iam:UpdateAccessKey on resource: user {} because no identity-based policy allows the iam:UpdateAccessKey action",
            user.name
        );
        let refused = Refused { code: "AccessDenied".to_owned(), message, without_parameters: true };
        self.event(self.ago(ago), actor, deed, Some(refused));
    }

    /// Who changes a key, and whether they name the user: one in five acts on its own key, and half of those do not.
    fn actor(&mut self, user: &User, key: &str) -> (Actor, bool) {
        if self.rng.u8(..5) == 0 {
            let key = user.keys.first().map_or(key, |key| key.id.as_str()).to_owned();
            let (name, arn, id) = (user.name.clone(), self.iam.arn(user), user.id.clone());
            (Actor::User { name, arn, id, key }, self.rng.bool())
        } else {
            (self.operator(), true)
        }
    }
}

/// How old, in seconds, a user must be for a key of its to have this fate.
fn needs(fate: Fate) -> i64 {
    match fate {
        Fate::NeverChanged => 5 * HOUR,
        Fate::Deactivated { from, .. } => from + 5 * HOUR,
        Fate::Spared => 2 * DAY,
        Fate::Reactivated => 3 * DAY,
        Fate::Flapping => 30 * DAY,
        Fate::SetInactiveAgain | Fate::Refused => 41 * DAY,
    }
}
