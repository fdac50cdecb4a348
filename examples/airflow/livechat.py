"""A backfill of a LiveChat archive in parts that run side by side.

`tap-livechat plan` cuts it into parts of about equal numbers of chats, by
start_date and end_date: every chat is in the one for whose time LiveChat lists
it. All parts load the same tables. Each has a state of its own, so that a
part that is tried again goes on where it stopped. When all are done,
`tap-livechat merge-state` makes of their states the one from which the
incremental runs go on.

There is no Airflow in this file; dag.py puts it to work, and
`python livechat.py 8` runs eight parts one by one without it.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile


def home() -> pathlib.Path:
    """The folder with tap.json and target.json, the two configs."""
    return pathlib.Path(os.environ.get("LIVECHAT_DIR", "."))


def tap(*args: str) -> list[str]:
    return [os.environ.get("TAP", "tap-livechat"), *args]


def parts(number: int) -> list[dict[str, str]]:
    """The parts, each as the settings of its run. They are planned once: whoever wants others removes plan.json and the states."""
    plan = home() / "plan.json"
    if not plan.exists():
        keep(plan, subprocess.run(tap("plan", "--config", str(home() / "tap.json"), "--parts", str(number)), stdout=subprocess.PIPE, text=True, check=True).stdout)
    cut = json.loads(plan.read_text())["parts"]
    return [{"name": str(n), "start_date": part["start_date"], "end_date": part["end_date"]} for n, part in enumerate(cut, 1)]


def keep(file: pathlib.Path, text: str) -> None:
    """Write a file in one step."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def pipe(part: str, tap_args: list[str]) -> None:
    """Run tap | target, keep what the target says it has stored, then fail if either did."""
    target = [os.environ.get("TARGET", "target-jsonl"), "--config", str(home() / "target.json")]
    with subprocess.Popen(tap("--config", str(home() / "tap.json"), *tap_args), stdout=subprocess.PIPE) as source:
        loaded = subprocess.run(target, stdin=source.stdout, stdout=subprocess.PIPE, text=True)
        source.stdout.close()  # a tap whose target has gone is to notice it
    # Only what the target printed is stored. The state is kept before anything
    # is raised, and replaced in one step.
    stored = [line for line in loaded.stdout.splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n")]
    if stored:
        keep(state_of(part), stored[-1])
    if loaded.returncode != 0:
        raise RuntimeError(f"part {part}: the target failed with exit code {loaded.returncode}")
    if source.returncode != 0:  # 3: max_requests is used up, and another try goes on
        raise RuntimeError(f"part {part}: the tap failed with exit code {source.returncode}; its log says why")


def state_of(part: str) -> pathlib.Path:
    return home() / f"state-{part}.json"


def prepare() -> None:
    """Let the target make its tables. Parts that begin together would all try to, and all but one fail."""
    pipe("tables", ["--test=schema"])


def load(part: dict[str, str]) -> None:
    """Load one part, or what is left of it."""
    with tempfile.TemporaryDirectory() as work:
        config = pathlib.Path(work, "part.json")
        config.write_text(json.dumps({"start_date": part["start_date"], "end_date": part["end_date"]}))
        state = ["--state", str(state_of(part["name"]))] if state_of(part["name"]).exists() else []
        pipe(part["name"], ["--config", str(config), *state])


def finish(all_parts: list[dict[str, str]]) -> None:
    """Let the incremental runs begin where the parts together have ended.

    If there have been such runs already, they go on where they are: a backfill
    of older chats must not send them back, to pay for everything since again.
    """
    if (home() / "state.json").exists():
        return
    states = [str(state_of(part["name"])) for part in all_parts]
    keep(home() / "state.json", subprocess.run(tap("merge-state", *states), stdout=subprocess.PIPE, text=True, check=True).stdout)


if __name__ == "__main__":
    wanted = parts(int(sys.argv[1]))
    prepare()
    for one in wanted:
        load(one)
    finish(wanted)
