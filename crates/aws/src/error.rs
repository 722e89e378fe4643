//! Turns the SDK's errors into [`CallError`]: which kind it is, AWS's code, message and request id, and what to do where
//! the caller's credentials are at fault. Nothing that a message may echo of a signed request is passed on.

use std::error::Error;
use std::iter::successors;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use keysweep_core::call::{Call, CallError, CallErrorKind};

use crate::courier::{NotSent, Unanswered};
use crate::credentials::EmptyProfile;
use crate::whole::NotWhole;

/// What became of a call that the SDK could not complete.
enum Failure<'a> {
    /// AWS refused it, or answered with something that is not AWS's.
    Answered {
        status: u16,
        code: Option<&'a str>,
        message: Option<&'a str>,
        cause: &'a (dyn Error + 'static),
    },
    /// There is an answer, and it could not be read to its end.
    Unread { status: u16, cause: &'a (dyn Error + 'static) },
    /// No answer in time; the text says how long that was.
    TimedOut(String),
    /// It was not sent, or nothing came back.
    Unsent { sendable: bool, cause: &'a (dyn Error + 'static) },
}

/// The call's error in keysweep's terms.
pub(crate) fn call_error<E>(call: Call, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let failure = match error {
        SdkError::ServiceError(answer) => Failure::Answered {
            status: answer.raw().status().as_u16(),
            code: answer.err().code(),
            message: answer.err().message(),
            cause: answer.err(),
        },
        SdkError::ResponseError(answer) => {
            Failure::Unread { status: answer.raw().status().as_u16(), cause: error.source().unwrap_or(error) }
        }
        SdkError::TimeoutError(_) => Failure::TimedOut(no_answer(error.source().unwrap_or(error))),
        SdkError::DispatchFailure(_) => {
            Failure::Unsent { sendable: true, cause: error.source().unwrap_or(error) }
        }
        _ => Failure::Unsent { sendable: false, cause: error.source().unwrap_or(error) },
    };
    explain(call, &failure, error.request_id())
}

/// The error of a request without an SDK crate that AWS refused.
pub(crate) fn refused(
    call: Call,
    status: u16,
    code: Option<&str>,
    message: Option<&str>,
    request_id: Option<&str>,
) -> CallError {
    let cause = &std::fmt::Error;
    explain(call, &Failure::Answered { status, code, message, cause }, request_id)
}

/// The error of a request without an SDK crate that brought no answer.
pub(crate) fn not_sent(call: Call, failure: &NotSent) -> CallError {
    let failure = match failure {
        NotSent::Credentials(cause) => Failure::Unsent { sendable: false, cause },
        NotSent::Unanswered(timed_out @ Unanswered::TimedOut(_)) => Failure::TimedOut(timed_out.to_string()),
        NotSent::Unanswered(cause) => {
            Failure::Unsent { sendable: !matches!(cause, Unanswered::Unmade(_)), cause }
        }
    };
    explain(call, &failure, None)
}

/// Not generic, so that it is compiled once.
fn explain(call: Call, failure: &Failure<'_>, request_id: Option<&str>) -> CallError {
    let error = |kind, code: Option<&str>, message: String| CallError {
        call,
        kind,
        code: code.map(str::to_owned),
        message,
        request_id: request_id.map(str::to_owned),
    };
    match *failure {
        Failure::Answered { status, code: Some(code), message, .. } => {
            let kind = kind_of(status, Some(code));
            let message = message.map_or_else(|| format!("HTTP status {status}"), one_line);
            error(kind, Some(code), with_advice(message, code, kind))
        }
        Failure::Answered { status, code: None, cause, .. } | Failure::Unread { status, cause } => {
            let kind = match kind_of(status, None) {
                // The connection broke in the middle of the body: the answer may be fine when asked for again.
                _ if is_io(cause) => CallErrorKind::Unavailable,
                kind @ (CallErrorKind::Throttled | CallErrorKind::Unavailable) => kind,
                _ => CallErrorKind::Malformed,
            };
            let message = match kind {
                CallErrorKind::Malformed if status >= 300 => {
                    format!(
                        "HTTP status {status} with an answer that is not AWS's: check the endpoint and the proxy"
                    )
                }
                CallErrorKind::Malformed => {
                    let not_whole = causes(cause).find_map(|cause| cause.downcast_ref::<NotWhole>());
                    let why = not_whole.map_or_else(|| chain(cause), NotWhole::to_string);
                    format!("the answer cannot be read: {why}")
                }
                _ if status >= 300 => format!("HTTP status {status}"),
                _ => format!("the connection broke while the answer was read: {}", chain(cause)),
            };
            error(kind, None, message)
        }
        Failure::TimedOut(ref text) => error(CallErrorKind::Unavailable, None, text.clone()),
        Failure::Unsent { sendable, cause } => {
            // Role credentials are renewed in the middle of other calls: that failure is AssumeRole's, not theirs.
            if let Some(renewal) = causes(cause).find_map(|cause| cause.downcast_ref::<CallError>()) {
                return renewal.clone();
            }
            if let Some(credentials) =
                causes(cause).find_map(|cause| cause.downcast_ref::<CredentialsError>())
            {
                let (kind, message) = without_credentials(credentials);
                return error(kind, None, message);
            }
            let message = chain(cause);
            // The identity cache gives up on a slow credential provider with a type that it keeps to itself.
            if sendable || message.contains("timed out") {
                error(CallErrorKind::Unavailable, None, format!("no connection to AWS: {message}"))
            } else {
                error(CallErrorKind::Rejected, None, format!("the call could not be made: {message}"))
            }
        }
    }
}

