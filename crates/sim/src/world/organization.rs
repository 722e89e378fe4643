//! The organization: its tree of organizational units and its accounts, as far as Organizations knows them.

use std::collections::BTreeMap;

use keysweep_core::account::{AccountId, AccountState};
use keysweep_core::time::{Instant, SignedDuration};

use super::names;
use super::spec::WorldSpec;
use crate::seed;

/// An organizational unit; the first of all is the root.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parent: Option<usize>,
}

/// The organization.
#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) units: Vec<Unit>,
    seed: u64,
}

const TREE: [(&str, &str); 11] = [
    ("", "Security"),
    ("", "Infrastructure"),
    ("", "Workloads"),
    ("", "Sandbox"),
    ("", "Suspended"),
    ("Workloads", "Production"),
    ("Workloads", "Staging"),
    ("Workloads", "Development"),
    ("Workloads/Production", "PCI"),
    ("Workloads/Production", "Internal"),
    ("Infrastructure", "Networking"),
];

impl Organization {
    pub(crate) fn new(world_seed: u64) -> Self {
        let seed = seed::mix(&[world_seed, 0x0f6]);
        let root = format!("r-{}", seed::lower(seed, 4));
        let mut organization = Self {
            id: format!("o-{}", seed::lower(seed ^ 1, 10)),
            units: vec![Unit { id: root, name: "Root".to_owned(), parent: None }],
            seed,
        };
        for (parent, name) in TREE {
            let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
            organization.unit_at(&path);
        }
        organization
    }

    /// The place of the unit with this path of names below the root; it is made if there is none.
    pub(crate) fn unit_at(&mut self, path: &str) -> usize {
        let mut place = 0;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let found = self.units.iter().position(|unit| unit.parent == Some(place) && unit.name == name);
            place = found.unwrap_or_else(|| {
                let root =
                    self.units.first().map(|root| root.id.trim_start_matches("r-")).unwrap_or_default();
                let suffix = seed::lower(seed::mix(&[self.seed, self.units.len() as u64]), 8);
                let id = format!("ou-{root}-{suffix}");
                self.units.push(Unit { id, name: name.to_owned(), parent: Some(place) });
                self.units.len() - 1
            });
        }
        place
    }

    /// The names on the way from the root to a unit, without the root.
    pub(crate) fn path(&self, place: usize) -> String {
        let mut names = Vec::new();
        let mut unit = self.units.get(place);
        while let Some(Unit { name, parent: Some(parent), .. }) = unit {
            names.push(name.as_str());
            unit = self.units.get(*parent);
        }
        names.reverse();
        names.join("/")
    }

    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.units.iter().position(|unit| unit.id == id)
    }
}

/// A role that can be assumed from the management account.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// With its path: `path/name`.
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
}

/// An account as the organization sees it. What IAM holds of it is made when it is first touched.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: AccountId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) state: AccountState,
    pub(crate) unit: usize,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) invited: bool,
    pub(crate) joined: Instant,
    pub(crate) created: Instant,
    pub(crate) roles: Vec<Role>,
    pub(crate) delegated_administrator: bool,
    /// How many users with an Inactive key are to be made.
    pub(crate) inactive_users: usize,
}

/// The accounts that are suspended or being closed, by their place: at least one of each in organizations of 20 accounts
/// or more, unless the specification wants none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "organizations are far smaller than 2^52 accounts, and the share is clamped to 0..1"
)]
pub(crate) fn closed(spec: &WorldSpec) -> BTreeMap<usize, AccountState> {
    let share = spec.closed_accounts.clamp(0.0, 1.0);
    if spec.accounts < 20 || share == 0.0 {
        return BTreeMap::new();
    }
    let count = ((share * spec.accounts as f64).round() as usize).max(2);
    let mut places: Vec<usize> = (4..spec.accounts).collect();
    seed::rng(&[spec.seed, 0xc10]).shuffle(&mut places);
    let states = [AccountState::Suspended, AccountState::PendingClosure];
    places.into_iter().take(count).zip(states.into_iter().cycle()).collect()
}

/// The account at this place of the specification's world.
pub(crate) fn member(
    spec: &WorldSpec,
    index: usize,
    id: AccountId,
    inactive_users: usize,
    state: AccountState,
    organization: &mut Organization,
) -> Member {
    let mut rng = seed::rng(&[spec.seed, index as u64, 0xacc]);
    let name = names::account(&mut rng, index);
    let created = spec.now - SignedDuration::from_secs(rng.i64(500 * 86_400..2_900 * 86_400));
    let place = match (index, state != AccountState::Active) {
        (0, _) => "",
        (1 | 2, _) => "Security",
        (3, _) => "Infrastructure/Networking",
        (_, true) => "Suspended",
        _ if name.contains("-prod") => {
            ["Workloads/Production/PCI", "Workloads/Production/Internal"][rng.usize(..2)]
        }
        _ if name.contains("-sandbox") => "Sandbox",
        _ if name.contains("-dev") || name.contains("-qa") => "Workloads/Development",
        _ => "Workloads/Staging",
    };
    let (team, owner) = names::owner(&mut rng);
    let mut tags = BTreeMap::new();
    if rng.u8(..100) < 85 {
        tags.insert("team".to_owned(), team.to_owned());
        tags.insert("owner".to_owned(), owner);
    }
    if let Some(environment) = name.split('-').find(|word| ["prod", "staging", "dev", "qa"].contains(word)) {
        tags.insert("environment".to_owned(), environment.to_owned());
    }
    let role = Role { name: spec.role_name.clone(), external_id: spec.external_id.clone() };
    let enterable = index > 0 && !spec.not_enterable.contains(&index);
    Member {
        id,
        email: format!("aws+{name}@example.com"),
        name,
        state,
        unit: organization.unit_at(place),
        tags,
        invited: false,
        joined: created,
        created,
        roles: enterable.then_some(role).into_iter().collect(),
        delegated_administrator: false,
        inactive_users,
    }
}

/// How many users with an Inactive key each account gets: drawn one by one, so that some accounts have many and some
/// none, and exactly as many in all as the specification says.
pub(crate) fn spread(spec: &WorldSpec) -> Vec<usize> {
    let users = spec.users_per_account;
    let total = spec.inactive_total();
    // Where more than half are inactive, those that are not are drawn: the draw below would find few free places.
    let most = total.saturating_mul(2) > spec.accounts.saturating_mul(users);
    let mut draws = if most { spec.accounts * users - total } else { total };
    let mut counts = vec![0_usize; spec.accounts];
    let mut rng = seed::rng(&[spec.seed, 0x59d]);
    while draws > 0 {
        let Some(count) = counts.get_mut(rng.usize(..spec.accounts)) else { break };
        if *count < users {
            *count += 1;
            draws -= 1;
        }
    }
    if most {
        for count in &mut counts {
            *count = users - *count;
        }
    }
    counts
}
