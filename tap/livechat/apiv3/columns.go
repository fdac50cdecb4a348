package apiv3

import (
	"strings"

	"tap-livechat/tap/jsondoc"
)

// putRating writes the rating with v2's values, and the time of the rating.
func (c *converter) putRating(b *jsondoc.Builder, props jsondoc.Value) {
	score := property(props, "rating", "score")
	switch {
	case !isSet(score):
		b.Text("rate", "not_rated")
		return
	case isNumber(score, "1"):
		b.Text("rate", "rated_good")
	case isNumber(score, "0"):
		b.Text("rate", "rated_bad")
	default:
		b.Put("rate", score)
	}
	for i := len(c.events) - 1; i >= 0; i-- {
		e := &c.events[i]
		if e.systemType() == "rating.chat_rated" || e.kind == "annotation" && isText(e.v.Get("annotation_type"), "rating") {
			b.Put("rated_at", timeOr(c.doc, e.at, e.created))
			return
		}
	}
}

func isNumber(v jsondoc.Value, text string) bool {
	return (v.Kind() == jsondoc.Number || v.Kind() == jsondoc.String) && v.Text() == text
}

// engagement returns how the thread started, with v2's values; empty if the thread has
// no events. Automatic messages do not count as a start.
func (c *converter) engagement(t *thread) string {
	if isSet(property(t.props, "lc2", "greeting_id")) {
		return "auto_invite"
	}
	if t.events.Kind() != jsondoc.Array {
		return ""
	}
	for i := range c.events {
		e := &c.events[i]
		switch e.kind {
		case "message", "rich_message", "file", "filled_form":
		default:
			continue
		}
		if e.author.Kind() != jsondoc.String || truthy(property(e.props, "lc2", "welcome_message")) {
			continue
		}
		switch c.users[c.author(e.author)].kind {
		case byAgent:
			return "manual_invite"
		case byVisitor:
			return "immediate_start"
		}
	}
	return "immediate_start"
}

// putVariables writes the custom variables. In an element without key and value, each
// member is a variable of that name.
func (c *converter) putVariables(b *jsondoc.Builder, list jsondoc.Value) {
	if list.Kind() != jsondoc.Array {
		b.Put("custom_variables", list)
		return
	}
	b.Array("custom_variables")
	for v := range list.All() {
		if v.Kind() != jsondoc.Object || v.Get("key").Kind() != jsondoc.Absent || v.Get("value").Kind() != jsondoc.Absent {
			b.Put("", v)
			continue
		}
		for f := range v.All() {
			b.Object("")
			b.Text("key", string(f.Name()))
			b.Put("value", f)
			b.End()
		}
	}
	b.End()
}

// putSummary writes the summary that LiveChat generates after the end.
func (c *converter) putSummary(b *jsondoc.Builder, summary jsondoc.Value) {
	if summary.Kind() != jsondoc.Object {
		b.Put("summary", summary)
		return
	}
	b.Object("summary")
	for f := range summary.All() {
		if at := parseTime(f); string(f.Name()) == "updated_at" && !at.IsZero() {
			b.Time("updated_at", at)
		} else {
			b.Put(string(f.Name()), f)
		}
	}
	b.End()
}

func truthy(v jsondoc.Value) bool {
	switch v.Kind() {
	case jsondoc.True:
		return true
	case jsondoc.String, jsondoc.Number:
		t := strings.ToLower(v.Text())
		return t == "1" || t == "true"
	}
	return false
}
