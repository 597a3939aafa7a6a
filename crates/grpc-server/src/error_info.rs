//! What the framework refuses by itself (a method there is none of, a message that cannot be read) carries no details. Every
//! refusal of ours does, so that callers look in one place: here the others get theirs.

use http::HeaderMap;
use tonic::{Code, Status};

use super::calls::written;
use crate::rpc_error::RpcError;

/// Gives the status in these headers or trailers a reason, where it is a refusal without one: the name of its code.
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
