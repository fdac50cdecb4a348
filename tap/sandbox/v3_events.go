package sandbox

import (
	"slices"
	"strconv"

	"tap-livechat/tap/sandbox/account"
)

// events writes the events of a thread.
func (w *threadWriter) events() {
	t := &w.t
	if w.o.V3.EventOrder == "mixed" {
		key := func(e account.Event) uint64 { return uint64(account.Mix(uint64(t.No), uint64(e.N))) }
		slices.SortFunc(t.Events, func(x, y account.Event) int {
			if key(x) < key(y) {
				return -1
			}
			return 1
		})
	}
	w.key("events")
	w.open('[')
	for i := range t.Events {
		w.event(&t.Events[i])
	}
	if t.Odd == account.UnknownFields {
		w.open('{')
		w.eventHead(&account.Event{N: t.Last + 90, At: t.Created + 90, Author: t.CustomerID}, "hologram")
		w.raw(`,"dimensions":3}`)
	}
	w.shut(']')
}

// eventHead writes what all events have.
func (w *threadWriter) eventHead(e *account.Event, kind string) {
	w.raw(`"id":"`)
	w.raw(w.t.ID)
	w.b = append(w.b, '_')
	w.b = strconv.AppendInt(w.b, int64(e.N), 10)
	w.b = append(w.b, '"')
	w.str("type", kind)
	w.time("created_at", e.At)
	if e.Hidden {
		w.raw(`,"visibility":"agents"`)
	} else {
		w.raw(`,"visibility":"all"`)
	}
	if e.Author != "" && !(e.Deleted && w.o.V3.DeletedForm == "stub") {
		w.text("author_id", e.Author)
	}
}

func (w *threadWriter) event(e *account.Event) {
	w.open('{')
	defer w.shut('}')
	switch {
	case e.Kind == account.Said:
		w.saidV3(e)
	case e.Kind == account.SystemSaid:
		w.eventHead(e, "system_message")
		w.str("system_message_type", e.Type)
		w.text("text", e.Text)
		if len(e.Vars) > 0 {
			w.key("text_vars")
			w.open('{')
			for _, v := range e.Vars {
				w.text(v.Key, v.Value)
			}
			w.shut('}')
		}
	case e.Kind == account.FilledForm:
		w.filled(e)
	case e.Kind == account.EmptyForm:
		w.eventHead(e, "form")
		w.raw(`,"form_id":"154417206262603539","form_type":"ask_for_email","fields":[{"id":"0","type":"email","label":"Your e-mail:","required":true}]`)
	case e.Kind == account.SystemData:
		w.eventHead(e, "system")
		w.str("source", "cdp")
		w.str("subtype", e.Type)
		w.raw(`,"version":1,"details":"{\"order_id\":\"4711\",\"total\":\"19.90\",\"currency\":\"EUR\",\"items\":[{\"name\":\"Größe 42\"}]}"`)
	case e.Kind == account.Custom:
		w.eventHead(e, "custom")
		w.raw(`,"custom_id":"","content":{"cart":{"items":2,"note":"Größe 42"}}`)
	case e.Kind == account.Annotation:
		w.eventHead(e, "annotation")
		w.str("annotation_type", e.Type)
	}
}

