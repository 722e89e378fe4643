//! Web hooks: a `POST` that only who has the secret can have made, and that nobody can send again later unnoticed.

use std::time::{Duration, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use keysweep_core::delivery::{HookSecret, Post, PostError};
use keysweep_core::ports::WebHooks;
use sha2::Sha256;

use crate::courier::{Request, Unanswered};
use crate::error::chain;
use crate::session::Session;

impl WebHooks for Session {
    async fn post(&self, post: Post<'_>) -> Result<(), PostError> {
        let Post { url, secret, scan, file } = post;
        let now = self.shared.time.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let signature = signature(secret, now, &file.bytes).ok_or_else(|| PostError {
            may_pass: false,
            wait: None,
            message: "the call could not be signed".to_owned(),
        })?;
        let request = Request {
            method: "POST",
            url: url.as_str().to_owned(),
            headers: vec![
                ("content-type", file.media_type.to_owned()),
                ("user-agent", format!("keysweep/{}", env!("CARGO_PKG_VERSION"))),
                ("keysweep-signature", format!("t={now},v1={signature}")),
                ("keysweep-scan", scan.to_owned()),
                ("keysweep-format", file.format.to_owned()),
                // The same for each attempt, so that a receiver can tell one that it has.
                ("idempotency-key", format!("{scan}/{}", file.name)),
            ],
            body: &file.bytes,
        };
        match self.shared.courier.send(request).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => {
                let wait = answer.headers.get("retry-after").and_then(|wait| wait.trim().parse().ok());
                Err(PostError {
                    may_pass: matches!(answer.status, 408 | 425 | 429 | 500..),
                    wait: wait.map(Duration::from_secs),
                    message: match answer.status {
                        status @ 300..400 => {
                            format!(
                                "it answered {status}, a redirect, which is not followed: name the final URL"
                            )
                        }
                        status => format!("it answered {status}"),
                    },
                })
            }
            Err(error) => Err(PostError {
                may_pass: !matches!(error, Unanswered::Unmade(_)),
                wait: None,
                // Neither hyper nor rustls names more of a URL than its host.
                message: chain(&error),
            }),
        }
    }
}

/// HMAC-SHA-256 of `timestamp.body`, in hexadecimal digits.
fn signature(secret: &HookSecret, timestamp: u64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
