#!/usr/bin/env bash
# Installs the packages of tools/packages/ that are missing. Options: --quiet (say nothing when all is there),
# --checks (also what format, tidy and fuzz need). Works as root or with sudo.
set -euo pipefail
cd "$(dirname "$0")/.."
quiet=0 checks=0
for option in "$@"; do
  case "$option" in
    --quiet) quiet=1 ;;
    --checks) checks=1 ;;
    *) echo "setup: unknown option $option" >&2; exit 2 ;;
  esac
done

. /etc/os-release
list="tools/packages/$ID-$VERSION_ID.txt"
if [ ! -f "$list" ]; then
  echo "setup: no package list for $PRETTY_NAME; add $list (see tools/packages/debian-12.txt)" >&2
  exit 1
fi
if [ "$quiet" = 0 ] && grep -q untested "$list"; then
  echo "setup: $PRETTY_NAME is untested: $list was written from the package lists and never run" >&2
fi
lists=("$list")
[ "$checks" = 1 ] && lists+=("tools/packages/$ID-$VERSION_ID-checks.txt")

missing=()
while read -r package; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done < <(grep -hv '^#' "${lists[@]}")

if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "setup: run as root, or install sudo" >&2; exit 1; }
    sudo="sudo"
  fi
  options=(-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  $sudo apt-get "${options[@]}" update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get "${options[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
elif [ "$quiet" = 0 ]; then
  echo "setup: everything is installed"
fi

# The exact versions of what was used.
mkdir -p "$PENSTOCK_CACHE"
grep -hv '^#' "${lists[@]}" | xargs dpkg-query -W > "$PENSTOCK_CACHE/versions.txt"

# Libraries that the distribution lacks or has too old.
if [ "$quiet" = 1 ]; then tools/setup_librdkafka.sh --quiet; else tools/setup_librdkafka.sh; fi
if [ "$quiet" = 1 ]; then tools/setup_arrow.sh --quiet; else tools/setup_arrow.sh; fi
