//! The simulated AWS and its front door: credentials, call counts, rate limits.

use std::cell::Cell;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keysweep_core::account::{AccountId, AccountState, Partition};
use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;

use crate::action::Action;
use crate::clock::SimClock;
use crate::context::{Caller, CallerKind, Context, Delivery};
use crate::error::{ApiError, ApiResult};
use crate::fault::{Act, Rule};
use crate::seed;
use crate::throttle::{CallLog, Counter};
use crate::truth::{self, Truth};
use crate::world::edit::Edit;
use crate::world::foreign;
use crate::world::iam::{Iam, Owner};
use crate::world::key::LastUse;
use crate::world::record;
use crate::world::spec::WorldSpec;
use crate::world::{OPERATOR_KEY, OPERATOR_SECRET, OPERATOR_TOKEN, World};

/// Credentials as a caller holds them.
#[derive(Clone, PartialEq, Eq)]
pub struct CallerCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`. Never checked: the simulation does not verify signatures.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`, of a session.
    pub session_token: Option<String>,
}

/// A simulated AWS, shared by reference. Its lock is never held while waiting.
pub struct Sim {
    world: Mutex<World>,
    clock: SimClock,
    latency: Duration,
    partition: Partition,
}

impl Sim {
    /// A world whose clock stands at the specification's `now` until it is moved.
    pub fn new(spec: WorldSpec) -> Self {
        let clock = SimClock::manual(spec.now);
        Self::with_clock(spec, clock)
    }

    /// A world that goes with the real time: it is handed over now, whatever the specification says.
    pub fn real_time(mut spec: WorldSpec) -> Self {
        let clock = SimClock::real();
        spec.now = clock.now();
        Self::with_clock(spec, clock)
    }

    /// A world whose clock shows the specification's `now` and runs on with tokio's time, which tests may pause.
    pub fn running(spec: WorldSpec) -> Self {
        let clock = SimClock::running(spec.now);
        Self::with_clock(spec, clock)
    }

    /// A world with this clock.
    pub fn with_clock(spec: WorldSpec, clock: SimClock) -> Self {
        let (latency, partition) = (spec.profile.latency, spec.partition);
        Self { world: Mutex::new(World::new(spec)), clock, latency, partition }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The front door of every call: authenticates, counts the call, and applies the rate limits. Credentials that are
    /// unknown, Inactive or expired are refused with AWS's words, and too many calls with those of the service.
    pub fn begin(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        action: Action,
        region: &str,
    ) -> ApiResult<Context<'_>> {
        let now = self.clock.now();
        let mut world = self.world();
        let caller = authenticate(&mut world, access_key_id, session_token, action, region, now)?;
        world.counter.sent(caller.account, action);
        let place = world.place(caller.account).unwrap_or_default();
        let World { buckets, spec, .. } = &mut *world;
        if !buckets.admit(&spec.profile, caller.account, place, action, self.clock.elapsed()) {
            world.counter.throttled(caller.account, action);
            return Err(ApiError::throttled(action.service()));
        }
        let request_id = seed::uuid(&[world.draw()]);
        let delivery = Cell::new(Delivery::Answer);
        Ok(Context { sim: self, caller, action, region: region.to_owned(), request_id, delivery })
    }

    /// How long every call takes. Whoever calls waits so long before [`Sim::begin`].
    pub fn latency(&self) -> Duration {
        self.latency
    }

    /// The partition.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The clock.
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// The time of the simulated world.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// A new request id, for answers that have no [`Context`].
    pub fn new_request_id(&self) -> String {
        seed::uuid(&[self.world().draw()])
    }

