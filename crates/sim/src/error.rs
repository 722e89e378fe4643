//! The error answers of the simulated AWS, with the codes, HTTP statuses and wording that AWS uses. How an error is
//! written on the wire is the business of the protocols.

use std::borrow::Cow;

use keysweep_core::call::Service;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({status}): {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The error code, such as `NoSuchEntity`.
    pub code: Cow<'static, str>,
    /// The message for people.
    pub message: String,
}

/// The answer of an operation.
pub type ApiResult<T> = Result<T, ApiError>;

/// Whether the service speaks AWS Query (XML); the others speak JSON 1.1 and name their errors differently.
const fn speaks_query(service: Service) -> bool {
    matches!(service, Service::Sts | Service::Iam)
}

impl ApiError {
    /// An error answer.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// Too many calls, as each service says it.
    pub fn throttled(service: Service) -> Self {
        match service {
            Service::Sts | Service::Iam => Self::new(400, "Throttling", "Rate exceeded"),
            Service::CloudTrail | Service::SecurityHub | Service::S3 => {
                Self::new(400, "ThrottlingException", "Rate exceeded")
            }
            Service::Organizations => Self::new(
                400,
                "TooManyRequestsException",
                "AWS Organizations can't complete your request because of too many requests at once.",
            ),
        }
    }

    /// Not allowed, as each service says it.
    pub fn denied(service: Service, message: impl Into<String>) -> Self {
        if speaks_query(service) {
            Self::new(403, "AccessDenied", message)
        } else {
            Self::new(400, "AccessDeniedException", message)
        }
    }

    /// The access key id is unknown or its key is Inactive, or the session token is not the one that was issued.
    pub fn credentials_invalid(service: Service) -> Self {
        let message = "The security token included in the request is invalid.";
        if speaks_query(service) {
            Self::new(403, "InvalidClientTokenId", message)
        } else {
            Self::new(400, "UnrecognizedClientException", message)
        }
    }

    /// The session has expired.
    pub fn credentials_expired(service: Service) -> Self {
        let message = "The security token included in the request is expired";
        if speaks_query(service) {
            Self::new(403, "ExpiredToken", message)
        } else {
            Self::new(400, "ExpiredTokenException", message)
        }
    }

    /// A parameter is missing or out of its bounds, as each service says it.
    pub fn invalid(service: Service, message: impl Into<String>) -> Self {
        match service {
            Service::Sts | Service::Iam => Self::new(400, "ValidationError", message),
            Service::Organizations => Self::new(400, "InvalidInputException", message),
            Service::CloudTrail | Service::SecurityHub | Service::S3 => {
                Self::new(400, "InvalidParameterCombinationException", message)
            }
        }
    }

    /// `NoSuchEntity` of IAM.
    pub fn no_such_entity(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    /// A fault of the service itself, as each service says it.
    pub fn service_failure(service: Service) -> Self {
        match service {
            Service::Iam => Self::new(500, "ServiceFailure", "Service failure"),
            Service::Organizations => Self::new(
                500,
                "ServiceException",
                "AWS Organizations can't complete your request because of an internal service error. Try again later.",
            ),
            Service::Sts | Service::CloudTrail | Service::SecurityHub | Service::S3 => {
                Self::new(500, "InternalFailure", "An internal error has occurred")
            }
        }
    }

    /// The connection gave no answer: what a caller in the same process gets where a caller on the wire would wait in
    /// vain or find the connection closed.
    pub fn no_answer(what: &'static str) -> Self {
        Self::new(0, "NoAnswer", what)
    }
}
