#!/bin/sh
# From nothing to page.html in one command: the tap, dlt, dbt and five charts. Of
# the sandbox, or of the account whose config is given. Again: with what is new.
#
#   answers.sh [CONFIG]
#
# VENV is where the programs of the two requirements.txt are, or will be.
set -eu
config=$(realpath "${1:-$(dirname "$0")/sandbox.json}")
if [ ! -f "$config" ]; then
	echo "answers.sh: there is no config $config" >&2
	exit 2
fi
cd "$(dirname "$0")"
# What is here goes on from where the last run came to: of another account that would be
# a gap.
if [ -f .made-of ] && [ "$(cat .made-of)" != "$config" ]; then
	echo "answers.sh: the tables here are of $(cat .made-of); remove .made-of, .dlt-data, warehouse.duckdb and answers.duckdb to begin with $config" >&2
	exit 2
fi
printf '%s' "$config" >.made-of
VENV=${VENV:-.venv}
if [ -z "${TAP:-}" ]; then
	TAP=$(realpath ../..)/bin/tap-livechat
	[ -x "$TAP" ] || make -s -C ../.. build
fi
export TAP DLT_DATA_DIR="$PWD/.dlt-data" RUNTIME__DLTHUB_TELEMETRY=false
if [ ! -x "$VENV/bin/dbt" ]; then
	python3 -m venv "$VENV"
	"$VENV/bin/pip" install --quiet --disable-pip-version-check -r ../dlt/requirements.txt -r requirements.txt
fi
"$VENV/bin/python" ../dlt/livechat.py "$config"
"$VENV/bin/dbt" build
"$VENV/bin/python" page.py answers.duckdb page.html
echo "$PWD/page.html"
