//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tap-livechat/tap/sandbox"
)

var askedAt = regexp.MustCompile(`"asked":"([^"]*)"`)

// TestExampleAccountLasts runs the example twice, a week apart, in a process each: with
// the state of the first run, and without. What comes is the account, each chat under
// one id.
func TestExampleAccountLasts(t *testing.T) {
	var example map[string]any
	if err := json.Unmarshal([]byte(readDoc(t, "../../examples/sandbox.json")), &example); err != nil {
		t.Fatal(err)
	}
	switches := example["api_url"].(string)
	if !strings.Contains(switches, "since=") {
		t.Fatalf("%s is of no first day", switches)
	}
	for _, api := range []string{"2", "3"} {
		var states []string
		chats, visits := map[string]bool{}, map[string]string{}
		run := func(ago time.Duration, state string) (url string, came int) {
			url = switches + "&now=" + time.Now().Add(-ago).UTC().Format(time.RFC3339)
			example["api_url"], example["api_version"] = url, api
			config, _ := json.Marshal(example)
			path := filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(path, config, 0o600); err != nil {
				t.Fatal(err)
			}
			j := newJob(t, path, state)
			if err := j.cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, j.stderr.String())
			}
			for line := range strings.Lines(j.stdout.String()) {
				var m struct {
					Type, Stream string
					Value        json.RawMessage
					Record       struct {
						ID      string
						Started string `json:"started_timestamp"`
						Visitor struct{ ID string }
					}
				}
				if err := json.Unmarshal([]byte(line), &m); err != nil {
					t.Fatal(err)
				}
				if m.Type == "STATE" {
					states = append(states, strings.TrimSpace(string(m.Value)))
				}
				if m.Type != "RECORD" || m.Stream != "chats" {
					continue
				}
				if !chats[m.Record.ID] {
					came++
				}
				chats[m.Record.ID] = true
				visit := m.Record.Started + m.Record.Visitor.ID
				if other := visits[visit]; m.Record.Started != "" && other != "" && other != m.Record.ID {
					t.Errorf("API %s: one chat is %s and %s", api, other, m.Record.ID)
				}
				visits[visit] = m.Record.ID
			}
			return url, came
		}
		run(8*24*time.Hour, "")
		// The machine's clock has not moved: when open chats were asked for has.
		week := states[len(states)-1]
		for _, asked := range askedAt.FindAllStringSubmatch(week, -1) {
			at, err := time.Parse(time.RFC3339, asked[1])
			if err != nil {
				t.Fatal(err)
			}
			week = strings.ReplaceAll(week, asked[0], `"asked":"`+at.AddDate(0, 0, -7).Format(time.RFC3339)+`"`)
		}
		url, came := run(24*time.Hour, week)
		if came == 0 {
			t.Errorf("API %s: nothing came in a week", api)
		}
		o, err := sandbox.Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for c := range sandbox.New(o).Truth() {
			if !c.Pending {
				want = append(want, c.ID)
			}
		}
		for id := range chats {
			got = append(got, id)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("API %s: %d chats, want the %d of the account", api, len(got), len(want))
		}
		if _, came := run(24*time.Hour, ""); came != 0 {
			t.Errorf("API %s: %d chats more in a run without a state", api, came)
		}
	}
}
