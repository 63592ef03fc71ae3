#!/usr/bin/env python3
"""Measures the pages of the dashboard on a large store: bytes, and milliseconds in the server.

    just bench-pages                         1,000,000 transactions, 100,000 of one customer
    just bench-pages --transactions 50000    a shorter look; other options as of `just bench`

Follows the links from /dashboard, one of each shape (ids and filters left out), and asks for each
page so many times. What the server took it says itself, in the header Server-Timing. Files to be
downloaded are left out. No cookies: a sandbox on loopback asks nobody to sign in.
"""

import html
import re
import statistics
import sys

import bench
from servers import Failed, fetch_raw, say

TRANSACTIONS = 1_000_000
TIMES = 15
BYTES_GOAL, TIME_GOAL_MS = 200 * 1024, 100
# Pages that no link leads to, or that begin a long way.
FIRST = ["/dashboard", "/dashboard/customers?query=ada", "/dashboard/unreconciled"]


def fill(run):
    """Money in all the states that pages show."""
    bench.prefill(run)
    bench.prefill_payments(run)
    total = run.args.transactions
    deep = run.ids("deep", run.customers[-1:])
    say(f"loading {total // 10:,} transactions of one customer, {total:,} in all")
    bench.load(run, run.funded + total // 10, deep)
    bench.load(run, total)
    return f"/dashboard/customers/{run.customers[-1]}"


def shape(path):
    """What a page is, without what it is of."""
    plain, _, query = path.partition("?")
    parts = ["{}" if re.search(r"_|\d", part) else part for part in plain.split("/")]
    names = sorted(pair.partition("=")[0] for pair in query.split("&") if pair)
    return "/".join(parts) + ("?" + "&".join(names) if names else "")


def get(run, path):
    request = f"GET {path} HTTP/1.1\r\nHost: {run.server.url.split('/')[2]}\r\n\r\n".encode()
    head, body = fetch_raw(run.server.address, request)
    return int(head[9:12]), head.decode(errors="replace"), body


def links(body):
    found = re.findall(r'<a [^>]*href="(/dashboard[^"#]*)"', body.decode())
    paths = (html.unescape(path) for path in found)
    return [path for path in paths if not re.search(r"\.\w+(\?|$)", path)]


def measure(run, begin):
    """One row for each shape of page."""
    known, waiting, rows = set(), [begin, *FIRST], []
    while waiting:
        path = waiting.pop(0)
        if shape(path) in known:
            continue
        known.add(shape(path))
        took = []
        for _ in range(TIMES):
            status, head, body = get(run, path)
            if status != 200:
                raise Failed(f"{path}: {status}")
            took.append(float(re.search(r"server-timing: page;dur=([\d.]+)", head, re.I).group(1)))
        waiting += links(body)
        median, most = statistics.median(took), max(took)
        ok = len(body) < BYTES_GOAL and most < TIME_GOAL_MS
        rows.append([shape(path), f"{len(body):,}", f"{median:.1f}", f"{most:.1f}",
                     bench.verdict(ok)])
    return rows


def main():
    words = sys.argv[1:]
    if "--transactions" not in words:
        words += ["--transactions", str(TRANSACTIONS)]
    with bench.running(bench.arguments(words)) as run:
        begin = fill(run)
        rows = measure(run, begin)
        print(f"\nWith {len(run.customers):,} customers and {run.funded:,} transactions:\n")
    bench.table(["page", "bytes", "median ms", "most ms", "ok?"], sorted(rows))
    return 1 if run.failures or any(row[-1] != "yes" for row in rows) else 0


if __name__ == "__main__":
    bench.run_main(main)
