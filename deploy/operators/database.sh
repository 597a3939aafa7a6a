# Sourced by `backup` and `restore`: which database it is.
# shellcheck shell=bash disable=SC2034

# For PostgreSQL: `url`, without the password, which goes by the environment: arguments can be read by everybody on the machine.
url=
if [ -n "${DATABASE_URL:-}" ]; then
    case $DATABASE_URL in
    postgres://*|postgresql://*) ;;
    *) echo "DATABASE_URL must be of PostgreSQL; for what \`ofself\` keeps, say DATA_DIR" >&2; exit 2 ;;
    esac
    url=$DATABASE_URL
    if [[ $url =~ ^([a-z]+://[^:@/]*):([^@/]*)@(.*)$ ]]; then
        url=${BASH_REMATCH[1]}@${BASH_REMATCH[3]}
        PGPASSWORD=$(printf '%b' "${BASH_REMATCH[2]//%/\\x}")
        export PGPASSWORD
    fi
fi
data=${DATA_DIR:-./data}
services=(sharing exposure)
