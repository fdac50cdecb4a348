package state

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Named is the state of a part, and what to call it in errors.
type Named struct {
	Name  string
	State State
}

// MergeError says why states cannot be put together, and what to do.
type MergeError struct{ What, Remedy string }

func (e *MergeError) Error() string { return "the states cannot be put together: " + e.What }

// Hint says what to do.
func (e *MergeError) Hint() string { return e.Remedy }

// Merge puts together the states of the parts of one backfill, in any order, stream
// by stream. The spans that the parts have read must leave no gap; the result has
// read all of them and waits for the chats that any part waits for. A run from it
// loses nothing. The error joins a *MergeError for each fault.
func Merge(all []Named) (State, error) {
	if len(all) == 0 {
		return State{}, &MergeError{"there are none", "name the files that hold the states of the parts"}
	}
	last, merged := all[0], make(map[string]Bookmark)
	var faults []error
	for _, part := range all {
		if readTo(part.State).After(readTo(last.State)) {
			last = part
		}
		if mine, first := names(part.State), names(all[0].State); mine != first {
			faults = append(faults, &MergeError{fmt.Sprintf("%s and %s differ in their streams, %q and %q", all[0].Name, part.Name, first, mine), "run the parts with the same catalog"})
		}
	}
	if names(all[0].State) == "" {
		faults = append(faults, &MergeError{all[0].Name + " holds no bookmark", "give the last STATE of each part"})
	}
	for _, stream := range strings.Fields(names(all[0].State)) {
		b, err := mergeStream(stream, all)
		merged[stream] = b
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return State{}, err
	}
	result := last.State
	for stream, b := range merged {
		result = result.With(stream, b)
	}
	return result, nil
}

// mergeStream joins the spans of one stream.
func mergeStream(stream string, all []Named) (Bookmark, error) {
	type span struct {
		Bookmark
		name string
	}
	var spans []span
	var faults []error
	fault := func(remedy, format string, args ...any) {
		faults = append(faults, &MergeError{fmt.Sprintf(format, args...), remedy})
	}
	for _, part := range all {
		b, ok := part.State.Bookmarks[stream]
		of := fmt.Sprintf("%s, stream %s", part.Name, stream)
		switch {
		case !ok: // Merge has said so
		case b.ReadTo.IsZero():
			fault("run this part again from its state, with the same start_date and end_date, and then put all together", "%s: the state does not say what was read (read_from, read_to)", of)
		case streams[stream].Group == "" && !b.OpenKnown:
			fault("run this part again from its state, and then put all together", "%s: the state does not know which chats are open (open_chats is null)", of)
		case len(spans) > 0 && b.API != spans[0].API:
			fault("run the parts with the same api_version", "%s and %s differ in the API, %s and %s", spans[0].name, of, spans[0].API, b.API)
		case len(spans) > 0 && b.Zone != spans[0].Zone:
			fault("run the parts with the same report_timezone", "%s and %s differ in the time zone, %s and %s", spans[0].name, of, spans[0].Zone, b.Zone)
		default:
			spans = append(spans, span{b, of})
		}
	}
	if len(faults) > 0 || len(spans) == 0 {
		return Bookmark{}, errors.Join(faults...)
	}
	slices.SortStableFunc(spans, func(a, b span) int { return a.ReadFrom.Compare(b.ReadFrom) })
	merged, open, last := spans[0].Bookmark, make(map[string]OpenChat), spans[0]
	for _, s := range spans {
		if s.ReadFrom.After(merged.ReadTo) {
			fault("run the part before it again from its state until it ends with exit code 0, or run a part with this start_date and end_date and name its state as well",
				"%s to %s was not read: %s has read %s, and %s has read %s", show(merged.ReadTo), show(s.ReadFrom), last.name, shown(last.Bookmark), s.name, shown(s.Bookmark))
		}
		if !s.ReadTo.Before(merged.ReadTo) {
			merged.ReadTo, last = s.ReadTo, s
		}
		if s.At.After(merged.At) {
			merged.At, merged.Keys = s.At, s.Keys
		}
		for _, c := range s.Open {
			if known, twice := open[c.ID]; twice {
				c = sooner(known, c)
			}
			open[c.ID] = c
		}
	}
	merged.Open = slices.Collect(maps.Values(open))
	return merged, errors.Join(faults...)
}

// shown is the span of a bookmark.
func shown(b Bookmark) string { return show(b.ReadFrom) + " to " + show(b.ReadTo) }

func show(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// names are the streams of the tap that have a bookmark.
func names(s State) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.Bookmarks)) {
		if !s.Bookmarks[name].At.IsZero() {
			all = append(all, name)
		}
	}
	return strings.Join(all, " ")
}

// readTo is the latest time up to which a stream was read.
func readTo(s State) (latest time.Time) {
	for _, b := range s.Bookmarks {
		if b.ReadTo.After(latest) {
			latest = b.ReadTo
		}
	}
	return latest
}

// sooner is what is said of a chat that two parts wait for, so that it is asked
// for as soon as either would.
func sooner(a, b OpenChat) OpenChat {
	earlier := func(x, y time.Time) time.Time {
		if x.Before(y) { // not known is the earliest
			return x
		}
		return y
	}
	return OpenChat{ID: a.ID, Since: earlier(a.Since, b.Since), Asked: earlier(a.Asked, b.Asked), Missed: min(a.Missed, b.Missed)}
}
