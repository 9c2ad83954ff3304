#!/usr/bin/env bash
# The clickstream demo on the embedded default: 20 million generated events through five-minute windows into JSON and
# Parquet files under demo-output/. In a terminal it shows what the windows hold while it runs; elsewhere it prints a
# line a second. Ends with the sums, counted once more from what was written. Options are handed to penstock, for
# example -p 2. DEMO_EVENTS: another number of events.
set -euo pipefail
cd "$(dirname "$0")/.."
events="${DEMO_EVENTS:-20000000}"
rm -rf demo-output
mkdir -p demo-output
sed "s/'number-of-rows' = '[0-9]*'/'number-of-rows' = '$events'/" examples/clickstream/tables-demo.sql > demo-output/tables.sql
echo "demo: $events click events, 5-minute windows per page and country, 60 s watermark delay"
"${PENSTOCK:-build/penstock}" run -i demo-output/tables.sql examples/clickstream/job.sql --progress \
  -D penstock.early-results.page_metrics=live_metrics "$@"
echo "demo: metrics are in demo-output/page_metrics and page_metrics_parquet, rows that came too late in late_clicks,"
echo "demo: records that could not be read in bad_clicks"
python3 - "$events" <<'PY'
import json, pathlib, sys
def rows(name):
    for path in pathlib.Path("demo-output", name).rglob("*"):
        if path.is_file() and not path.name.startswith((".", "_")):
            with open(path) as lines:
                yield from (json.loads(line) for line in lines)
events = int(sys.argv[1])
aggregated = sum(row["events"] for row in rows("page_metrics"))
late, bad = sum(1 for _ in rows("late_clicks")), sum(1 for _ in rows("bad_clicks"))
total = aggregated + late + bad
print(f"demo: in the files: aggregated {aggregated:,} + late {late:,} + malformed {bad:,} = {total:,}")
raise SystemExit(0 if total == events else f"demo: the sums do not add up to {events:,}")
PY
