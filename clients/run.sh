#!/usr/bin/env bash
# Tests Purser with real clients, end to end: the official Stripe SDKs for Python and Node, the
# Python agent of the Open Context Protocol, the official MCP client, and the browser Chromium, which
# leaves pictures of the pages in target/screenshots.
#
# Needs Python 3.11 or newer, Node 20 or newer, Chromium, and the server's binary: PURSER_BIN names
# it, else it is target/debug/purser of this repository. Installs what the lock files name into
# a .venv of each Python folder and node_modules of the others. Runs all suites and fails when one
# fails.

set -euo pipefail

if [[ -n ${PURSER_BIN:-} ]]; then
  PURSER_BIN=$(realpath -- "$PURSER_BIN")
  export PURSER_BIN
fi
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

pytest_in() (
  cd "$1"
  [[ -x .venv/bin/pip ]] || python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
  .venv/bin/pytest
)

python_suite() { pytest_in python; }
python_ocp_suite() { pytest_in python-ocp; }
mcp_suite() { pytest_in mcp; }

npm_in() (
  cd "$1"
  npm ci --loglevel=error
  npm test --loglevel=error
)

node_suite() { npm_in node; }
# It starts servers as the suite for Node does, which has been installed by then.
browser_suite() { npm_in browser; }

# `||` and `if` would turn off `set -e` inside the suites, so each runs as a process of its own.
failed=()
for suite in python_suite python_ocp_suite mcp_suite node_suite browser_suite; do
  set +e
  (set -e; "$suite")
  status=$?
  set -e
  [[ $status -eq 0 ]] || failed+=("$suite")
done

if [[ ${#failed[@]} -gt 0 ]]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
