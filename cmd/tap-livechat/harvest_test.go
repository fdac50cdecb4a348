//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/account"
	"tap-livechat/tap/sandbox/oracle"
)

// way is one in which records come out of the program.
type way struct {
	api     string
	files   string // how they are compressed; empty: record by record
	budget  int    // max_requests that makes several windows of a backfill
	repeats int    // chats that a run may repeat: those of the windows in flight and of the look-back
}

// batchSize is how many records are in a file.
const batchSize = 2000

// ways are all of them. What gzip adds is left to the long form.
func ways() (all []way) {
	for _, files := range []string{"", "none", "gzip"} {
		if files == "gzip" && testing.Short() {
			break
		}
		all = append(all, way{"2", files, 40, 800}, way{"3", files, 16, 1600})
	}
	return all
}

func (w way) String() string {
	if w.files == "" {
		return "v" + w.api + " records"
	}
	return "v" + w.api + " files " + w.files
}

// config makes a config for all of an archive, with at most so many requests a run;
// 0 is no limit. Files go to a folder of their own.
func (w way) config(t *testing.T, address string, budget int) string {
	t.Helper()
	return w.configFor(t, address, budget, t.TempDir(), batchSize)
}

// configFor is config, with files of that size in that folder.
func (w way) configFor(t *testing.T, address string, budget int, folder string, size int) string {
	t.Helper()
	config := map[string]any{"api_version": w.api, "entity_id": "acct-1", "access_token": secret, "start_date": time.Now().UTC().AddDate(0, 0, -45).Format(time.DateOnly), "api_url": address}
	if budget > 0 {
		config["max_requests"] = budget
	}
	if w.files != "" {
		root := url.URL{Scheme: "file", Path: folder}
		config["batch_config"] = map[string]any{
			"encoding":   map[string]any{"format": "jsonl", "compression": w.files},
			"storage":    map[string]any{"root": root.String()},
			"batch_size": size,
		}
	}
	return jsonFile(t, config)
}

// still adds to switches that time stands still, so that this process can make the
// archive of another one once more, and tell what is in it.
func still(switches string) string {
	return switches + "&now=" + time.Now().UTC().Add(-time.Minute).Format(time.RFC3339)
}

// keys are those of records, by stream.
type keys map[string]map[string]bool

func newKeys() keys { return keys{"chats": {}, "messages": {}, "events": {}} }

func (k keys) count() int { return len(k["chats"]) + len(k["messages"]) + len(k["events"]) }

// keysOf are the keys of all that an archive that stands still has to give through
// one of the APIs: the chats that have ended.
func keysOf(t *testing.T, api, switches string) keys {
	t.Helper()
	options, err := sandbox.Parse(switches)
	if err != nil {
		t.Fatal(err)
	}
	server, all := sandbox.New(options), newKeys()
	for c := range server.Truth() {
		if c.Pending || c.Vanished {
			continue
		}
		if api == "2" {
			for stream, records := range oracle.V2(c.Account) {
				for key := range records {
					all[stream][key] = true
				}
			}
			continue
		}
		agents := 0
		for _, email := range c.Agents {
			if email != "" { // without an e-mail it is a bot, which v3.6 tells from agents
				all["chats"][oracle.Key(c.ID, email)] = true
				agents++
			}
		}
		if agents == 0 {
			all["chats"][oracle.Key(c.ID, oracle.Unassigned)] = true
		}
		thread, _ := server.Thread(c.Account.No)
		for _, e := range thread.Events {
			key := fmt.Sprintf("%s_%d", c.ID, e.N)
			all["events"][key] = true
			if e.Kind == account.Said && e.Entry.Kind != account.File {
				all["messages"][key] = true
			}
		}
	}
	if all.count() == 0 {
		t.Fatal("the sandbox holds nothing")
	}
	return all
}

// harvest is what all runs of a backfill together have delivered, to a target that
// reads files as soon as they are announced and keeps what a STATE covers, and only
// that. It is to be the standard output of each run in turn.
type harvest struct {
	t       *testing.T
	way     way
	kept    keys
	pending keys             // what came after the last STATE
	records int              // all that came, also more than once
	state   string           // the last one
	files   map[string]int64 // those that were announced, and how large they were then

	torn        []byte // what came of a line
	lastIsState bool   // in this run
}

func newHarvest(t *testing.T, w way) *harvest {
	return &harvest{t: t, way: w, kept: newKeys(), pending: newKeys(), files: make(map[string]int64)}
}

