#!/usr/bin/env bash
# Puts the Arrow and Parquet libraries and headers of the pyarrow wheel (an official use of it) into
# $PENSTOCK_CACHE/arrow-VERSION; the stamp file comes last. Option: --quiet (say nothing when all is there). No Python
# is needed at run time. PENSTOCK_WHEELS may name a folder that already holds the wheel.
set -euo pipefail
: "${PENSTOCK_CACHE:=$HOME/.cache/penstock}"
quiet=0
[ "${1:-}" = --quiet ] && quiet=1
version=26.0.1
home="$PENSTOCK_CACHE/arrow-$version"
if [ -f "$home/stamp" ]; then
  [ "$quiet" = 1 ] || echo "setup: Arrow $version is there"
  exit 0
fi

case "$(uname -m)" in
  x86_64) platform=manylinux_2_28_x86_64 ;;
  aarch64) platform=manylinux_2_28_aarch64 ;;
  *) echo "setup: no Arrow for $(uname -m); the parquet format is left out" >&2; exit 0 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/requirements.txt" <<REQUIREMENTS
pyarrow==$version \
  --hash=sha256:39cb0f2418282c24bea6ceda77b03e5a8f0a5766b63a8bf194d4e2a2c423548c \
  --hash=sha256:22a96a225de107eb9acd1ad9a818198ca832df2a4c0952412f754a7ed2105a98
REQUIREMENTS
echo "setup: getting Arrow $version"
options=(--no-deps --only-binary :all: --implementation cp --python-version 311 --abi cp311 --platform "$platform")
[ -n "${PENSTOCK_WHEELS:-}" ] && options+=(--no-index --find-links "$PENSTOCK_WHEELS")
python3 -m pip download --quiet --disable-pip-version-check "${options[@]}" --require-hashes \
  -r "$work/requirements.txt" -d "$work"

# Only what is linked: headers and four libraries.
unzip -q "$work"/pyarrow-*.whl 'pyarrow/include/*' 'pyarrow/libarrow.so.*' 'pyarrow/libarrow_compute.so.*' \
  'pyarrow/libarrow_s3.so.*' 'pyarrow/libparquet.so.*' -d "$work/unpacked"
rm -rf "$home"
mkdir -p "$PENSTOCK_CACHE"
cp -r "$work/unpacked" "$home"
touch "$home/stamp"
