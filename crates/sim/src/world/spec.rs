//! What a world is to be like. The same specification gives the same world, in whatever order it is looked at.

use keysweep_core::account::Partition;
use keysweep_core::time::{Instant, SignedDuration};

use crate::profile::Profile;

/// A world's specification. All fields are public; [`WorldSpec::default`] is a small organization.
#[derive(Clone, Debug)]
pub struct WorldSpec {
    /// Everything random is drawn from it.
    pub seed: u64,
    /// The moment at which the world is handed over: histories end here.
    pub now: Instant,
    /// How many accounts. The first is the management account, where the caller is.
    pub accounts: usize,
    /// How many users every account has. The caller is a session of a role and no user.
    pub users_per_account: usize,
    /// The share of users with at least one Inactive key, over all accounts: exactly `round(share * users)` of them.
    pub inactive_users: f64,
    /// Whether no status was changed within the last 90 days, nor anybody refused to change one: all inactive keys are
    /// old, and the event history has none of them.
    pub quiet_history: bool,
    /// The share of accounts whose root user has an Inactive key.
    pub inactive_root: f64,
    /// How the simulated AWS behaves.
    pub profile: Profile,
    /// The partition.
    pub partition: Partition,
    /// Whether the accounts form an organization. Without one, only the first account can be entered.
    pub organization: bool,
    /// The share of accounts that are suspended or being closed, where there are 20 accounts or more: at least one of
    /// each kind, unless the share is 0. Their users count as all others do.
    pub closed_accounts: f64,
    /// The role in every member account: its name, with its path if it has one.
    pub role_name: String,
    /// The external id that the role asks for.
    pub external_id: Option<String>,
    /// Accounts, by their place from 0, whose role cannot be assumed.
    pub not_enterable: Vec<usize>,
    /// Accounts, by their place from 0, where a service control policy denies `LookupEvents`.
    pub lookup_denied: Vec<usize>,
    /// The age of the credential report that every account has already; `None` for none.
    pub report_age: Option<SignedDuration>,
    /// Whether credential reports have the 23rd column, `additional_credentials_info`.
    pub additional_credentials_info: bool,
}

impl Default for WorldSpec {
    fn default() -> Self {
        Self {
            seed: 7,
            // 2026-11-23T09:00:00Z
            now: Instant::from_unix(1_795_424_400),
            accounts: 10,
            users_per_account: 20,
            inactive_users: 0.1,
            quiet_history: false,
            inactive_root: 0.02,
            profile: Profile::unlimited(),
            partition: Partition::Aws,
            organization: true,
            closed_accounts: 0.04,
            role_name: "OrganizationAccountAccessRole".to_owned(),
            external_id: None,
            not_enterable: Vec::new(),
            lookup_denied: Vec::new(),
            report_age: None,
            additional_credentials_info: false,
        }
    }
}

impl WorldSpec {
    /// A world without accounts, to be filled by [`crate::Sim::edit`].
    pub fn empty(now: Instant) -> Self {
        Self { now, accounts: 0, ..Self::default() }
    }

    /// One account alone.
    pub fn single_account(users: usize) -> Self {
        Self { accounts: 1, users_per_account: users, organization: false, ..Self::default() }
    }

    /// An organization of so many accounts.
    pub fn organization(accounts: usize, users_per_account: usize) -> Self {
        Self { accounts, users_per_account, ..Self::default() }
    }

    /// With this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Handed over at this moment.
    #[must_use]
    pub fn now(mut self, now: Instant) -> Self {
        self.now = now;
        self
    }

    /// With this share of users with an Inactive key.
    #[must_use]
    pub fn inactive_users(mut self, share: f64) -> Self {
        self.inactive_users = share;
        self
    }

    /// With this behaviour.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// In this partition.
    #[must_use]
    pub fn partition(mut self, partition: Partition) -> Self {
        self.partition = partition;
        self
    }

    /// How many users have an Inactive key in all.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "worlds are far smaller than 2^52 users, and the share is clamped to 0..1"
    )]
    pub(crate) fn inactive_total(&self) -> usize {
        let users = self.accounts.saturating_mul(self.users_per_account);
        (self.inactive_users.clamp(0.0, 1.0) * users as f64).round() as usize
    }
}
