package catalog

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"tap-livechat/tap/userjson"
)

// discoverHint is the hint of every error about a catalog's structure.
const discoverHint = `a new one is made by "tap-livechat --discover > catalog.json"`

// Read reads a catalog. It returns an error if the text is not a catalog. Errors
// inside of streams are returned by [Catalog.Select], together with the errors of the
// selection.
func Read(r io.Reader) (*Catalog, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("the catalog cannot be read: %w", err)
	}
	list, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, discoverHint)
	}
	c := &Catalog{}
	var bad []error
	for i, value := range list {
		entry, err := readEntry(value)
		if err != nil {
			bad = append(bad, fmt.Errorf("entry %d of the catalog's streams %w; %s", i+1, err, discoverHint))
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

// readEntry decodes the entry of one stream; for a stream that is not the tap's, only
// the name.
func readEntry(value userjson.Value) (Entry, error) {
	if value.Kind() != '{' {
		return Entry{}, fmt.Errorf("is %s; it must be an object", shorten(value))
	}
	all := userjson.Members(value)
	var d decoder
	var e Entry
	for _, m := range all {
		switch m.Name {
		case "tap_stream_id":
			e.ID = d.text(nil, m)
		case "stream":
			e.Name = d.text(nil, m)
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
	d = decoder{stream: e.ID}
	for _, m := range all {
		switch m.Name {
		case "stream_alias":
			e.Alias = d.text(nil, m)
		case "key_properties":
			e.KeyProperties = d.texts(nil, m)
		case "replication_key":
			e.ReplicationKey = d.text(nil, m)
		case "replication_method":
			e.ReplicationMethod = d.text(nil, m)
		case "selected":
			e.Selected = d.boolean(nil, m)
		case "schema":
			if m.Value.Kind() != 'n' {
				e.Schema = d.schema(m.Value, nil)
			}
		case "metadata":
			e.Metadata = d.metadata(m)
		}
	}
	e.errs = d.errs
	return e, nil
}

func (d *decoder) metadata(m userjson.Member) []Metadata {
	switch m.Value.Kind() {
	case 'n':
		return nil
	case '[':
	default:
		d.add(nil, "%q is %s; it must be a list", m.Name, shorten(m.Value))
		return nil
	}
	var all []Metadata
	for _, e := range userjson.Elements(m.Value) {
		if e.Kind() != '{' {
			d.add(nil, `%s stands in "metadata"; it must be an object with "breadcrumb" and "metadata"`, shorten(e))
			continue
		}
		var one Metadata
		var marks userjson.Value
		located := false
		for _, m := range userjson.Members(e) {
			switch {
			case m.Name == "breadcrumb" && m.Value.Kind() == '[':
				one.Breadcrumb, located = d.texts(nil, m), true
			case m.Name == "metadata":
				marks = m.Value
			}
		}
		if !located {
			d.add(nil, `%s stands in "metadata" without a "breadcrumb", which must be a list of texts`, shorten(e))
			continue
		}
		one.Marks = d.marks(marks, one.Breadcrumb)
		all = append(all, one)
	}
	return all
}

func (d *decoder) marks(value userjson.Value, at breadcrumb) Marks {
	var marks Marks
	switch value.Kind() {
	case 'n', jsontext.KindInvalid: // null, or not there
		return marks
	case '{':
	default:
		d.add(at, `"metadata" is %s; it must be an object`, shorten(value))
		return marks
	}
	for _, m := range userjson.Members(value) {
		switch m.Name {
		case "inclusion":
			marks.Inclusion = d.inclusion(at, m)
		case "selected":
			marks.Selected = d.boolean(at, m)
		case "selected-by-default":
			marks.SelectedByDefault = d.boolean(at, m)
		case "table-key-properties":
			marks.KeyProperties = d.texts(at, m)
		case "view-key-properties":
			marks.ViewKeyProperties = d.texts(at, m)
		case "valid-replication-keys":
			marks.ReplicationKeys = d.texts(at, m)
		case "replication-key":
			marks.ReplicationKey = d.text(at, m)
		case "replication-method":
			marks.ReplicationMethod = d.text(at, m)
		case "forced-replication-method":
			marks.ForcedReplicationMethod = d.text(at, m)
		case "parent-tap-stream-id":
			marks.ParentStream = d.text(at, m)
		case "tap-livechat.api_version":
			marks.APIVersion = d.text(at, m)
		}
	}
	return marks
}