    /// Changes the world behind AWS's back: for tests that need a precise small one.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Edit<'_>) -> T) -> T {
        change(&mut Edit { world: &mut self.world() })
    }

    /// Adds a fault.
    pub fn add_fault(&self, rule: Rule) {
        self.world().faults.add(rule);
    }

    /// Takes all faults back, denials of the specification and of [`Sim::edit`] too.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// How often a fault struck so far.
    pub fn faults_struck(&self) -> u64 {
        self.world().faults.struck()
    }

    /// Has somebody else act in an account now, between any two calls. What is not there is left alone.
    pub fn act(&self, account: AccountId, act: &Act) {
        let now = self.now();
        if let Some(iam) = self.world().iam(account) {
            foreign::perform(iam, act, None, None, now);
        }
    }

    /// The id of the organization.
    pub fn organization_id(&self) -> String {
        self.world().organization.id.clone()
    }

    /// What is true now. Touches every account.
    pub fn truth(&self) -> Truth {
        truth::of(&mut self.world(), self.clock.now())
    }

    /// A trail's log file with everything that an account's history has from `from` up to, not including, `to`, however
    /// long ago. It has no records where there is no such account.
    pub fn trail(&self, account: AccountId, from: Instant, to: Instant) -> String {
        let (now, partition) = (self.now(), self.partition);
        let mut world = self.world();
        let events = world.iam(account).into_iter().flat_map(|iam| iam.history.delivered(now, from, to));
        let records: Vec<String> = events.map(|event| record::write(account, partition, event)).collect();
        format!("{{\"Records\":[{}]}}", records.join(","))
    }

    /// The calls since the last [`Sim::reset_calls`].
    pub fn calls(&self) -> CallLog {
        self.world().counter.log()
    }

    /// Begins to count calls anew.
    pub fn reset_calls(&self) {
        self.world().counter = Counter::default();
    }

    /// How many accounts were touched so far: the others cost next to nothing.
    pub fn touched_accounts(&self) -> usize {
        self.world().touched()
    }

    /// The caller's account: the management account, or the only one. `None` in a world without accounts.
    pub fn caller_account(&self) -> Option<AccountId> {
        self.world().members.first().map(|member| member.id)
    }

    /// The caller's credentials: those of a session of the role `keysweep-operator`, which may do everything in the
    /// management account. It is no user, so that every user of the world belongs to the specification.
    pub fn operator(&self) -> CallerCredentials {
        CallerCredentials {
            access_key_id: OPERATOR_KEY.to_owned(),
            secret_access_key: OPERATOR_SECRET.to_owned(),
            session_token: Some(OPERATOR_TOKEN.to_owned()),
        }
    }

    /// The environment variables that lead every AWS SDK and the AWS CLI to the simulation at this address.
    pub fn environment(&self, address: impl Display) -> Vec<(&'static str, String)> {
        let region = self.partition.lead_region();
        vec![
            ("AWS_ENDPOINT_URL", format!("http://{address}")),
            ("AWS_ACCESS_KEY_ID", OPERATOR_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", OPERATOR_SECRET.to_owned()),
            ("AWS_SESSION_TOKEN", OPERATOR_TOKEN.to_owned()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_DEFAULT_REGION", region.to_owned()),
        ]
    }
}

fn authenticate(
    world: &mut World,
    access_key_id: &str,
    session_token: Option<&str>,
    action: Action,
    region: &str,
    now: Instant,
) -> ApiResult<Caller> {
    let service = action.service();
    let invalid = || ApiError::credentials_invalid(service);
    if let Some(session) = world.sessions.get(access_key_id) {
        if session_token != Some(session.token.as_str()) {
            return Err(invalid());
        }
        if session.expires.is_some_and(|expires| expires <= now) {
            world.sessions.remove(access_key_id);
            return Err(ApiError::credentials_expired(service));
        }
        return Ok(session.caller.clone());
    }
    let place = world.home(access_key_id).ok_or_else(invalid)?;
    let open = world.members.get(place).is_some_and(|member| member.state == AccountState::Active);
    let iam = world.iam_at(place).ok_or_else(invalid)?;
    let Some(owner) = iam.owner(access_key_id).cloned() else { return Err(invalid()) };
    let Some(key) = iam.key_mut(access_key_id) else { return Err(invalid()) };
    // IAM counts the attempt, whatever comes of it.
    let service_name = action.permission().split(':').next().unwrap_or_default().to_owned();
    key.last_use = Some(LastUse { at: now, service: service_name, region: region.to_owned() });
    let usable = key.status() == KeyStatus::Active && key.listed_as.is_none();
    if !open || !usable || session_token.is_some() {
        return Err(invalid());
    }
    Ok(key_caller(iam, owner, access_key_id))
}

fn key_caller(iam: &Iam, owner: Owner, access_key_id: &str) -> Caller {
    let arn = iam.owner_arn(&owner);
    let (user_id, kind) = match owner {
        Owner::Root => (iam.account.to_string(), CallerKind::Root),
        Owner::User(name) => {
            (iam.users.get(&name).map(|user| user.id.clone()).unwrap_or_default(), CallerKind::User { name })
        }
    };
    Caller { account: iam.account, arn, user_id, access_key_id: access_key_id.to_owned(), kind }
}
