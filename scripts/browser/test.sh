#!/bin/sh
# Tests the page of `aio serve` in Chromium: just test-browser. Screenshots are written to target/browser/pictures.
set -eu
aio=$1
for program in chromium chromedriver npm python3; do
    command -v "$program" >/dev/null || {
        echo "$program is not installed; on Debian: apt-get install chromium chromium-driver npm python3-venv" >&2
        exit 2
    }
done
tools=target/browser
mkdir -p "$tools"
[ -x "$tools/venv/bin/python" ] || python3 -m venv "$tools/venv"
"$tools/venv/bin/python" -c 'import selenium' 2>/dev/null || "$tools/venv/bin/pip" install --quiet selenium==4.50.0
[ -f "$tools/node_modules/axe-core/axe.min.js" ] || npm install --silent --no-save --prefix "$tools" axe-core@4.14.1 >/dev/null
sh scripts/demo/demo.sh "$aio" --prepare
exec "$tools/venv/bin/python" scripts/browser/test.py "$aio" runs/demo/people runs/demo/world "$tools"
