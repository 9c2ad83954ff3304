#!/usr/bin/env bash
# Fuzzes the readers of untrusted bytes with Clang's libFuzzer under ASan and UBSan: all targets of tests/fuzz one after
# the other, or those that are named. Options: --minutes N for each (default 1). What a target has learnt stays in the
# cache; an input that breaks it is kept in build-fuzz/ and must become a test. Exit code 1 when one was found.
set -uo pipefail
cd "$(dirname "$0")/.."
minutes=1 targets=()
while [ $# -gt 0 ]; do
  case "$1" in
    --minutes) shift; minutes=$1 ;;
    -*) echo "fuzz: unknown option $1" >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done
command -v clang++ >/dev/null || { echo "fuzz: clang++ is missing (apt-get install clang libclang-rt-dev)" >&2; exit 1; }
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cc; do targets+=("$(basename "$source" _fuzz.cc)"); done
fi
if [ ! -f build-fuzz/build.ninja ]; then
  cmake -S . -B build-fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DPENSTOCK_FUZZ=ON -DPENSTOCK_TESTS=OFF -DPENSTOCK_BENCH=OFF >/dev/null || exit 1
fi
ninja -C build-fuzz "${targets[@]/%/_fuzz}" || exit 1
failed=0
for target in "${targets[@]}"; do
  corpus="${PENSTOCK_CACHE:-$HOME/.cache/penstock}/fuzz/$target"
  mkdir -p "$corpus" build-fuzz/found
  seeds=() dictionary=()
  [ -d "tests/fuzz/seeds/$target" ] && seeds=("tests/fuzz/seeds/$target")
  [ -f "tests/fuzz/seeds/$target.dict" ] && dictionary=(-dict="tests/fuzz/seeds/$target.dict")
  if nice "$(find build-fuzz -name "${target}_fuzz" -type f)" "$corpus" "${seeds[@]}" "${dictionary[@]}" \
    -max_total_time=$((minutes * 60)) -timeout=20 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/found/$target-" >"build-fuzz/$target.log" 2>&1; then
    echo "ok     fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$target.log") inputs in $minutes min"
  else
    failed=1
    echo "FAILED fuzz $target: see build-fuzz/$target.log and build-fuzz/found/"
    grep -aE 'ERROR|SUMMARY|CHECK|Test unit written' "build-fuzz/$target.log" | head -5
  fi
done
exit $failed
