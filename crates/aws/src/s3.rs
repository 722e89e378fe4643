//! Amazon S3: `PutObject`, with the object's SHA-256 for S3 to check. Encryption is the bucket's: nothing is said of it.

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SigningSettings, UriPathNormalizationMode,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use keysweep_core::call::{Call, CallResult};
use keysweep_core::ports::Buckets;
use sha2::{Digest as _, Sha256};

use crate::courier::{Answer, Request, Scope};
use crate::error::{not_sent, refused};
use crate::session::Session;

impl Buckets for Session {
    /// A bucket of another region than the session's is found by what S3 answers.
    async fn put_object(&self, bucket: &str, key: &str, media_type: &str, bytes: &[u8]) -> CallResult<()> {
        let mut region = self.region().to_owned();
        let mut answer = self.put(&region, bucket, key, media_type, bytes).await?;
        if let Some(its) = other_region(&answer, &region) {
            region = its;
            answer = self.put(&region, bucket, key, media_type, bytes).await?;
        }
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&answer.body);
        let (code, message) = (element(&text, "Code"), element(&text, "Message"));
        let request_id = answer.headers.get("x-amz-request-id");
        Err(refused(Call::PutObject, answer.status, code, message, request_id))
    }
}

impl Session {
    async fn put(
        &self,
        region: &str,
        bucket: &str,
        key: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> CallResult<Answer> {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let request = Request {
            method: "PUT",
            url: self.shared.endpoints.object(self.partition(), region, bucket, key),
            headers: vec![
                ("content-type", media_type.to_owned()),
                // As the SDKs name it beside the checksum itself.
                ("x-amz-sdk-checksum-algorithm", "SHA256".to_owned()),
                ("x-amz-checksum-sha256", BASE64.encode(Sha256::digest(bytes))),
            ],
            body: bytes,
        };
        let scope = Scope { service: "s3", region, settings };
        let sent = self.shared.courier.send_signed(request, &scope, &self.shared.own_credentials).await;
        sent.map_err(|failure| not_sent(Call::PutObject, &failure))
    }
}

/// The region that a refusal says the bucket is in, where it is not the one that was asked.
fn other_region(answer: &Answer, asked: &str) -> Option<String> {
    if !matches!(answer.status, 301 | 307 | 400 | 403) {
        return None;
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let region = answer.headers.get("x-amz-bucket-region")?;
    (region != asked && !region.is_empty() && region.bytes().all(plain)).then(|| region.to_owned())
}

/// The text of the first element with this name. S3's error documents are flat, and what is read is only shown.
fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| text)
}
