#!/usr/bin/env bash
# The clickstream demo on the embedded default: 20 million generated events through five-minute windows into JSON files
# under demo-output/. Options are handed to penstock, for example -p 2.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf demo-output
mkdir -p demo-output
echo "demo: 20 million click events, 5-minute windows per page and country, 60 s watermark delay"
build/penstock run -i examples/clickstream/tables-demo.sql examples/clickstream/job.sql --progress "$@"
echo "demo: results are in demo-output/page_metrics, late rows in demo-output/late_clicks, malformed in demo-output/bad_clicks"
python3 - <<'PY'
import json, pathlib
def rows(name):
    for path in pathlib.Path("demo-output", name).rglob("*"):
        if path.is_file() and not path.name.startswith((".", "_")):
            with open(path) as lines:
                yield from (json.loads(line) for line in lines)
aggregated = sum(row["events"] for row in rows("page_metrics"))
late, bad = sum(1 for _ in rows("late_clicks")), sum(1 for _ in rows("bad_clicks"))
total = aggregated + late + bad
print(f"demo: aggregated {aggregated:,} + late {late:,} + malformed {bad:,} = {total:,}")
raise SystemExit(0 if total == 20_000_000 else "demo: the sums do not add up to 20,000,000")
PY
