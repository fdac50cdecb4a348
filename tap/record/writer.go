package record

import (
	"slices"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// writer writes the records of one chat or row. Its buffers are reused.
type writer struct {
	*Renderer
	chat     *source.Chat
	out      []byte
	scratch  jsondoc.Doc     // of the values that are not in the document
	fields   []jsondoc.Value // members of the objects being written, by place; a stack
	emails   []string        // of the chat's agents
	ids      map[string]bool // that the list being written gives
	equal    map[string]int  // ids made for that list, and how many entries would have each
	text     []byte
	warnings []source.Warning
	count    int   // of the records of the stream being written
	err      error // the first value that must not be written
}

func (w *writer) writeRecord(s *stream, base int) {
	w.out = append(w.out, '{')
	w.writeFields(s.schema, base)
	w.out = append(w.out, "}\n"...)
	w.count++
}

// collect pushes the members of an object that the schema knows onto w.fields and
// returns the index of the first. If a name occurs twice, the last value counts.
func (w *writer) collect(s *schema, v jsondoc.Value) (base int) {
	base = len(w.fields)
	w.fields = slices.Grow(w.fields, s.width)[:base+s.width]
	clear(w.fields[base:])
	for m := range v.All() {
		i, known := s.index[string(m.Name())]
		switch {
		case !known:
			w.warn(s.path+"."+jsondoc.Printable(m.Name()), unknownField)
		case i != notSelected:
			w.fields[base+i] = m
		}
	}
	return base
}

// writeFields writes the members stored at base in the order of the schema's fields.
func (w *writer) writeFields(s *schema, base int) {
	start := len(w.out)
	for i := range s.fields {
		f := &s.fields[i]
		mark := len(w.out)
		if mark > start {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, f.label...)
		var written bool
		switch m := w.fields[base+i]; {
		case m.Kind() != jsondoc.Absent:
			written = w.writeValue(f.schema, m)
		case f.schema.nonNull:
			w.reject(f.schema, m)
		case f.required:
			written = w.writeNull(f.schema)
		}
		if !written {
			w.out = w.out[:mark]
		}
	}
}

// writeValue writes v as the schema requires; null if v cannot be written.
// It returns false if null is not allowed either; nothing is written then.
func (w *writer) writeValue(s *schema, v jsondoc.Value) bool {
	k := v.Kind()
	if k == jsondoc.Null {
		if s.nonNull {
			w.reject(s, v)
		}
		return w.writeNull(s)
	}
	var ok bool
	mark := len(w.out)
	switch s.kind {
	case text:
		if w.out, ok = appendText(w.out, v, s.asJSON); ok {
			w.checkText(s, v)
		}
	case instant:
		w.out, ok = appendInstant(w.out, v)
	case integer:
		w.out, ok = appendInteger(w.out, v)
	case number:
		w.out, ok = appendNumber(w.out, v)
	case boolean:
		w.out, ok = appendBoolean(w.out, v)
	// Servers written in PHP return [] for an empty object, and the reverse.
	case object:
		if ok = k == jsondoc.Object || k == jsondoc.Array && v.Size() == 0; ok {
			w.writeObject(s, v)
		}
	case array:
		if ok = k == jsondoc.Array || k == jsondoc.Object && v.Size() == 0; ok {
			w.writeItems(s, v)
		}
	default:
		switch {
		case k == jsondoc.Object && s.index != nil:
			w.writeObject(s, v)
			ok = true
		case k == jsondoc.Array && s.items != nil:
			w.writeItems(s, v)
			ok = true
		default:
			if w.out, ok = appendOther(w.out, v, s); ok {
				w.checkText(s, v)
			}
		}
	}
	if ok {
		return true
	}
	w.out = w.out[:mark]
	if !v.Blank() || s.nonNull {
		w.reject(s, v)
	}
	return w.writeNull(s)
}

func (w *writer) writeNull(s *schema) bool {
	if s.nullable {
		w.out = append(w.out, "null"...)
	}
	return s.nullable
}

func (w *writer) writeObject(s *schema, v jsondoc.Value) {
	if s.index == nil && v.Kind() == jsondoc.Object {
		w.out = v.AppendJSON(w.out)
		w.checkText(s, v)
		return
	}
	w.out = append(w.out, '{')
	base := w.collect(s, v)
	w.writeFields(s, base)
	w.fields = w.fields[:base]
	w.out = append(w.out, '}')
}

func (w *writer) writeItems(s *schema, v jsondoc.Value) {
	if s.items == nil && v.Kind() == jsondoc.Array {
		w.out = v.AppendJSON(w.out)
		w.checkText(s, v)
		return
	}
	w.out = append(w.out, '[')
	start := len(w.out)
	for item := range v.All() {
		mark := len(w.out)
		if mark > start {
			w.out = append(w.out, ',')
		}
		if !w.writeValue(s.items, item) {
			w.out = w.out[:mark]
		}
	}
	w.out = append(w.out, ']')
}

// reject handles a value of the wrong type: it warns that the value becomes null if
// the setting and the schema allow that, else it sets w.err.
func (w *writer) reject(s *schema, v jsondoc.Value) {
	if w.nullInvalid && !s.nonNull {
		w.warn(s.path, nulled)
		return
	}
	if w.err != nil {
		return
	}
	chat := ""
	if w.chat != nil {
		chat = w.chat.ID
	}
	w.err = &ValueError{Chat: chat, Field: s.path, Wanted: s.typeName(), Got: describe(v), nonNull: s.nonNull}
}

// checkText warns if the text of v was altered.
func (w *writer) checkText(s *schema, v jsondoc.Value) {
	if v.Altered() {
		w.warn(s.path, altered)
	}
}

func (w *writer) warn(field, why string) {
	w.warnings = append(w.warnings, source.Warning{Field: field, Why: why})
}
