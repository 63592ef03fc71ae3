"""A private PostgreSQL server, and pgbench beside it."""

import glob
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess

from servers import Failed, say

SCALE = 64  # Branches of pgbench: as many as connections, so that they seldom meet.


def binaries():
    """The newest server on this machine."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda p: int(p.split("/")[4]))
    at = pathlib.Path(found[-1]).parent if found else None
    if not at and (postgres := shutil.which("postgres")):
        at = pathlib.Path(postgres).resolve().parent
    if not at or not (at / "pgbench").exists():
        raise Failed("PostgreSQL and pgbench are needed; on Debian: apt install postgresql")
    return at


class Postgres:
    """A server with its data in `dir`, safe settings, and a database each for Purser and pgbench."""

    def __init__(self, dir):
        self.dir, self.bin = pathlib.Path(dir), binaries()
        self.dir.mkdir()
        self.as_user = []
        if os.getuid() == 0:  # It refuses to run as root.
            user = pwd.getpwnam("postgres")
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            for parent in self.dir.parents:
                if not os.stat(parent).st_mode & 0o001:
                    os.chmod(parent, os.stat(parent).st_mode | 0o011)
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.run("initdb", "-D", self.data, "-U", "admin", "--auth=trust", "--locale=C",
                 "--encoding=UTF8")
        settings = {"port": self.port, "listen_addresses": "127.0.0.1",
                    "unix_socket_directories": self.dir, "shared_buffers": "1GB",
                    "min_wal_size": "4GB", "max_wal_size": "8GB", "max_connections": 200}
        with open(self.dir / "settings", "w") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(f"include '{self.dir}/settings'\n")
        self.process = subprocess.Popen([*self.as_user, self.bin / "postgres", "-D", self.data],
                                        stdout=open(self.dir / "log", "ab"),
                                        stderr=subprocess.STDOUT)
        for _ in range(100):
            if self.run("pg_isready", "-h", "127.0.0.1", "-p", self.port, check=False) == 0:
                break
        self.sql("CREATE ROLE purser LOGIN")
        for name in ("purser", "pgbench"):
            self.sql(f"CREATE DATABASE {name} OWNER purser")
        say(f"filling pgbench at scale {SCALE}")
        self.run("pgbench", *self.words, "-i", "-q", "-s", SCALE, "pgbench")
        # From here on the log is written into files that are there, as on a server that has run for
        # a while: making a new one takes longer than filling it.
        self.sql("CHECKPOINT")

    @property
    def words(self):
        return ["-h", "127.0.0.1", "-p", self.port, "-U", "purser"]

    @property
    def data(self):
        return self.dir / "data"

    @property
    def url(self):
        return f"postgres://purser@127.0.0.1:{self.port}/purser"

    def run(self, program, *words, check=True):
        command = [*map(str, [*self.as_user, self.bin / program, *words])]
        done = subprocess.run(command, capture_output=True, text=True)
        if check and done.returncode:
            raise Failed(f"{program}: {done.stderr.strip()}")
        return done.stdout if check else done.returncode

    def sql(self, statement):
        return self.run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "admin", "-d", "postgres",
                        "-Atc", statement)

    def pgbench(self, connections, seconds):
        """Runs the TPC-B-like script with prepared statements. Gives transactions and latency."""
        out = self.run("pgbench", *self.words, "-n", "-M", "prepared", "-c", connections, "-j",
                       min(connections, 2), "-T", seconds, "pgbench")
        rate = float(re.search(r"^tps = ([0-9.]+)", out, re.M).group(1))
        p50 = float(re.search(r"^latency average = ([0-9.]+)", out, re.M).group(1))
        return {"requests": round(rate * seconds), "rate": rate, "p50": p50, "p99": 0.0, "max": 0.0}

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop", check=False)
        self.process.wait(30)
