package apiv3

import "tap-livechat/tap/jsondoc"

// answers is what a form was filled in with, a list of {id, key, type, value} in
// place of the many ways in which the API says it. What is no list is passed on.
func (m *maker) answers(fields jsondoc.Value) jsondoc.Value {
	return m.survey(fields, true)
}

// survey is the same in the form of v2's surveys: without the types.
func (m *maker) survey(fields jsondoc.Value, types bool) jsondoc.Value {
	if fields.Kind() != jsondoc.Array {
		return fields
	}
	m.values = m.values[:0]
	for f := range fields.All() {
		m.values = append(m.values, m.answer(f))
	}
	b := m.doc.Build()
	b.Array("")
	i := 0
	for f := range fields.All() {
		if f.Kind() != jsondoc.Object {
			b.Put("", f)
			i++
			continue
		}
		b.Object("")
		b.Put("key", f.Get("label"))
		b.Put("value", m.values[i])
		b.Put("id", f.Get("id"))
		if types {
			b.Put("type", f.Get("type"))
		}
		b.End()
		i++
	}
	return b.Value()
}

// answer is the answer to one field: a text, the label of what was chosen, or
// the labels of all that were. A box that nothing was chosen of is "".
func (m *maker) answer(field jsondoc.Value) jsondoc.Value {
	one, many := field.Get("answer"), field.Get("answers")
	switch {
	case many.Kind() == jsondoc.Array:
		m.text = m.text[:0]
		n := 0
		for a := range many.All() {
			if n++; n > 1 {
				m.text = append(m.text, ", "...)
			}
			m.text = append(m.text, label(a).Text()...)
		}
		return m.doc.Bytes(m.text)
	case one.Kind() == jsondoc.Object:
		return label(one)
	case one.Kind() != jsondoc.Absent:
		return one
	case many.Kind() != jsondoc.Absent:
		return many
	case equal(field.Get("type"), "checkbox") && field.Get("options").Kind() != jsondoc.Absent:
		return m.doc.String("")
	}
	return jsondoc.Value{}
}

// label is what an answer is called.
func label(answer jsondoc.Value) jsondoc.Value {
	if answer.Kind() != jsondoc.Object {
		return answer
	}
	for _, name := range [...]string{"label", "value", "id"} {
		if v := answer.Get(name); says(v) {
			return v
		}
	}
	return jsondoc.Value{}
}

// lastForm is the last filled form of that kind; nil if there is none.
func (m *maker) lastForm(kind string) *event {
	for i := len(m.events) - 1; i >= 0; i-- {
		if e := &m.events[i]; e.kind == "filled_form" && !e.deleted && e.formType() == kind {
			return e
		}
	}
	return nil
}

// ticket is the form of an offline message: where the kind of form is not said,
// the last one of all.
func (m *maker) ticket() *event {
	if e := m.lastForm("ticket"); e != nil {
		return e
	}
	if e := m.lastForm("offline"); e != nil {
		return e
	}
	return m.lastForm("")
}

// fieldOf is the answer to the first field of one of these types, the first type first.
func (m *maker) fieldOf(form *event, types ...string) jsondoc.Value {
	fields := form.v.Get("fields")
	for _, t := range types {
		for f := range fields.All() {
			if equal(f.Get("type"), t) {
				return m.answer(f)
			}
		}
	}
	return jsondoc.Value{}
}
