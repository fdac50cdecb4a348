package state

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	at := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	// of is the state of a part.
	of := func(name string, from, to int, open ...OpenChat) Named {
		s := State{}.With("chats", Bookmark{At: at(to).Add(-time.Hour), API: "2", Searched: true, Open: open})
		return Named{Name: name, State: s.WithPart(&Part{StartDate: at(from), EndDate: at(to), Complete: true})}
	}
	change := func(s Named, f func(State) State) Named {
		return Named{Name: s.Name, State: f(s.State)}
	}
	a, b, c := of("a", 1, 5, OpenChat{ID: "X", Since: at(2), Asked: at(20), Missed: 1}), of("b", 5, 9, OpenChat{ID: "Y"}), of("c", 9, 12, OpenChat{ID: "X"}, OpenChat{ID: "Z", Since: at(11), Asked: at(20)})
	for _, test := range []struct {
		name string
		all  []Named
		want string // a state, or what the error says
	}{
		{"in any order", []Named{c, a, b}, `{"bookmarks":{"chats":{"api":"2","ended_timestamp":"2026-01-11T23:00:00Z","open_chats":["X","Y",{"id":"Z","since":"2026-01-11T00:00:00Z","asked":"2026-01-20T00:00:00Z","missed":0}]}},"part":null}`},
		{"alone", []Named{b}, `{"bookmarks":{"chats":{"api":"2","ended_timestamp":"2026-01-08T23:00:00Z","open_chats":["Y"]}},"part":null}`},
		{"overlap", []Named{a, of("wide", 3, 11), b}, `{"bookmarks":{"chats":{"api":"2","ended_timestamp":"2026-01-10T23:00:00Z","open_chats":[{"id":"X","since":"2026-01-02T00:00:00Z","asked":"2026-01-20T00:00:00Z","missed":1},"Y"]}},"part":null}`},
		{"none", nil, "there are none"},
		{"gap", []Named{a, c}, "nobody has read 2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z, before c"},
		{"no part", []Named{a, change(b, func(s State) State { return s.WithPart(nil) })}, "b is the state of no part"},
		{"cut off", []Named{a, change(b, func(s State) State { return s.WithPart(&Part{StartDate: at(5), EndDate: at(9), Complete: false}) })}, "b (2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z) was not read to the end"},
		{"search owed", []Named{change(a, func(s State) State {
			return s.With("chats", Bookmark{At: at(4), API: "2"})
		})}, "a (2026-01-01T00:00:00Z to 2026-01-05T00:00:00Z) was not read to the end"},
		{"other API", []Named{a, change(b, func(s State) State {
			return s.With("chats", Bookmark{At: at(8), API: "3", Searched: true})
		})}, "a and b differ in the API, 2 and 3"},
		{"other streams", []Named{a, change(b, func(s State) State {
			return s.With("events", Bookmark{At: at(8), API: "2", Searched: true})
		})}, `a and b differ in their streams, "chats" and "chats events"`},
		{"all that is wrong", []Named{change(a, func(s State) State { return s.WithPart(&Part{StartDate: at(1), EndDate: at(5), Complete: false}) }), change(c, func(s State) State { return s.WithPart(&Part{StartDate: at(9), EndDate: at(12), Complete: false}) })},
			"a (2026-01-01T00:00:00Z to 2026-01-05T00:00:00Z) was not read to the end\nthe states cannot be put together: c (2026-01-09T00:00:00Z to 2026-01-12T00:00:00Z) was not read to the end\nthe states cannot be put together: nobody has read 2026-01-05T00:00:00Z to 2026-01-09T00:00:00Z, before c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Merge(test.all)
			var text string
			var failed *MergeError
			switch {
			case err == nil:
				b, _ := got.MarshalJSON()
				text = string(b)
			case errors.As(err, &failed) && failed.Hint() != "":
				text = strings.TrimPrefix(err.Error(), "the states cannot be put together: ")
			default:
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
}
