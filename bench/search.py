#!/usr/bin/env python3
"""Measures searches on a store with many customers: milliseconds, as a client sees them.

    just bench-search                        1,000,000 customers
    just bench-search --customers 50000      a shorter look; other options as of `just bench`

Every customer has an address and an order of its own in its metadata; one in ten shares a plan,
one in ten shares a tier with the customer after it, and one in seven shares a region. Each search
is asked one after the other over one kept connection, so the times are those of the server and of
loopback. Searches with a goal have to be answered within it, 99 of 100 times.
"""

import json
import random
import socket
import statistics
import sys
import time
import urllib.parse

import bench
from servers import Failed, fetch_each, read_answer, say

CUSTOMERS = 1_000_000
SLICE = 20_000
TIMES = 200
GOAL_MS = 5
PAGES_DEEP = 200
REGIONS = ["bonn", "cork", "delft", "espoo", "faro", "ghent", "hof"]


def customer(n):
    """What is known of the n-th customer."""
    plan = "gold" if n % 10 == 0 else f"plan-{n}"
    tier = "odd" if n % 10 == 1 else f"tier-{n}"
    body = urllib.parse.urlencode({
        "email": f"user{n}@shop{n % 1000}.example", "name": f"Ada {n} Lovelace",
        "metadata[order]": f"order-{n}", "metadata[plan]": plan, "metadata[tier]": tier,
        "metadata[region]": REGIONS[n % 7]})
    head = ["POST /v1/customers HTTP/1.1", "Host: 127.0.0.1", "Authorization: Bearer sk_test_bench",
            f"Content-Length: {len(body)}", "Content-Type: application/x-www-form-urlencoded"]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def fill(run, count):
    say(f"making {count:,} customers")
    began = time.monotonic()
    for start in range(0, count, SLICE):
        numbers = range(start, min(start + SLICE, count))
        for _ in fetch_each(run.server.address, [customer(n) for n in numbers]):
            pass
        if (start + SLICE) % (10 * SLICE) == 0:
            rate = (start + SLICE) / (time.monotonic() - began)
            say(f"  {start + SLICE:,} customers, {rate:,.0f}/s")
    return count / (time.monotonic() - began)


class Searches:
    """One kept connection."""

    def __init__(self, run):
        self.stream = socket.create_connection(run.server.address, timeout=120)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, query, **more):
        """The answer, and how many milliseconds it took."""
        asked = urllib.parse.urlencode({"query": query, **more})
        request = (f"GET /v1/customers/search?{asked} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   "Authorization: Bearer sk_test_bench\r\n\r\n").encode()
        began = time.perf_counter()
        self.stream.sendall(request)
        status, body = read_answer(self.stream)
        took = (time.perf_counter() - began) * 1000
        return status, json.loads(body), took


def deep_page(searches, query):
    """The cursor of a page far behind the first."""
    page = {}
    for _ in range(PAGES_DEEP):
        status, answer, _ = searches.ask(query, limit=100, **page)
        if status != 200 or not answer["has_more"]:
            break
        page = {"page": answer["next_page"]}
    return page


def cases(count, searches):
    """Title, the query of each time, further parameters, how many are found, and the goal."""
    any_one = random.Random(8).randrange
    shared = "metadata['plan']:'gold'"
    tenth = lambda: any_one(count // 10) * 10
    deep = deep_page(searches, shared)
    return [
        ("an e-mail address", lambda: f"email:'user{(n := any_one(count))}@shop{n % 1000}.example'",
         {}, 1, GOAL_MS),
        ("one value of metadata", lambda: f"metadata['order']:'order-{any_one(count)}'", {}, 1,
         GOAL_MS),
        (f"a value that {count // 10:,} share", lambda: shared, {}, 10, GOAL_MS),
        ("  the same, 100 a page", lambda: shared, {"limit": 100}, 100, None),
        (f"  the same, {PAGES_DEEP * 100:,} behind the first", lambda: shared, deep, None, GOAL_MS),
        ("that value AND an address",
         lambda: f"{shared} AND email:'user{(n := tenth())}@shop{n % 1000}.example'", {}, 1, GOAL_MS),
        ("that value AND one that a seventh share",
         lambda: f"{shared} AND metadata['region']:'bonn'", {}, 10, GOAL_MS),
        ("one of two addresses",
         lambda: f"email:'user{(n := any_one(count))}@shop{n % 1000}.example' OR "
                 f"metadata['order']:'order-{any_one(count)}'", {}, None, GOAL_MS),
        ("a name", lambda: f"name:'{any_one(count)}'", {}, 1, GOAL_MS),
        ("all but one address", lambda: "-email:'nobody@example.com'", {}, 10, GOAL_MS),
        ("a part that many have", lambda: "email~'shop77'", {}, 10, GOAL_MS),
        ("a part that one has", lambda: f"email~'ser{any_one(count)}@sho'", {}, 1, None),
        ("two values that many have, none both",
         lambda: f"{shared} AND metadata['tier']:'odd'", {}, 0, None),
        ("  the first, counted", lambda: shared, {"expand[]": "total_count"}, 10, None),
    ]


def measure(run, count):
    searches = Searches(run)
    rows = []
    for title, query, more, wanted, goal in cases(count, searches):
        took = []
        for _ in range(TIMES if goal else TIMES // 10):
            status, answer, ms = searches.ask(query(), **more)
            if status != 200:
                raise Failed(f"{title}: {status} {answer}")
            if wanted is not None and len(answer["data"]) != min(wanted, count // 10):
                raise Failed(f"{title}: {len(answer['data'])} found")
            took.append(ms)
        took.sort()
        median, late = statistics.median(took), took[int(len(took) * 0.99) - 1]
        ok = "" if goal is None else bench.verdict(late < goal)
        rows.append([title, f"{median:.2f}", f"{late:.2f}", f"{took[-1]:.2f}", ok])
    return rows


def main():
    words = sys.argv[1:]
    if "--customers" not in words:
        words += ["--customers", str(CUSTOMERS)]
    args = bench.arguments(words)
    with bench.running(args) as run:
        rate = fill(run, args.customers)
        rows = measure(run, args.customers)
        print(f"\nWith {args.customers:,} customers, made at {rate:,.0f} a second:\n")
    bench.table(["search for", "median ms", "99 of 100", "most ms", "ok?"], rows)
    return 1 if any(row[-1] not in ("", "yes") for row in rows) else 0


if __name__ == "__main__":
    bench.run_main(main)
