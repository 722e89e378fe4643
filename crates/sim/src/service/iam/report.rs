//! The credential report: asked for, made in a few seconds, kept for four hours.

use keysweep_core::time::SignedDuration;

use super::{GenerateCredentialReportOutput, GetCredentialReportOutput};
use crate::context::Context;
use crate::error::{ApiError, ApiResult};
use crate::world::report::{self, Report};

const NO_REPORT: &str = "No report exists. Starting a new report generation task";
const IN_PROGRESS: &str = "Report is being generated";

impl Context<'_> {
    /// `GenerateCredentialReport`: begins a new report only where the last one is more than four hours old.
    pub fn generate_credential_report(&self) -> ApiResult<GenerateCredentialReportOutput> {
        self.run(&self.about("*"), None, |scene| {
            let (now, stuck) = (scene.now, scene.report_stuck);
            let spec = &scene.world.spec;
            let delay = SignedDuration::try_from(spec.profile.report_delay).unwrap_or(SignedDuration::ZERO);
            let stamp = if spec.profile.report_stamped_at_end { now + delay } else { now };
            let additional = spec.additional_credentials_info;
            let iam = scene.iam(self.caller.account)?;
            let in_progress = GenerateCredentialReportOutput { state: "INPROGRESS", description: None };
            let started = GenerateCredentialReportOutput { state: "STARTED", description: Some(NO_REPORT) };
            if stuck {
                let begun = std::mem::replace(&mut iam.reports.stuck, true);
                return Ok(if begun { in_progress } else { started });
            }
            iam.reports.stuck = false;
            match &iam.reports.last {
                Some(report) if now < report.ready => return Ok(in_progress),
                Some(report) if now - report.generated < report::KEPT => {
                    return Ok(GenerateCredentialReportOutput { state: "COMPLETE", description: None });
                }
                _ => {}
            }
            let content = report::write(iam, now, additional);
            iam.reports.last = Some(Report { content, generated: stamp, ready: now + delay });
            Ok(started)
        })
    }

    /// `GetCredentialReport`.
    pub fn get_credential_report(&self) -> ApiResult<GetCredentialReportOutput> {
        self.run(&self.about("*"), None, |scene| {
            let (now, stuck) = (scene.now, scene.report_stuck);
            let iam = scene.iam(self.caller.account)?;
            let in_progress = || ApiError::new(404, "ReportInProgress", IN_PROGRESS);
            if stuck || iam.reports.stuck {
                return Err(in_progress());
            }
            match &iam.reports.last {
                None => Err(ApiError::new(
                    410,
                    "ReportNotPresent",
                    "No report is present. Use GenerateCredentialReport to generate one",
                )),
                Some(report) if now < report.ready => Err(in_progress()),
                Some(report) if now - report.generated >= report::KEPT => Err(ApiError::new(
                    410,
                    "ReportExpired",
                    "Report expired. Use GenerateCredentialReport to generate a new one",
                )),
                Some(report) => Ok(GetCredentialReportOutput {
                    content: report.content.clone(),
                    report_format: "text/csv",
                    generated_time: report.generated,
                }),
            }
        })
    }
}
