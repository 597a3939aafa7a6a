//! The progress of an erasure.

use ofself_proto::exposure as wire;
use service::erasure::ErasureState;

pub(in crate::grpc) fn state(state: ErasureState) -> wire::ErasureState {
    match state {
        ErasureState::Pending => wire::ErasureState::Pending,
        ErasureState::Revoked => wire::ErasureState::Revoked,
        ErasureState::Erased => wire::ErasureState::Erased,
    }
}
