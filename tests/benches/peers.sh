#!/usr/bin/env bash
# CPU of a password reset without its hash in Django 5.2 and better-auth 1.6, for row 3 of the performance budgets.
# Both run in one process on an in-memory store, with a hash that costs nothing. Needs python3, node and the registries.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'django>=5.2,<5.3'
(cd "$work" && npm init --yes >/dev/null && npm install --silent 'better-auth@~1.6')

"$work/venv/bin/python" "$here/peer_django.py"
cp "$here/peer_better_auth.mjs" "$work/"
(cd "$work" && node peer_better_auth.mjs)
