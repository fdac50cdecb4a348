// Package state is what one run leaves for the next: bookmarks, read as anybody may
// have kept them and written in one form, and the states of parts put together.
package state

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/jsondoc"
)

// State is what one run leaves for the next: a bookmark for each stream that
// has one. What it does not know it carries along unchanged. A State is never
// changed; With returns another one.
type State struct {
	Bookmarks map[string]Bookmark        // by stream
	rest      map[string]json.RawMessage // top-level keys other than bookmarks
}

// Bookmark is what a state says of one stream. The bookmark of a stream that this
// tap does not know, or that has no replication key, is kept as it was read.
type Bookmark struct {
	// At: everything that LiveChat lists for the time before it was listed by some
	// run, and was delivered or is in Open. Zero: there is no bookmark.
	At  time.Time
	API string // the version of the API that it was read from: "2" or "3"
	// ReadFrom and ReadTo are the span of LiveChat's listing that was read without a
	// gap; zero in a state of a version that did not write them.
	ReadFrom, ReadTo time.Time
	OpenKnown        bool                // Open holds all chats that are waited for; if not, open_chats is null
	Open             []OpenChat          // the chats that are waited for, each once
	Zone             string              // of a report: the time zone of its days
	Keys             map[string][]string // of a report: see Report

	text json.RawMessage            // as it was read; empty if the tap made it
	rest map[string]json.RawMessage // members that the tap does not know
}

// OpenChat is a chat that is waited for.
type OpenChat struct {
	ID     string
	Since  time.Time // when it began; zero: not known
	Asked  time.Time // when it was last asked for by its id; zero: never, or not known
	Missed int       // how many times in a row it was asked for and not found
}

// The keys of a bookmark beside the stream's replication key. All are always
// written, and none is an object: runners merge states key by key.
const (
	keyAPI       = "api"
	keyOpenChats = "open_chats" // null: it is not known which chats are open
	keyReadFrom  = "read_from"
	keyReadTo    = "read_to"
	keyZone      = "timezone" // of a report
	keyKeys      = "keys"     // of a report
)

// keyPart is a top-level key of older versions: the dates that a run had to read.
const keyPart = "part"

// firstAPI is the version that a bookmark is of if it does not say.
const firstAPI = "2"

// With is a state with another bookmark for one stream. Members of the stream's
// bookmark that the tap does not know stay.
func (s State) With(stream string, b Bookmark) State {
	b.text, b.rest = nil, s.Bookmarks[stream].rest
	all := maps.Clone(s.Bookmarks)
	if all == nil {
		all = make(map[string]Bookmark)
	}
	all[stream] = b
	return State{Bookmarks: all, rest: s.rest}
}

// MarshalJSON writes the state, keys in alphabetical order.
func (s State) MarshalJSON() ([]byte, error) {
	bookmarks := make(map[string]json.RawMessage, len(s.Bookmarks))
	for name, b := range s.Bookmarks {
		bookmarks[name] = b.appendTo(nil, name)
	}
	all := make(map[string]any, len(s.rest)+1)
	for k, v := range s.rest {
		all[k] = v
	}
	all["bookmarks"] = bookmarks
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(all)
	return bytes.TrimSpace(b.Bytes()), err
}

// appendTo writes a bookmark, keys in alphabetical order.
func (b Bookmark) appendTo(text []byte, stream string) json.RawMessage {
	if b.text != nil {
		return append(text, b.text...)
	}
	members := map[string]json.RawMessage{keyReadFrom: appendTime(nil, b.ReadFrom), keyReadTo: appendTime(nil, b.ReadTo)}
	maps.Copy(members, b.rest)
	if of := streams[stream]; of.Group == "" {
		members[of.ReplicationKey] = appendTime(nil, b.At)
		members[keyAPI] = jsondoc.Quote(nil, cmp.Or(b.API, firstAPI))
		members[keyOpenChats] = appendOpen(nil, b)
	} else {
		members[of.ReplicationKey] = jsondoc.Quote(nil, b.At.Format(time.DateOnly))
		members[keyZone] = jsondoc.Quote(nil, b.Zone)
		if len(b.Keys) > 0 {
			keys, err := json.Marshal(b.Keys)
			if err != nil {
				panic(err) // texts cannot fail
			}
			members[keyKeys] = keys
		}
	}
	for i, name := range slices.Sorted(maps.Keys(members)) {
		text = append(text, "{,"[min(i, 1)])
		text = append(append(jsondoc.Quote(text, name), ':'), members[name]...)
	}
	return append(text, '}')
}

// streams are those of the tap, by name.
var streams = func() map[string]catalog.Stream {
	all := make(map[string]catalog.Stream)
	for _, stream := range catalog.Streams() {
		all[stream.Name] = stream
	}
	return all
}()

// orNull is a text, or null for none.
func orNull(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("null")
	}
	return text
}

// appendTime writes null for the zero time.
func appendTime(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(b, "null"...)
	}
	return jsondoc.AppendTime(b, at)
}

// appendOpen writes a chat of which there is no more to say as its id alone.
func appendOpen(b []byte, mark Bookmark) []byte {
	if !mark.OpenKnown {
		return append(b, "null"...)
	}
	open := slices.SortedFunc(slices.Values(mark.Open), func(x, y OpenChat) int { return strings.Compare(x.ID, y.ID) })
	b = append(b, '[')
	for i, c := range open {
		if i > 0 {
			b = append(b, ',')
		}
		if c == (OpenChat{ID: c.ID}) {
			b = jsondoc.Quote(b, c.ID)
			continue
		}
		b = jsondoc.Quote(append(b, `{"id":`...), c.ID)
		b = appendTime(append(b, `,"since":`...), c.Since)
		b = appendTime(append(b, `,"asked":`...), c.Asked)
		b = strconv.AppendInt(append(b, `,"missed":`...), int64(c.Missed), 10)
		b = append(b, '}')
	}
	return append(b, ']')
}
