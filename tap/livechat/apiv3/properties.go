package apiv3

import "tap-livechat/tap/jsondoc"

// Properties are values by namespace and name. Some of LiveChat's properties have a
// column; the others are kept as JSON text.

// propertyColumn is a property with a column.
type propertyColumn struct {
	namespace, name, column string
	chat                    bool // if the thread lacks it, the chat's property is used
}

// threadProperties are the properties of a thread with a column. Those with an empty
// column are read elsewhere.
var threadProperties = []propertyColumn{
	{"rating", "score", "", false},
	{"rating", "comment", "rate_comment", false},
	{"routing", "start_url", "chat_start_url", false},
	{"routing", "referrer", "referrer", false},
	{"routing", "continuous", "is_continuous", true},
	{"routing", "unassigned", "is_unassigned", false},
	{"routing", "unreplied", "is_unreplied", false},
	{"routing", "offline_message", "is_offline_message", false},
	{"routing", "group_status_at_start", "group_status_at_start", false},
	{"source", "client_id", "source_client_id", true},
	{"source", "customer_client_id", "customer_source_client_id", true},
	{"lc2", "greeting_id", "greeting_id", false},
	{"ecommerce", "has_sale", "has_sale", false},
	{"ecommerce", "has_indirect_sale", "has_indirect_sale", false},
	{"chats", "resolved", "is_resolved_by_ai", false},
}

// eventProperties are the properties of an event with a column.
var eventProperties = []propertyColumn{
	{"lc2", "welcome_message", "is_welcome_message", false},
	{"lc2", "greeting_id", "greeting_id", false},
}

// property returns the value of a property; absent if there is none.
func property(props jsondoc.Value, namespace, name string) jsondoc.Value {
	return props.Get(namespace).Get(name)
}

// putProperties writes the properties with a column; chat are the properties of the chat.
func putProperties(b *jsondoc.Builder, columns []propertyColumn, props, chat jsondoc.Value) {
	for i := range columns {
		c := &columns[i]
		if c.column == "" {
			continue
		}
		v := property(props, c.namespace, c.name)
		if c.chat && v.Kind() == jsondoc.Absent {
			v = property(chat, c.namespace, c.name)
		}
		b.Put(c.column, v)
	}
}

// otherProperties returns the properties without a column, as JSON text; absent if there
// are none.
func (c *converter) otherProperties(props jsondoc.Value, columns []propertyColumn) jsondoc.Value {
	if props.Kind() != jsondoc.Object {
		return props // null, or a value that the renderer rejects
	}
	others := 0
	b := c.doc.Build()
	b.Object("")
	for space := range props.All() {
		if space.Kind() != jsondoc.Object {
			b.Put(string(space.Name()), space)
			others++
			continue
		}
		open := false
		for p := range space.All() {
			if hasColumn(columns, space.Name(), p.Name()) {
				continue
			}
			if !open {
				b.Object(string(space.Name()))
				open = true
			}
			b.Put(string(p.Name()), p)
			others++
		}
		if open {
			b.End()
		}
	}
	v := b.Value()
	if others == 0 {
		return jsondoc.Value{}
	}
	return c.asJSONText(v)
}

func hasColumn(columns []propertyColumn, namespace, name []byte) bool {
	for i := range columns {
		if columns[i].namespace == string(namespace) && columns[i].name == string(name) {
			return true
		}
	}
	return false
}

// asJSONText returns a string with the JSON text of v.
func (c *converter) asJSONText(v jsondoc.Value) jsondoc.Value {
	c.text = v.AppendJSON(c.text[:0])
	return c.doc.Bytes(c.text)
}
