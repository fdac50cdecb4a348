package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// renew is the way out that always works.
const renew = `a new one is made by "tap-livechat --discover > catalog.json"`

// Read reads a catalog. It fails if the text is not one at all. Faults inside
// of streams are left to [Catalog.Select], which tells of all of them together
// with those that only show when the catalog is put to use.
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
func parse(text []byte) ([]jsontext.Value, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // Windows editors put it there
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("the catalog is empty")
	}
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return nil, errors.New("the catalog is UTF-16 text, as PowerShell's > writes it; save it as UTF-8")
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	value, err := d.ReadValue()
	if err != nil {
		return nil, malformed(text, err)
	}
	value = value.Clone()
	end := d.InputOffset()
	if _, err := d.ReadToken(); err == nil {
		return nil, fmt.Errorf("the catalog goes on at %s, after its end", position(text, end))
	} else if err != io.EOF {
		return nil, malformed(text, err)
	}
	if value.Kind() != '{' {
		return nil, fmt.Errorf(`the catalog is %s; it must be an object with a list "streams"`, shorten(value))
	}
	for _, m := range members(value) {
		if m.name != "streams" {
			continue
		}
		if m.value.Kind() != '[' {
			return nil, fmt.Errorf(`"streams" of the catalog is %s; it must be a list`, shorten(m.value))
		}
		return elements(m.value), nil
	}
	return nil, errors.New(`the catalog has no list "streams"`)
}

// malformed says where the text stops being JSON.
func malformed(text []byte, err error) error {
	bad, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return fmt.Errorf("the catalog is not valid JSON: %w", err)
	}
	place := position(text, bad.ByteOffset)
	if bad.JSONPointer != "" {
		place += fmt.Sprintf(" (%s)", bad.JSONPointer)
	}
	return fmt.Errorf("the catalog is not valid JSON at %s: %w", place, bad.Err)
}

// position is the place of a byte as editors show it.
func position(text []byte, offset int64) string {
	before := text[:min(offset, int64(len(text)))]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return fmt.Sprintf("line %d, column %d", bytes.Count(before, []byte("\n"))+1, utf8.RuneCount(line)+1)
}

// readEntry reads the entry of one stream; of one that is not ours, only the name.
func readEntry(value jsontext.Value) (Entry, error) {
	if value.Kind() != '{' {
		return Entry{}, fmt.Errorf("is %s; it must be an object", shorten(value))
	}
	all := members(value)
	var f faults
	var e Entry
	for _, m := range all {
		switch m.name {
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
		switch m.name {
		case "key_properties":
			e.KeyProperties = f.texts(nil, m)
		case "replication_key":
			e.ReplicationKey = f.text(nil, m)
		case "replication_method":
			e.ReplicationMethod = f.text(nil, m)
		case "selected":
			e.Selected = f.boolean(nil, m)
		case "schema":
			if m.value.Kind() != 'n' {
				e.Schema = f.schema(m.value, nil)
			}
		case "metadata":
			e.Metadata = f.metadata(m)
		}
	}
	e.faults = f.list
	return e, nil
}

func (f *faults) metadata(m member) []Metadata {
	switch m.value.Kind() {
	case 'n':
		return nil
	case '[':
	default:
		f.add(nil, "%q is %s; it must be a list", m.name, shorten(m.value))
		return nil
	}
	var all []Metadata
	for _, e := range elements(m.value) {
		if e.Kind() != '{' {
			f.add(nil, `%s stands in "metadata"; it must be an object with "breadcrumb" and "metadata"`, shorten(e))
			continue
		}
		var one Metadata
		var marks jsontext.Value
		located := false
		for _, m := range members(e) {
			switch {
			case m.name == "breadcrumb" && m.value.Kind() == '[':
				one.Breadcrumb, located = f.texts(nil, m), true
			case m.name == "metadata":
				marks = m.value
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

func (f *faults) marks(value jsontext.Value, at breadcrumb) Marks {
	var marks Marks
	switch value.Kind() {
	case 'n', jsontext.KindInvalid: // null, or not there
		return marks
	case '{':
	default:
		f.add(at, `"metadata" is %s; it must be an object`, shorten(value))
		return marks
	}
	for _, m := range members(value) {
		switch m.name {
		case "inclusion":
			marks.Inclusion = f.inclusion(at, m)
		case "selected":
			marks.Selected = f.boolean(at, m)
		case "selected-by-default":
			marks.SelectedByDefault = f.boolean(at, m)
		case "table-key-properties":
			marks.KeyProperties = f.texts(at, m)
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