// saidV3 writes a message, plain or rich, or a file.
func (w *threadWriter) saidV3(e *account.Event) {
	said := e.Entry
	kind := "message"
	switch {
	case said.Kind == account.File:
		kind = "file"
	case said.Rich != account.Plain:
		kind = "rich_message"
	}
	w.eventHead(e, kind)
	if e.Deleted {
		w.raw(`,"deleted":true`)
		if w.o.V3.DeletedForm == "stub" {
			return
		}
	}
	switch kind {
	case "message":
		w.message("text", said.Text)
	case "file":
		w.text("name", account.Attachment)
		w.str("url", account.AttachmentURL)
		w.raw(`,"content_type":"image/jpeg","size":48213,"width":1280,"height":960`)
		w.str("thumbnail_url", "https://cdn.livechatinc.example/thumb.jpg")
		w.str("thumbnail2x_url", "https://cdn.livechatinc.example/thumb2x.jpg")
	case "rich_message":
		if said.Rich == account.Cards {
			w.raw(`,"template_id":"cards","elements":[{`)
			w.text("title", account.CardTitle)
			w.message("subtitle", said.Text)
			w.raw(`,"buttons":[]}]`)
			break
		}
		w.raw(`,"template_id":"quick_replies","elements":[{`)
		w.message("title", said.Text)
		w.list("buttons", len(account.Choices), func(k int) {
			w.open('{')
			w.str("text", account.Choices[k])
			w.str("type", "message")
			w.str("value", account.Choices[k])
			w.str("postback_id", "choice_"+strconv.Itoa(k))
			w.raw(`,"user_ids":[]}`)
		})
		w.raw("}]")
	}
	greeting := w.t.Greeting != 0 && e.Welcome
	if e.Welcome || w.t.Odd == account.UnknownFields {
		w.key("properties")
		w.open('{')
		if e.Welcome {
			w.raw(`"lc2":{"welcome_message":true`)
			if greeting {
				w.raw(`,"greeting_id":`)
				w.b = strconv.AppendInt(w.b, int64(w.t.Greeting), 10)
			}
			w.raw("}")
		}
		if w.t.Odd == account.UnknownFields {
			w.comma()
			w.raw(`"translation":{"source_lang_code":"de","target_lang_code":"en"}`)
		}
		w.shut('}')
	}
}

// filled writes a form that was filled in. Which one it was for stands in a
// property of some, as it does of old ones.
func (w *threadWriter) filled(e *account.Event) {
	old := w.t.No%10 == 3 && e.Type != "ticket"
	w.eventHead(e, "filled_form")
	w.str("form_id", "15441720626260353"+strconv.Itoa(len(e.Type)))
	if !old {
		w.str("form_type", e.Type)
	}
	w.key("fields")
	w.open('[')
	if e.Type == "ticket" {
		w.field("1", "name", "Name:", account.Text{Lines: []string{w.t.Visitor.Name}})
		w.field("2", "email", "E-mail:", account.Text{Lines: []string{w.t.Email}})
		w.field("3", "textarea", "Message:", w.t.Message)
	}
	if e.Type == "ask_for_email" { // with all that a form can hold
		w.field("1", "email", "Your e-mail:", account.Text{Lines: []string{w.t.Visitor.Email}})
		w.raw(`,{"id":"2","type":"checkbox","label":"Topics:","answers":[{"id":0,"label":"Größe"},{"id":"2","label":"Farbe, Form"}]}`)
		w.raw(`,{"id":"3","type":"checkbox","label":"Newsletter:","options":[{"id":0,"value":"yes"}]}`)
		w.raw(`,{"id":"4","type":"group_chooser","label":"Department:","answer":{"id":"1","label":"Sales","group_id":1}}`)
	}
	for k := range e.Answers {
		a := &e.Answers[k]
		id := "1371641677" + strconv.Itoa(a.ID)
		switch {
		case a.Question == "Name:":
			w.field(id, "name", a.Question, account.Text{Lines: []string{a.Value}})
		case a.Question == "E-mail:":
			w.field(id, "email", a.Question, account.Text{Lines: []string{a.Value}})
		default: // one of several
			w.open('{')
			w.str("id", id)
			w.str("type", "radio")
			w.text("label", a.Question)
			w.key("answer")
			w.open('{')
			if w.t.No%2 == 0 {
				w.str("id", "1")
			} else {
				w.raw(`"id":1`)
			}
			w.text("label", a.Value)
			w.raw("}}")
		}
	}
	w.shut(']')
	if old {
		w.raw(`,"properties":{"lc2":{`)
		w.str("form_type", e.Type)
		w.raw("}}")
	}
}

func (w *threadWriter) field(id, kind, label string, answer account.Text) {
	w.open('{')
	w.str("id", id)
	w.str("type", kind)
	w.text("label", label)
	w.message("answer", answer)
	w.shut('}')
}
