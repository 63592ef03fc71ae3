#!/usr/bin/env python3
"""Shows where the server spends its time while wrk drives one case, with perf.

    just profile fund                     and any option of bench.py but --case and --json

Writes a text with the share of each thread and of the most expensive symbols, and prints its
beginning. Samples the processor's clock, without call graphs. perf is in Debian's linux-perf.
"""

import shutil
import subprocess
import sys
import threading

import bench
from servers import Failed, say

CONNECTIONS = 64
LINES_SHOWN = 60


def record(run, case):
    """Drives the case and samples the server meanwhile. Gives the file with the samples."""
    data, seconds = run.dir / "perf.data", run.args.seconds
    bench.wrk(run, case, CONNECTIONS, 1)
    drive = threading.Thread(target=bench.wrk, args=(run, case, CONNECTIONS, seconds + 2))
    drive.start()
    command = ["perf", "record", "-q", "-F", "999", "-e", "cpu-clock", "-o", data,
               "-p", str(run.server.process.pid), "--", "sleep", str(seconds)]
    failed = subprocess.run(command).returncode
    drive.join()
    if failed:
        raise Failed("perf could not record; is kernel.perf_event_paranoid above 2?")
    return data


def report(data, sort):
    command = ["perf", "report", "-q", "--stdio", "--no-children", "--no-inline",
               "--percent-limit", "0.2", "--sort", sort, "-i", data]
    out = subprocess.run(command, capture_output=True, text=True, timeout=300).stdout
    # Lines end in columns that are empty with this clock.
    return "".join(f"{line.rstrip(' -')}\n" for line in out.splitlines() if line.strip())


def main():
    cases = {case.name: case for case in bench.CASES}
    if len(sys.argv) < 2 or sys.argv[1] not in cases:
        raise Failed(f"which case? One of: {', '.join(cases)}")
    if not shutil.which("perf"):
        raise Failed("perf is not installed; on Debian: apt install linux-perf")
    case = cases[sys.argv[1]]
    with bench.running(bench.arguments(sys.argv[2:])) as run:
        bench.prefill(run)
        say(f"sampling {case.title} for {run.args.seconds} s")
        data = record(run, case)
        text = (f"{case.title}, {CONNECTIONS} connections\n\nBy thread\n{report(data, 'comm')}\n"
                f"By symbol\n{report(data, 'comm,dso,symbol')}")
        file = run.dir.parent / f"profile-{case.name}.txt"
        file.write_text(text)
        print("\n".join(text.splitlines()[:LINES_SHOWN]))
        say(f"all of it is in {file}")
    return 1 if run.failures else 0


if __name__ == "__main__":
    bench.run_main(main)
