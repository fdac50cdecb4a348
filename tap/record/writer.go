package record

import (
	"slices"

	"tap-livechat/tap/jsondoc"
	"tap-livechat/tap/source"
)

// pen writes the records of one chat. It keeps what it has grown for the next.
type pen struct {
	*Renderer
	chat   *source.Chat
	out    []byte
	tail   []byte          // of every line
	made   jsondoc.Doc     // of the values that are not in the document
	slots  []jsondoc.Value // members of the objects being written, by place; a stack
	emails []string        // of the chat's agents
	ids    map[string]bool // that the list being written gives
	equal  map[string]int  // ids made for that list, and how many entries would have each
	text   []byte
	notes  []source.Note
	count  int   // of the records of the stream being written
	err    error // the first value that must not be written
}

func (p *pen) writeRecord(s *stream, base int) {
	p.out = append(p.out, s.head...)
	p.writeFields(s.shape, base)
	p.out = append(p.out, p.tail...)
	p.count++
}

// gather puts the members of an object that the shape knows on the stack of
// slots and returns where they begin. Of a name that stands there twice the
// last value counts.
func (p *pen) gather(s *shape, v jsondoc.Value) (base int) {
	base = len(p.slots)
	p.slots = slices.Grow(p.slots, s.places)[:base+s.places]
	clear(p.slots[base:])
	for m := range v.All() {
		i, known := s.index[string(m.Name())]
		switch {
		case !known:
			p.note(s.path+"."+printable(m.Name()), unknownField)
		case i != leftOut:
			p.slots[base+i] = m
		}
	}
	return base
}

// writeFields writes what was gathered in the order of the shape's fields.
func (p *pen) writeFields(s *shape, base int) {
	start := len(p.out)
	for i := range s.fields {
		f := &s.fields[i]
		mark := len(p.out)
		if mark > start {
			p.out = append(p.out, ',')
		}
		p.out = append(p.out, f.label...)
		var written bool
		switch m := p.slots[base+i]; {
		case m.Kind() != jsondoc.Absent:
			written = p.writeValue(f.shape, m)
		case f.shape.must:
			p.refuse(f.shape, m)
		case f.required:
			written = p.writeNull(f.shape)
		}
		if !written {
			p.out = p.out[:mark]
		}
	}
}

// writeValue writes v in the given shape, null if there is nothing to write.
// It returns false if not even that may be written.
func (p *pen) writeValue(s *shape, v jsondoc.Value) bool {
	k := v.Kind()
	if k == jsondoc.Null {
		if s.must {
			p.refuse(s, v)
		}
		return p.writeNull(s)
	}
	var ok bool
	mark := len(p.out)
	switch s.kind {
	case text:
		if p.out, ok = appendText(p.out, v, s.asJSON); ok {
			p.checkText(s, v)
		}
	case instant:
		p.out, ok = appendInstant(p.out, v)
	case integer:
		p.out, ok = appendInteger(p.out, v)
	case number:
		p.out, ok = appendNumber(p.out, v)
	case boolean:
		p.out, ok = appendBoolean(p.out, v)
	// Servers written in PHP make [] of an empty object, and the reverse.
	case object:
		if ok = k == jsondoc.Object || k == jsondoc.Array && v.Size() == 0; ok {
			p.writeObject(s, v)
		}
	case array:
		if ok = k == jsondoc.Array || k == jsondoc.Object && v.Size() == 0; ok {
			p.writeItems(s, v)
		}
	default:
		switch {
		case k == jsondoc.Object && s.index != nil:
			p.writeObject(s, v)
			ok = true
		case k == jsondoc.Array && s.items != nil:
			p.writeItems(s, v)
			ok = true
		default:
			if p.out, ok = appendOther(p.out, v, s); ok {
				p.checkText(s, v)
			}
		}
	}
	if ok {
		return true
	}
	p.out = p.out[:mark]
	if !v.Blank() || s.must {
		p.refuse(s, v)
	}
	return p.writeNull(s)
}

func (p *pen) writeNull(s *shape) bool {
	if s.nullable {
		p.out = append(p.out, "null"...)
	}
	return s.nullable
}

func (p *pen) writeObject(s *shape, v jsondoc.Value) {
	if s.index == nil && v.Kind() == jsondoc.Object {
		p.out = v.AppendJSON(p.out)
		p.checkText(s, v)
		return
	}
	p.out = append(p.out, '{')
	base := p.gather(s, v)
	p.writeFields(s, base)
	p.slots = p.slots[:base]
	p.out = append(p.out, '}')
}

func (p *pen) writeItems(s *shape, v jsondoc.Value) {
	if s.items == nil && v.Kind() == jsondoc.Array {
		p.out = v.AppendJSON(p.out)
		p.checkText(s, v)
		return
	}
	p.out = append(p.out, '[')
	start := len(p.out)
	for item := range v.All() {
		mark := len(p.out)
		if mark > start {
			p.out = append(p.out, ',')
		}
		if !p.writeValue(s.items, item) {
			p.out = p.out[:mark]
		}
	}
	p.out = append(p.out, ']')
}

// refuse deals with a value of the wrong type as the user wants it.
func (p *pen) refuse(s *shape, v jsondoc.Value) {
	if p.nullIt && !s.must {
		p.note(s.path, nulled)
		return
	}
	if p.err != nil {
		return
	}
	chat := ""
	if p.chat != nil {
		chat = p.chat.ID
	}
	p.err = &ValueError{Chat: chat, Field: s.path, Wanted: s.want(), Got: describe(v), must: s.must}
}

// checkText notes that a value was not written as it was received.
func (p *pen) checkText(s *shape, v jsondoc.Value) {
	if v.Altered() {
		p.note(s.path, altered)
	}
}

func (p *pen) note(field, why string) {
	p.notes = append(p.notes, source.Note{Field: field, Why: why})
}
