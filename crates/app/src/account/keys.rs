//! Finds the inactive keys of an account: through the credential report where there is one that agrees with IAM, else by
//! listing every user.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use keysweep_core::assessment::Method;
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::evidence::credential_report::{Row, Slot};
use keysweep_core::evidence::{Observation, ObservationSource};
use keysweep_core::key::{AccessKey, AccessKeyId, KeyStatus, LastUsed, ListedStatus, Owner, User, UserName};
use keysweep_core::memory::{ListedUser, Listing, RowIdentity};
use keysweep_core::ports::{Clock, Inventory, StatusHistory};
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::time::{Instant, SignedDuration};

use super::known::{Known, last_look};
use super::report::Report;
use super::{IN_FLIGHT, Work, method};
use crate::organization::all_pages;
use crate::progress::Event;

/// How many users without a key in the report are listed all the same, to see whether the report tells the truth.
const SPOT_CHECK: usize = 5;
/// How often all users are listed while each time shows new ones.
const LISTED_AT_MOST: usize = 5;
/// IAM is eventually consistent: an answer may be this old. Propagation takes seconds.
pub(crate) const CONSISTENT_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// What was found.
pub(super) struct Keys {
    pub(super) method: Option<Method>,
    /// How many users there are; `None` where they could not be listed to the end.
    pub(super) users: Option<u64>,
    pub(super) inactive: Vec<InactiveKey>,
    pub(super) root: Vec<RootKey>,
    pub(super) problems: Vec<Problem>,
    /// The statuses that were seen, for later scans.
    pub(super) observations: Vec<(AccessKeyId, Observation)>,
    /// What later scans need not ask; `None` where there is no report by which to tell.
    pub(super) listing: Option<Listing>,
}

impl Keys {
    /// A user that was renamed meanwhile may have been listed under both names: the latest look at a key says what it is.
    fn keep_the_latest_looks(&mut self) {
        let mut latest: BTreeMap<AccessKeyId, Instant> = BTreeMap::new();
        let listed = self.observations.iter().map(|(key, look)| (key, look.to));
        for (key, to) in listed.chain(self.inactive.iter().map(|found| (&found.key.id, found.seen.to))) {
            let last = latest.entry(key.clone()).or_insert(to);
            *last = to.max(*last);
        }
        let mut kept = BTreeSet::new();
        self.inactive.retain(|found| {
            latest.get(&found.key.id) == Some(&found.seen.to) && kept.insert(found.key.id.clone())
        });
    }
}

/// A user's key that was seen Inactive.
pub(super) struct InactiveKey {
    pub(super) user: UserName,
    pub(super) owner: Owner,
    pub(super) key: AccessKey,
    /// The creation dates of all keys of the user, this one's too.
    pub(super) all_created: Vec<Instant>,
    pub(super) seen: Observation,
    /// The user's name in the credential report: it may have been renamed since.
    pub(super) report_name: UserName,
}

/// An inactive key of the root user, as the credential report shows it.
pub(super) struct RootKey {
    pub(super) created: Instant,
    pub(super) last_used: LastUsed,
}

/// A user whose keys are to be listed.
#[derive(Clone)]
struct Candidate {
    name: UserName,
    arn: String,
    created: Instant,
    /// `AIDA…`, where it is known: the report does not tell it.
    id: Option<String>,
    report_name: UserName,
}

impl From<User> for Candidate {
    fn from(user: User) -> Self {
        let report_name = user.name.clone();
        Self { name: user.name, arn: user.arn, created: user.created, id: Some(user.id), report_name }
    }
}

/// The keys of one user at one time: listed now, or known from before.
struct Listed {
    user: Candidate,
    answer: CallResult<Vec<AccessKey>>,
    /// The first and the last second of the look.
    from: Instant,
    to: Instant,
    source: ObservationSource,
}

