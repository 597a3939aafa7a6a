# Sourced by `backup` and `restore`: the databases.
# shellcheck shell=bash disable=SC2034

data=${DATA_DIR:-./data}
services=(sharing exposure)
# PostgreSQL or SQLite.
postgres=
[ -z "${DATABASE_URL:-}${SHARING_DATABASE_URL:-}${EXPOSURE_DATABASE_URL:-}" ] || postgres=yes

# turn_to SERVICE: sets `url` to its database, without the password, which is passed in the environment: arguments are visible to
# all users of the machine.
turn_to() {
    local own=${1^^}_DATABASE_URL
    url=${!own:-${DATABASE_URL:-}}
    unset PGPASSWORD
    case $url in
    postgres://*|postgresql://*) ;;
    "") echo "say where $1 is: $own, or DATABASE_URL for both" >&2; exit 2 ;;
    *) echo "$own or DATABASE_URL must be of PostgreSQL; for what \`ofself\` keeps, say DATA_DIR" >&2; exit 2 ;;
    esac
    if [[ $url =~ ^([a-z]+://[^:@/]*):([^@/]*)@(.*)$ ]]; then
        url=${BASH_REMATCH[1]}@${BASH_REMATCH[3]}
        PGPASSWORD=$(printf '%b' "${BASH_REMATCH[2]//%/\\x}")
        export PGPASSWORD
    fi
}
