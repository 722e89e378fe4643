//! What the SDK clients of one account weigh: enters every account of the organization that the environment leads to, makes one
//! call in each, holds them all at once, and prints how many there are and the memory (resident, KiB) that each added.
//! `scripts/bench clients` runs it on a simulated AWS. Linux only: it reads `/proc/self/status`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement: what fails, fails it")]

use futures_util::{StreamExt, stream};
use keysweep_aws::{Session, SessionOptions};
use keysweep_core::ports::{Accounts, Directory, Inventory};

/// The resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::main]
async fn main() {
    let session = Session::load(SessionOptions::default()).await.unwrap();
    let own = session.get_caller_identity().await.unwrap().account;
    let (mut accounts, mut token) = (Vec::new(), None);
    loop {
        let page = session.list_accounts(token.as_deref()).await.unwrap();
        let active = |account: &keysweep_core::ports::ListedAccount| account.state.as_api() == "ACTIVE";
        accounts.extend(page.items.into_iter().filter(active).map(|account| account.id));
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    accounts.retain(|account| *account != own);
    let enter = async |account| {
        let entered = session.enter(account).await.unwrap();
        entered.get_account_summary().await.unwrap();
        entered
    };
    // The first ones pay for connections and for what all share.
    let shared = accounts.len() / 10;
    let mut held: Vec<_> =
        stream::iter(accounts.drain(..shared)).map(enter).buffer_unordered(32).collect().await;
    let before = resident();
    held.extend(stream::iter(accounts).map(enter).buffer_unordered(32).collect::<Vec<_>>().await);
    let more = u64::try_from(held.len() - shared).unwrap();
    println!("{} accounts held, {} KiB each", held.len(), (resident() - before) / more.max(1));
}
