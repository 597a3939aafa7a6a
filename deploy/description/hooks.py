"""Cases that schemathesis does not try."""

import schemathesis


@schemathesis.hook
def filter_query(context, query):
    """An empty parameter is the same as an absent one, so it violates no schema. Empty lists and objects are sent as such."""
    return all(value not in ("", [], {}) for value in (query or {}).values())
