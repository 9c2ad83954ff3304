#!/usr/bin/env python3
"""Compares random queries with DuckDB: oracle.py, with --late late.py, under the Python of an environment in the cache that has DuckDB.

DuckDB is installed when it is not there; --available only tells (exit code 0) whether it is. All other options are those
of oracle.py.
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import flights_data


def main():
    if "--available" in sys.argv:
        sys.exit(0 if (flights_data.CACHE / f"duckdb-{flights_data.DUCKDB}" / ".complete").exists() else 1)
    python = str(flights_data.duckdb_python())
    script = "late.py" if "--late" in sys.argv else "oracle.py"
    os.execv(python, [python, str(HERE / script), *(word for word in sys.argv[1:] if word != "--late")])


main()
