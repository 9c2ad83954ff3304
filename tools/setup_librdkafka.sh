#!/usr/bin/env bash
# Builds the static librdkafka that the kafka connector links, once, into
# $PENSTOCK_CACHE/librdkafka-<version>-<hash>/ (hash of flags and compiler; the stamp file is written last) and points
# the link $PENSTOCK_CACHE/librdkafka at it, where cmake/FindLibrdkafka.cmake looks.
# The source comes from Debian's unstable source package through a private apt directory: the host's own lists stay as
# they are, apt checks the signature, and a version pinned below is also checked by its sha256. The distributions' own
# 2.0 to 2.8 are never used: they skip offsets around pause and resume and retry unsafely in the idempotent producer.
#
#   tools/setup_librdkafka.sh [--quiet] [--force] [TARBALL]    TARBALL: librdkafka_<version>.orig.tar.gz on this machine
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PENSTOCK_CACHE:=$HOME/.cache/penstock}"
least="2.14.2"
declare -A pinned=([2.14.2]="4d53568c13717b167d12c7b2a0fe12aeb5d6bfe02de53df5b68f86d870a81b33")
flags=(--disable-debug-symbols --enable-ssl --enable-gssapi --enable-zstd --enable-curl)
quiet=0 force=0 tarball=""
for option in "$@"; do
  case "$option" in
    --quiet) quiet=1 ;;
    --force) force=1 ;;
    -*) echo "librdkafka: unknown option $option" >&2; exit 2 ;;
    *) tarball=$(realpath "$option") ;;
  esac
done
key=$({ echo "${flags[*]}"; ${CC:-cc} --version | head -1; uname -m; } | sha256sum | cut -c1-12)
mkdir -p "$PENSTOCK_CACHE"

# Two set-ups at a time: the second waits and finds the work done.
exec 8>"$PENSTOCK_CACHE/librdkafka.lock"
flock 8
current=$(readlink "$PENSTOCK_CACHE/librdkafka" 2>/dev/null || true)
if [ "$force" = 0 ] && [ -z "$tarball" ] && [[ "$current" == *-"$key" ]] && [ -f "$PENSTOCK_CACHE/$current/stamp" ]; then
  [ "$quiet" = 1 ] || echo "setup: $current is built"
  exit 0
fi
work=$(mktemp -d "$PENSTOCK_CACHE/librdkafka-work-XXXXXX")
trap 'rm -rf "$work"' EXIT

# The first mirror of the distribution that the host's own configuration names.
debian_mirror() {
  local found
  found=$( (cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true) | awk '$1 == "URIs:" && $2 ~ /\/debian\/?$/ {print $2}' | head -1)
  [ -n "$found" ] || found=$( (cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true) |
    awk '$1 ~ /^deb/ {for (i = 2; i <= NF; ++i) if ($i ~ /\/debian\/?$/) {print $i; exit}}' | head -1)
  echo "${PENSTOCK_DEBIAN_MIRROR:-$found}"
}

fetch() {
  local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg apt="$work/apt"
  mirror=$(debian_mirror)
  if [ -z "$mirror" ] || [ ! -f "$keyring" ]; then
    echo "librdkafka: no Debian mirror in the apt configuration or no debian-archive-keyring; set PENSTOCK_DEBIAN_MIRROR," \
      "or give the path of librdkafka_$least.orig.tar.gz" >&2
    return 1
  fi
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,parts}
  echo "deb-src [signed-by=$keyring] $mirror sid main" > "$apt/sources.list"
  local options=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts="$apt/parts" -o Dir::State="$apt/state"
    -o Dir::Cache="$apt/cache" -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 -o Acquire::Languages=none)
  apt-get "${options[@]}" update -qq
  (cd "$work" && apt-get "${options[@]}" source -qq --download-only librdkafka)
  tarball=$(ls "$work"/librdkafka_*.orig.tar.* | grep -v '\.asc$' | head -1)
}

[ -n "$tarball" ] || { echo "setup: fetching librdkafka"; fetch; }
version=$(basename "$tarball" | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -1)
if [ -z "$version" ] || [ "$(printf '%s\n%s\n' "$least" "$version" | sort -V | head -1)" != "$least" ]; then
  echo "librdkafka: $(basename "$tarball") is not version $least or newer" >&2
  exit 1
fi
if [ -n "${pinned[$version]:-}" ]; then
  echo "${pinned[$version]}  $tarball" | sha256sum --check --status || { echo "librdkafka: wrong sha256 of $tarball" >&2; exit 1; }
fi

name="librdkafka-$version-$key"
home="$PENSTOCK_CACHE/$name"
echo "setup: building librdkafka $version"
mkdir "$work/source"
tar -xf "$tarball" -C "$work/source" --strip-components=1
(
  cd "$work/source"
  ./configure "${flags[@]}" >"$work/configure.log" 2>&1 && make -C src -j2 librdkafka.a >"$work/make.log" 2>&1
) || { tail -30 "$work"/*.log >&2; echo "librdkafka: the build failed" >&2; exit 1; }
rm -rf "$home"
mkdir -p "$home/include/librdkafka" "$home/lib"
cp "$work/source/src/rdkafka.h" "$work/source/src/rdkafka_mock.h" "$home/include/librdkafka/"
cp "$work/source/src/librdkafka.a" "$home/lib/"
cp "$work/source/LICENSES.txt" "$home/"
echo "$version $(sha256sum < "$tarball" | cut -d' ' -f1)" > "$home/stamp"
ln -sfn "$name" "$PENSTOCK_CACHE/librdkafka"
echo "setup: $name is built"
