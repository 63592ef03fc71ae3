#!/usr/bin/env python3
"""Measures Purser against a bare axum that does nothing, side by side on this machine, with wrk.

    just bench                            the table: about 8 minutes, plus a release build
    just bench --transactions 1000000     also memory, disk, restart and deep lists, at that size
    just bench --quick                    a smaller table in about 1 minute
    just bench --postgres --case fund     on PostgreSQL, with pgbench beside it
    just bench --case fund --connections 64 --serve="--batch-max 512"      one case, other settings

In each round, for each number of connections, the ceiling and every case run one after the other,
so that a slow minute of the machine hits all of them. The ratio is a case's requests/s over those
of the ceiling for the same method in the same round; the table has medians over the rounds. That
of `fund_told`, which funds while a webhook endpoint is told of everything, is over plain `fund`.

The customers are random, every write has an Idempotency-Key of its own, and the store is a fresh
one on a real disk. wrk and the servers share the cores, as they do for the ceiling. An answer other
than 200, a socket error or a timeout fails the run. Needs Linux, cargo, and wrk.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import re
import secrets
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from postgres import Postgres
from servers import Failed, Service, build, fetch, fetch_each, file_system, say

HERE = pathlib.Path(__file__).resolve().parent
KEY_CHARS = 26  # As requests.lua writes them: PREFIX-NN-NNNNNNNNNN.
CUSTOMER_CHARS = 18
LISTED_TRANSACTIONS = 10  # So many transactions has each customer whose list is measured, or more.
LOAD_LIMIT_S = 3600
MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Case:
    """One kind of request. `operation` is how the server counts it; the ceiling counts nothing.
    The ratio is over `base`, another case, or else over the ceiling. `told` says whether a webhook
    endpoint is enabled meanwhile."""

    name: str
    title: str
    method: str
    path: str
    body: str = ""
    operation: str = ""
    customers: str = "all"
    ratio_goal: float | None = None
    base: str = ""
    told: bool = False

    @property
    def ratio_over(self):
        return self.base or f"ceiling_{self.method.lower()}"

    def template(self):
        """The whole request, with holes for the customer and the key."""
        head = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1",
                "Authorization: Bearer sk_test_bench"]
        if self.method == "POST":
            body = self.body.replace("{key}", "k" * KEY_CHARS)
            length = len(body.replace("{customer}", "c" * CUSTOMER_CHARS))
            head += ["Idempotency-Key: {key}", f"Content-Length: {length}",
                     "Content-Type: application/x-www-form-urlencoded"]
        return "\r\n".join(head) + "\r\n\r\n" + self.body

    def request(self, customer=""):
        """One request for this customer, with a key of its own."""
        key = secrets.token_hex(KEY_CHARS // 2)
        return self.template().replace("{customer}", customer).replace("{key}", key).encode()


CUSTOMER = "/v1/customers/{customer}"
CASH_BALANCE = Case("cash_balance", "GET cash_balance", "GET", f"{CUSTOMER}/cash_balance",
                    operation="GetCustomersCustomerCashBalance", ratio_goal=0.6)
BALANCE = Case("balance", "GET /v1/balance", "GET", "/v1/balance",
               operation="GetBalance", ratio_goal=0.6)
LIST = Case("list", "GET 10 transactions", "GET", f"{CUSTOMER}/cash_balance_transactions?limit=10",
            operation="GetCustomersCustomerCashBalanceTransactions", customers="listed")
CREATE = Case("customers", "POST customers", "POST", "/v1/customers",
              "email={key}@example.com&name=Ada+Lovelace", operation="PostCustomers")
FUND = Case("fund", "POST fund_cash_balance", "POST",
            f"/v1/test_helpers{CUSTOMER[3:]}/fund_cash_balance",
            "amount=1000&currency=usd&reference=invoice+{key}",
            operation="PostTestHelpersCustomersCustomerFundCashBalance", ratio_goal=0.15)
FUND_TOLD = dataclasses.replace(FUND, name="fund_told", title="  with a webhook endpoint",
                                ratio_goal=0.7, base=FUND.name, told=True)
PAY = Case("pay", "POST payment_intents", "POST", "/v1/payment_intents",
           "amount=50&currency=usd&customer={customer}&confirm=true"
           "&payment_method_types[]=customer_balance"
           "&payment_method_data[type]=customer_balance",
           operation="PostPaymentIntents", customers="rich", ratio_goal=0.08)
# Each customer of this case has one intent of the largest amount; a hole is one for an intent here.
APPLY = Case("apply", "POST apply_customer_balance", "POST",
             "/v1/payment_intents/{customer}/apply_customer_balance", "amount=1&currency=usd",
             operation="PostPaymentIntentsIntentApplyCustomerBalance", customers="intents",
             ratio_goal=0.08)
# The ceilings get the very requests of a case, so that wrk works as hard for them.
PGBENCH = Case("pgbench", "pgbench (TPC-B-like)", "", "")
CEILINGS = [
    dataclasses.replace(CASH_BALANCE, name="ceiling_get", title="ceiling GET", operation=""),
    dataclasses.replace(FUND, name="ceiling_post", title="ceiling POST", operation=""),
]
CASES = [CASH_BALANCE, BALANCE, LIST, CREATE, FUND, FUND_TOLD, PAY, APPLY]
GOAL_CONNECTIONS, P99_GOAL_MS = 64, 25
MEMORY_GOAL_MIB, DISK_GOAL_BYTES, RESTART_GOAL_S, LIST_GOAL = 150, 2560, 1.0, 0.8


# ---- A run


@dataclasses.dataclass
class Run:
    """What everything below shares: settings, the two servers, and what was found so far."""

    args: argparse.Namespace
    programs: pathlib.Path
    dir: pathlib.Path
    load: float
    ceiling: Service = None
    postgres: Postgres = None
    server: Service = None
    endpoint: str = ""
    customers: list = dataclasses.field(default_factory=list)
    funded: int = 0
    failures: list = dataclasses.field(default_factory=list)

    def start(self):
        command = [self.programs / "purser", "serve", "--listen", "127.0.0.1:0",
                   "--store", self.store, *shlex.split(self.args.serve)]
        self.server = Service(command, self.dir / "server.log")

    @property
    def store(self):
        return self.postgres.url if self.postgres else f"sqlite:{self.dir}/store/purser.db"

    def ids(self, name, customers=None):
        """The file with the ids of some customers, written if they are given."""
        path = self.dir / f"{name}.ids"
        if customers is not None:
            path.write_text("".join(f"{id}\n" for id in customers))
        return path

    def disk_bytes(self):
        return sum(file.stat().st_size for file in (self.dir / "store").iterdir())


@contextlib.contextmanager
def running(args):
    """A run with both servers up and an empty store; everything is gone afterwards."""
    if not shutil.which("wrk"):
        raise Failed("wrk is not installed; on Debian and Ubuntu: apt install wrk")
    programs, target = build(not args.no_build)
    parent = pathlib.Path(args.dir or target / "bench")
    parent.mkdir(parents=True, exist_ok=True)
    if (kind := file_system(parent)) in ("tmpfs", "ramfs"):
        raise Failed(f"{parent} is in memory ({kind}); choose a directory on a disk with --dir")
    if (load := os.getloadavg()[0]) > 0.5:
        say(f"other work is going on (load {load:.1f}): the figures will be noisy")
    with tempfile.TemporaryDirectory(prefix="run-", dir=parent) as dir:
        run = Run(args, programs, pathlib.Path(dir), load)
        try:
            run.ceiling = Service([programs / "examples/ceiling"], run.dir / "ceiling.log")
            if args.postgres:
                run.postgres = Postgres(run.dir / "postgres")
            run.start()
            yield run
        finally:
            for service in (run.ceiling, run.server):
                if service and service.process.poll() is None:
                    service.process.kill()
                    service.process.wait()
            if run.postgres:
                run.postgres.stop()


def prefill(run):
    """Makes the customers, and for one in ten of them enough transactions for a page."""
    count = run.args.customers
    say(f"making {count:,} customers")
    answers = fetch_each(run.server.address, [CREATE.request() for _ in range(count)])
    run.customers = [answer["id"] for answer in answers]
    listed = run.customers[:max(1, count // 10)]
    run.ids("all", run.customers)
    run.ids("listed", listed)
    say(f"{LISTED_TRANSACTIONS} transactions for each of {len(listed):,} of them")
    for _ in range(LISTED_TRANSACTIONS):
        for answer in fetch_each(run.server.address, [FUND.request(id) for id in listed]):
            assert answer["object"] == "customer_cash_balance_transaction", answer
            run.funded += 1
    _, page = fetch(run.server.address, LIST.request(listed[0]))
    assert len(json.loads(page)["data"]) == LISTED_TRANSACTIONS, page
    if not run.args.case or {PAY.name, APPLY.name} & set(run.args.case):
        prefill_payments(run)


def prefill_payments(run):
    """Customers with money for every payment, and intents that take every cent there is."""
    count = max(1, run.args.customers // 10)
    say(f"{count:,} customers with money, and {count:,} with an intent that waits for it")
    rich = dataclasses.replace(FUND, body="amount=900000000000&currency=usd")
    manual = dataclasses.replace(
        CREATE, body="email={key}@example.com&cash_balance[settings][reconciliation_mode]=manual")
    waits = dataclasses.replace(
        PAY, body=PAY.body.replace("amount=50", "amount=99999999")
        + "&payment_method_options[customer_balance][funding_type]=bank_transfer"
        "&payment_method_options[customer_balance][bank_transfer][type]=us_bank_transfer")
    of = run.customers[-count:]
    list(fetch_each(run.server.address, [rich.request(id) for id in of]))
    run.ids("rich", of)
    requests = [manual.request() for _ in range(count)]
    of = [answer["id"] for answer in fetch_each(run.server.address, requests)]
    list(fetch_each(run.server.address, [rich.request(id) for id in of]))
    run.funded += 2 * count
    intents = list(fetch_each(run.server.address, [waits.request(id) for id in of]))
    assert intents[0]["status"] == "requires_action", intents[0]
    run.ids("intents", [intent["id"] for intent in intents])


def wrk_command(run, case, connections, seconds, customers=None):
    target = run.server if case.operation else run.ceiling
    words = ["wrk", "-t", min(connections, run.args.threads), "-c", connections,
             "-d", f"{seconds}s", "--timeout", "10s", "-s", HERE / "requests.lua", target.url, "--",
             case.template(), customers or run.ids(case.customers), secrets.token_hex(6)]
    return [str(word) for word in words]


@contextlib.contextmanager
def told(run, case):
    """Has a webhook endpoint told of everything meanwhile, if the case wants that. It is disabled
    before and after, and an endpoint is never told of what happened while it was."""
    if not case.told:
        yield
        return
    if not run.endpoint:
        # The ceiling takes any such request, so it is a receiver, too.
        url = f"{run.ceiling.url.rstrip('/')}{FUND.path.replace('{customer}', 'cus_1')}"
        run.endpoint = webhook_endpoint(run, "", f"url={url}&enabled_events[]=*")
    webhook_endpoint(run, f"/{run.endpoint}", "disabled=false")
    began, before = time.monotonic(), run.server.deliveries()
    yield
    delivered = run.server.deliveries() - before
    took = time.monotonic() - began
    webhook_endpoint(run, f"/{run.endpoint}", "disabled=true")
    say(f"  the endpoint was told of {delivered / took:,.0f} events/s meanwhile")


def webhook_endpoint(run, path, body):
    """Makes or changes an endpoint. Gives its id."""
    case = Case("endpoint", "", "POST", f"/v1/webhook_endpoints{path}", body)
    status, answer = fetch(run.server.address, case.request())
    if status != 200:
        raise Failed(f"a webhook endpoint: {status} {answer.decode(errors='replace')}")
    return json.loads(answer)["id"]


def wrk(run, case, connections, seconds, customers=None):
    """Runs wrk for some seconds, while an endpoint is told if the case wants that; or pgbench."""
    if case is PGBENCH:
        return run.postgres.pgbench(connections, seconds)
    with told(run, case):
        return wrk_alone(run, case, connections, seconds, customers)


def wrk_alone(run, case, connections, seconds, customers):
    """Runs wrk for some seconds. Its percentiles are corrected for requests that it could not send
    because an answer was late ("coordinated omission"), so they err on the slow side."""
    target = run.server if case.operation else run.ceiling
    before = target.counted() if case.operation else {}
    command = wrk_command(run, case, connections, seconds, customers)
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    found = re.search(r"^FIGURES (.*)$", done.stdout, re.M)
    if not found:
        raise Failed(f"wrk failed: {done.stdout}{done.stderr}")
    raw = json.loads(found.group(1))
    wrong = {name: count for name, count in raw["errors"].items() if count}
    if case.operation:
        after = target.counted()
        new = {of: count - before.get(of, 0) for of, count in after.items()}
        wrong.update({f"{of[0]} {of[1]}": count for of, count in new.items()
                      if count and of != (case.operation, 200)})
        counted = new.get((case.operation, 200), 0)
        if not wrong and counted < raw["requests"]:
            wrong["not counted by the server"] = raw["requests"] - counted
    if wrong or not raw["requests"]:
        run.failures.append(f"{case.title}, {connections} connections: {wrong or 'no answer'}")
        say(f"FAILED {run.failures[-1]}")
    if case.operation == FUND.operation:
        run.funded += raw["requests"]
    return {"requests": raw["requests"], "rate": raw["requests"] / (raw["took_us"] / 1e6),
            **{name: raw[f"{name}_us"] / 1000 for name in ("p50", "p99", "max")}}


# ---- The table


def measure_table(run):
    """Every case at every number of connections, in rounds. Gives the rows of the table."""
    names = set(run.args.case or (case.name for case in CASES))
    names |= {case.base for case in CASES if case.name in names}
    wanted = [case for case in CASES if case.name in names]
    order = []
    for ceiling in CEILINGS:
        of_method = [case for case in wanted if case.method == ceiling.method]
        order += [ceiling, *of_method] if of_method else []
    if run.postgres:
        order.insert(0, PGBENCH)
    say("warming up")
    for case in order:
        wrk(run, case, max(run.args.connections), 1)
    samples = {(case.name, c): [] for case in order for c in run.args.connections}
    for number in range(run.args.rounds):
        for connections in run.args.connections:
            say(f"round {number + 1} of {run.args.rounds}, {connections} connections")
            for case in order:
                time.sleep(0.3)  # Lets the case before finish what it left to do.
                sample = wrk(run, case, connections, run.args.seconds)
                samples[case.name, connections].append(sample)
                say(f"  {case.title:24} {sample['rate']:9,.0f}/s  p99 {sample['p99']:.2f} ms")
    return [row(case, c, samples) for c in run.args.connections for case in order]


def processor_s(run):
    """Seconds of processor time so far: of the whole machine, and of this run. Interrupts are left
    out, because they belong to nobody."""
    tick = os.sysconf("SC_CLK_TCK")
    user, nice, system, _idle, _wait, _irq, _soft, steal = map(
        int, open("/proc/stat").readline().split()[1:9])
    own = sum(os.times()[:4])
    for service in (run.ceiling, run.server):
        stat = pathlib.Path(f"/proc/{service.process.pid}/stat").read_text()
        own += sum(map(int, stat.rpartition(")")[2].split()[11:13])) / tick
    return (user + nice + system + steal) / tick, own


def row(case, connections, samples):
    """Medians of the rounds, and whether they reach the goal."""
    mine = samples[case.name, connections]
    median = {name: statistics.median(s[name] for s in mine) for name in ("rate", "p50", "p99")}
    out = {"case": case.name, "title": case.title, "connections": connections, **median,
           "ratio": None, "goal": "", "ok": None, "rounds": mine}
    if not case.operation:
        return out
    over = zip(mine, samples[case.ratio_over, connections])
    out["ratio"] = statistics.median(s["rate"] / max(c["rate"], 1e-9) for s, c in over)
    if connections == GOAL_CONNECTIONS:
        out["goal"] = f"p99 < {P99_GOAL_MS} ms"
        out["ok"] = median["p99"] < P99_GOAL_MS
        if case.ratio_goal:
            out["goal"] = f"ratio >= {case.ratio_goal}, {out['goal']}"
            out["ok"] = out["ok"] and out["ratio"] >= case.ratio_goal
    return out


# ---- At size: memory, disk, restart, deep lists


def load(run, until, customers=None):
    """Funds until the run has made that many transactions, or some more; gives how many it added.
    It counts what was answered: the up to 64 requests that each window cuts off at its end may be
    in the store uncounted."""
    began, first, seconds = time.monotonic(), run.funded, 1
    while run.funded < until:
        if time.monotonic() - began > LOAD_LIMIT_S or run.failures:
            raise Failed(f"loading stopped at {run.funded:,} transactions: {run.failures}")
        sample = wrk(run, FUND, 64, seconds, customers)
        say(f"  {run.funded:,} transactions, {sample['rate']:,.0f}/s, p99 {sample['p99']:.1f} ms")
        left = until - run.funded
        seconds = max(1, min(30, round(left / max(sample["rate"], 1))))
    return run.funded - first


def measure_at_size(run):
    """Loads the store, then measures what size could cost. Gives the figures with their goals."""
    run.server.stop()  # A clean stop empties the log into the database: the sizes compare.
    empty_bytes, empty_funded = run.disk_bytes(), run.funded
    run.start()
    total = run.args.transactions
    deep = min(100_000, total // 10)
    say(f"loading {deep:,} transactions for one customer, {total:,} in all")
    one_deep = run.ids("deep", run.customers[-1:])
    deep = load(run, run.funded + deep, one_deep)
    began, before = time.monotonic(), run.funded
    load(run, total)
    rate = (run.funded - before) / max(time.monotonic() - began, 1e-9)
    memory = {field: run.server.memory_mib(field) for field in ("VmRSS", "VmHWM")}
    running_bytes = run.disk_bytes()
    say("killing the server and starting it again")
    restarts = [restart_s(run) for _ in range(3)]
    run.server.stop()
    each = (run.disk_bytes() - empty_bytes) / max(run.funded - empty_funded, 1)
    run.start()
    few, many = compare_lists(run, run.ids("few", run.customers[:1]), one_deep)
    size = f"{len(run.customers):,} customers, {run.funded:,} transactions"

    def figure(name, value, unit, goal="", ok=None):
        return {"name": name, "value": value, "unit": unit, "goal": goal, "ok": ok}

    return size, [
        figure("memory (VmRSS)", memory["VmRSS"], "MiB", f"< {MEMORY_GOAL_MIB}",
               memory["VmRSS"] < MEMORY_GOAL_MIB),
        figure("memory, peak (VmHWM)", memory["VmHWM"], "MiB"),
        figure("disk, per transaction", each, "bytes", f"<= {DISK_GOAL_BYTES}",
               each <= DISK_GOAL_BYTES),
        figure("disk, all files, running", running_bytes / MIB, "MiB"),
        figure("restart after kill -9, slowest of 3", max(restarts), "s", f"< {RESTART_GOAL_S}",
               max(restarts) < RESTART_GOAL_S),
        figure("funding while loading", rate, "/s"),
        figure(f"list of 10, customer of about {LISTED_TRANSACTIONS + total // len(run.customers)}",
               few, "/s"),
        figure(f"list of 10, customer of {deep:,}", many, "/s",
               f">= {LIST_GOAL} of the line above", many >= LIST_GOAL * few),
    ]


def restart_s(run):
    """Seconds from exec to the first answer out of the store, after kill -9 under load."""
    counted = run.server.counted().get((FUND.operation, 200), 0)
    busy = subprocess.Popen(wrk_command(run, FUND, 64, 2), stdout=subprocess.DEVNULL)
    time.sleep(1)
    run.funded += run.server.counted().get((FUND.operation, 200), 0) - counted
    run.server.stop(signal.SIGKILL)
    busy.wait(60)
    began = time.perf_counter()
    run.start()
    status, _ = fetch(run.server.address, CASH_BALANCE.request(run.customers[0]))
    took = time.perf_counter() - began
    if status != 200:
        run.failures.append(f"the first answer after a restart has status {status}")
    say(f"  {took * 1000:,.0f} ms")
    return took


def compare_lists(run, few, many):
    """Requests/s for the newest ten of one customer with few transactions, and of one with many."""
    rates = [(wrk(run, LIST, 64, run.args.seconds, few)["rate"],
              wrk(run, LIST, 64, run.args.seconds, many)["rate"]) for _ in range(run.args.rounds)]
    return [statistics.median(column) for column in zip(*rates)]


# ---- Output


def table(heads, rows):
    """Columns as wide as they need to be; the first is text, numbers are to the right."""
    cells = [heads, *rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    for line in cells:
        parts = [cell.ljust(width) if i == 0 or heads[i] in ("goal", "unit") else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(parts).rstrip())
    print()


def verdict(ok):
    return "" if ok is None else "yes" if ok else "NO"


def print_table(rows):
    heads = ["case", "connections", "req/s", "p50 ms", "p99 ms", "ratio", "goal", "ok?"]
    table(heads, [[r["title"], str(r["connections"]), f"{r['rate']:,.0f}", f"{r['p50']:.2f}",
                   f"{r['p99']:.2f}", f"{r['ratio']:.2f}" if r["ratio"] is not None else "",
                   r["goal"], verdict(r["ok"])] for r in rows])


def print_figures(size, figures):
    print(f"With {size}:\n")
    shown = [f"{f['value']:,.3f}" if f["unit"] == "s" else f"{f['value']:,.0f}" for f in figures]
    table(["figure", "value", "unit", "goal", "ok?"],
          [[f["name"], value, f["unit"], f["goal"], verdict(f["ok"])]
           for f, value in zip(figures, shown)])


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__, prog="bench.py",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--quick", action="store_true", help="5,000 customers, one round, windows of 2 s")
    add("--customers", type=int, help="how many there are (100,000)")
    add("--transactions", type=int, default=0, metavar="T",
        help="load so many first, and measure memory, disk, restart and deep lists (none)")
    add("--connections", type=int, nargs="+", default=[1, 16, 64], metavar="C")
    add("--case", nargs="+", choices=[case.name for case in CASES], help="only these (all)")
    add("--rounds", type=int, help="how often each is measured; medians are shown (3)")
    add("--seconds", type=int, help="how long each measurement takes (5)")
    add("--threads", type=int, default=2, help="threads of wrk, at most (2)")
    add("--serve", default="", metavar="OPTIONS", help="further options for purser serve")
    add("--postgres", action="store_true",
        help="on a private PostgreSQL server, with pgbench (TPC-B-like) beside it")
    add("--dir", help="where the store is made, on a disk (bench in cargo's target directory)")
    add("--json", metavar="FILE", help="write the figures to this file, too")
    add("--no-build", action="store_true", help="measure what was built before")
    args = parser.parse_args(words)
    for name, quick, full in [("customers", 5_000, 100_000), ("rounds", 1, 3), ("seconds", 2, 5)]:
        if getattr(args, name) is None:
            setattr(args, name, quick if args.quick else full)
    numbers = [args.customers, args.rounds, args.seconds, args.threads, *args.connections]
    if min(numbers) < 1 or args.transactions < 0:
        parser.error("numbers begin at 1")
    return args


def main():
    args = arguments()
    size, figures = None, []
    with running(args) as run:
        prefill(run)
        if args.transactions:
            size, figures = measure_at_size(run)
        before, began = processor_s(run), time.monotonic()
        rows = measure_table(run)
        everybody, own = (now - then for now, then in zip(processor_s(run), before))
        others = max(0, everybody - own) / (time.monotonic() - began) / os.cpu_count()
    print()
    print_table(rows)
    print(f"Other programs had {others:.0%} of the processors meanwhile"
          f"{'; measure again when it is quiet' if others > 0.1 else ''}.\n")
    if figures:
        print_figures(size, figures)
    for failure in run.failures:
        print(f"FAILED  {failure}")
    if args.json:
        machine = {"cores": os.cpu_count(), "kernel": platform.release(),
                   "load_before": run.load, "others_share": others}
        out = {"machine": machine, "settings": vars(args), "table": rows, "size": size,
               "figures": figures, "failures": run.failures}
        pathlib.Path(args.json).write_text(json.dumps(out, indent=1) + "\n")
    return 1 if run.failures else 0


def run_main(main):
    """Runs a program of this directory; what it cannot do is one sentence, not a trace."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except (Failed, OSError) as reason:
        sys.exit(f"bench: {reason}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run_main(main)
