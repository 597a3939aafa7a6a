//! Error details for errors of the framework (unknown methods, malformed messages), which have none. All errors of this
//! product have them, so that clients find the reason in one place.

use http::HeaderMap;
use tonic::{Code, Status};

use super::calls::written;
use crate::rpc_error::RpcError;

/// Adds an `ErrorInfo` to an error status in these headers or trailers that has none: its reason is the name of the code.
pub(super) fn with_error_info(headers: &mut HeaderMap, domain: &str) {
    let Some(status) = Status::from_header_map(headers) else { return };
    let code = status.code();
    if code == Code::Ok || !status.details().is_empty() {
        return;
    }
    // A message of a stream is measured by the framework.
    let reason = if code == Code::OutOfRange { "MESSAGE_TOO_LARGE" } else { written(code) };
    // Only a message that is not text cannot be a header, and this one was.
    let _ = RpcError::new(reason).into_status(code, status.message(), domain).add_header(headers);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_info(status: &Status) -> Status {
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).unwrap();
        with_error_info(&mut headers, "sharing.ofself.ai");
        Status::from_header_map(&headers).unwrap()
    }

    #[test]
    fn error_without_reason_gets_one() {
        for (status, reason) in [
            (Status::unimplemented("no `such` method: 100 %"), "UNIMPLEMENTED"),
            (Status::out_of_range("the message is too large"), "MESSAGE_TOO_LARGE"),
        ] {
            let error_info = error_info(&status);
            assert_eq!(RpcError::from_status(&error_info), Some(RpcError::new(reason)));
            assert_eq!((error_info.code(), error_info.message()), (status.code(), status.message()));
        }
    }

    #[test]
    fn error_with_reason_and_response_are_unchanged() {
        let status = RpcError::new("FORBIDDEN").into_status(Code::PermissionDenied, "no", "exposure.ofself.ai");
        assert_eq!(error_info(&status).details(), status.details());
        let mut answer = HeaderMap::new();
        with_error_info(&mut answer, "sharing.ofself.ai");
        assert!(answer.is_empty());
    }
}
