//! What others do to the world, between any two calls of a scan and between scans.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use keysweep_core::account::{AccountId, AccountState};
use keysweep_sim::Sim;
use keysweep_sim::fault::{Act, Deed};

use super::search::Tally;

/// A user was renamed.
pub(crate) struct Renamed {
    pub(crate) account: AccountId,
    pub(crate) from: String,
    pub(crate) to: String,
}

pub(crate) struct Others {
    sim: Arc<Sim>,
    rng: Rng,
    made: u32,
    pub(crate) renamed: Vec<Renamed>,
    pub(crate) tally: Tally,
}

impl Others {
    pub(crate) fn new(sim: &Arc<Sim>, rng: Rng) -> Self {
        Self { sim: Arc::clone(sim), rng, made: 0, renamed: Vec::new(), tally: Tally::default() }
    }

    /// Acts now and then, with pauses of about so many milliseconds; never where there is none. Never ends.
    pub(crate) async fn act_every(&mut self, milliseconds: Option<u64>) {
        // Not for ever: users that are made faster than they can be listed would never let a scan end.
        for _ in 0..self.rng.u32(..60) {
            let Some(milliseconds) = milliseconds else { break };
            let pause = Duration::from_millis(self.rng.u64(1..2 * milliseconds));
            self.sim.clock().sleep(pause).await;
            self.act();
        }
        std::future::pending::<()>().await;
    }

    pub(crate) fn act_some(&mut self) {
        for _ in 0..self.rng.u32(..4) {
            self.act();
        }
    }

    /// A new name before, among or after the others in the order of listings.
    fn name(&mut self) -> String {
        self.made += 1;
        format!("{}{}", ["0", "m", "zz"][self.rng.usize(..3)], self.made)
    }

    fn create(&mut self, account: AccountId, name: &str) {
        self.made += 1;
        let id = format!("AKIAMADE{:012}", self.made);
        let now = self.sim.now();
        self.sim.edit(|world| {
            let mut account = world.account(account);
            let mut user = account.user(name);
            user.created(now);
            user.key(&id, now);
        });
    }

    fn rename(&mut self, account: AccountId, from: &str, to: &str) {
        self.sim.act(account, &Act::new(Deed::RenameUser(to.to_owned())).user(from));
        self.renamed.push(Renamed { account, from: from.to_owned(), to: to.to_owned() });
    }

    fn act(&mut self) {
        let truth = self.sim.truth();
        let account = &truth.accounts[self.rng.usize(..truth.accounts.len())];
        let keys: Vec<_> = account.keys.iter().filter(|key| !key.user.starts_with('<')).collect();
        if keys.is_empty() {
            return;
        }
        let (account, key) = (account.id, keys[self.rng.usize(..keys.len())]);
        let user = key.user.as_str();
        let deed = |deed| self.sim.act(account, &Act::new(deed).user(user).key(&key.id));
        let what = match self.rng.u8(..100) {
            0..8 => {
                deed(Deed::Reactivate);
                "others: reactivate a key"
            }
            8..20 => {
                deed(Deed::Deactivate);
                "others: deactivate a key"
            }
            20..26 => {
                deed(Deed::Reactivate);
                deed(Deed::Deactivate);
                "others: switch a key on and off"
            }
            26..32 => {
                deed(Deed::DeleteKey);
                "others: delete a key"
            }
            32..36 => {
                deed(Deed::RecreateKey);
                "others: replace a key"
            }
            36..40 => {
                self.sim.act(account, &Act::new(Deed::DeleteUser).user(user));
                "others: delete a user"
            }
            40..70 => {
                let name = self.name();
                self.rename(account, user, &name);
                "others: rename a user"
            }
            70..80 => {
                let name = self.name();
                self.rename(account, user, &name);
                self.create(account, user);
                "others: rename a user, and give its name to a new one"
            }
            80..98 => {
                let name = self.name();
                self.create(account, &name);
                "others: create a user"
            }
            _ => {
                // The caller's own account cannot be closed.
                if Some(account) == self.sim.caller_account() {
                    return;
                }
                self.sim.edit(|world| {
                    world.account(account).state(AccountState::Suspended);
                });
                "others: close an account"
            }
        };
        self.tally.count(what);
    }
}
