# Guards one PostgreSQL server for one test process: `sh -c THIS supervisor BIN_DIR ROOT...`.
#
# Commands come as lines on stdin, each answered by one line on stdout: `ok`, or what went wrong.
# The end of stdin means that the test process is gone, however it ended: the server is stopped and
# its directory removed. So nothing here may take long or die early: the caller waits, not this.

bin=$1
shift
# An answer to a dead caller must not kill this shell before it has cleaned up.
trap '' PIPE

for root in "$@"; do
    dir=$(mktemp -d "$root/purser-postgres-XXXXXX" 2>/dev/null) && break
done
if [ -z "$dir" ]; then
    echo "cannot make a directory in any of: $*"
    exit 1
fi
data=$dir/data
log=$dir/log
exec 2>>"$log"
export HOME="$dir" PGAPPNAME=harness
cd "$dir" || exit 1

running() { [ -e "$dir/pid" ] && [ ! -e "$dir/exited" ]; }

children() { cat "/proc/$1/task/$1/children" 2>/dev/null || pgrep -P "$1"; }

# The letter of a process in /proc: T is stopped, Z is dead and not yet collected.
state() { sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null; }

# Waits at most 5 s until the condition, a command, holds.
within_5s() {
    polls=0
    until "$@"; do
        polls=$((polls + 1))
        [ "$polls" -lt 250 ] || return 1
        sleep 0.02
    done
}

is_stopped() { case $(state "$1") in T* | '') true ;; *) false ;; esac; }
is_gone() { case $(state "$1") in Z* | '') true ;; *) false ;; esac; }
has_exited() { ! running; }

# Starts the server; its end is told by the file `exited`.
start() {
    rm -f "$dir/exited" "$dir/pid"
    {
        # shellcheck disable=SC2016
        sh -c 'echo $$ >pid; exec "$@"' sh "$bin/postgres" -D "$data" -k "$dir" -p "$1"
        echo $? >"$dir/exited"
    } </dev/null >>"$log" 2>&1 &
    within_5s test -s "$dir/pid"
}

# SIGKILL for the postmaster and all its children. It is stopped first so that it starts no more.
# Each child leads a session of its own, so killing a process group would not reach them.
kill_all() {
    running || return 0
    postmaster=$(cat "$dir/pid")
    kill -STOP "$postmaster" && within_5s is_stopped "$postmaster"
    killed=$(children "$postmaster")
    # shellcheck disable=SC2086
    kill -KILL $killed "$postmaster"
    within_5s has_exited || return 1
    for child in $killed; do
        within_5s is_gone "$child" || return 1
    done
    free_shared_memory
}

# A killed server leaves a System V segment, named on line 7 of its postmaster.pid.
free_shared_memory() {
    segment=$(sed -n '7s/.* //p' "$data/postmaster.pid" 2>/dev/null)
    [ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null || true
}

clean_up() {
    trap '' INT TERM HUP
    if running; then
        # Immediate: no checkpoint, and the server collects its own children and shared memory.
        kill -QUIT "$(cat "$dir/pid")"
        within_5s has_exited || kill_all
    fi
    cd /
    rm -rf "$dir" || { sleep 0.2 && rm -rf "$dir"; }
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

answer() {
    if "$@" </dev/null >>"$log" 2>&1; then echo ok; else echo "failed: $1"; fi
}

echo "ok $dir"
while read -r command rest; do
    case $command in
    initdb)
        answer "$bin/initdb" --pgdata="$data" --username=postgres --no-sync --no-instructions \
            --auth=trust --encoding=UTF8 --locale=C
        ;;
    basebackup)
        answer "$bin/pg_basebackup" --pgdata="$data" --dbname="$rest" --write-recovery-conf \
            --wal-method=stream --checkpoint=fast --no-sync
        ;;
    setting) printf '%s\n' "$rest" >>"$data/postgresql.conf" && echo ok ;;
    access) printf '%s\n' "$rest" >>"$data/pg_hba.conf" && echo ok ;;
    closed) : >"$data/pg_hba.conf" && echo ok ;;
    start) answer start "$rest" ;;
    signal) answer kill "-$rest" "$(cat "$dir/pid")" ;;
    kill) answer kill_all ;;
    *) echo "unknown command: $command" ;;
    esac
done
