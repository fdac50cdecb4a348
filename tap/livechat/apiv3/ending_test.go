package apiv3

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/source"
)

func TestEnding(t *testing.T) {
	const (
		noEnd = ""
		line  = "09:05:00"
	)
	survey := form("09:40:00", `,"form_type":"postchat"`, "")
	tests := []struct{ name, entry, end, why string }{
		{"the ending message", entryOf(events(said(line, eveID, ""), system("09:20:00", "routing.archived_inactive"))), "2026-01-05T09:20:00Z", ""},
		{"the last of two", entryOf(events(system("09:10:00", "manual_archived_agent"), system("09:20:00", "manual_archived_customer"))), "2026-01-05T09:20:00Z", ""},
		{"late events do not move it", entryOf(events(system("09:20:00", "system_archived"), system("09:30:00", "rating.chat_rated"), survey, said("09:41:00", eveID, ""))), "2026-01-05T09:20:00Z", ""},
		{"not that of another system message", entryOf(events(system("09:20:00", "routing.assigned_other"), said("09:21:00", eveID, ""))), "2026-01-05T09:21:00Z", lastEventIsEnd},
		{"without one, the last event", entryOf(events(said(line, eveID, ""), said("09:06:00", eveID, ""))), "2026-01-05T09:06:00Z", lastEventIsEnd},
		{"but for late ones", entryOf(events(said(line, eveID, ""), system("09:30:00", "rating.chat_commented"), system("09:31:00", "transcript_sent"), survey,
			`"type":"annotation","created_at":"2026-01-05T09:50:00Z"`)), "2026-01-05T09:05:00Z", lastEventIsEnd},
		{"the survey says what it is by a property", entryOf(events(said(line, eveID, ""), form("09:40:00", `,"properties":{"lc2":{"form_type":"postchat"}}`, ""))), "2026-01-05T09:05:00Z", lastEventIsEnd},
		{"a deleted event happened", entryOf(events(said(line, eveID, ""), `"type":"message","deleted":true,"created_at":"2026-01-05T09:06:00Z"`)), "2026-01-05T09:06:00Z", lastEventIsEnd},
		{"late ones alone", entryOf(events(system("09:30:00", "rating.chat_rated"))), noEnd, unknownEnd},
		{"no event", entryOf(``), noEnd, unknownEnd},
		{"events missing", entryOf(`"events":null`), noEnd, ""},
		{"active", entryOf(`"active":true,` + events(system("09:20:00", "system_archived"))), noEnd, ""},
		{"before the start: another one", entryOf(events(system("09:10:00", "system_archived"), system("08:00:00", "system_archived"))), "2026-01-05T09:10:00Z", ""},
		{"after the answer: another one", entryOf(events(system("09:10:00", "system_archived"), `"type":"system_message","system_message_type":"system_archived","created_at":"2026-01-08T00:00:01Z"`)),
			"2026-01-05T09:10:00Z", otherMessageIsEnd},
		{"two days after the answer", entryOf(events(`"type":"system_message","system_message_type":"system_archived","created_at":"2026-01-08T00:00:00Z"`)), "2026-01-08T00:00:00Z", ""},
		{"after the answer: the last event", entryOf(events(said(line, eveID, ""), `"type":"system_message","system_message_type":"system_archived","created_at":"2126-01-05T09:10:00Z"`)),
			"2026-01-05T09:05:00Z", implausibleMessage},
		{"in another century", entryOf(`"created_at":"nonsense",` + events(`"type":"system_message","system_message_type":"system_archived","created_at":"1970-01-01T00:00:00Z"`)), noEnd, implausibleEvents},
		{"no time", entryOf(events(`"type":"system_message","system_message_type":"system_archived","created_at":0`, said(line, eveID, ""))), "2026-01-05T09:05:00Z", implausibleMessage},
		{"all before the start", entryOf(events(said("08:00:00", eveID, ""))), noEnd, implausibleEvents},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			chat, doc := made(t, test.entry)
			end, column := "", any(nil)
			if !chat.Ended.IsZero() {
				end = chat.Ended.Format(time.RFC3339Nano)
				column = end
			}
			why := ""
			for _, n := range chat.Warnings {
				if n.Field == "ended_timestamp" {
					why += n.Why
				}
			}
			if end != test.end || why != test.why {
				t.Errorf("it ended at %q (%s), want %q (%s)", end, why, test.end, test.why)
			}
			if doc["ended_timestamp"] != column || doc["ended"] != column {
				t.Errorf("ended_timestamp is %v, ended %v", doc["ended_timestamp"], doc["ended"])
			}
		})
	}
}

// TestNoStart: a start that cannot be is none.
func TestNoStart(t *testing.T) {
	for _, at := range []string{"1970-01-01T00:00:00Z", "2026-01-08T00:00:01Z", "9999-12-31T23:59:59Z"} {
		chat, doc := made(t, entryOf(`"created_at":"`+at+`",`+events(said("09:05:00", eveID, ""))))
		if !chat.Started.IsZero() || doc["started"] != nil || chat.Ended.IsZero() {
			t.Errorf("%s: started %v, column %v, ended %v", at, chat.Started, doc["started"], chat.Ended)
		}
		if diff := cmp.Diff([]source.Warning{{Field: "started_timestamp", Why: implausibleStart}, {Field: "ended_timestamp", Why: lastEventIsEnd}}, chat.Warnings); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", at, diff)
		}
	}
}

// TestEndsOfEverySort: each ending message ends, none is late, and says who did it.
func TestEndsOfEverySort(t *testing.T) {
	for kind, by := range endings {
		_, doc := made(t, entryOf(events(system("09:20:00", kind), said("09:30:00", eveID, ""))))
		if doc["ended"] != "2026-01-05T09:20:00Z" || doc["end_reason"] != kind || doc["ended_by"] != by || lateMessages[kind] {
			t.Errorf("%s: ended %v, because of %v, by %v", kind, doc["ended"], doc["end_reason"], doc["ended_by"])
		}
	}
}
