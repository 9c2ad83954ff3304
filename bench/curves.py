#!/usr/bin/env python3
"""What an event costs as windows and keys grow: core seconds of whole runs of `penstock`, as data and as plots.

  hop    hopping windows that slide by a second, of 2 to 600 seconds; 1,000 keys, each with 100 events in every second
  keys   a count and a sum for each of 1,000 to 10 million keys, updated by every event

Every point also runs its source alone, whose cost is taken off. Writes docs/figures/<curve>.json and .svg.
"""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RATE = 100_000  # events in a second of event time

EVENTS = """
CREATE TABLE events (n BIGINT, k AS MOD(n * 7919, {keys}), ts AS TO_TIMESTAMP_LTZ(n / 100, 3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'datagen', 'rows-per-second' = '1000000000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0',
      'fields.n.end' = '{last}');
CREATE TABLE results (k BIGINT, events BIGINT, total BIGINT) WITH ('connector' = 'blackhole');
"""
SOURCE_ONLY = "INSERT INTO results SELECT k, n, n FROM events WHERE k >= 0;"
HOP = """INSERT INTO results SELECT k, COUNT(*), SUM(n)
FROM TABLE(HOP(TABLE events, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '{size}' SECOND))
GROUP BY k, window_start, window_end;"""
KEYS = "INSERT INTO results SELECT k, COUNT(*), SUM(n) FROM events GROUP BY k;"


def core_seconds(penstock, text):
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(text)
        script.flush()
        process = subprocess.Popen([penstock, "run", script.name], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"curves: penstock failed on\n{text}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def point(options, x, events, keys, query):
    """The cheapest of the runs: what other work on the machine adds is no property of the engine."""
    setup = EVENTS.format(keys=keys, last=events - 1)
    whole = min(core_seconds(options.penstock, setup + query) for _ in range(options.runs))
    source = min(core_seconds(options.penstock, setup + SOURCE_ONLY) for _ in range(options.runs))
    result = {"x": x, "events": events, "core_s": round(whole[0], 3), "source_core_s": round(source[0], 3),
              "ns_per_event": round(whole[0] / events * 1e9, 1),
              "ns_per_event_net": round((whole[0] - source[0]) / events * 1e9, 1), "peak_mib": round(whole[1])}
    print(json.dumps(result), flush=True)
    return result


def hop(options):
    return [point(options, size, RATE * max(120, size * 3 // 2), 1000, HOP.format(size=size))
            for size in (2, 10, 60, 300, 600)]


def keys(options):
    return [point(options, count, 40_000_000, count, KEYS) for count in (1_000, 10_000, 100_000, 1_000_000, 10_000_000)]


CURVES = {"hop": (hop, "window size, s (slide 1 s, 1,000 keys)"), "keys": (keys, "keys")}


def plot(points, label):
    """A line with dots on a logarithmic x axis, as SVG."""
    width, height, left, bottom = 640, 360, 60, 50
    logs = [math.log10(p["x"]) for p in points]
    top = max(p["ns_per_event"] for p in points) * 1.2
    at_x = lambda x: left + (x - logs[0]) / (logs[-1] - logs[0]) * (width - left - 30)  # noqa: E731
    at_y = lambda y: height - bottom - y / top * (height - bottom - 30)  # noqa: E731
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<path d="M{left} 20V{height - bottom}H{width - 20}" stroke="#444" fill="none"/>',
             f'<text x="{width / 2}" y="{height - 10}" text-anchor="middle">{label}</text>',
             f'<text x="{left}" y="14">ns of processor time per event (dashed: without the source)</text>']
    for p, x in zip(points, logs):
        parts.append(f'<text x="{at_x(x):.0f}" y="{height - bottom + 16}" text-anchor="middle">{p["x"]:,}</text>')
    for field, dash in (("ns_per_event", ""), ("ns_per_event_net", ' stroke-dasharray="5 4"')):
        path = "L".join(f"{at_x(x):.1f} {at_y(p[field]):.1f}" for p, x in zip(points, logs))
        parts.append(f'<path d="M{path}" stroke="#1565c0" stroke-width="2" fill="none"{dash}/>')
        for p, x in zip(points, logs):
            parts.append(f'<circle cx="{at_x(x):.1f}" cy="{at_y(p[field]):.1f}" r="3" fill="#1565c0"/>'
                         f'<text x="{at_x(x):.1f}" y="{at_y(p[field]) - 8:.1f}" text-anchor="middle">{p[field]:.0f}</text>')
    return "\n".join(parts + ["</svg>\n"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", default=str(ROOT / "build" / "penstock"))
    parser.add_argument("--curves", default=",".join(CURVES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", default=str(ROOT / "docs" / "figures"))
    options = parser.parse_args()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    for name in options.curves.split(","):
        measure, label = CURVES[name]
        points = measure(options)
        (out / f"{name}.json").write_text(json.dumps(points, indent=1) + "\n")
        (out / f"{name}.svg").write_text(plot(points, label))


if __name__ == "__main__":
    main()
