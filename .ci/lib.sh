# What `.ci/run` is made of: installing, checking, starting and stopping services. Sourced, never run.
# shellcheck shell=bash

PRIVATE_POSTGRESQL=""
PRIVATE_REDIS=""

heading() {
    printf '\n━━ %s ━━ %(%H:%M:%S)T\n' "$1" -1
}

fail() {
    echo "CI: $1" >&2
    return 1
}

# Only what is missing is installed: a machine that has everything needs no network for this step.
install_system_packages() {
    local packages=()
    command -v git >/dev/null || packages+=(git)
    command -v chromium >/dev/null || packages+=(chromium)
    [ -d /usr/share/fonts/truetype/dejavu ] || packages+=(fonts-dejavu-core)
    [ -d /usr/share/fonts/truetype/liberation ] || packages+=(fonts-liberation)
    postgresql_programs >/dev/null || packages+=(postgresql)
    command -v redis-server >/dev/null || packages+=(redis-server)
    command -v node >/dev/null || packages+=(nodejs)
    command -v npm >/dev/null || packages+=(npm)
    # Of Apache the program and its modules only: the package `apache2` would also start a web server on port 80.
    [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || packages+=(apache2-bin libapache2-mod-auth-openidc)
    [ ${#packages[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "please install: ${packages[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

# The client libraries that tests drive. A test would do it too, but there a failure looks like one of the product.
install_javascript_libraries() {
    (cd tests/clients/node && npm install --no-audit --no-fund --loglevel=error)
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid postgres --regid postgres --init-groups "$@"; else "$@"; fi
}

# The folder of initdb and postgres: Debian keeps them out of PATH.
postgresql_programs() {
    local folder
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        [ -x "$folder/initdb" ] && echo "$folder" && return
    done
    return 1
}

# manage.py with throwaway secrets and a database of its own.
manage() {
    SECRET_KEY="$(random_key)" KEY_ENCRYPTION_KEYS="$(random_key)" DATABASE_URL="sqlite:///$SCRATCH/ci.sqlite3" \
        uv run manage.py "$@"
}

random_key() {
    python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The tests with another Python, in an environment of its own; what follows is for pytest.
run_on_interpreter() {
    local interpreter="$1" name
    shift
    name="$("$interpreter" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')"
    echo "━━ $name: $interpreter"
    UV_PROJECT_ENVIRONMENT="$SCRATCH/$name" uv sync --quiet --python "$interpreter"
    "$SCRATCH/$name/bin/python" -m pytest "$@" | tee "$SCRATCH/$name.log"
}

# Where packages come from is a matter of each machine; a name in the repository would send everybody to one place.
refuse_registry_hosts() {
    local dot='\.' found
    local hosts="py""pi${dot}org|python""hosted${dot}org|npm""js${dot}(org|com)|yarn""pkg${dot}com|crates${dot}""io"
    hosts+="|ruby""gems${dot}org|proxy${dot}go""lang${dot}org|repo${dot}""maven|ana""conda${dot}org"
    found="$(git grep -nIiE "$hosts" -- . || true)"
    [ -z "$found" ] || fail "a tracked file names a package registry:"$'\n'"$found"
}

postgresql_answers() {
    uv run python -c 'import psycopg, sys; psycopg.connect(sys.argv[1], connect_timeout=3).close()' "$1" 2>/dev/null
}

redis_answers() {
    uv run python -c 'import redis, sys; redis.Redis.from_url(sys.argv[1], socket_timeout=3).ping()' "$1" 2>/dev/null
}

# Sets DATABASE and CACHE: services that already run on this machine, else private ones that end with this run.
start_services() {
    # Django makes and drops `test_<name>`; a name of its own keeps two runs on one server apart.
    local name="erpnet_ci_$$"
    local server="postgres://postgres@127.0.0.1:5432"
    postgresql_answers "$server/postgres" || start_postgresql
    DATABASE="$server/$name"
    CACHE="redis://127.0.0.1:6379/9"
    redis_answers "$CACHE" || start_redis
    echo "PostgreSQL: $DATABASE"
    echo "Redis:      $CACHE"
}

# Also sets the caller's `server`.
start_postgresql() {
    local programs port
    programs="$(postgresql_programs)"
    port="$(free_port)"
    chmod 755 "$SCRATCH"
    mkdir -m 700 "$SCRATCH/postgresql"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$SCRATCH/postgresql"
    (
        cd "$SCRATCH"
        as_postgres "$programs/initdb" -D postgresql -U postgres -A trust -E UTF8 --no-sync >/dev/null
        # No fsync: what is lost with the machine is of no use afterwards either.
        as_postgres "$programs/pg_ctl" -D postgresql -w -s -l postgresql/server.log \
            -o "-p $port -h 127.0.0.1 -c unix_socket_directories= -c fsync=off" start
    ) || fail "PostgreSQL did not start: $(cat "$SCRATCH/postgresql/server.log")"
    PRIVATE_POSTGRESQL="$programs"
    server="postgres://postgres@127.0.0.1:$port"
}

start_redis() {
    local port
    port="$(free_port)"
    redis-server --port "$port" --bind 127.0.0.1 --save "" --appendonly no --dir "$SCRATCH" >"$SCRATCH/redis.log" 2>&1 &
    PRIVATE_REDIS=$!
    CACHE="redis://127.0.0.1:$port/9"
    wait_until redis_answers "$CACHE" || fail "Redis did not start: $(cat "$SCRATCH/redis.log")"
}

wait_until() {
    local attempt
    for attempt in $(seq 60); do
        "$@" && return
        sleep 0.5
    done
    return 1
}

clean_up() {
    local status=$?
    if [ -n "$PRIVATE_POSTGRESQL" ]; then
        (cd "$SCRATCH" && as_postgres "$PRIVATE_POSTGRESQL/pg_ctl" -D postgresql -m immediate -s stop) || true
    fi
    [ -z "$PRIVATE_REDIS" ] || kill "$PRIVATE_REDIS" 2>/dev/null || true
    rm -rf "$SCRATCH"
    exit "$status"
}
