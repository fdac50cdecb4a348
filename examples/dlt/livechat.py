"""LiveChat's archive for dlt: runs tap-livechat and loads what it prints.

    pipeline = dlt.pipeline("livechat", destination="duckdb", dataset_name="livechat")
    load(pipeline, {"entity_id": "…", "access_token": "…", "start_date": "2024-01-01"})

The tap's STATE lives in dlt's state, so it is committed with the rows it speaks
of, by the same load. As a command: `python livechat.py CONFIG`.
"""

import argparse
import gzip
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import dlt
import orjson
import pyarrow as pa

ROWS = 50_000  # of a stream, held in memory before they are written
CHUNK = 250  # of them are dicts, before they go to Arrow: Python's garbage collector walks through all that it finds
SEQUENCE = "_sdc_sequence"  # grows with each row, from run to run

# JSON is text to Arrow and more than that to dlt, which says so for each table
# of each load.
logging.getLogger("dlt").addFilter(lambda entry: "when merging arrow schema" not in entry.getMessage())


class TapFailed(Exception):
    """The tap did not end well. What came up to its last STATE is loaded."""


def load(pipeline, settings, tap="tap-livechat", streams=None, every=500_000):
    """Loads what is new. Raises TapFailed if the tap did, with the rows up to
    its last STATE loaded and that STATE committed: the next call goes on there.

    settings are those of the tap; streams are the names of those to read, all
    by default. A first load is committed each time that so many rows have come
    and a STATE after them, so that a machine that dies loses no more than that.
    """
    while pipeline.has_pending_data:  # of a run that was cut off
        pipeline.run()
    # Rows come as Arrow tables, which PostgreSQL takes fastest as CSV.
    form = "csv" if pipeline.destination.destination_name == "postgres" else None
    with Tap(tap, settings, streams) as process:
        while not process.ended:
            pipeline.run(source(process, every), loader_file_format=form)
        process.check()


@dlt.source(name="livechat", max_table_nesting=0)
def source(process, every):
    """What the tap prints, up to a STATE after so many rows, as a dlt source.

    The tables are those of other Singer targets: a column for each field of a
    record, objects and lists as JSON, times without a zone, in UTC.
    """

    @dlt.resource(name="tap")
    def rows():
        state = dlt.current.source_state()
        process.start(state.get("tap"))
        tables, came = process.tables, 0
        for message in process.messages():
            kind = message["type"]
            if kind == "SCHEMA":
                name = message["stream"]
                new = Table(message)
                if name in tables:  # what came before was of the old schema
                    yield from tables[name].flush()
                    new.whole = tables[name].whole
                tables[name] = new
            elif kind == "RECORD":
                table = tables[message["stream"]]
                table.add(message["record"], message.get("version"))
                came += 1
                if table.full():
                    yield from table.flush()
            elif kind == "BATCH":
                table = tables[message["stream"]]
                for record in batch(message):
                    table.add(record)
                    came += 1
                    if table.full():
                        yield from table.flush()
            elif kind == "ACTIVATE_VERSION":
                yield from tables[message["stream"]].activate(message["version"])
            elif kind == "STATE":
                # dlt commits the state with what has been yielded.
                for table in tables.values():
                    yield from table.flush()
                state["tap"] = message["value"]
                if came >= every:
                    return
        # Rows after the last STATE come again; they may be loaded all the same.
        for table in tables.values():
            yield from table.flush()

    return rows


class Table:
    """Rows of one stream on their way."""

    def __init__(self, schema):
        self.name = schema["stream"]
        self.keys = schema.get("key_properties", [])
        self.columns, fields = [], []
        for name, field in schema["schema"]["properties"].items():
            type, arrow = column_type(field)
            column = {"name": name, "data_type": type, "nullable": name not in self.keys}
            if type == "timestamp":
                column["timezone"] = False
            if "description" in field:
                column["description"] = field["description"]
            self.columns.append(column)
            fields.append((name, arrow))
        # A row may come twice in one load; of two the later one counts.
        self.columns.append({"name": SEQUENCE, "data_type": "bigint", "dedup_sort": "desc"})
        self.type = pa.struct([*fields, (SEQUENCE, pa.int64())])
        self.json = [column["name"] for column in self.columns if column["data_type"] == "json"]
        self.sequence = time.time_ns() // 1000
        self.rows, self.chunks = [], []  # what is not in Arrow yet, and what is
        self.whole = {}  # rows of a list that is not whole yet, by its version

    def add(self, record, version=None):
        self.sequence += 1
        record[SEQUENCE] = self.sequence
        if version is not None:
            self.whole.setdefault(version, []).append(record)
            return
        self.rows.append(record)
        if len(self.rows) >= CHUNK:
            self.pack()

    def pack(self):
        self.chunks.append(self.arrow(self.rows))
        self.rows = []

    def full(self):
        return len(self.chunks) >= ROWS // CHUNK

    def flush(self):
        if self.rows:
            self.pack()
        if self.chunks:
            yield self.item(self.chunks, "merge" if self.keys else "append")
            self.chunks = []

    def activate(self, version):
        """A list is whole: it replaces the table, so what is gone there goes here."""
        rows = {tuple(r.get(k) for k in self.keys) if self.keys else n: r for n, r in enumerate(self.whole.pop(version, []))}
        yield self.item([self.arrow(list(rows.values()))], {"disposition": "replace", "strategy": "insert-from-staging"})

    def arrow(self, rows):
        for row in rows:
            for name in self.json:
                if row.get(name) is not None:
                    row[name] = orjson.dumps(row[name]).decode()
        return pa.array(rows, self.type)

    def item(self, chunks, disposition):
        table = pa.Table.from_struct_array(pa.chunked_array(chunks))
        for n, column in enumerate(self.columns):
            if column["data_type"] == "timestamp":
                times = table.column(n).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
                table = table.set_column(n, column["name"], times)
        hints = dlt.mark.make_hints(table_name=self.name, write_disposition=disposition, primary_key=self.keys, columns=self.columns)
        return dlt.mark.with_hints(table, hints, create_table_variant=True)


