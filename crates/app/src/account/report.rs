//! Gets the account's credential report: asks for it, waits for it within reason, reads it.

use std::time::Duration;

use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::evidence::credential_report::{CredentialReport, ReportError};
use keysweep_core::ports::{Clock, Inventory, RawReport, ReportState, StatusHistory};
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::time::{Instant, SignedDuration};

use super::Work;

/// A report that is not made within this time is stuck; a large account's takes well under a minute.
const PATIENCE: Duration = Duration::from_mins(2);
/// The pause after asking for a report. A small account's is there at once.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No pause between two questions whether the report is done is longer: it would be what the scan waits for.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// How long AWS may have taken to gather the rows: each was read at some moment of this time before `GeneratedTime`.
const GATHERED_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// A credential report, and when its rows were true.
pub(super) struct Report {
    pub(super) rows: CredentialReport,
    pub(super) generated_at: Instant,
}

impl Report {
    /// The earliest second at which a row may have been gathered.
    pub(super) fn gathered_from(&self) -> Instant {
        self.generated_at - GATHERED_WITHIN
    }

    pub(super) fn shows_inactive_keys(&self) -> bool {
        let mut rows = self.rows.users.iter().map(|(_, row)| row).chain([&self.rows.root]);
        rows.any(|row| row.inactive().next().is_some())
    }
}

enum Failure {
    Call(CallError),
    Stuck,
    Unreadable(ReportError),
}

impl<E: Inventory + StatusHistory, C: Clock> Work<'_, E, C> {
    /// The report. `None`, with a problem told, where it cannot be used.
    pub(super) async fn report(&self, problems: &mut Vec<Problem>) -> Option<Report> {
        let failure = match self.fetch().await {
            Ok(raw) => match CredentialReport::read(&raw.content) {
                Ok(rows) => return Some(Report { rows, generated_at: raw.generated_at }),
                Err(error) => Failure::Unreadable(error),
            },
            Err(failure) => failure,
        };
        problems.push(match failure {
            Failure::Call(error) => self.problem(Gap::ReportUnavailable, error),
            Failure::Stuck => self.problem_saying(
                Gap::ReportUnavailable,
                format!("AWS had not finished it after {} seconds", PATIENCE.as_secs()),
            ),
            Failure::Unreadable(error) => self.problem_saying(Gap::ReportUnavailable, error.to_string()),
        });
        None
    }

    async fn fetch(&self) -> Result<RawReport, Failure> {
        let clock = self.caller.desk.clock;
        let give_up_at = clock.elapsed() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        let mut wait = async || {
            if clock.elapsed() + pause > give_up_at {
                return false;
            }
            clock.sleep(std::mem::replace(&mut pause, ASK_EVERY)).await;
            true
        };
        loop {
            let asked = self
                .call(Call::GenerateCredentialReport, || self.entered.generate_credential_report())
                .await
                .map_err(Failure::Call)?;
            let mut done = asked == ReportState::Complete || wait().await;
            // Whether it is done, fetching it tells with no call more.
            while done {
                match self.call(Call::GetCredentialReport, || self.entered.get_credential_report()).await {
                    Ok(report) => return Ok(report),
                    Err(error) if error.kind == CallErrorKind::ReportInProgress => done = wait().await,
                    // AWS sometimes says COMPLETE of a report that it then does not hand out; asking for it again mends it.
                    Err(error) if error.kind == CallErrorKind::ReportAbsent && wait().await => break,
                    Err(error) => return Err(Failure::Call(error)),
                }
            }
            if !done {
                return Err(Failure::Stuck);
            }
        }
    }
}
