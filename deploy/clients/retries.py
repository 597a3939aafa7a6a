"""Shows that a standard client retries what the services refuse: an error before any message is a Trailers-Only response, and only
such a call is not committed (gRFC A6).

Starts an `ofself` whose files may not grow, as on a full disk, so that changes fail with UNAVAILABLE. A client with a retry policy
then calls while the limit is lifted, and must succeed; one without must fail.

Usage: retries.py OFSELF
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE, METHOD = "ofself.exposure.v1.TagDirectoryService", "UpsertTags"
POLICY = {
    "methodConfig": [
        {
            "name": [{"service": SERVICE}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.5s",
                "maxBackoff": "5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
# Every database of a fresh plane is smaller, and its write-ahead log soon larger.
FILE_BLOCKS = 600
TIMEOUT = 60
ERROR = "cannot store a change"


class Plane:
    def __init__(self, ofself, folder):
        self.log, banner = folder / "log", folder / "banner"
        free = [f"--{name}=127.0.0.1:0" for name in ("listen", "sharing-listen", "exposure-listen", "admin-listen")]
        # The signal is ignored, so that a write beyond the limit is an error and not the end of the process.
        shell = ["bash", "-c", f"trap '' XFSZ; ulimit -S -f {FILE_BLOCKS}; exec \"$@\"", "bash"]
        command = [*shell, ofself, "serve", "--data-dir", folder / "data", *free]
        self.process = subprocess.Popen(command, stdout=banner.open("w"), stderr=self.log.open("w"))
        wait_for(lambda: "Another token" in banner.read_text())
        self.exposure = re.search(r"exposure *grpc://(\S+)", banner.read_text())[1]

    def errors(self):
        return self.log.read_text().count(ERROR)

    def lift_limit(self):
        subprocess.run(["prlimit", "--fsize=unlimited", "--pid", str(self.process.pid)], check=True)


def wait_for(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            sys.exit("timed out")
        time.sleep(0.02)


def method(address, **options):
    """A call of METHOD over a channel of its own: with an empty user and tags, made by reflection."""
    channel = grpc.insecure_channel(address, options=list(options.items()))
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    described = pool.FindServiceByName(SERVICE).FindMethodByName(METHOD)
    request, response = (message_factory.GetMessageClass(kind) for kind in (described.input_type, described.output_type))
    stub = channel.unary_unary(
        f"/{SERVICE}/{METHOD}", request_serializer=request.SerializeToString, response_deserializer=response.FromString
    )

    def upsert(batch):
        tags = [{"id": f"tag-{batch}-{tag}", "name": "n" * 100 + f"{batch}-{tag}"} for tag in range(1000)]
        return stub(request(user_id="ann", tags=tags), timeout=TIMEOUT)

    return upsert


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def main(ofself):
    with tempfile.TemporaryDirectory() as folder:
        plane = Plane(ofself, pathlib.Path(folder))
        try:
            plain = method(plane.exposure, **{"grpc.enable_retries": 0})
            retrying = method(plane.exposure, **{"grpc.service_config": json.dumps(POLICY)})
            batch = 0
            while (code := code_of(lambda: plain(batch))) is grpc.StatusCode.OK:
                batch += 1
            assert code is grpc.StatusCode.UNAVAILABLE, code

            failed, outcome = plane.errors(), []
            call = threading.Thread(target=lambda: outcome.append(code_of(lambda: retrying(batch))))
            call.start()
            # The first attempt has failed; the next one finds that changes are stored again.
            wait_for(lambda: plane.errors() > failed)
            plane.lift_limit()
            call.join()
            assert outcome == [grpc.StatusCode.OK], outcome
        finally:
            plane.process.send_signal(signal.SIGTERM)
            plane.process.wait()
    print("a client with a retry policy gets through where one without is refused")


main(sys.argv[1])