/// The kind of a refusal, from its code and, where that is silent, from its HTTP status.
fn kind_of(status: u16, code: Option<&str>) -> CallErrorKind {
    let code = code.unwrap_or_default();
    match code.strip_suffix("Exception").unwrap_or(code) {
        "Throttling"
        | "Throttled"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown" => CallErrorKind::Throttled,
        "UnauthorizedOperation" | "AWSOrganizationsNotInUse" => CallErrorKind::Denied,
        denied if denied.starts_with("AccessDenied") => CallErrorKind::Denied,
        "NoSuchEntity" => CallErrorKind::NotFound,
        "ReportInProgress" | "CredentialReportNotReady" => CallErrorKind::ReportInProgress,
        "ReportNotPresent" | "ReportExpired" | "CredentialReportNotPresent" | "CredentialReportExpired" => {
            CallErrorKind::ReportAbsent
        }
        expired if expired.starts_with("ExpiredToken") => CallErrorKind::CredentialsExpired,
        "InvalidClientTokenId"
        | "UnrecognizedClient"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignature"
        | "InvalidToken"
        | "RequestExpired"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => CallErrorKind::CredentialsInvalid,
        "ServiceUnavailable"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServiceFailure"
        | "Service"
        | "RequestTimeout" => CallErrorKind::Unavailable,
        _ if status == 429 => CallErrorKind::Throttled,
        _ if status >= 500 => CallErrorKind::Unavailable,
        _ => CallErrorKind::Rejected,
    }
}

/// AWS's message and, where the caller's credentials are at fault, what to do.
fn with_advice(message: String, code: &str, kind: CallErrorKind) -> String {
    let advice = match (kind, code) {
        (CallErrorKind::CredentialsExpired, _) => "renew them with aws sso login, or start a new session",
        (
            CallErrorKind::CredentialsInvalid,
            "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestExpired",
        ) => "check the secret access key, and this machine's clock",
        (CallErrorKind::CredentialsInvalid, _) => {
            "check that the access key exists and is active, and that --profile and --region belong to its partition"
        }
        _ => return message,
    };
    format!("{message} ({advice})")
}

/// Why the credential chain gave nothing. What to do is said by whoever shows it.
fn without_credentials(error: &CredentialsError) -> (CallErrorKind, String) {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            // Of the standard chain the SDK lists every source that had nothing; of a profile we know which it was.
            let profile = causes(error).find_map(|cause| cause.downcast_ref::<EmptyProfile>());
            let why = profile.map_or_else(
                || "neither in the environment nor in a profile, nor from a container's or an instance's role".to_owned(),
                ToString::to_string,
            );
            let message = format!("no AWS credentials were found: {why}");
            (CallErrorKind::CredentialsInvalid, message)
        }
        CredentialsError::ProviderTimedOut(_) => (
            CallErrorKind::Unavailable,
            "the source of the AWS credentials did not answer in time".to_owned(),
        ),
        _ => {
            let unreachable = causes(error)
                .any(|cause| cause.downcast_ref::<ConnectorError>().is_some() || is_timeout(cause));
            let why = chain(error);
            if unreachable {
                (
                    CallErrorKind::Unavailable,
                    format!("the source of the AWS credentials cannot be reached: {why}"),
                )
            } else if why.contains("expired") {
                (
                    CallErrorKind::CredentialsExpired,
                    format!("{why} (renew them with aws sso login, or start a new session)"),
                )
            } else {
                (
                    CallErrorKind::CredentialsInvalid,
                    format!(
                        "{why} (check where the credentials come from: the environment, the profile, or the instance)"
                    ),
                )
            }
        }
    }
}

/// The error and what it came from, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn is_io(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<std::io::Error>)
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    error.is::<aws_smithy_async::future::timeout::TimedOutError>()
}

/// How long an answer was waited for, which the SDK says at the end of what it says.
fn no_answer(timeout: &(dyn Error + 'static)) -> String {
    match chain(timeout).rsplit_once("occurred after ") {
        Some((_, waited)) => format!("no answer within {waited}"),
        None => "no answer in time".to_owned(),
    }
}

/// The error and its causes in one line, without repetitions.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for cause in causes(error) {
        let text = one_line(without_dump(&cause.to_string()));
        if !text.is_empty() && !line.contains(&text) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&text);
        }
    }
    line
}

