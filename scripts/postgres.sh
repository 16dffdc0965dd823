# Sourced: starts a PostgreSQL server of our own in a temporary folder, on a socket only, and sets VESTNIK_TEST_POSTGRES.
# It is stopped and removed when the script that sources this ends.

start_postgres() {
    local bin
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
    if [ -z "$bin" ]; then
        bin=$(dirname "$(command -v initdb 2>/dev/null)" 2>/dev/null) || bin=
    fi
    [ -n "$bin" ] && [ -x "$bin/initdb" ] || return 1
    pg_dir=$(mktemp -d /tmp/vestnik-pg-XXXXXX)
    as_postgres() { "$@"; }
    if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
        chown postgres "$pg_dir"
        as_postgres() { (cd / && setpriv --reuid postgres --regid "$(id -g postgres)" --clear-groups "$@"); }
    fi
    pg_bin=$bin
    as_postgres "$bin/initdb" -D "$pg_dir/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 >"$pg_dir/initdb.log" 2>&1 || { cat "$pg_dir/initdb.log"; return 1; }
    as_postgres "$bin/pg_ctl" -D "$pg_dir/data" -w -l "$pg_dir/server.log" \
        -o "-k $pg_dir -c listen_addresses= -c fsync=off -c max_connections=400 -c max_locks_per_transaction=512" start >/dev/null || { cat "$pg_dir/server.log"; return 1; }
    trap stop_postgres EXIT
    export VESTNIK_TEST_POSTGRES="postgres://postgres@/postgres?host=$pg_dir&sslmode=disable"
}

stop_postgres() {
    as_postgres "$pg_bin/pg_ctl" -D "$pg_dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$pg_dir"
}
