# Sourced by the tests of operator scripts: starts, queries and stops the programs, on SQLite (`ofself`) or on PostgreSQL (three
# processes). Needs the folder `work`.
# shellcheck shell=bash disable=SC2034,SC2154

fail() { echo "$1" >&2; cat "$work/log" >&2; exit 1; }

# A prefix of the command, such as `faketime` with options; empty by default.
clock=()

# begin KIND PROGRAMS: KIND is sqlite or postgres; PROGRAMS the folder of the programs.
begin() {
    export DATA_DIR=$work/$1 GATEWAY_LISTEN
    GATEWAY_LISTEN=127.0.0.1:$(deploy/free-port)
    programs=$2
    if [ "$1" = sqlite ]; then
        env -u DATABASE_URL "${clock[@]}" "$programs/ofself" serve --listen "$GATEWAY_LISTEN" --sharing-listen 127.0.0.1:0 \
            --exposure-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 >"$work/banner" 2>"$work/log" &
    else
        SHARING_LISTEN=127.0.0.1:$(deploy/free-port) EXPOSURE_LISTEN=127.0.0.1:$(deploy/free-port) GATEWAY_ADMIN_PORT=0 \
            SHARING_ADMIN_PORT=0 EXPOSURE_ADMIN_PORT=0 "${clock[@]}" deploy/processes/run "$programs" 2>"$work/log" &
    fi
    plane=$!
    ready() { curl --silent --fail "http://$GATEWAY_LISTEN/readyz" >/dev/null; }
    for _ in $(seq 200); do ready && break; kill -0 "$plane" 2>/dev/null || break; sleep 0.1; done
    ready || fail "the plane did not come up"
}

end() {
    kill -TERM "$plane"
    wait "$plane" || fail "the plane did not end with 0"
    plane=
}

# ask USER PATH [OPTIONS OF CURL]
ask() {
    curl --silent --fail-with-body "http://$GATEWAY_LISTEN/api/v1$2" -H "Authorization: Bearer $("${clock[@]}" "$programs/ofself" token --user "$1")" \
        -H 'Content-Type: application/json' "${@:3}"
}

share_with() { ask alice /sharing -d "{\"shared_with_user_id\": \"$1\", \"scope\": \"all\"}" >/dev/null || fail "alice cannot share"; }

# expect_shared USER...: Alice shares with exactly these users.
expect_shared() {
    local found
    found=$(ask alice /sharing/outgoing | grep -o '"shared_with_user_id":"[^"]*"' | cut -d'"' -f4 | sort | tr '\n' ' ')
    [ "$found" = "$(printf '%s\n' "$@" | sort | tr '\n' ' ')" ] || fail "alice shares with $found, and should with $*"
}
