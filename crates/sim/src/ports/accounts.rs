//! `Accounts`: who calls, and the way into member accounts.

use std::sync::Mutex;

use keysweep_core::account::{AccountId, CallerIdentity, Partition};
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::ports::{Accounts, ServerTime};
use keysweep_core::time::Instant;

use super::{Session, SimAccount, SimPorts};

impl ServerTime for SimPorts {
    /// The world's time: every answer is given at it.
    fn server_time(&self) -> Option<Instant> {
        Some(self.sim.now())
    }
}

impl Accounts for SimPorts {
    type Entered = SimAccount;

    async fn get_caller_identity(&self) -> CallResult<CallerIdentity> {
        let call = Call::GetCallerIdentity;
        let output = self.call(call, |context| context.get_caller_identity()).await?;
        let partition = Partition::of_arn(&output.arn).ok_or_else(|| CallError {
            call,
            kind: CallErrorKind::Malformed,
            code: None,
            message: format!("Arn: {} names no partition that is known here", output.arn),
            request_id: None,
        })?;
        Ok(CallerIdentity { account: output.account, arn: output.arn, partition })
    }

    fn own(&self) -> SimAccount {
        let session = Session { credentials: self.credentials.clone(), expires: None };
        SimAccount { ports: self.clone(), entered: None, session: Mutex::new(session) }
    }

    async fn enter(&self, account: AccountId) -> CallResult<SimAccount> {
        let session = self.assume(account).await?;
        Ok(SimAccount { ports: self.clone(), entered: Some(account), session: Mutex::new(session) })
    }
}
