#!/usr/bin/env bash
# Installs what the deeper checks and the cloud build need beside Rust: every version fixed, everything but Debian's
# packages below target/tools. Running it again costs seconds.
#
#   tools/install.sh             everything
#   tools/install.sh python      cfn-lint, sam, cargo-lambda with zig, shellcheck (in target/tools/venv)
#   tools/install.sh deny        cargo-deny (in target/tools/bin)
#   tools/install.sh arm64       the Rust target that Lambda runs on by default
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_DENY=0.20.2
tools=$PWD/target/tools

# Debian's packages, only those whose program is missing.
system() {
  local missing=()
  command -v cc >/dev/null || missing+=(gcc libc6-dev) # SQLite, inside the embedded engine, is C
  command -v curl >/dev/null || missing+=(curl)        # the README's commands
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

python() {
  local stamp=$tools/venv/installed
  cmp -s tools/python.txt "$stamp" && return
  rm -rf "$tools/venv"
  python3 -m venv "$tools/venv"
  "$tools/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r tools/python.txt
  cp tools/python.txt "$stamp"
}

deny() {
  [ "$("$tools/bin/cargo-deny" --version 2>/dev/null)" = "cargo-deny $CARGO_DENY" ] && return
  # Not optimised: it runs for a second, and would be built for minutes.
  CARGO_TARGET_DIR=$tools/build cargo install --quiet --locked --debug --no-default-features \
    --root "$tools" --version "$CARGO_DENY" cargo-deny
  rm -rf "$tools/build"
}

arm64() {
  command -v rustup >/dev/null || { echo "no rustup: zips will be built for this machine's own processor" >&2; return; }
  rustup target list --installed | grep -qx aarch64-unknown-linux-gnu && return
  rustup target add aarch64-unknown-linux-gnu ||
    echo "no arm64 target to be had: zips will be built for this machine's own processor" >&2
}

mkdir -p "$tools"
system
if [ $# -eq 0 ]; then set -- python deny arm64; fi
for part in "$@"; do
  case $part in
    python | deny | arm64) "$part" ;;
    *) echo "what is $part? See the head of $0" >&2; exit 2 ;;
  esac
done
