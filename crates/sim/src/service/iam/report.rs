//! The credential report: asked for, made in a few seconds, kept for four hours.

use super::{GenerateCredentialReportOutput, GetCredentialReportOutput};
use crate::context::Context;
use crate::error::ApiResult;

impl Context<'_> {
    /// `GenerateCredentialReport`.
    pub fn generate_credential_report(&self) -> ApiResult<GenerateCredentialReportOutput> {
        Err(self.unfinished())
    }

    /// `GetCredentialReport`.
    pub fn get_credential_report(&self) -> ApiResult<GetCredentialReportOutput> {
        Err(self.unfinished())
    }
}