// Write reads what a run writes, as it comes: whether a file is whole when it is
// announced can be told only then.
func (h *harvest) Write(b []byte) (int, error) {
	n := len(b)
	for {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		h.torn = append(h.torn, line...)
		if !whole {
			return n, nil
		}
		if err := h.message(h.torn); err != nil {
			h.t.Errorf("%v: %.300q", err, h.torn)
		}
		h.torn, b = h.torn[:0], rest
	}
}

// message reads one line.
func (h *harvest) message(line []byte) error {
	h.lastIsState = false
	if rest, ok := bytes.CutPrefix(line, []byte(`{"type":"RECORD","stream":"`)); ok && h.way.files == "" {
		stream, record, _ := bytes.Cut(rest, []byte(`"`))
		return h.record(string(stream), record)
	}
	var m struct {
		Type, Stream string
		Value        json.RawMessage
		Encoding     struct{ Format, Compression string }
		Manifest     []string
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return err
	}
	switch m.Type {
	case "SCHEMA":
	case "BATCH":
		if m.Encoding.Format != "jsonl" || m.Encoding.Compression != h.way.files || len(m.Manifest) != 1 {
			return fmt.Errorf("not what was asked for")
		}
		return h.load(m.Stream, m.Manifest[0])
	case "STATE":
		for stream, all := range h.pending {
			for key := range all {
				h.kept[stream][key] = true
			}
			clear(all)
		}
		h.state, h.lastIsState = string(m.Value), true
	default:
		return fmt.Errorf("a message that is not to be expected here")
	}
	return nil
}

// record takes the key of one record of a stream. There are too many to read all of each.
func (h *harvest) record(stream string, record []byte) error {
	id := textOf(record, "event_id")
	if stream == "chats" {
		id = oracle.Key(textOf(record, "id"), textOf(record, "agent_email"))
	}
	all, known := h.pending[stream]
	if !known || id == "" || !bytes.HasSuffix(record, []byte("}")) {
		return fmt.Errorf("no record of %q", stream)
	}
	all[id] = true
	h.records++
	return nil
}

// textOf is the first member of that name.
func textOf(record []byte, name string) string {
	_, rest, _ := bytes.Cut(record, []byte(`"`+name+`":"`))
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(text)
}

// load reads a file that has just been announced.
func (h *harvest) load(stream, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" || !strings.Contains(filepath.Base(u.Path), "-"+stream+"-") {
		return fmt.Errorf("no file of %s: %v", stream, err)
	}
	if _, twice := h.files[u.Path]; twice {
		return fmt.Errorf("announced twice")
	}
	raw, err := os.ReadFile(u.Path)
	if err != nil {
		return err
	}
	h.files[u.Path] = int64(len(raw))
	text := raw
	if h.way.files == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			text, err = io.ReadAll(z)
		}
		if err != nil {
			return fmt.Errorf("the file is not whole: %w", err)
		}
	}
	before := h.records
	for line := range bytes.Lines(text) {
		line, ends := bytes.CutSuffix(line, []byte("\n"))
		if !ends || !json.Valid(line) {
			return fmt.Errorf("line %d of the file is not whole", h.records-before+1)
		}
		if err := h.record(stream, line); err != nil {
			return fmt.Errorf("line %d of the file: %w", h.records-before+1, err)
		}
	}
	if n := h.records - before; n == 0 || n > batchSize {
		return fmt.Errorf("%d records in the file", n)
	}
	return nil
}

// runEnded says that a run has, and tells whether its last line was a STATE. What
// came after its last STATE is not kept. The last line may be torn if the process was
// killed; no other may.
func (h *harvest) runEnded(killed bool) (lastIsState bool) {
	h.t.Helper()
	if len(h.torn) > 0 && !killed {
		h.t.Errorf("a torn line: %.200q", h.torn)
	}
	lastIsState = h.lastIsState
	h.torn, h.lastIsState = h.torn[:0], false
	for _, all := range h.pending {
		clear(all)
	}
	return lastIsState
}

// wantAll compares what has been kept with what the sandbox holds, and sees that the
// files are as they were when they were announced.
func (h *harvest) wantAll(held keys) {
	h.t.Helper()
	for stream, want := range held {
		missing, example := 0, ""
		for key := range want {
			if !h.kept[stream][key] {
				missing, example = missing+1, key
			}
		}
		if got := len(h.kept[stream]); missing > 0 || got != len(want) {
			h.t.Errorf("%d of %d %s are missing, such as %q; there are %d", missing, len(want), stream, example, got)
		}
	}
	for path, size := range h.files {
		if info, err := os.Stat(path); err != nil || info.Size() != size {
			h.t.Errorf("a file that was announced with %d bytes is another one now: %v, %v", size, info, err)
		}
	}
	if h.way.files != "" && len(h.files) == 0 {
		h.t.Error("there were no files")
	}
}