def column_type(field):
    """dlt's type of a field in a JSON Schema, and Arrow's of its values in a row."""
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    kind = next(t for t in types if t != "null")
    if kind == "string" and field.get("format") == "date-time":
        return "timestamp", pa.string()
    return {
        "string": ("text", pa.string()),
        "integer": ("bigint", pa.int64()),
        "number": ("double", pa.float64()),
        "boolean": ("bool", pa.bool_()),
    }.get(kind, ("json", pa.string()))


def batch(message):
    """The records in the files of a BATCH message."""
    encoding = message["encoding"]
    if encoding["format"] != "jsonl" or encoding.get("compression") not in (None, "none", "gzip"):
        raise ValueError(f"a BATCH in {encoding}, which is not known here")
    for url in message["manifest"]:
        path = url2pathname(urlparse(url).path)
        with (gzip.open if encoding.get("compression") == "gzip" else open)(path, "rb") as lines:
            for line in lines:
                yield orjson.loads(line)
        os.remove(path)


class Tap:
    """One run of the tap."""

    def __init__(self, program, settings, streams):
        self.program, self.settings, self.streams = program, settings, streams
        self.process, self.ended, self.tables = None, False, {}
        self.critical = ""

    def __enter__(self):
        self.files = tempfile.TemporaryDirectory(prefix="tap-livechat-")
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()  # nothing happens if it has ended
            self.process.stdout.close()
            self.process.wait()
        self.files.cleanup()

    def start(self, state):
        """Starts the tap, if it does not run yet."""
        if self.process:
            return
        # Secrets go by the environment, not through a file.
        environment = os.environ | {
            f"TAP_LIVECHAT_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self.settings.items()
            if value is not None
        }
        args = [self.program, "--config", "ENV"]
        if self.streams is not None:
            args += ["--catalog", self.file("catalog.json", self.select(environment))]
        if state:
            args += ["--state", self.file("state.json", state)]
        self.process = subprocess.Popen(args, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=1 << 20)
        self.log = threading.Thread(target=self.pass_on, daemon=True)
        self.log.start()

    def file(self, name, value):
        path = Path(self.files.name, name)
        path.write_text(json.dumps(value))
        return str(path)

    def select(self, environment):
        catalog = json.loads(subprocess.run([self.program, "--discover"], env=environment, check=True, stdout=subprocess.PIPE).stdout)
        unknown = set(self.streams) - {s["tap_stream_id"] for s in catalog["streams"]}
        if unknown:
            raise ValueError(f"the tap has no stream {', '.join(sorted(unknown))}")
        catalog["streams"] = [s for s in catalog["streams"] if s["tap_stream_id"] in self.streams]
        return catalog

    def pass_on(self):
        for line in self.process.stderr:
            text = line.decode(errors="replace").rstrip()
            if text.startswith("CRITICAL"):
                self.critical = text
            print(text, file=sys.stderr)

    def messages(self):
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break  # the tap was killed while it wrote
            yield orjson.loads(line)
        self.ended = True

    def check(self):
        code = self.process.wait()
        self.log.join()
        if code == 3:  # max_requests is used up; the next run goes on
            print("livechat: max_requests is used up; the next run goes on", file=sys.stderr)
        elif code != 0:
            raise TapFailed(self.critical or f"the tap ended with exit code {code}")


def main():
    parser = argparse.ArgumentParser(description="Loads what is new in LiveChat's archive into the schema livechat.")
    parser.add_argument("config", type=Path, help="the tap's config, a JSON file")
    parser.add_argument("--destination", default="duckdb", help="one of dlt's; duckdb writes warehouse.duckdb")
    parser.add_argument("--streams", nargs="+", help="all, unless named")
    parser.add_argument("--every", type=int, default=500_000, help="rows between two commits, at least")
    args = parser.parse_args()
    # DuckDB wants another name for the file than for the schema in it.
    destination = dlt.destinations.duckdb("warehouse.duckdb") if args.destination == "duckdb" else args.destination
    pipeline = dlt.pipeline("livechat", destination=destination, dataset_name="livechat")
    try:
        load(pipeline, json.loads(args.config.read_text()), os.environ.get("TAP", "tap-livechat"), args.streams, args.every)
    except TapFailed as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
