#!/bin/sh
# Bring a warehouse up to date: tap | target, once, going on where the last run
# stopped. For cron, with `flock` from util-linux:
#
#   17 * * * *  /srv/livechat/livechat.sh
#
# Beside this script (or in $LIVECHAT_DIR) are tap.json and target.json, the two
# configs; state.json appears there. $TAP and $TARGET name the programs.
set -eu

dir=${LIVECHAT_DIR:-$(cd "$(dirname "$0")" && pwd)}
tap=${TAP:-tap-livechat}
target=${TARGET:-target-jsonl}
cd "$dir"

# Two runs at once would pay for the same requests twice, and the slower one
# would put an older state over a newer one. Tap and target hold the lock, too:
# it goes when the last of them has ended, whatever became of this script.
exec 9>lock
if ! flock -n 9; then
	echo "livechat: the run before is still at work" >&2
	exit 75
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

set --
if [ -s state.json ]; then
	set -- --state state.json
fi
echo 1 >"$work/tap"
echo 1 >"$work/target"
{
	"$tap" --config tap.json "$@" &
	echo $! >"$work/pid"
	code=0
	wait $! || code=$?
	echo "$code" >"$work/tap"
} | {
	code=0
	"$target" --config target.json >"$work/states" || code=$?
	echo "$code" >"$work/target"
} &
pipeline=$!

# A signal is for the tap: it stops within seconds, the target stores what has
# come, and the state is kept below. The signal ends a wait, but not the work.
stopped=
stop() {
	stopped=$1
	kill -TERM "$(cat "$work/pid")" 2>/dev/null || :
}
trap 'stop 130' INT
trap 'stop 143' TERM
while kill -0 "$pipeline" 2>/dev/null; do
	wait "$pipeline" || :
done
tap_code=$(cat "$work/tap")
target_code=$(cat "$work/target")

# What the target prints is stored, whatever happened afterwards; what only the
# tap printed may not be. The last whole line counts. A rename is all or
# nothing: a crash leaves the old state or the new one.
sed -n '/^{.*}$/p' "$work/states" | tail -n 1 >state.json.new
if [ -s state.json.new ]; then
	mv state.json.new state.json
else
	rm state.json.new
fi

if [ "$target_code" -ne 0 ]; then
	echo "livechat: the target failed with exit code $target_code" >&2
	exit 1
fi
if [ -n "$stopped" ]; then
	echo "livechat: stopped by a signal; the next run goes on" >&2
	exit "$stopped"
fi
case $tap_code in
3) echo "livechat: max_requests is used up; the next run goes on" >&2 ;;
*) exit "$tap_code" ;;
esac
