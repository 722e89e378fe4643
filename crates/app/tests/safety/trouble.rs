//! What goes wrong: faults, crashes, stalls, and somebody else who acts between any two calls. Everything is drawn from one
//! seed, and everything that happened is noted for the checks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

use fastrand::Rng;
use keysweep_core::account::{AccountId, Tags};
use keysweep_core::exemption::{Exemption, Exemptions, KEEP_TAG, Protected};
use keysweep_core::key::{AccessKey, KeyStatus, LastUsed};
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::fault::{Act, Deed};
use keysweep_sim::{Sim, SimPorts};

use super::Tally;

/// How much goes wrong, in chances of a thousand at each call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    pub(crate) faults: u32,
    pub(crate) crashes: u32,
    pub(crate) foreign: u32,
    pub(crate) stalls: u32,
    /// Somebody uses a key.
    pub(crate) uses: u32,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Throttled,
    /// An error without effect.
    Unavailable,
    Denied,
    /// The effect, and no answer.
    Lost,
    /// The effect, and an answer that cannot be read.
    Malformed,
}

/// Where a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    Before,
    After,
}

/// A delete that took effect.
#[derive(Clone, Debug)]
pub(crate) struct Deleted {
    pub(crate) account: AccountId,
    pub(crate) key: String,
    pub(crate) request_id: Option<String>,
    pub(crate) status: KeyStatus,
}

/// A status that an applier set, whether it learnt of it or not.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "its fields are for the checks of deactivations, and for what they print")]
pub(crate) struct Switched {
    pub(crate) key: String,
    pub(crate) to: KeyStatus,
    pub(crate) at: Instant,
    pub(crate) request_id: Option<String>,
}

/// What an applier knows at its last look, as the ports told it.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) listed: BTreeMap<(AccountId, String), (Duration, Vec<AccessKey>)>,
    pub(crate) users: BTreeMap<(AccountId, String), (String, Tags)>,
    pub(crate) asked_for_exemptions: bool,
    pub(crate) last_used: BTreeMap<String, LastUsed>,
}

/// A delete, or a status, that is on its way while its sender is dead.
struct Orphan {
    due: Duration,
    account: AccountId,
    user: String,
    key: String,
    /// The status; `None` for a delete.
    to: Option<KeyStatus>,
}

impl State {
    /// What had been exempted by then.
    pub(crate) fn exempted_by(&self, then: Duration) -> Exemptions {
        let made = self.exemptions.iter().filter(|(made, _)| *made <= then);
        Exemptions::new(made.map(|(_, exemption)| exemption.clone()), [KEEP_TAG.to_owned()])
    }
}

pub(crate) struct State {
    pub(crate) rng: Rng,
    pub(crate) level: Level,
    pub(crate) tally: Tally,
    pub(crate) deleted: Vec<Deleted>,
    pub(crate) switched: Vec<Switched>,
    /// When somebody else set the status of a key.
    pub(crate) set_by_others: Vec<(String, Instant)>,
    pub(crate) violations: Vec<String>,
    /// What somebody exempted, and when.
    pub(crate) exemptions: Vec<(Duration, Exemption)>,
    pub(crate) seen: [Seen; 2],
    /// Which of the keys that a process works on at the same time moves next. In their order, one is finished before another moves.
    order: Option<Rng>,
    permits: [u32; 2],
    wakers: [Vec<Waker>; 2],
    pub(crate) crashed: [bool; 2],
    orphans: Vec<Orphan>,
    recreated: u32,
}

/// A world with trouble.
pub(crate) struct Trouble {
    pub(crate) sim: Arc<Sim>,
    pub(crate) state: Mutex<State>,
    /// The users' names, by account.
    pub(crate) users: Vec<(AccountId, String)>,
}

