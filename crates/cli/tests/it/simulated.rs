//! A simulated AWS on the wire, in the test's own process.

use std::sync::Arc;

use keysweep_core::account::AccountId;
use keysweep_core::time::{Instant, SignedDuration};
use keysweep_sim::{Edit, Sim, WorldSpec, wire};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::program::{Program, keysweep};

/// A running simulated AWS; it ends with the value.
pub(crate) struct Aws {
    pub(crate) sim: Arc<Sim>,
    variables: Vec<(&'static str, String)>,
    _runtime: Runtime,
}

impl Aws {
    /// The keys that are gone from the world, in the order of their ids.
    pub(crate) fn deleted_keys(&self) -> Vec<String> {
        let truth = self.sim.truth();
        let mut keys: Vec<String> = truth
            .accounts
            .iter()
            .flat_map(|account| &account.deleted_keys)
            .map(|key| key.id.clone())
            .collect();
        keys.sort();
        keys
    }

    pub(crate) fn serve(spec: WorldSpec) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sim = Arc::new(Sim::real_time(spec));
        let server = runtime.block_on(async {
            wire::serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::clone(&sim)).unwrap()
        });
        let variables = sim.environment(server.address());
        // Dropping the server would stop it; it ends with the runtime.
        std::mem::forget(server);
        Self { sim, variables, _runtime: runtime }
    }

    /// A world with nothing but what `fill` puts into it.
    pub(crate) fn with(fill: impl FnOnce(&mut Edit<'_>)) -> Self {
        let aws = Self::serve(WorldSpec::empty(Instant::from_unix(0)));
        aws.sim.edit(fill);
        aws
    }

    /// What must never be shown.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let operator = self.sim.operator();
        [Some(operator.secret_access_key), operator.session_token].into_iter().flatten().collect()
    }

    /// The program, led to this AWS.
    pub(crate) fn keysweep(&self) -> Program {
        self.variables.iter().fold(keysweep(), |program, (name, value)| program.env(name, value))
    }
}

/// A key that has been inactive for longer than the history reaches back.
pub(crate) const OLD: &str = "AKIAOLDOLDOLDOLDOLD1";
/// Another one.
pub(crate) const OTHER: &str = "AKIAALSOALSOALSOALS1";

/// Gives alice in that account an inactive key.
pub(crate) fn old_key(world: &mut Edit<'_>, number: u64, id: &str) {
    world.account(account(number)).user("alice").key(id, days_ago(900)).deactivated(days_ago(400));
}

/// Two accounts, in each an inactive key of alice: one old, one switched off ten days ago.
pub(crate) fn two_accounts() -> Aws {
    Aws::with(|world| {
        old_key(world, 1, OLD);
        world
            .account(account(2))
            .user("alice")
            .tag("owner", "x\u{202e}y")
            .key(OTHER, days_ago(80))
            .deactivated(days_ago(10));
    })
}

pub(crate) fn account(number: u64) -> AccountId {
    AccountId::from_number(number).unwrap()
}

/// So many days before the test runs.
pub(crate) fn days_ago(days: i64) -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulated AWS goes with the real time, as the program does"
    )]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant::from_unix(i64::try_from(now.as_secs()).unwrap()) - SignedDuration::from_hours(24 * days)
}
