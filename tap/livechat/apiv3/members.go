package apiv3

import (
	"strings"

	"tap-livechat/tap/jsondoc"
)

// delivered are the members of an entry that a column contains or is derived from, with
// all that is in them. A name that ends in a star stands for all members that are not
// listed: they are delivered as JSON text.
const delivered = `
	id properties
	users.id users.type users.name users.email users.visibility users.__priv_lc2_customer_id users.tickets.ticket_id
	thread.id thread.active thread.created_at thread.user_ids thread.properties thread.access.group_ids thread.tags thread.queues_duration
	thread.previous_thread_id thread.next_thread_id thread.summary thread.restricted_access thread.custom_variables
	thread.events.fields.id thread.events.fields.type thread.events.fields.label
	thread.events.fields.answer.label thread.events.fields.answers.label thread.events.*
	thread.customer_visit.ip thread.customer_visit.user_agent thread.customer_visit.geolocation.country thread.customer_visit.geolocation.country_code
	thread.customer_visit.geolocation.region thread.customer_visit.geolocation.city thread.customer_visit.geolocation.timezone
	users.visit.ip users.visit.user_agent users.visit.geolocation.country users.visit.geolocation.country_code
	users.visit.geolocation.region users.visit.geolocation.city users.visit.geolocation.timezone
	users.last_visit.ip users.last_visit.user_agent users.last_visit.geolocation.country users.last_visit.geolocation.country_code
	users.last_visit.geolocation.region users.last_visit.geolocation.city users.last_visit.geolocation.timezone`

// leftOut are the members of an entry that are left out on purpose, by the reason. The
// content of a deleted event is left out, too.
var leftOut = map[string]string{
	"it is of the chat; the thread's own is delivered": "access",
	"it is about the owner of the token":               "is_followed thread.previous_accessible_thread_id thread.next_accessible_thread_id",
	"it is of the moment":                              "thread.queue users.present users.events_seen_up_to users.state users.online users.followed users.banned",
	"it is of the request":                             "thread.highlight",
	"it is of the person today, not of the chat": `users.avatar users.email_verified users.phone_number users.address users.created_at users.group_ids
		users.session_fields users.statistics users.carts users.orders users.omnichannel users.customer_properties users.greeting_id users.last_visit_started_at
		users.agent_last_event_created_at users.customer_last_event_created_at users.tickets.created_at users.tickets.silo`,
	"it is of the latest visit, not of the chat": `users.visit.id users.visit.started_at users.visit.ended_at users.visit.referrer users.visit.last_pages
		users.visit.previous_visit_started_at users.last_visit.id users.last_visit.started_at users.last_visit.ended_at users.last_visit.referrer
		users.last_visit.last_pages users.last_visit.previous_visit_started_at`,
	"country, region and city are delivered": `thread.customer_visit.geolocation.latitude thread.customer_visit.geolocation.longitude
		users.visit.geolocation.latitude users.visit.geolocation.longitude users.last_visit.geolocation.latitude users.last_visit.geolocation.longitude`,
	"it is what could be answered":           "thread.events.fields.required thread.events.fields.options",
	"the label of the answer is delivered":   "thread.events.fields.answer.id thread.events.fields.answer.value thread.events.fields.answers.id thread.events.fields.answers.value",
	"the groups of the thread are delivered": "thread.events.fields.answer.group_id thread.events.fields.answers.group_id",
}

// members are the known members of an object, or of each object in a list. A member
// without members is known with all that is in it.
type members struct {
	path   string // of the object, for warnings
	byName map[string]*members
	all    bool // members that are not in byName are delivered
}

// entryMembers are the members of an entry that are delivered, or left out on purpose.
var entryMembers = func() *members {
	root := &members{path: "chats"}
	for _, path := range strings.Fields(delivered) {
		root.add(path)
	}
	for _, paths := range leftOut {
		for _, path := range strings.Fields(paths) {
			root.add(path)
		}
	}
	return root
}()

func (m *members) add(path string) {
	name, rest, more := strings.Cut(path, ".")
	if name == "*" {
		m.all = true
		return
	}
	if m.byName == nil {
		m.byName = make(map[string]*members)
	}
	if m.byName[name] == nil {
		m.byName[name] = &members{path: m.path + "." + name}
	}
	if more {
		m.byName[name].add(rest)
	}
}

// warnUnknown warns of each member of v, and of what is in it, that is neither delivered
// nor left out on purpose. known are the members of v.
func (c *converter) warnUnknown(v jsondoc.Value, known *members) {
	switch v.Kind() {
	case jsondoc.Array:
		for e := range v.All() {
			if e.Kind() == jsondoc.Object {
				c.warnUnknown(e, known)
			}
		}
	case jsondoc.Object:
		for f := range v.All() {
			switch in := known.byName[string(f.Name())]; {
			case in == nil && !known.all:
				c.warn(known.path+"."+jsondoc.Printable(f.Name()), unknownField)
			case in != nil && in.byName != nil:
				c.warnUnknown(f, in)
			}
		}
	}
}