impl Trouble {
    pub(crate) fn new(sim: Arc<Sim>, rng: Rng, seed: u64, users: Vec<(AccountId, String)>) -> Self {
        let state = State {
            rng,
            order: (seed % 2 == 1).then(|| Rng::with_seed(seed)),
            level: Level::default(),
            tally: Tally::default(),
            deleted: Vec::new(),
            switched: Vec::new(),
            set_by_others: Vec::new(),
            violations: Vec::new(),
            exemptions: Vec::new(),
            seen: Default::default(),
            permits: [0; 2],
            wakers: Default::default(),
            crashed: [false; 2],
            orphans: Vec::new(),
            recreated: 0,
        };
        Self { sim, state: Mutex::new(state), users }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets applier `who` take one more step.
    pub(crate) fn permit(&self, who: usize) {
        let wakers = {
            let state = &mut *self.state();
            state.permits[who] = 1;
            let mut wakers = std::mem::take(&mut state.wakers[who]);
            if let Some(order) = &mut state.order {
                order.shuffle(&mut wakers);
            }
            wakers
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn start(&self, who: usize) {
        let mut state = self.state();
        state.crashed[who] = false;
        state.permits[who] = 0;
        state.wakers[who].clear();
        state.seen[who] = Seen::default();
    }

    /// Waits for one's turn. Never comes back to a dead process.
    pub(crate) async fn turn(&self, who: usize) {
        std::future::poll_fn(|context| {
            let mut state = self.state();
            if state.permits[who] > 0 && !state.crashed[who] {
                state.permits[who] -= 1;
                return Poll::Ready(());
            }
            state.wakers[who].push(context.waker().clone());
            Poll::Pending
        })
        .await;
        self.meanwhile();
    }

    pub(crate) async fn die(&self, who: usize) {
        {
            let mut state = self.state();
            state.crashed[who] = true;
            state.tally.count("crashes");
        }
        std::future::pending::<()>().await;
    }

    pub(crate) fn draw_fault(&self) -> Option<Fault> {
        let state = &mut *self.state();
        if state.rng.u32(..1000) >= state.level.faults {
            return None;
        }
        let fault = [Fault::Throttled, Fault::Unavailable, Fault::Denied, Fault::Lost, Fault::Malformed]
            [state.rng.usize(..5)];
        state.tally.count(match fault {
            Fault::Throttled => "faults: throttled",
            Fault::Unavailable => "faults: 5xx, or no answer and no effect",
            Fault::Denied => "faults: denied",
            Fault::Lost => "faults: answer lost",
            Fault::Malformed => "faults: answer that cannot be read",
        });
        Some(fault)
    }

    pub(crate) fn draw_crash(&self) -> Option<Crash> {
        let state = &mut *self.state();
        let dies = state.rng.u32(..1000) < state.level.crashes;
        dies.then(|| if state.rng.bool() { Crash::Before } else { Crash::After })
    }

    /// Time passes, deletes of the dead arrive, and somebody else may act.
    fn meanwhile(&self) {
        let (length, act) = {
            let state = &mut *self.state();
            let stalls = state.rng.u32(..1000) < state.level.stalls;
            let milliseconds = match (stalls, state.rng.u32(..10)) {
                (false, _) => state.rng.u64(5..60),
                (true, 0) => 400_000,
                (true, 1..4) => 20_000,
                (true, _) => 3_000,
            };
            let act = state.rng.u32(..1000) < state.level.foreign;
            (Duration::from_millis(milliseconds), act)
        };
        self.pass(length);
        let uses = {
            let state = &mut *self.state();
            state.level.uses > 0 && state.rng.u32(..1000) < state.level.uses
        };
        if uses {
            self.use_a_key();
        }
        if act {
            self.act();
        }
    }

    /// Lets time pass, and the deletes arrive whose time it is.
    pub(crate) fn pass(&self, length: Duration) {
        let now = self.sim.clock().elapsed();
        let due = {
            let state = &mut *self.state();
            let (due, later) =
                state.orphans.drain(..).partition(|orphan: &Orphan| orphan.due <= now + length);
            state.orphans = later;
            due
        };
        for orphan in due as Vec<Orphan> {
            self.arrives_from_a_dead_sender(&orphan);
        }
        self.sim.clock().advance(length);
    }

    /// The sender of this delete, or of this status, dies; it arrives within ten seconds, or never.
    pub(crate) fn orphan(&self, account: AccountId, user: &str, key: &str, to: Option<KeyStatus>) {
        let now = self.sim.clock().elapsed();
        let state = &mut *self.state();
        if state.rng.bool() {
            let due = now + Duration::from_millis(state.rng.u64(1..9_000));
            state.tally.count("crashes: with the call on its way");
            state.orphans.push(Orphan { due, account, user: user.to_owned(), key: key.to_owned(), to });
        }
    }

    fn arrives_from_a_dead_sender(&self, orphan: &Orphan) {
        let Orphan { account, user, key, to, .. } = orphan;
        let Some(status) = self.status(key) else { return };
        // The same user must still have it, as in any DeleteAccessKey.
        let owner = self.sim.truth().key(key).map(|key| key.user.clone());
        if owner.as_deref() != Some(user) {
            return;
        }
        if let Some(to) = to {
            let deed = if *to == KeyStatus::Active { Deed::Reactivate } else { Deed::Deactivate };
            self.sim.act(*account, &Act::new(deed).user(user).key(key));
            self.switched(key, *to, None);
            return;
        }
        self.foreign(*account, Deed::DeleteKey, user, Some(key));
        self.deleted(*account, key, None, status);
    }

    pub(crate) fn status(&self, key: &str) -> Option<KeyStatus> {
        self.sim.truth().key(key).map(|key| key.status)
    }

    /// Notes that a delete of an applier took effect.
    pub(crate) fn deleted(
        &self,
        account: AccountId,
        key: &str,
        request_id: Option<String>,
        status: KeyStatus,
    ) {
        let state = &mut *self.state();
        state.tally.count("keys deleted");
        if status == KeyStatus::Active {
            state.tally.count("keys reactivated inside the final race window");
        }
        state.deleted.push(Deleted { account, key: key.to_owned(), request_id, status });
    }

    /// Notes that an applier set a status.
    pub(crate) fn switched(&self, key: &str, to: KeyStatus, request_id: Option<String>) {
        let at = self.now();
        let state = &mut *self.state();
        state.tally.count(match to {
            KeyStatus::Active => "keys reactivated",
            KeyStatus::Inactive => "keys deactivated",
        });
        state.switched.push(Switched { key: key.to_owned(), to, at, request_id });
    }

    /// Somebody uses a key that is Active, which AWS knows of at once.
    fn use_a_key(&self) {
        let truth = self.sim.truth();
        let active: Vec<_> = truth
            .accounts
            .iter()
            .flat_map(|account| account.keys.iter().map(move |key| (account.id, key)))
            .filter(|(_, key)| key.status == KeyStatus::Active)
            .collect();
        if active.is_empty() {
            return;
        }
        let (account, key) = active[self.state().rng.usize(..active.len())];
        let now = self.now();
        self.sim.edit(|world| {
            world.account(account).user(&key.user).key(&key.id, key.created).last_used(
                now,
                "s3",
                "us-east-1",
            );
        });
        self.state().tally.count("others: use a key");
    }

    /// Does something to a user or a key behind everybody's back, as AWS would let somebody else.
    pub(crate) fn foreign(&self, account: AccountId, deed: Deed, user: &str, key: Option<&str>) {
        if let (Deed::Reactivate | Deed::Deactivate, Some(key)) = (&deed, key) {
            let at = self.now();
            self.state().set_by_others.push((key.to_owned(), at));
        }
        let act = Act::new(deed).user(user);
        self.sim.act(account, &key.map_or(act.clone(), |key| act.key(key)));
    }

    /// Somebody else acts on a random user.
    fn act(&self) {
        let (account, user) = {
            let state = &mut *self.state();
            let place = state.rng.usize(..self.users.len());
            self.users[place].clone()
        };
        let keys: Vec<String> = {
            let truth = self.sim.truth();
            let of_user = |key: &&keysweep_sim::truth::KeyTruth| key.user == user;
            truth
                .account(account)
                .map(|account| account.keys.iter().filter(of_user).map(|key| key.id.clone()).collect())
                .unwrap_or_default()
        };
        let (choice, key, number) = {
            let state = &mut *self.state();
            let key = if keys.is_empty() { None } else { Some(keys[state.rng.usize(..keys.len())].clone()) };
            state.recreated += 1;
            (state.rng.u32(..100), key, state.recreated)
        };
        let what = match choice {
            0..35 => {
                self.foreign(account, Deed::Reactivate, &user, key.as_deref());
                "others: reactivate a key"
            }
            35..45 => {
                self.foreign(account, Deed::Reactivate, &user, key.as_deref());
                self.foreign(account, Deed::Deactivate, &user, key.as_deref());
                "others: switch a key on and off"
            }
            45..55 => {
                self.foreign(account, Deed::DeleteKey, &user, key.as_deref());
                "others: delete a key"
            }
            55..65 => {
                self.foreign(account, Deed::RecreateKey, &user, key.as_deref());
                "others: replace a key"
            }
            65..72 => {
                self.foreign(account, Deed::RenameUser(format!("renamed-{number}")), &user, None);
                "others: rename a user"
            }
            72..78 => {
                self.foreign(account, Deed::RenameUser(format!("moved-{number}")), &user, None);
                self.sim.edit(|world| {
                    world.account(account).user(&user);
                });
                "others: rename a user and give its name to another"
            }
            78..82 => {
                self.foreign(account, Deed::DeleteUser, &user, None);
                "others: delete a user"
            }
            82..90 => {
                // A user that is gone is not made again by being tagged.
                if self
                    .sim
                    .truth()
                    .account(account)
                    .is_some_and(|account| account.keys.iter().any(|key| key.user == user))
                {
                    self.sim.edit(|world| {
                        world.account(account).user(&user).tag("keysweep:keep", "now");
                    });
                }
                "others: tag a user to be kept"
            }
            _ => {
                if let Some(key) = key {
                    let now = self.sim.now();
                    let protects = Protected::Key(key.parse().unwrap());
                    // Clocks of appliers differ by minutes; the exemption began before any of them.
                    let began = now - SignedDuration::from_hours(1);
                    let exemption = Exemption::new(
                        &format!("e{number}"),
                        protects,
                        "needed",
                        "somebody",
                        began,
                        now + SignedDuration::from_hours(48),
                    )
                    .unwrap();
                    let made = self.sim.clock().elapsed();
                    self.state().exemptions.push((made, exemption));
                }
                "others: exempt a key"
            }
        };
        self.state().tally.count(what);
    }

    /// The moment on the clock of the world.
    pub(crate) fn now(&self) -> Instant {
        self.sim.now()
    }

    pub(crate) fn sim_ports(&self) -> SimPorts {
        SimPorts::new(Arc::clone(&self.sim))
    }
}
