//! AWS Security Hub: `BatchImportFindings` (REST-JSON, `POST /findings/import`), in the session's region.

use std::sync::Arc;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sigv4::http_request::SigningSettings;
use keysweep_core::account::AccountId;
use keysweep_core::call::{Call, CallResult};
use keysweep_core::delivery::{Imported, RefusedFinding};
use keysweep_core::ports::{FindingImport, SecurityHubs};
use serde::Deserialize;

use crate::answer::Answer as Read;
use crate::courier::{Answer, HeldCredentials, Request, Scope};
use crate::credentials::{AssumedRole, RoleCredentials};
use crate::error::{not_sent, refused};
use crate::session::{Session, Shared};

/// Security Hub of an account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SecurityHub {
    shared: Arc<Shared>,
    credentials: Arc<HeldCredentials>,
    url: String,
}

impl Session {
    fn hub(&self, credentials: Arc<HeldCredentials>) -> SecurityHub {
        let endpoint = self.shared.endpoints.security_hub(self.partition(), self.region());
        let url = format!("{}/findings/import", endpoint.trim_end_matches('/'));
        SecurityHub { shared: Arc::clone(&self.shared), credentials, url }
    }
}

impl SecurityHubs for Session {
    type Hub = SecurityHub;

    fn own_hub(&self) -> SecurityHub {
        self.hub(Arc::clone(&self.shared.own_credentials))
    }

    async fn enter_hub(&self, account: AccountId) -> CallResult<SecurityHub> {
        let role = AssumedRole {
            sts: self.shared.sts.clone(),
            arn: self.shared.role.arn(self.partition(), account),
            options: self.shared.role.clone(),
        };
        let first = role.assume().await?;
        let source = RoleCredentials::new(role, first, self.shared.time.clone());
        Ok(self.hub(Arc::new(HeldCredentials::of(Some(SharedCredentialsProvider::new(source))))))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Taken {
    success_count: Option<usize>,
    failed_count: Option<usize>,
    #[serde(default)]
    failed_findings: Vec<Failed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    error_code: Option<String>,
    error_message: Option<String>,
}

/// Its error documents have `Message` or `message`, as the error has it.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(rename = "__type", alias = "code", alias = "Code")]
    code: Option<String>,
}

impl FindingImport for SecurityHub {
    async fn batch_import_findings(&self, request: &[u8]) -> CallResult<Imported> {
        let call = Call::BatchImportFindings;
        let scope = Scope {
            service: "securityhub",
            region: self.shared.region.as_ref(),
            settings: SigningSettings::default(),
        };
        let request = Request {
            method: "POST",
            url: self.url.clone(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: request,
        };
        let answer = self.shared.courier.send_signed(request, &scope, &self.credentials).await;
        let Answer { status, headers, body } = answer.map_err(|failure| not_sent(call, &failure))?;
        let request_id = headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-apigw-id"));
        if !(200..300).contains(&status) {
            let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
            // `Throttling:http://internal…`, `com.amazonaws.securityhub#InvalidInputException`.
            let code = headers.get("x-amzn-errortype").or(refusal.code.as_deref());
            let code = code.map(|code| code.split(':').next().unwrap_or(code));
            let code = code.map(|code| code.rsplit('#').next().unwrap_or(code));
            return Err(refused(call, status, code, refusal.message.as_deref(), request_id));
        }
        let read = Read { call, request_id };
        let taken: Taken = serde_json::from_slice(&body).map_err(|error| read.malformed(error))?;
        let imported = Imported {
            taken: read.required("SuccessCount", taken.success_count)?,
            refused: taken.failed_findings.into_iter().map(Failed::told).collect(),
        };
        if read.required("FailedCount", taken.failed_count)? != imported.refused.len() {
            return Err(read.malformed("FailedCount is not the number of FailedFindings"));
        }
        Ok(imported)
    }
}

impl Failed {
    fn told(self) -> RefusedFinding {
        let unsaid = || "not said".to_owned();
        RefusedFinding {
            id: self.id,
            code: self.error_code.unwrap_or_else(unsaid),
            message: self.error_message.unwrap_or_else(unsaid),
        }
    }
}
