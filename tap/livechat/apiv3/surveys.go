package apiv3

import "tap-livechat/tap/jsondoc"

// answers is what a form was filled in with, a list of {id, key, type, value} in
// place of the many ways in which the API says it. What is no list is passed on.
func (c *converter) answers(fields jsondoc.Value) jsondoc.Value {
	return c.survey(fields, true)
}

// survey is the same in the form of v2's surveys: without the types.
func (c *converter) survey(fields jsondoc.Value, types bool) jsondoc.Value {
	if fields.Kind() != jsondoc.Array {
		return fields
	}
	c.values = c.values[:0]
	for f := range fields.All() {
		c.values = append(c.values, c.answer(f))
	}
	b := c.doc.Build()
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
		b.Put("value", c.values[i])
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
func (c *converter) answer(field jsondoc.Value) jsondoc.Value {
	one, many := field.Get("answer"), field.Get("answers")
	switch {
	case many.Kind() == jsondoc.Array:
		c.text = c.text[:0]
		n := 0
		for a := range many.All() {
			if n++; n > 1 {
				c.text = append(c.text, ", "...)
			}
			c.text = append(c.text, label(a).Text()...)
		}
		return c.doc.Bytes(c.text)
	case one.Kind() == jsondoc.Object:
		return label(one)
	case one.Kind() != jsondoc.Absent:
		return one
	case many.Kind() != jsondoc.Absent:
		return many
	case isText(field.Get("type"), "checkbox") && field.Get("options").Kind() != jsondoc.Absent:
		return c.doc.String("")
	}
	return jsondoc.Value{}
}

// label is what an answer is called.
func label(answer jsondoc.Value) jsondoc.Value {
	if answer.Kind() != jsondoc.Object {
		return answer
	}
	for _, name := range [...]string{"label", "value", "id"} {
		if v := answer.Get(name); isSet(v) {
			return v
		}
	}
	return jsondoc.Value{}
}

// lastForm is the last filled form of that kind; nil if there is none.
func (c *converter) lastForm(kind string) *event {
	for i := len(c.events) - 1; i >= 0; i-- {
		if e := &c.events[i]; e.kind == "filled_form" && !e.deleted && e.formType() == kind {
			return e
		}
	}
	return nil
}

// offlineForm is the form of an offline message: where the kind of form is not said,
// the last one of all.
func (c *converter) offlineForm() *event {
	if e := c.lastForm("ticket"); e != nil {
		return e
	}
	if e := c.lastForm("offline"); e != nil {
		return e
	}
	return c.lastForm("")
}

// fieldOf is the answer to the first field of one of these types, the first type first.
func (c *converter) fieldOf(form *event, types ...string) jsondoc.Value {
	fields := form.v.Get("fields")
	for _, t := range types {
		for f := range fields.All() {
			if isText(f.Get("type"), t) {
				return c.answer(f)
			}
		}
	}
	return jsondoc.Value{}
}
