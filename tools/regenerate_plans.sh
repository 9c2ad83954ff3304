#!/usr/bin/env bash
# Writes the expected plans of tests/plan anew from the built binary (default build/penstock).
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/plan/run.py --penstock "${1:-build/penstock}" --update
