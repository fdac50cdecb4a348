package catalog

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"tap-livechat/tap/userjson"
)

// renew is the way out that always works.
const renew = `a new one is made by "tap-livechat --discover > catalog.json"`

// Read reads a catalog. It fails if the text is not one at all. Faults inside
// of streams are left to [Catalog.Select], which tells of all of them together
// with those that only show when the catalog is used.
func Read(r io.Reader) (*Catalog, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("the catalog cannot be read: %w", err)
	}
	list, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, renew)
	}
	c := &Catalog{}
	var bad []error
	for i, value := range list {
		entry, err := readEntry(value)
		if err != nil {
			bad = append(bad, fmt.Errorf("entry %d of the catalog's streams %w; %s", i+1, err, renew))
			continue
		}
		c.Streams = append(c.Streams, entry)
	}
	if bad != nil {
		return nil, errors.Join(bad...)
	}
	return c, nil
}

// parse returns the entries of the catalog's list of streams.
func parse(text []byte) ([]userjson.Value, error) {
	value, err := userjson.Parse(text)
	if bad, ok := errors.AsType[*userjson.Error](err); ok {
		return nil, fmt.Errorf("the catalog is %s", bad.What)
	}
	if value.Kind() != '{' {
		return nil, fmt.Errorf(`the catalog is %s; it must be an object with a list "streams"`, userjson.Kind(value))
	}
	for _, m := range userjson.Members(value) {
		if m.Name != "streams" {
			continue
		}
		if m.Value.Kind() != '[' {
			return nil, fmt.Errorf(`"streams" of the catalog is %s; it must be a list`, userjson.Kind(m.Value))
		}
		return userjson.Elements(m.Value), nil
	}
	return nil, errors.New(`the catalog has no list "streams"`)
}

// readEntry reads the entry of one stream; of one that is not ours, only the name.
func readEntry(value userjson.Value) (Entry, error) {
	if value.Kind() != '{' {
		return Entry{}, fmt.Errorf("is %s; it must be an object", shorten(value))
	}
	all := userjson.Members(value)
	var f faults
	var e Entry
	for _, m := range all {
		switch m.Name {
		case "tap_stream_id":
			e.ID = f.text(nil, m)
		case "stream":
			e.Name = f.text(nil, m)
		}
	}
	if e.ID == "" {
		e.ID = e.Name
	}
	if e.ID == "" {
		return Entry{}, errors.New(`has no "tap_stream_id"`)
	}
	if !known(e.ID) {
		return e, nil
	}
	f = faults{stream: e.ID}
	for _, m := range all {
		switch m.Name {
		case "stream_alias":
			e.Alias = f.text(nil, m)
		case "key_properties":
			e.KeyProperties = f.texts(nil, m)
		case "replication_key":
			e.ReplicationKey = f.text(nil, m)
		case "replication_method":
			e.ReplicationMethod = f.text(nil, m)
		case "selected":
			e.Selected = f.boolean(nil, m)
		case "schema":
			if m.Value.Kind() != 'n' {
				e.Schema = f.schema(m.Value, nil)
			}
		case "metadata":
			e.Metadata = f.metadata(m)
		}
	}
	e.faults = f.list
	return e, nil
}

func (f *faults) metadata(m userjson.Member) []Metadata {
	switch m.Value.Kind() {
	case 'n':
		return nil
	case '[':
	default:
		f.add(nil, "%q is %s; it must be a list", m.Name, shorten(m.Value))
		return nil
	}
	var all []Metadata
	for _, e := range userjson.Elements(m.Value) {
		if e.Kind() != '{' {
			f.add(nil, `%s stands in "metadata"; it must be an object with "breadcrumb" and "metadata"`, shorten(e))
			continue
		}
		var one Metadata
		var marks userjson.Value
		located := false
		for _, m := range userjson.Members(e) {
			switch {
			case m.Name == "breadcrumb" && m.Value.Kind() == '[':
				one.Breadcrumb, located = f.texts(nil, m), true
			case m.Name == "metadata":
				marks = m.Value
			}
		}
		if !located {
			f.add(nil, `%s stands in "metadata" without a "breadcrumb", which must be a list of texts`, shorten(e))
			continue
		}
		one.Marks = f.marks(marks, one.Breadcrumb)
		all = append(all, one)
	}
	return all
}

func (f *faults) marks(value userjson.Value, at breadcrumb) Marks {
	var marks Marks
	switch value.Kind() {
	case 'n', jsontext.KindInvalid: // null, or not there
		return marks
	case '{':
	default:
		f.add(at, `"metadata" is %s; it must be an object`, shorten(value))
		return marks
	}
	for _, m := range userjson.Members(value) {
		switch m.Name {
		case "inclusion":
			marks.Inclusion = f.inclusion(at, m)
		case "selected":
			marks.Selected = f.boolean(at, m)
		case "selected-by-default":
			marks.SelectedByDefault = f.boolean(at, m)
		case "table-key-properties":
			marks.KeyProperties = f.texts(at, m)
		case "view-key-properties":
			marks.ViewKeyProperties = f.texts(at, m)
		case "valid-replication-keys":
			marks.ReplicationKeys = f.texts(at, m)
		case "replication-key":
			marks.ReplicationKey = f.text(at, m)
		case "replication-method":
			marks.ReplicationMethod = f.text(at, m)
		case "forced-replication-method":
			marks.ForcedReplicationMethod = f.text(at, m)
		case "parent-tap-stream-id":
			marks.ParentStream = f.text(at, m)
		}
	}
	return marks
}
