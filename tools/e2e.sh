#!/usr/bin/env bash
# Runs the end-to-end tests (tests/e2e/*_test.py) against real servers: builds first, then one after the other. The
# servers' scripts are found through $PENSTOCK_PEERS (default ../shared/peers); a test without its servers is skipped
# by name (exit code 77). Arguments: names of tests, such as kafka.
set -uo pipefail
cd "$(dirname "$0")/.."
tools/build.sh --target penstock --target env_test --target connectors_test >/dev/null || exit 1
export PENSTOCK_PEERS="${PENSTOCK_PEERS:-$PWD/../shared/peers}"
passed=0 failed=0 skipped=0
for test in tests/e2e/*_test.py; do
  name=$(basename "$test" _test.py)
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
  python3 "$test" --penstock build/penstock
  case $? in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
  esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
