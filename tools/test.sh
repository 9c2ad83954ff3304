#!/usr/bin/env bash
# Builds and runs every test: layers and tidy, unit tests, text tests, the conformance ratchet where the cases are
# present. Ends with "N passed, N failed, N skipped". Options: --asan, --tsan, --full (text tests in every configuration).
set -uo pipefail
cd "$(dirname "$0")/.."
folder=build options=() tests=()
for option in "$@"; do
  case "$option" in
    --asan) folder=build-asan; options+=("$option") ;;
    --tsan) folder=build-tsan; options+=("$option") ;;
    --full) tests+=("$option") ;;
    *) echo "test: unknown option $option" >&2; exit 2 ;;
  esac
done
tools/build.sh "${options[@]}" || exit 1
exec python3 tools/run_tests.py --build "$folder" "${tests[@]}"
