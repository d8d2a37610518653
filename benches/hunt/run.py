#!/usr/bin/env python3
"""Hunting queries in Postern and in DuckDB, over the same Parquet files, one after the other.

    run.py --postern target/release/postern --store STORE [--runs 5] [--only 03 07]

Each query stands in queries/ twice, as .kql and as .sql. Both programs run as one process each, for all queries, with
two threads; a run is the time from handing a query over until its rows are there. Needs the package `duckdb`.
"""

import argparse
import datetime
import decimal
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

import duckdb

HERE = pathlib.Path(__file__).parent
THREADS = 2


class Postern:
    """One `postern hunt --batch -`, answering line by line."""

    def __init__(self, program, store):
        command = [program, "--data", store, "hunt", "--batch", "-", "--timeout", "10m", "--now", "2026-04-30"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, query):
        line = json.dumps({"id": 1, "query": query}) + "\n"
        started = time.perf_counter()
        self.process.stdin.write(line)
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        elapsed = time.perf_counter() - started
        answer = json.loads(answer)
        if "error" in answer:
            sys.exit(f"Postern: {answer['error']}")
        return elapsed, answer["rows"]


class DuckDb:
    """One connection with the store's tables as views."""

    def __init__(self, store):
        self.connection = duckdb.connect()
        self.connection.execute(f"SET threads = {THREADS}; SET TimeZone = 'UTC'")
        for table in sorted((pathlib.Path(store) / "tables").iterdir()):
            files = str(table / "*.parquet").replace("'", "''")
            self.connection.execute(f"CREATE VIEW {table.name} AS SELECT * FROM '{files}'")

    def run(self, query):
        started = time.perf_counter()
        rows = self.connection.execute(query).fetchall()
        return time.perf_counter() - started, rows


def plain(value):
    """A value as both programs can be compared by: whole numbers as such, instants as nanoseconds since 1970."""
    if isinstance(value, str) and len(value) == 28 and value[10] == "T" and value.endswith("Z"):
        seconds = datetime.datetime.fromisoformat(value[:19] + "+00:00").timestamp()
        return int(seconds) * 1_000_000_000 + int(value[20:27]) * 100
    if isinstance(value, (float, decimal.Decimal)) and value == int(value):
        return int(value)
    return value


def compare(name, ours, theirs):
    """Stops unless the rows are equal; columns that only Postern has, at the end, are not compared."""
    width = len(theirs[0]) if theirs else 0
    ours = [[plain(value) for value in row[:width]] for row in ours]
    theirs = [[plain(value) for value in row] for row in theirs]
    if not theirs:
        sys.exit(f"{name}: no rows, nothing to compare")
    if ours != theirs:
        at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
        sys.exit(
            f"{name}: {len(ours)} rows against {len(theirs)}; row {at} differs:\n"
            f"  Postern {ours[at:at + 1]}\n  DuckDB  {theirs[at:at + 1]}"
        )
    return len(theirs)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--postern", required=True, help="the program, from a release build")
    options.add_argument("--store", required=True, help="made by `postern lab bench`")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--only", nargs="*", default=[], help="beginnings of names of queries")
    options = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:THREADS]))

    ours, theirs = Postern(options.postern, options.store), DuckDb(options.store)
    counts = ", ".join(
        f"{name} {theirs.connection.execute(f'SELECT count(*) FROM {name}').fetchone()[0]:,}"
        for (name,) in theirs.connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    )
    print(f"{counts}; DuckDB {duckdb.__version__}; {THREADS} threads each; medians of {options.runs} runs\n")
    print("| query | rows | Postern | DuckDB | ratio |")
    print("| --- | ---: | ---: | ---: | ---: |", flush=True)
    ratios = []
    for path in sorted((HERE / "queries").glob("*.kql")):
        if options.only and not path.name.startswith(tuple(options.only)):
            continue
        kql, sql = path.read_text(), path.with_suffix(".sql").read_text()
        # The first run of each warms the caches and shows that the answers agree.
        rows = compare(path.stem, ours.run(kql)[1], theirs.run(sql)[1])
        times = [(ours.run(kql)[0], theirs.run(sql)[0]) for _ in range(options.runs)]
        mine, other = (statistics.median(side) for side in zip(*times))
        ratios.append(mine / other)
        print(f"| {path.stem} | {rows} | {mine * 1000:.0f} ms | {other * 1000:.0f} ms | {mine / other:.2f} |", flush=True)
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"\nGeometric mean of the ratios: {mean:.2f}; greatest: {max(ratios):.2f}")


if __name__ == "__main__":
    main()
