"""A backfill of a LiveChat archive in parts that run side by side.

Each part is one month, cut out by start_date and end_date: every chat is in
exactly one of them, by the time it ended. All parts load the same tables. Each
has a state of its own, so that a part that is tried again goes on where it
stopped. When all are done, the bookmarks of the last one are where the
incremental runs begin.

There is no Airflow in this file; dag.py puts it to work, and
`python livechat.py` runs the parts one by one without it.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def home() -> pathlib.Path:
    """The folder with tap.json and target.json, the two configs."""
    return pathlib.Path(os.environ.get("LIVECHAT_DIR", "."))


def parts(first: str, last: str) -> list[dict[str, str]]:
    """The months from first up to last, which is not included."""
    day, end = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    cut = []
    while day < end:
        following = (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
        cut.append({"start_date": str(day), "end_date": str(min(following, end))})
        day = following
    return cut


def pipe(part: str, tap_args: list[str]) -> None:
    """Run tap | target, keep what the target says it has stored, then fail if either did."""
    tap = [os.environ.get("TAP", "tap-livechat"), "--config", str(home() / "tap.json"), *tap_args]
    target = [os.environ.get("TARGET", "target-jsonl"), "--config", str(home() / "target.json")]
    with subprocess.Popen(tap, stdout=subprocess.PIPE) as source:
        loaded = subprocess.run(target, stdin=source.stdout, stdout=subprocess.PIPE, text=True)
        source.stdout.close()  # a tap whose target has gone is to notice it
    # Only what the target printed is stored. The state is kept before anything
    # is raised, and replaced in one step.
    stored = [line for line in loaded.stdout.splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n")]
    if stored:
        new = state_of(part).with_suffix(".new")
        new.write_text(stored[-1])
        new.replace(state_of(part))
    if loaded.returncode != 0:
        raise RuntimeError(f"{part}: the target failed with exit code {loaded.returncode}")
    if source.returncode != 0:  # 3: max_requests is used up, and another try goes on
        raise RuntimeError(f"{part}: the tap failed with exit code {source.returncode}; its log says why")


def state_of(part: str) -> pathlib.Path:
    return home() / f"state-{part}.json"


def prepare() -> None:
    """Let the target make its tables. Parts that begin together would all try to, and all but one fail."""
    pipe("tables", ["--test=schema"])


def load(part: dict[str, str]) -> None:
    """Load one part, or what is left of it."""
    first = part["start_date"]
    with tempfile.TemporaryDirectory() as work:
        config = pathlib.Path(work, "part.json")
        config.write_text(json.dumps(part))
        state = ["--state", str(state_of(first))] if state_of(first).exists() else []
        pipe(first, ["--config", str(config), *state])


def finish(all_parts: list[dict[str, str]]) -> None:
    """Let the incremental runs begin where the last part ended.

    If there have been such runs already, they go on where they are: a backfill
    of older chats must not send them back, to pay for everything since again.
    """
    if (home() / "state.json").exists():
        return
    new = home() / "state.new"
    new.write_text(state_of(all_parts[-1]["start_date"]).read_text())
    new.replace(home() / "state.json")


if __name__ == "__main__":
    wanted = parts(*sys.argv[1:])
    prepare()
    for one in wanted:
        load(one)
    finish(wanted)
