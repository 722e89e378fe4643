//! AWS STS: who the caller is, and the way into member accounts.

use aws_sdk_sts::operation::RequestId;
use keysweep_core::account::{AccountId, CallerIdentity, Partition};
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::ports::Accounts;

use crate::answer::Answer;
use crate::credentials::{AssumedRole, RoleCredentials};
use crate::request::answered;
use crate::session::{EnteredAccount, Session};

impl Accounts for Session {
    type Entered = EnteredAccount;

    /// Learns the caller's partition on the way.
    async fn get_caller_identity(&self) -> CallResult<CallerIdentity> {
        let call = Call::GetCallerIdentity;
        // The first call of all: what is wrong with it may be where it goes.
        let from = |mut error: CallError| {
            if error.code.is_none() && error.kind == CallErrorKind::Unavailable {
                error.message = format!("{} ({})", error.message, self.shared.sts_is);
            }
            error
        };
        let request = self.shared.sts.get_caller_identity().send();
        let output = answered(call, request).await.map_err(from)?;
        let answer = Answer { call, request_id: output.request_id() };
        let arn = answer.text("Arn", output.arn())?;
        let partition = Partition::of_arn(arn).ok_or_else(|| {
            answer.malformed(format_args!("Arn: the partition of {arn:?} is not known here"))
        })?;
        // The first answer stands: credentials do not move to another partition.
        let partition = *self.shared.partition.get_or_init(|| partition);
        Ok(CallerIdentity {
            account: answer.parsed("Account", output.account())?,
            arn: arn.to_owned(),
            partition,
        })
    }

    fn own(&self) -> EnteredAccount {
        self.own_clients()
    }

    /// Every time a new session of the role. Keep what is returned: it renews its credentials by itself.
    async fn enter(&self, account: AccountId) -> CallResult<EnteredAccount> {
        let role = AssumedRole {
            sts: self.shared.sts.clone(),
            arn: self.shared.role.arn(self.partition(), account),
            options: self.shared.role.clone(),
        };
        let first = role.assume().await?;
        Ok(self.clients_of(RoleCredentials::new(role, first, self.shared.time.clone())))
    }
}
