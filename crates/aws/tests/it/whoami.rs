//! Makes one call of each kind with the configuration that it finds, and says what came of it. The tests run it in
//! environments of their own: an environment belongs to a process.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use keysweep_aws::{Session, SessionOptions};
use keysweep_core::ports::{Accounts, Directory, Inventory};

/// `keysweep-aws-whoami [PROFILE]`
fn main() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(tell());
    Ok(())
}

async fn tell() {
    let profile = std::env::args().nth(1);
    let session = match Session::load(SessionOptions { profile, ..SessionOptions::default() }).await {
        Ok(session) => session,
        Err(error) => return println!("no session: {error}"),
    };
    println!("region {}", session.region());
    let caller = session.get_caller_identity().await;
    println!("sts {}", caller.map_or_else(|error| error.to_string(), |caller| caller.arn));
    println!("organizations {}", session.list_accounts(None).await.is_ok());
    println!("iam {}", session.own().list_users(None).await.is_ok());
}