/// The text up to a value that Rust has written out for its programmers (`Request { body: …`), which the SDK puts into some
/// errors: it tells nobody anything, and a request has secrets in it.
fn without_dump(text: &str) -> &str {
    let is_dumped = |&(brace, _): &(usize, &str)| {
        let name = &text[..brace];
        let begin = name.rfind(|character: char| !character.is_alphanumeric() && character != '_');
        name[begin.map_or(0, |at| at + 1)..].starts_with(|first: char| first.is_ascii_uppercase())
    };
    let Some((brace, _)) = text.match_indices(" {").find(is_dumped) else { return text };
    let name = &text[..brace];
    let name = name.trim_end_matches(|character: char| character.is_alphanumeric() || character == '_');
    // `Error(Request {`: names around it, quotes, and what leads up to them.
    let is_wrapping = |character: char| "(`'\"[:".contains(character) || character.is_whitespace();
    let mut rest = name.trim_end_matches(is_wrapping);
    if name.ends_with('(') {
        rest = rest.trim_end_matches(|character: char| character.is_alphanumeric() || character == '_');
    }
    rest.trim_end_matches(is_wrapping)
}

/// The first line, and no more than a paragraph of it. What AWS says after it on `SignatureDoesNotMatch` is the signed
/// request, session token included.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 1000;
    let text = text.trim();
    let end = [
        "\n",
        "The Canonical String",
        "The String-to-Sign",
        "x-amz-security-token",
        "Authorization header: ",
    ]
    .iter()
    .filter_map(|cut| text.find(cut))
    .min()
    .unwrap_or(text.len());
    let line = text[..end].trim_end();
    match line.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_before_statuses() {
        use CallErrorKind::*;
        for (status, code, kind) in [
            (400, "Throttling", Throttled),
            (400, "ThrottlingException", Throttled),
            (400, "TooManyRequestsException", Throttled),
            (503, "RequestLimitExceeded", Throttled),
            (400, "Throttled", Throttled),
            (429, "Whatever", Throttled),
            (403, "AccessDenied", Denied),
            (400, "AccessDeniedException", Denied),
            (400, "AccessDeniedForDependencyException", Denied),
            (403, "UnauthorizedOperation", Denied),
            (400, "AWSOrganizationsNotInUseException", Denied),
            (404, "NoSuchEntity", NotFound),
            (404, "NoSuchEntityException", NotFound),
            (404, "ReportInProgress", ReportInProgress),
            (410, "ReportNotPresent", ReportAbsent),
            (410, "ReportExpired", ReportAbsent),
            (400, "ExpiredToken", CredentialsExpired),
            (403, "ExpiredTokenException", CredentialsExpired),
            (403, "InvalidClientTokenId", CredentialsInvalid),
            (403, "SignatureDoesNotMatch", CredentialsInvalid),
            (400, "RequestExpired", CredentialsInvalid),
            (400, "UnrecognizedClientException", CredentialsInvalid),
            (500, "ServiceFailure", Unavailable),
            (400, "InternalFailure", Unavailable),
            (500, "Unheard", Unavailable),
            (400, "InternalServiceErrorException", Unavailable),
            (409, "LimitExceeded", Rejected),
            (400, "ValidationError", Rejected),
        ] {
            assert_eq!(kind_of(status, Some(code)), kind, "{status} {code}");
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Said {
        text: &'static str,
        source: Option<Box<Said>>,
    }

    #[test]
    fn what_rust_writes_out_for_programmers_is_cut_off() {
        let dump = "failed to apply endpoint `localhost:4599` to request `Request { body: SdkBody { inner: Once(Some(b\"x\")) } }`";
        let reason = Said { text: "endpoint must contain scheme", source: None };
        let said = Said { text: dump, source: Some(Box::new(reason)) };
        assert_eq!(
            chain(&said),
            "failed to apply endpoint `localhost:4599` to request: endpoint must contain scheme"
        );
        for (text, kept) in [
            ("Request { body: 1 }", ""),
            ("dispatch failed: Io(Custom { kind: Other, error: \"x\" })", "dispatch failed"),
            ("client error (Connect)", "client error (Connect)"),
            ("the policy {\"Version\": 1} is wrong", "the policy {\"Version\": 1} is wrong"),
            ("of the kind { a }", "of the kind { a }"),
        ] {
            assert_eq!(without_dump(text), kept);
        }
    }

    #[test]
    fn signed_requests_are_never_echoed() {
        let message = "The request signature we calculated does not match the signature you provided. Check your key.\n\n\
                       The Canonical String for this request should have been\n'POST\nx-amz-security-token:FwoGSECRET'";
        assert_eq!(
            one_line(message),
            "The request signature we calculated does not match the signature you provided. Check your key."
        );
        assert_eq!(one_line("bad: x-amz-security-token:FwoGSECRET"), "bad:");
        assert_eq!(one_line(&"ü".repeat(2000)).chars().count(), 1001);
    }
}
