package apiv3

import "tap-livechat/tap/jsondoc"

// answers returns the answers of a form as a list of {id, key, type, value}, whatever
// form the API uses. A value that is not a list is returned unchanged.
func (c *converter) answers(fields jsondoc.Value) jsondoc.Value {
	return c.survey(fields, true)
}

// survey is answers, without the types unless types is set. v2's surveys have none.
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

// answer returns the answer to a field: a text, the label of the chosen option, or the
// labels of all chosen options. It is "" for a checkbox without a chosen option.
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

// label returns the label of an answer; without one its value or id.
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

// lastForm returns the last filled form of that type; nil if there is none.
func (c *converter) lastForm(kind string) *event {
	for i := len(c.events) - 1; i >= 0; i-- {
		if e := &c.events[i]; e.kind == "filled_form" && !e.deleted && e.formType() == kind {
			return e
		}
	}
	return nil
}

// offlineForm returns the form of an offline message: the last ticket form, else the
// last offline form, else the last form without a type; nil if there is none.
func (c *converter) offlineForm() *event {
	if e := c.lastForm("ticket"); e != nil {
		return e
	}
	if e := c.lastForm("offline"); e != nil {
		return e
	}
	return c.lastForm("")
}

// fieldOf returns the answer to the first field of the first of these types that the
// form has.
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
