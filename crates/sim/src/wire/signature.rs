//! Reads who signed a request: the access key, the region and the service of a Signature Version 4 `Authorization`
//! header. The signature itself is not verified: a simulated secret is no secret.

use hyper::header::{AUTHORIZATION, HeaderMap};

use crate::{ApiError, ApiResult};

/// Who signed a request, and for which service and region.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signature<'a> {
    /// The signing key: `AKIA…`, or `ASIA…` of a session.
    pub(super) access_key_id: &'a str,
    /// The region of the credential scope.
    pub(super) region: &'a str,
    /// The service of the credential scope: `iam`, `sts`, `organizations`, `cloudtrail`.
    pub(super) service: &'a str,
    /// `X-Amz-Security-Token`, which only the credentials of a session have.
    pub(super) session_token: Option<&'a str>,
}

/// The signature of a request, or the refusal that AWS gives without one.
pub(super) fn read(headers: &HeaderMap) -> ApiResult<Signature<'_>> {
    let missing =
        || ApiError::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    let header = text(headers, AUTHORIZATION.as_str()).ok_or_else(missing)?;
    let credential = header
        .strip_prefix("AWS4-HMAC-SHA256")
        .ok_or_else(|| incomplete("Authorization header requires 'AWS4-HMAC-SHA256' as its algorithm."))?
        .split(',')
        .find_map(|part| part.trim().strip_prefix("Credential="))
        .ok_or_else(|| incomplete("Authorization header requires 'Credential' parameter."))?;
    let parts: Vec<&str> = credential.trim().split('/').collect();
    let [access_key_id, _date, region, service, "aws4_request"] = parts[..] else {
        return Err(incomplete("Credential must be ACCESS_KEY_ID/DATE/REGION/SERVICE/aws4_request."));
    };
    Ok(Signature { access_key_id, region, service, session_token: text(headers, "x-amz-security-token") })
}

/// The text of a header; `None` where it is missing or not ASCII.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn incomplete(message: &str) -> ApiError {
    ApiError::new(400, "IncompleteSignature", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.parse().unwrap());
        headers
    }

    #[test]
    fn the_scope_names_key_region_and_service() {
        let mut headers = headers(
            "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261123/us-east-1/iam/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=00",
        );
        headers.insert("x-amz-security-token", "token".parse().unwrap());
        let expected = Signature {
            access_key_id: "AKIAEXAMPLE",
            region: "us-east-1",
            service: "iam",
            session_token: Some("token"),
        };
        assert_eq!(read(&headers).unwrap(), expected);
    }

    #[test]
    fn unsigned_and_malformed_requests_are_refused_as_aws_does() {
        assert_eq!(read(&HeaderMap::new()).unwrap_err().code, "MissingAuthenticationToken");
        for header in [
            "Bearer x",
            "AWS4-HMAC-SHA256 Signature=00",
            "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE",
            "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261123/us-east-1/iam/other",
        ] {
            assert_eq!(read(&headers(header)).unwrap_err().code, "IncompleteSignature", "{header}");
        }
    }
}
