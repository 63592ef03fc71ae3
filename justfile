# The commands of this house; `just` alone lists them. Options go to the command behind a recipe.
set positional-arguments

[private]
default:
    @just --list

# Serve the API, built for release.
serve *options:
    cargo run --release --bin purser -- serve "$@"

# Every test.
test *options:
    ./test "$@"

# Simulate clients, a clock that jumps and crashes, for 2000 seeds; with one seed, tell its run.
sim seed="":
    @PURSER_SIM_SEED="{{ seed }}" PURSER_SIM_SEEDS="${PURSER_SIM_SEEDS:-2000}" \
        cargo test --package purser-store --test simulation nothing_is_lost -- --nocapture

# Format the code.
fmt:
    cargo fmt --all

# What has to be silent before a change is done. Needs cargo-deny.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo deny check

# Write the answers of the scenarios and the generated files anew; read the diff afterwards.
bless:
    BLESS=1 cargo test -p purser --lib --test scenarios

# Measure against the ceiling of this machine; --quick for a short look, --help for the options.
bench *options:
    @python3 bench/bench.py "$@"

# Measure the pages of the dashboard on a large store.
bench-pages *options:
    @python3 bench/pages.py "$@"

# Measure searches on a store with many customers.
bench-search *options:
    @python3 bench/search.py "$@"

# Where the server spends its time in one case of the bench. Needs perf.
profile case *options:
    @python3 bench/profile.py "$@"