impl<E: Inventory + StatusHistory, C: Clock> Work<'_, E, C> {
    pub(super) async fn keys(&self, report: Option<&Report>, known: &Known<'_>) -> Keys {
        let mut keys = Keys {
            method: None,
            users: None,
            inactive: Vec::new(),
            root: Vec::new(),
            problems: Vec::new(),
            observations: Vec::new(),
            listing: None,
        };
        self.root_keys(report, &mut keys).await;
        let mut listed = Vec::new();
        let mut exhaustive = true;
        if let Some(report) = report.filter(|_| !self.plan.exhaustive) {
            let (spared, to_list) = self.candidates(report, known);
            listed = self.list_keys(to_list).await;
            let disagrees = listed.iter().find(|listed| disagrees(listed, report));
            exhaustive = disagrees.is_some();
            if let Some(Listed { user, .. }) = disagrees {
                let gap = Gap::ReportDistrusted { user: user.name.clone() };
                let generated = format!("the report of {}", report.generated_at);
                keys.problems.push(self.problem_saying(gap, generated));
            } else {
                listed.extend(spared);
                keys.users = Some(report.rows.users.len() as u64);
            }
            keys.method = Some(Method::CredentialReport);
        }
        if exhaustive {
            self.list_everyone(&mut listed, &mut keys).await;
        }
        self.follow_vanished(report, &mut listed, &mut keys.problems).await;
        listed.sort_by(|a, b| a.user.name.cmp(&b.user.name));
        keys.listing = report.filter(|_| !exhaustive).map(|report| self.listing(&listed, report, known));
        for listed in listed {
            self.sort_out(listed, &mut keys);
        }
        keys.keep_the_latest_looks();
        keys
    }

    /// What a later scan need not ask: the users whose keys are those that their row shows, and the rows of users without
    /// keys, now that the report was found true of some.
    fn listing(&self, listed: &[Listed], report: &Report, known: &Known<'_>) -> Listing {
        let as_listed = |listed: &Listed| {
            let row = row_of(report, &listed.user.report_name)?;
            let row = RowIdentity::of(&listed.user.report_name, row)?;
            let keys = listed.answer.as_ref().ok().filter(|keys| !keys.is_empty() && row.shows(keys))?;
            let (scan, from, to) = match known.user(&listed.user.name) {
                Some(before) if listed.source != ObservationSource::ListAccessKeys => {
                    (before.scan.clone(), before.from, before.to)
                }
                _ => (self.plan.scan.to_owned(), listed.from, listed.to),
            };
            Some(ListedUser { row, keys: keys.clone(), scan, from, to, tags: None })
        };
        let without_key =
            report.rows.users.iter().filter(|(_, row)| !row.calls_for_a_look() && row.has_empty_slot());
        Listing {
            users: listed.iter().filter_map(as_listed).collect(),
            vouched: without_key.filter_map(|(name, row)| RowIdentity::of(name, row)).collect(),
            vouched_at: known.vouched_at(),
        }
    }

    async fn users(&self) -> (Vec<User>, Option<CallError>) {
        all_pages(async |marker: Option<String>| {
            self.call(Call::ListUsers, || self.entered.list_users(marker.as_deref())).await
        })
        .await
    }

    /// The keys of every user, beside those that are listed already. Users can be renamed, and their names given to others,
    /// between two pages and before their keys are listed: so users are listed again until that shows nothing new.
    async fn list_everyone(&self, listed: &mut Vec<Listed>, keys: &mut Keys) {
        let mut names: BTreeMap<String, UserName> = BTreeMap::new();
        for _ in 0..LISTED_AT_MOST {
            let (users, failed) = self.users().await;
            let is_whole = failed.is_none();
            if is_whole {
                keys.users = Some(users.len() as u64);
            }
            if is_whole || !users.is_empty() {
                keys.method = Some(method(true));
            }
            keys.problems.extend(failed.map(|error| self.problem(Gap::UsersNotListed, error)));
            let mut new = Vec::new();
            for user in users {
                let before = names.insert(user.id.clone(), user.name.clone());
                let by_report = listed.iter_mut().find(|listed| {
                    let other = &listed.user;
                    other.id.is_none() && other.name == user.name && other.created == user.created
                });
                match by_report {
                    Some(listed) => listed.user.id = Some(user.id),
                    None if before.as_ref() == Some(&user.name) => {}
                    None => new.push(Candidate::from(user)),
                }
            }
            // What was listed of them under another name may be another user's.
            let renewed: BTreeSet<&Option<String>> = new.iter().map(|user| &user.id).collect();
            listed.retain(|listed| {
                if listed.user.id.is_some() { !renewed.contains(&listed.user.id) } else { !is_whole }
            });
            let is_done = new.is_empty() || !is_whole;
            listed.extend(self.list_keys(new).await);
            if is_done {
                return;
            }
        }
        let detail =
            format!("users were created or renamed each of the {LISTED_AT_MOST} times they were listed");
        keys.problems.push(self.problem_saying(Gap::UsersNotListed, detail));
    }

    /// The users whose rows call for a look, those first whose keys are known; and a few of those that show no key.
    fn candidates(&self, report: &Report, known: &Known<'_>) -> (Vec<Listed>, Vec<Candidate>) {
        let candidate = |(name, row): &(UserName, Row)| Candidate {
            name: name.clone(),
            arn: row.arn.clone(),
            created: row.created,
            id: None,
            report_name: name.clone(),
        };
        let (look, rest): (Vec<_>, Vec<_>) =
            report.rows.users.iter().partition(|(_, row)| row.calls_for_a_look());
        let mut without_key: Vec<_> = rest
            .into_iter()
            .filter(|(name, row)| row.has_empty_slot() && !known.is_vouched(name, row))
            .collect();
        // Other users each time, so that a fault of the report cannot hide behind the same few for ever.
        let mut random = fastrand::Rng::with_seed(seed(&[self.plan.scan, &self.account.id.to_string()]));
        let checked = SPOT_CHECK.min(without_key.len());
        for index in 0..checked {
            let chosen = random.usize(index..without_key.len());
            without_key.swap(index, chosen);
        }
        let (mut spared, mut to_list) = (Vec::new(), Vec::new());
        for row in look {
            match known.user(&row.0) {
                Some(before) => {
                    let (from, to, source) = last_look(before, report);
                    let answer = Ok(before.keys.clone());
                    spared.push(Listed { user: candidate(row), answer, from, to, source });
                }
                None => to_list.push(candidate(row)),
            }
        }
        to_list.extend(without_key.into_iter().take(checked).map(candidate));
        (spared, to_list)
    }

    async fn list_keys(&self, users: Vec<Candidate>) -> Vec<Listed> {
        let clock = self.caller.desk.clock;
        self.caller.desk.tell(Event::KeysToList { account: self.account.id, users: users.len() });
        let list = async |user: Candidate| {
            let asked_at = clock.now();
            let (keys, failed) = all_pages(async |marker: Option<String>| {
                self.call(Call::ListAccessKeys, || {
                    self.entered.list_access_keys(&user.name, marker.as_deref())
                })
                .await
            })
            .await;
            Listed {
                user,
                answer: failed.map_or(Ok(keys), Err),
                from: asked_at - CONSISTENT_WITHIN,
                to: clock.now(),
                source: ObservationSource::ListAccessKeys,
            }
        };
        futures_util::stream::iter(users).map(list).buffer_unordered(IN_FLIGHT).collect().await
    }

    /// A user that is no longer found under its name was renamed or deleted: its keys are looked for under the name it
    /// has now, and only when it is not there it is told to be gone. Its old name may be another user's by now, who does not
    /// have the key that the report showed.
    async fn follow_vanished(
        &self,
        report: Option<&Report>,
        listed: &mut Vec<Listed>,
        problems: &mut Vec<Problem>,
    ) {
        let row = |user: &Candidate| report.and_then(|report| row_of(report, &user.report_name));
        let is_gone =
            |listed: &Listed| matches!(&listed.answer, Err(error) if error.kind == CallErrorKind::NotFound);
        let lacks_key = |listed: &Listed| {
            listed.user.id.is_none() && row(&listed.user).is_some_and(|row| lacks(listed, row))
        };
        let (mut gone, found): (Vec<_>, Vec<_>) = listed.drain(..).partition(is_gone);
        // A user of the spot check that is gone had no inactive key to lose.
        gone.retain(|listed| row(&listed.user).is_none_or(Row::calls_for_a_look));
        let (doubtful, found): (Vec<_>, Vec<_>) = found.into_iter().partition(lacks_key);
        *listed = found;
        if gone.is_empty() && doubtful.is_empty() {
            return;
        }
        let (users, failed) = self.users().await;
        if let Some(error) = failed {
            problems.extend(gone.iter().chain(&doubtful).map(|listed| {
                self.problem(Gap::KeysNotListed { user: listed.user.name.clone() }, error.clone())
            }));
            listed.extend(doubtful);
            return;
        }
        // Whoever still has its name has lost just the key.
        let (same, replaced): (Vec<_>, Vec<_>) = doubtful.into_iter().partition(|Listed { user, .. }| {
            users.iter().any(|other| other.name == user.name && other.created == user.created)
        });
        listed.extend(same);
        let gone: Vec<Candidate> = gone.into_iter().chain(replaced).map(|listed| listed.user).collect();
        let known: BTreeSet<&UserName> = listed.iter().map(|listed| &listed.user.name).collect();
        let mut renamed: BTreeMap<UserName, Candidate> = BTreeMap::new();
        for user in gone {
            let same = |other: &&User| {
                let same_id = user.id.as_ref().is_some_and(|id| *id == other.id);
                let same_creation = user.id.is_none() && other.created == user.created;
                (same_id || same_creation) && !known.contains(&other.name)
            };
            let mut heirs = users.iter().filter(same).peekable();
            if heirs.peek().is_none() {
                problems.push(Problem {
                    account: Some(self.account.id),
                    gap: Gap::UserVanished { user: user.name.clone() },
                    error: None,
                    detail: Some(format!("ListUsers knows no user created at {}", user.created)),
                });
            }
            for heir in heirs {
                let candidate =
                    Candidate { report_name: user.report_name.clone(), ..Candidate::from(heir.clone()) };
                renamed.insert(heir.name.clone(), candidate);
            }
        }
        let followed = self.list_keys(renamed.into_values().collect()).await;
        let mut unfound: BTreeSet<UserName> = BTreeSet::new();
        for again in &followed {
            let its_own = |other: &&Listed| other.user.report_name == again.user.report_name;
            let is_lacking =
                |other: &Listed| is_gone(other) || row(&other.user).is_some_and(|row| lacks(other, row));
            // Of several users that were created in the same second, one has the key.
            if followed.iter().filter(its_own).all(is_lacking) {
                unfound.insert(again.user.report_name.clone());
            }
        }
        problems.extend(unfound.into_iter().map(|user| {
            let detail = "it changed its name or was deleted twice, or lost its key as well".to_owned();
            self.problem_saying(Gap::UserVanished { user }, detail)
        }));
        listed.extend(followed.into_iter().filter(|again| !is_gone(again)));
    }

    fn sort_out(&self, listed: Listed, keys: &mut Keys) {
        let Listed { user, answer, from, to, source } = listed;
        let listed = match answer {
            Ok(listed) => listed,
            Err(error) => {
                keys.problems.push(self.problem(Gap::KeysNotListed { user: user.name }, error));
                return;
            }
        };
        let all_created: Vec<Instant> = listed.iter().map(|key| key.created).collect();
        for key in listed {
            let status = match &key.status {
                ListedStatus::Known(status) => *status,
                ListedStatus::Other(status) => {
                    keys.problems.push(Problem {
                        account: Some(self.account.id),
                        gap: Gap::UnknownStatus {
                            user: user.name.clone(),
                            key: key.id.clone(),
                            status: status.clone(),
                        },
                        error: None,
                        detail: None,
                    });
                    continue;
                }
            };
            let seen = Observation { from, to, status, source: source.clone() };
            // What an earlier scan saw is remembered already.
            if !matches!(source, ObservationSource::EarlierScan(_)) {
                keys.observations.push((key.id.clone(), seen.clone()));
            }
            if status == KeyStatus::Inactive {
                keys.inactive.push(InactiveKey {
                    user: user.name.clone(),
                    owner: Owner::User { name: user.name.clone(), arn: user.arn.clone() },
                    key,
                    all_created: all_created.clone(),
                    seen,
                    report_name: user.report_name.clone(),
                });
            }
        }
    }

    /// The root user's inactive keys. Only the report shows them; without it, `GetAccountSummary` can at least say that
    /// there are no keys at all.
    async fn root_keys(&self, report: Option<&Report>, keys: &mut Keys) {
        let Some(report) = report else {
            let summary = self.call(Call::GetAccountSummary, || self.entered.get_account_summary()).await;
            let detail = match summary.map(|summary| summary.root_access_keys) {
                Ok(Some(0)) => return,
                Ok(Some(_)) => "it has access keys, and only the credential report tells their status",
                Ok(None) => "GetAccountSummary does not say AccountAccessKeysPresent",
                Err(error) => {
                    keys.problems.push(self.problem(Gap::RootKeysNotAssessed, error));
                    return;
                }
            };
            keys.problems.push(self.problem_saying(Gap::RootKeysNotAssessed, detail.to_owned()));
            return;
        };
        let row = &report.rows.root;
        keys.root = row
            .inactive()
            .map(|(created, last_used)| RootKey { created, last_used: last_used.clone() })
            .collect();
        if row.slots.contains(&Slot::Contradictory) || row.has_more {
            let detail =
                "the credential report's row <root_account> contradicts itself or does not show all keys";
            keys.problems.push(self.problem_saying(Gap::RootKeysNotAssessed, detail.to_owned()));
        }
    }
}

/// The report's row of a user.
pub(super) fn row_of<'a>(report: &'a Report, name: &UserName) -> Option<&'a Row> {
    report.rows.users.iter().find(|(other, _)| other == name).map(|(_, row)| row)
}

/// Whether IAM lists a key, older than the report, that the user's row does not show.
fn disagrees(listed: &Listed, report: &Report) -> bool {
    let Some(row) = row_of(report, &listed.user.report_name).filter(|row| !row.has_more) else {
        return false;
    };
    let Ok(keys) = &listed.answer else { return false };
    let shown = row.slots.iter().filter(|slot| matches!(slot, Slot::Key { .. })).count();
    keys.iter().filter(|key| key.created < report.gathered_from()).count() > shown
}

/// Whether a key that the user's row shows Inactive is not listed.
fn lacks(listed: &Listed, row: &Row) -> bool {
    let Ok(keys) = &listed.answer else { return false };
    row.inactive().any(|(created, _)| keys.iter().all(|key| key.created != created))
}

/// FNV-1a over the texts: the same texts, the same choice.
fn seed(texts: &[&str]) -> u64 {
    texts
        .iter()
        .flat_map(|text| text.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
