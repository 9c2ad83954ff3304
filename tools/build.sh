#!/usr/bin/env bash
# Configures and builds. Options: --asan, --tsan (their own build folders), --target NAME.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=build sanitize="" targets=()
while [ $# -gt 0 ]; do
  case "$1" in
    --asan) folder=build-asan sanitize=address ;;
    --tsan) folder=build-tsan sanitize=thread ;;
    --target) shift; targets+=("$1") ;;
    *) echo "build: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
type=Release
[ -n "$sanitize" ] && type=RelWithDebInfo
if [ ! -f "$folder/build.ninja" ]; then
  cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE="$type" -DPENSTOCK_SANITIZE="$sanitize" \
    -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1" >/dev/null
fi
exec ninja -C "$folder" "${targets[@]}"
