//! The simulated world: accounts, what IAM holds of each, sessions, and the rules of the simulation. Pure data under
//! [`crate::Sim`]'s lock; the operations on it are in [`crate::service`].

pub(crate) mod edit;
pub(crate) mod foreign;
mod generate;
pub(crate) mod history;
pub(crate) mod iam;
pub(crate) mod key;
mod names;
pub(crate) mod organization;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod spec;

use std::collections::HashMap;

use keysweep_core::account::{AccountId, AccountState};
use keysweep_core::time::Instant;

use crate::action::Action;
use crate::context::{Caller, CallerKind};
use crate::fault::{self, Denial, Effect, Rule};
use crate::seed;
use crate::throttle::{Buckets, Counter};
use iam::Iam;
use organization::{Member, Organization};
use spec::WorldSpec;

/// The caller's key, secret and session token: a session of a role in the management account that never expires.
pub(crate) const OPERATOR_KEY: &str = "ASIAKEYSWEEPOPERATOR";
pub(crate) const OPERATOR_SECRET: &str = "simulated/secret/of/keysweep/operator/00";
pub(crate) const OPERATOR_TOKEN: &str = "IQoJb3JpZ2luX2VjSIMULATEDSESSIONOFKEYSWEEPOPERATOR";
const OPERATOR_ROLE: &str = "keysweep-operator";

/// A session of a role.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) caller: Caller,
    pub(crate) token: String,
    /// `None` for the caller's own, which never expires.
    pub(crate) expires: Option<Instant>,
}

/// Everything that is simulated.
pub(crate) struct World {
    pub(crate) spec: WorldSpec,
    pub(crate) organization: Organization,
    pub(crate) members: Vec<Member>,
    pub(crate) sessions: HashMap<String, Session>,
    pub(crate) faults: fault::Plan,
    pub(crate) buckets: Buckets,
    pub(crate) counter: Counter,
    iams: Vec<Option<Box<Iam>>>,
    places: HashMap<AccountId, usize>,
    /// Accounts of keys whose id does not lead there.
    homes: HashMap<String, usize>,
    drawn: u64,
}

impl World {
    pub(crate) fn new(spec: WorldSpec) -> Self {
        let mut world = Self {
            organization: Organization::new(spec.seed),
            members: Vec::with_capacity(spec.accounts),
            sessions: HashMap::new(),
            faults: fault::Plan::default(),
            buckets: Buckets::default(),
            counter: Counter::default(),
            iams: Vec::with_capacity(spec.accounts),
            places: HashMap::with_capacity(spec.accounts),
            homes: HashMap::new(),
            drawn: 0,
            spec,
        };
        let mut ids = seed::rng(&[world.spec.seed, 0x1d5]);
        let mut closed = organization::closed(&world.spec);
        for (index, inactive) in organization::spread(&world.spec).into_iter().enumerate() {
            let id = loop {
                match AccountId::from_number(ids.u64(100_000_000_000..1_000_000_000_000)) {
                    Some(id) if !world.places.contains_key(&id) => break id,
                    _ => {}
                }
            };
            let state = closed.remove(&index).unwrap_or(AccountState::Active);
            let member =
                organization::member(&world.spec, index, id, inactive, state, &mut world.organization);
            world.add_member(member, None);
        }
        for index in world.spec.lookup_denied.clone() {
            if let Some(id) = world.members.get(index).map(|member| member.id) {
                let denied = Effect::Denied(Denial::ServiceControlPolicy);
                world.faults.add(Rule::new(denied).action(Action::LookupEvents).account(id));
            }
        }
        world
    }

    /// Adds an account; the first one becomes the caller's.
    fn add_member(&mut self, member: Member, iam: Option<Box<Iam>>) -> usize {
        let place = self.members.len();
        if place == 0 {
            let caller = self.session_caller(member.id, OPERATOR_ROLE, "operator", OPERATOR_KEY);
            let session = Session { caller, token: OPERATOR_TOKEN.to_owned(), expires: None };
            self.sessions.insert(OPERATOR_KEY.to_owned(), session);
        }
        self.places.insert(member.id, place);
        self.members.push(member);
        self.iams.push(iam);
        place
    }

    pub(crate) fn session_caller(&self, account: AccountId, role: &str, session: &str, key: &str) -> Caller {
        let name = role.rsplit('/').next().unwrap_or(role);
        Caller {
            account,
            arn: format!("arn:{}:sts::{account}:assumed-role/{name}/{session}", self.spec.partition),
            user_id: format!("{}:{session}", self.role_id(account, role)),
            access_key_id: key.to_owned(),
            kind: CallerKind::AssumedRole { role: role.to_owned(), session: session.to_owned() },
        }
    }

    pub(crate) fn role_id(&self, account: AccountId, role: &str) -> String {
        let hash = seed::mix(&[self.spec.seed, seed::account(account), seed::text(role)]);
        format!("AROA{}", seed::letters(hash, 17))
    }

    /// A number that this world never drew before.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        seed::mix(&[self.spec.seed, self.drawn, 0xd2a])
    }

    pub(crate) fn place(&self, account: AccountId) -> Option<usize> {
        self.places.get(&account).copied()
    }

    pub(crate) fn member(&self, account: AccountId) -> Option<&Member> {
        self.members.get(self.place(account)?)
    }

    /// What IAM holds of an account, made now if it was never touched.
    pub(crate) fn iam_at(&mut self, place: usize) -> Option<&mut Iam> {
        let (member, slot) = (self.members.get(place)?, self.iams.get_mut(place)?);
        Some(slot.get_or_insert_with(|| Box::new(generate::generate(&self.spec, place, member))))
    }

    pub(crate) fn iam(&mut self, account: AccountId) -> Option<&mut Iam> {
        self.iam_at(self.place(account)?)
    }

    /// The place of the account that a key id leads to.
    pub(crate) fn home(&self, key: &str) -> Option<usize> {
        let given = self.homes.get(key).copied();
        given.or_else(|| self.place(seed::account_of_key(key)?))
    }

    /// How many accounts were touched.
    pub(crate) fn touched(&self) -> usize {
        self.iams.iter().flatten().count()
    }
}
