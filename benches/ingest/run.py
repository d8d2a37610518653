#!/usr/bin/env python3
"""Audit exports into a store by Postern, and into a Parquet file by DuckDB, one after the other.

    run.py --postern target/release/postern --exports DIR [--runs 3] [--only json csv]

DIR holds audit.jsonl and purview.csv as `postern lab exports` writes them. Both programs do the same job: parse, extract
the same columns, keep the raw record, drop second records of the same Id, write Parquet with zstd. A run is one process
from start to end, held to two processors. Needs the package `duckdb`.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

THREADS = 2

# Columns of the table AuditRecords that these records fill, by the member they come from.
MEMBERS = [
    "Id", "CreationTime", "RecordType", "Operation", "Workload", "UserId", "UserKey", "UserType", "ResultStatus",
    "ObjectId", "ClientIP", "OrganizationId", "OrganizationName", "SessionId", "AppId", "Parameters",
    "ExtendedProperties",
]  # fmt: skip

# `DISTINCT ON` keeps one record of each Id. One extraction of a list of paths reads each document once.
DUCKDB = """
import sys, duckdb
source, target, folder = sys.argv[1:4]
c = duckdb.connect()
c.execute(f"SET threads = {threads}; SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET temp_directory = '{{folder}}'")
c.execute('''
COPY (
    WITH parts AS (SELECT raw, json_extract_string(raw, {paths}) AS p FROM ({read}))
    SELECT DISTINCT ON (Id) * FROM (
        SELECT {columns}, raw FROM parts
    )
) TO '%s' (FORMAT parquet, COMPRESSION zstd)
''' % target)
print(c.execute(f"SELECT count(*) FROM '{{target}}'").fetchone()[0])
"""

READ = {
    "json": "SELECT json AS raw FROM read_ndjson_objects('%s')",
    "csv": "SELECT AuditData::JSON AS raw FROM read_csv('%s', all_varchar = true, max_line_size = 4000000)",
}
FILES = {"json": "audit.jsonl", "csv": "purview.csv"}


def measured(command):
    """Seconds, the most memory in MiB and the output of a process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return elapsed, usage.ru_maxrss / 1024, output


def postern(program, source, folder):
    elapsed, memory, output = measured([program, "-q", "--data", str(folder / "store"), "ingest", "--json", str(source)])
    account = json.loads(output)
    if account["rejected_rows"]:
        sys.exit(f"Postern rejected {account['rejected_rows']} rows")
    return elapsed, memory, account["audit_records_unique"], account["audit_rows_total"]


def duck(kind, source, folder):
    kinds = {"CreationTime": "TIMESTAMP", "RecordType": "INTEGER", "UserType": "INTEGER"}
    columns = ", ".join(
        f"p[{at}]::{kinds[name]} AS {name}" if name in kinds else f"p[{at}] AS {name}"
        for at, name in enumerate(MEMBERS, 1)
    )
    text = lambda value: str(value).replace("'", "''")
    script = DUCKDB.format(
        threads=THREADS,
        paths=[f"$.{name}" for name in MEMBERS],
        read=READ[kind] % text(source),
        columns=columns,
    )
    elapsed, memory, output = measured([sys.executable, "-c", script, str(source), str(folder / "audit.parquet"), str(folder)])
    return elapsed, memory, int(output)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--postern", required=True, help="the program, from a release build")
    options.add_argument("--exports", required=True, type=pathlib.Path, help="made by `postern lab exports`")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--only", nargs="*", default=list(FILES), choices=list(FILES))
    options.add_argument("--alone", action="store_true", help="without DuckDB: for 5 million records on a small machine")
    options = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:THREADS]))

    print("| file | records | Postern | | | DuckDB | | | ratio of rates |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for kind in options.only:
        source = options.exports / FILES[kind]
        with open(source, "rb") as file:
            # Into the cache of the system, for both.
            while file.read(1 << 24):
                pass
        ours, theirs = [], []
        for _ in range(options.runs):
            for done, job in ((ours, lambda f: postern(options.postern, source, f)), (theirs, lambda f: duck(kind, source, f))):
                if options.alone and done is theirs:
                    continue
                folder = pathlib.Path(tempfile.mkdtemp(dir=options.exports))
                done.append(job(folder))
                shutil.rmtree(folder)
        rows, unique = ours[0][3], ours[0][2]
        if any(run[2] != unique for run in ours + theirs):
            sys.exit(f"{source.name}: not the same records: {[run[2] for run in ours + theirs]}")

        def cells(runs):
            seconds = statistics.median(run[0] for run in runs)
            return rows / seconds, f"{seconds:.1f} s | {rows / seconds / 1000:.0f} k/s | {max(run[1] for run in runs):.0f} MiB"

        rate, text = cells(ours)
        if theirs:
            other, other_text = cells(theirs)
            print(f"| {source.name} | {rows:,} | {text} | {other_text} | {rate / other:.2f} |", flush=True)
        else:
            print(f"| {source.name} | {rows:,} | {text} | | | | |", flush=True)


if __name__ == "__main__":
    main()
