package state

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tap-livechat/catalog"
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

// Merge puts together the states of parts of one backfill, in any order.
// The result has the bookmarks of the last part, and waits for the chats that
// any part waits for; a run from it loses nothing. It refuses parts
// that leave a gap, that were not read to the end, or that differ in what they
// read. The error is a *MergeError, a *Error or several.
func Merge(all []Named) (State, error) {
	type part struct {
		Named
		Part
		marks map[string]Bookmark
	}
	var parts []part
	var faults []error
	for _, s := range all {
		p, err := s.State.Part()
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("%s: %w", s.Name, err))
			continue
		case p == nil || p.StartDate.IsZero() || p.EndDate.IsZero():
			faults = append(faults, &MergeError{s.Name + " is the state of no part", "give the states of runs that had an end_date"})
			continue
		}
		parts = append(parts, part{s, *p, s.State.marks()})
	}
	if err := errors.Join(faults...); err != nil {
		return State{}, err
	}
	if len(parts) == 0 {
		return State{}, &MergeError{"there are none", "name the files that hold the states of the parts"}
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(a.StartDate.Compare(b.StartDate), a.EndDate.Compare(b.EndDate))
	})
	last, waited := parts[0], make(map[string]map[string]OpenChat)
	for i, p := range parts {
		span := fmt.Sprintf("%s (%s to %s)", p.Name, p.StartDate.Format(time.RFC3339), p.EndDate.Format(time.RFC3339))
		if !p.Complete || !searched(p.marks) {
			faults = append(faults, &MergeError{span + " was not read to the end", "run this part again from its state, and then put all together"})
		}
		if i > 0 && p.StartDate.After(last.EndDate) {
			faults = append(faults, &MergeError{fmt.Sprintf("nobody has read %s to %s, before %s", last.EndDate.Format(time.RFC3339), p.StartDate.Format(time.RFC3339), p.Name),
				"run a part with that start_date and end_date, and name its state as well"})
		}
		if what := differ(parts[0].State, p.State, parts[0].marks, p.marks); what != "" {
			faults = append(faults, &MergeError{fmt.Sprintf("%s and %s differ in %s", parts[0].Name, p.Name, what), "run the parts with the same api_version and the same catalog"})
		}
		for stream, mark := range p.marks {
			if waited[stream] == nil {
				waited[stream] = make(map[string]OpenChat)
			}
			for _, c := range mark.Open {
				if known, twice := waited[stream][c.ID]; twice {
					c = sooner(known, c)
				}
				waited[stream][c.ID] = c
			}
		}
		if !p.EndDate.Before(last.EndDate) {
			last = p
		}
	}
	if err := errors.Join(faults...); err != nil {
		return State{}, err
	}
	merged := last.State
	for _, stream := range catalog.Streams() {
		if mark, ok := last.marks[stream.Name]; ok {
			mark.Open = slices.Collect(maps.Values(waited[stream.Name]))
			merged = merged.With(stream.Name, mark)
		}
	}
	return merged.WithPart(nil), nil
}

// marks are the bookmarks of the streams that are made of chats.
func (s State) marks() map[string]Bookmark {
	all := make(map[string]Bookmark)
	for _, stream := range catalog.Streams() {
		if b, ok := s.Bookmarks[stream.Name]; ok && stream.Group == "" {
			all[stream.Name] = b
		}
	}
	return all
}

// searched tells that no stream owes the search of the days before.
func searched(marks map[string]Bookmark) bool {
	for _, mark := range marks {
		if !mark.Searched {
			return false
		}
	}
	return true
}

// differ says in what two parts are not of one backfill; empty: in nothing.
func differ(a, b State, marksA, marksB map[string]Bookmark) string {
	streams := func(bookmarks map[string]Bookmark) string {
		return strings.Join(slices.Sorted(maps.Keys(bookmarks)), " ")
	}
	if of, others := streams(a.Bookmarks), streams(b.Bookmarks); of != others {
		return fmt.Sprintf("their streams, %q and %q", of, others)
	}
	for stream, mark := range marksA {
		if other := marksB[stream]; mark.API != other.API {
			return fmt.Sprintf("the API, %s and %s", mark.API, other.API)
		}
	}
	return ""
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
