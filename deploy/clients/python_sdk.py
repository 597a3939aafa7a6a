"""Drives the platform's published Python client (`pip install ofself==0.1.0`) against a running `ofself`.

Usage: python_sdk.py BASE_URL OFSELF DATA_DIR
  BASE_URL  http://127.0.0.1:8080/api/v1
  OFSELF    the `ofself` program, which mints the tokens
  DATA_DIR  the data directory of the running one
"""

import subprocess
import sys
from datetime import datetime, timedelta, timezone

from ofself import OfSelfClient
from ofself.exceptions import (
    AuthenticationError,
    NotFoundError,
    PermissionDenied,
    RateLimitError,
    ValidationError,
)

BASE_URL, OFSELF, DATA_DIR = sys.argv[1:4]


def token(user: str, *options: str) -> str:
    command = [OFSELF, "token", "--user", user, "--data-dir", DATA_DIR, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def client(user: str, *options: str) -> OfSelfClient:
    return OfSelfClient(access_token=token(user, *options), base_url=BASE_URL)


def refused(kind: type, call, *arguments, **named):
    """The error of a call that must be refused with an error of this kind."""
    try:
        answer = call(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected, and this was answered: {answer}")


def sharing() -> None:
    ann, bob = client("ann"), client("bob")
    until = datetime.now(timezone.utc) + timedelta(days=30)
    made = ann.sharing.create(
        user_id="ann", shared_with_user_id="bob", scope="specific_tags", tag_ids=["work", "home"], expires_at=until
    )
    assert made["status"] == "active" and made["tag_ids"] == ["work", "home"], made
    everything = ann.sharing.create(user_id="ann", shared_with_user_id="bob", scope="all", can_write=True)

    outgoing = ann.sharing.list_outgoing(user_id="ann", limit=1)
    assert outgoing["total"] == 2 and outgoing["has_next"] and outgoing["shares"] == [everything], outgoing
    assert bob.sharing.list_incoming(user_id="bob", is_active=True)["shares"] == [everything, made]
    assert bob.sharing.list_incoming(user_id="bob", is_active=False)["total"] == 0
    assert bob.sharing.get(user_id="bob", share_id=made["id"]) == made

    updated = ann.sharing.update(user_id="ann", share_id=made["id"], tag_ids=["work"], can_delete=True)
    assert updated["tag_ids"] == ["work"] and updated["can_delete"] and updated["can_read"], updated
    revoked = ann.sharing.revoke(user_id="ann", share_id=made["id"])
    assert revoked["status"] == "revoked" and revoked["revoked_at"], revoked


def exposure_profiles() -> None:
    ann = client("ann")
    scope = {
        "node_types": ["note", "document"],
        "tag_ids": ["tag-work", "tag-public"],
        "permissions": ["read"],
        "exclude_tag_ids": ["tag-private"],
    }
    made = ann.exposure_profiles.create(user_id="ann", name="Work Data", scope=scope, description="For work")
    assert made["allowed_node_types"] == ["note", "document"], made
    assert made["allowed_tag_ids"] == ["tag-work", "tag-public"] and made["excluded_tag_ids"] == ["tag-private"], made
    assert made["tag_permissions"]["read"]["allow_all"] is True, made

    page = ann.exposure_profiles.list(user_id="ann", page=1, per_page=50)
    assert page["exposure_profiles"] == [made] and page["limit"] == 50, page
    assert ann.exposure_profiles.list(user_id="ann", page=2, per_page=50)["exposure_profiles"] == []
    shown = ann.exposure_profiles.get(user_id="ann", profile_id=made["id"])
    assert shown["name"] == "Work Data" and "tag-private" in shown["yaml"], shown

    updated = ann.exposure_profiles.update(
        user_id="ann", profile_id=made["id"], name="Work", scope={"tag_ids": ["tag-work"]}, is_default=True
    )
    assert updated["name"] == "Work" and updated["is_default"] and updated["allowed_tag_ids"] == ["tag-work"], updated
    other = ann.exposure_profiles.create(user_id="ann", name="Other", scope={"permissions": []})
    assert other["tag_permissions"]["read"]["allow_all"] is False, other
    assert ann.exposure_profiles.delete(user_id="ann", profile_id=other["id"]) is None


def errors() -> None:
    ann = client("ann")
    error = refused(ValidationError, ann.sharing.create, user_id="ann", shared_with_user_id="ann", scope="specific_tags")
    assert sorted(error.errors) == ["shared_with_user_id", "tag_ids"], error.errors
    refused(NotFoundError, ann.sharing.get, user_id="ann", share_id="share-abc")
    refused(NotFoundError, ann.exposure_profiles.get, user_id="ann", profile_id="profile-abc")
    nobody = OfSelfClient(access_token="not.a.token", base_url=BASE_URL)
    refused(AuthenticationError, nobody.sharing.list_outgoing, user_id="ann")
    refused(PermissionDenied, client("ann", "--tier", "L2").sharing.list_outgoing, user_id="ann")
    key_only = OfSelfClient(api_key="key", base_url=BASE_URL)
    refused(PermissionDenied, key_only.sharing.list_outgoing, user_id="ann")

    # Last: it uses up this user's rate limit for a minute.
    busy = client("busy")
    for _ in range(10_000):
        try:
            busy.sharing.list_outgoing(user_id="busy")
        except RateLimitError as error:
            assert error.status_code == 429 and error.retry_after >= 1, error
            return
    raise AssertionError("ten thousand requests, and none was too many")


if __name__ == "__main__":
    sharing()
    exposure_profiles()
    errors()
    print("the published Python client works: sharing, exposure profiles, errors")
