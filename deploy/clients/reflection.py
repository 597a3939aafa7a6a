"""Uses the services as `grpcurl` does, from another language: list, describe and call by reflection alone.

Usage: reflection.py SHARING EXPOSURE      as in 127.0.0.1:50051 127.0.0.1:50052
"""

import sys

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

EXPECTED = {
    "ofself.sharing.v1": {
        "SharingService",
        "AccessService",
        "AccessAdvisorService",
        "FollowSharingService",
        "SharingAdminService",
    },
    "ofself.exposure.v1": {
        "ExposureProfileService",
        "ExposureService",
        "ExposureAdvisorService",
        "AppAccessService",
        "TagDirectoryService",
        "ExposureAdminService",
    },
}


class Server:
    """A server of which nothing is known but its address."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def services(self) -> set[str]:
        return set(self.database.get_services())

    def send(self, kind, service: str, method: str, message: dict, user: str | None):
        described = self.pool.FindServiceByName(service).FindMethodByName(method)
        request = message_factory.GetMessageClass(described.input_type)
        response = message_factory.GetMessageClass(described.output_type)
        stub = kind(
            f"/{service}/{method}",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=response.FromString,
        )
        metadata = [("x-ofself-user", user)] if user else []
        return stub(json_format.ParseDict(message, request()), metadata=metadata, timeout=5)

    def call(self, service: str, method: str, message: dict, user: str | None = None) -> dict:
        answer = self.send(self.channel.unary_unary, service, method, message, user)
        return json_format.MessageToDict(answer, preserving_proto_field_name=True)

    def first(self, service: str, method: str, message: dict, user: str | None = None) -> dict:
        """The first message of a stream, which is then cancelled."""
        stream = self.send(self.channel.unary_stream, service, method, message, user)
        answer = next(stream)
        stream.cancel()
        return json_format.MessageToDict(answer, preserving_proto_field_name=True)

    def refusal(self, *arguments) -> grpc.StatusCode:
        try:
            answer = self.call(*arguments)
        except grpc.RpcError as error:
            return error.code()
        raise AssertionError(f"a refusal was expected, and this was answered: {answer}")

    def serves(self) -> bool:
        request = health_pb2.HealthCheckRequest()
        answer = health_pb2_grpc.HealthStub(self.channel).Check(request, timeout=5)
        return answer.status == health_pb2.HealthCheckResponse.SERVING


def main(sharing_address: str, exposure_address: str) -> None:
    sharing, exposure = Server(sharing_address), Server(exposure_address)
    for server, package in [(sharing, "ofself.sharing.v1"), (exposure, "ofself.exposure.v1")]:
        assert server.serves()
        listed = {name.removeprefix(f"{package}.") for name in server.services() if name.startswith(package)}
        assert listed == EXPECTED[package], listed
        server.pool.FindMessageTypeByName("google.rpc.BadRequest")

    shares = "ofself.sharing.v1.SharingService"
    share = {"shared_with_user_id": "bob", "scope": "SHARE_SCOPE_SPECIFIC_TAGS", "tag_ids": ["grpc"]}
    made = sharing.call(shares, "CreateShare", share, "ann-by-grpc")["share"]
    assert sharing.call(shares, "GetShare", {"share_id": made["id"]}, "bob")["share"] == made
    assert sharing.refusal(shares, "GetShare", {"share_id": made["id"]}, "eve") == grpc.StatusCode.NOT_FOUND
    assert sharing.refusal(shares, "GetShare", {"share_id": made["id"]}) == grpc.StatusCode.UNAUTHENTICATED
    assert sharing.refusal(shares, "CreateShare", {}, "ann-by-grpc") == grpc.StatusCode.INVALID_ARGUMENT
    access = "ofself.sharing.v1.AccessService"
    assert sharing.refusal(access, "CheckAccess", {}) == grpc.StatusCode.INVALID_ARGUMENT
    asked = {"viewer_id": "bob", "owner_id": "ann-by-grpc", "action": "ACTION_READ", "resource": {"node": {"id": "n", "tag_ids": ["grpc"]}}}
    assert sharing.call(access, "CheckAccess", asked)["share_ids"] == [made["id"]]
    watched = sharing.first(access, "WatchShares", {"owner_ids": ["ann-by-grpc"], "from_beginning": True})
    assert watched["snapshot"]["id"] == made["id"], watched

    profiles, grants = "ofself.exposure.v1.ExposureProfileService", "ofself.exposure.v1.AppAccessService"
    draft = {"profile": {"name": "By gRPC", "max_detail_level": "DETAIL_LEVEL_SUMMARY"}}
    profile = exposure.call(profiles, "CreateProfile", draft, "ann-by-grpc")["profile"]
    granted = {"user_id": "ann-by-grpc", "app_id": "app", "tier": "APP_TIER_L2", "profile_id": profile["id"]}
    assert exposure.call(grants, "GrantAppAccess", granted)["access"]["is_active"]
    delete = (profiles, "DeleteProfile", {"profile_id": profile["id"]}, "ann-by-grpc")
    assert exposure.refusal(*delete) == grpc.StatusCode.FAILED_PRECONDITION
    exposure.call(grants, "RevokeAppAccess", {"user_id": "ann-by-grpc", "app_id": "app"})
    exposure.call(*delete)
    sharing.call(shares, "RevokeShare", {"share_id": made["id"]}, "ann-by-grpc")
    print("reflection works: listed, described and called both services")


if __name__ == "__main__":
    main(*sys.argv[1:3])
