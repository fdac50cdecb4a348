package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// The lists of the Configuration API v3.6.

// object is JSON made by encoding/json: lists are short.
type object = map[string]any

// jsonAnswer is a good answer.
func jsonAnswer(v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // there is nothing in it that could fail
	}
	return answer{status: 200, header: jsonHeader, body: body}
}

func stampV3(seconds int64) string {
	return time.Unix(seconds, 0).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// fieldsOf are the extras that are asked for.
func fieldsOf(names []string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

// pick keeps what was asked for of the extras.
func pick(row, extras object, asked map[string]bool) object {
	for name, v := range extras {
		if asked[name] {
			row[name] = v
		}
	}
	return row
}

var schedule = object{"timezone": "Europe/Warsaw", "schedule": []object{{"day": "monday", "enabled": true, "start": "08:00", "end": "16:00"}}}

func (s *Server) listAgents(q asked) answer {
	var args struct {
		Filters *struct {
			GroupIDs  []int `json:"group_ids"`
			Suspended *bool `json:"suspended"`
		} `json:"filters"`
		Fields []string `json:"fields"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	asked := fieldsOf(args.Fields)
	s.mu.RLock()
	members := s.account.Members(s.account.Now())
	s.mu.RUnlock()
	rows := []object{}
	for i, m := range members {
		groups := []object{}
		in := args.Filters == nil || args.Filters.GroupIDs == nil
		for _, g := range m.Groups {
			groups = append(groups, object{"id": g.Group, "priority": g.Priority})
			in = in || slices.Contains(args.Filters.GroupIDs, g.Group)
		}
		if !in || args.Filters != nil && args.Filters.Suspended != nil && *args.Filters.Suspended != m.Suspended {
			continue
		}
		extras := object{
			"job_title": m.Title, "mobile": m.Mobile, "max_chats_count": m.MostChats, "suspended": m.Suspended, "awaiting_approval": m.Awaiting,
			"groups": groups, "work_scheduler": schedule, "notifications": []string{"new_visitor", "new_goal"}, "email_subscriptions": []string{"weekly_summary"},
		}
		if m.LastLogout != 0 {
			extras["last_logout"] = stampV3(m.LastLogout)
		}
		if s.opt.Odd > 0 { // as old answers of v2 did
			extras["api_key"], asked["api_key"] = "0123456789abcdef0123456789abcdef", true
		}
		rows = append(rows, pick(object{
			"id": m.Email, "account_id": fmt.Sprintf("b7eff798-f8df-4364-8059-6494000000%02d", i), "name": m.Name, "role": m.Role,
			"avatar_path": "livechat.s3.amazonaws.example/default/avatars/" + strconv.Itoa(i) + ".png", "login_status": []string{"accepting_chats", "not_accepting_chats", "offline"}[i%3],
		}, extras, asked))
	}
	return jsonAnswer(rows)
}

func (s *Server) listGroups(q asked) answer {
	var args struct {
		Fields []string `json:"fields"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	asked := fieldsOf(args.Fields)
	s.mu.RLock()
	members := s.account.Members(s.account.Now())
	s.mu.RUnlock()
	rows := []object{}
	for id, name := range account.Groups {
		priorities := object{}
		for _, m := range members {
			for _, g := range m.Groups {
				if g.Group == id {
					priorities[m.Email] = g.Priority
				}
			}
		}
		rows = append(rows, pick(object{"id": id, "name": name, "language_code": account.Languages[id]},
			object{"agent_priorities": priorities, "routing_status": "accepting_chats"}, asked))
	}
	return jsonAnswer(rows)
}

func (s *Server) listBots(q asked) answer {
	var args struct {
		All    bool     `json:"all"`
		Fields []string `json:"fields"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	asked := fieldsOf(args.Fields)
	rows := []object{}
	for i, b := range account.Bots {
		if !args.All && i > 0 { // one's own is the first
			break
		}
		rows = append(rows, pick(object{"id": b.ID, "name": b.Name, "avatar_path": "cdn.livechatinc.example/bots/" + strconv.Itoa(i) + ".png", "type": "chatbot",
			"default_group_priority": "first", "owner_client_id": "asXdesldiAJSq9padj"}, object{
			"groups": []object{{"id": i, "priority": "first"}}, "work_scheduler": schedule, "job_title": "Bot", "max_chats_count": 6, "timezone": "Europe/Warsaw",
		}, asked))
	}
	return jsonAnswer(rows)
}

func (s *Server) listTags(q asked) answer {
	var args struct {
		Filters *struct {
			GroupIDs []int `json:"group_ids"`
		} `json:"filters"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	rows := []object{}
	for _, t := range s.account.Tags() {
		if args.Filters != nil && args.Filters.GroupIDs != nil && !slices.ContainsFunc(t.Groups, func(g int) bool { return slices.Contains(args.Filters.GroupIDs, g) }) {
			continue
		}
		rows = append(rows, object{"name": t.Name, "group_ids": t.Groups, "author_id": t.Author, "created_at": stampV3(t.Created)})
	}
	return jsonAnswer(rows)
}

func (s *Server) listGreetings(q asked) answer {
	var args struct {
		Groups []int   `json:"groups"`
		Limit  *int    `json:"limit"`
		PageID *string `json:"page_id"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	from, limit, groups := 0, mostOnPage, args.Groups
	switch {
	case args.PageID != nil && (args.Limit != nil || args.Groups != nil):
		return *s.invalid("`page_id` cannot be combined with groups or limit")
	case args.PageID != nil:
		if _, err := fmt.Sscanf(*args.PageID, "greetings-%d-%d", &from, &limit); err != nil {
			return *s.invalid("`page_id` is invalid")
		}
		if _, list, ok := strings.Cut(*args.PageID, "/"); ok {
			json.Unmarshal([]byte(list), &groups)
		}
	case args.Limit != nil:
		if limit = *args.Limit; limit < 1 || limit > mostOnPage {
			return *s.invalid("`limit` must be from 1 to %d", mostOnPage)
		}
	}
	all := slices.DeleteFunc(s.account.AllGreetings(), func(g account.Greeting) bool { return groups != nil && !slices.Contains(groups, g.Group) })
	to := min(from+limit, len(all))
	rows := []object{}
	for _, g := range all[min(from, to):to] {
		row := object{
			"id": g.ID, "type": g.Kind, "active": g.Active, "name": g.Name, "group": g.Group,
			"rules":      []object{{"id": 300 + g.ID, "type": "visit_time_page", "operator": "greater_than", "condition": "and", "value": "20"}},
			"properties": object{"lc2": object{"greeting_unique_id": strconv.Itoa(g.ID)}}, "rich_message": object{"template_id": "cards", "elements": []object{{"title": g.Name}}},
		}
		if g.Kind == "announcement" {
			row["active_from"], row["active_until"] = stampV3(1700000000), stampV3(1900000000)
		}
		rows = append(rows, row)
	}
	page := object{"greetings": rows, "found_greetings": len(all)}
	if to < len(all) {
		list, _ := json.Marshal(groups)
		page["next_page_id"] = fmt.Sprintf("greetings-%d-%d/%s", to, limit, list)
	}
	return jsonAnswer(page)
}

func (s *Server) listAutoAccesses(q asked) answer {
	if wrong := s.ask(q, &struct{}{}); wrong != nil {
		return *wrong
	}
	rows := []object{}
	for i, domain := range []string{"shop.example.com", "www.example.com", "example.org"} {
		row := object{
			"id": fmt.Sprintf("pqi8oasdjahuakndw9nsad9na%d", i), "description": "Visitors of " + domain, "access": object{"groups": []int{i + 1}},
			"conditions": object{"domain": object{"values": []object{{"value": domain, "exact_match": true}}}},
		}
		if i == 1 {
			row["conditions"] = object{"url": object{"values": []object{{"value": "https://" + domain, "exact_match": false}}}, "geolocation": object{"values": []object{{"country": "Poland", "country_code": "PL"}}}}
		}
		if i < 2 {
			row["next_id"] = fmt.Sprintf("pqi8oasdjahuakndw9nsad9na%d", i+1)
		}
		rows = append(rows, row)
	}
	return jsonAnswer(rows)
}

func (s *Server) listBans(q asked) answer {
	if wrong := s.ask(q, &struct{}{}); wrong != nil {
		return *wrong
	}
	s.mu.RLock()
	bans := s.account.Bans(s.account.Now())
	s.mu.RUnlock()
	rows := []object{}
	for _, b := range bans {
		row := object{"ip": b.IP, "agent_id": b.Agent, "created_at": stampV3(b.Created), "expires_at": stampV3(b.Expires)}
		if b.Customer != "" {
			row["customer_id"], row["thread_id"] = b.Customer, b.Thread
		}
		rows = append(rows, row)
	}
	return jsonAnswer(rows)
}

func (s *Server) listChannels(q asked) answer {
	if wrong := s.ask(q, &struct{}{}); wrong != nil {
		return *wrong
	}
	return jsonAnswer([]object{
		{"channel_type": "code", "channel_subtype": "", "first_activity_timestamp": stampV3(1577836800)},
		{"channel_type": "direct_link", "channel_subtype": "", "first_activity_timestamp": stampV3(1600000000)},
		{"channel_type": "integration", "channel_subtype": "facebook", "first_activity_timestamp": stampV3(1650000000)},
	})
}

// propertiesOf are namespaces of names of values, cut down to what was asked for.
func propertiesOf(all map[string]object, namespace, prefix string) object {
	kept := object{}
	for space, values := range all {
		if namespace != "" && namespace != space {
			continue
		}
		some := object{}
		for name, v := range values {
			if strings.HasPrefix(name, prefix) {
				some[name] = v
			}
		}
		kept[space] = some
	}
	return kept
}

func (s *Server) listLicenseProperties(q asked) answer {
	var args struct {
		Namespace  string `json:"namespace"`
		NamePrefix string `json:"name_prefix"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	months := -1
	if days := s.opt.V3.Retention; days > 0 {
		months = days / 30
	}
	return jsonAnswer(propertiesOf(map[string]object{
		"limits":                           {"archives_retention.base": months, "archives_retention.additional": 0, "archives_retention.hard": -1},
		"0805e283233042b37f460ed8fbf22160": {"string_property": "rückgabe", "flag": true, "list": []int{1, 2}},
	}, args.Namespace, args.NamePrefix))
}

func (s *Server) listGroupsProperties(q asked) answer {
	var args struct {
		Namespace  string `json:"namespace"`
		NamePrefix string `json:"name_prefix"`
		GroupIDs   *[]int `json:"group_ids"`
	}
	if wrong := s.ask(q, &args); wrong != nil {
		return *wrong
	}
	if args.GroupIDs == nil {
		return *s.invalid("`group_ids` is required")
	}
	rows := []object{}
	for id := range account.Groups {
		if len(*args.GroupIDs) > 0 && !slices.Contains(*args.GroupIDs, id) {
			continue
		}
		rows = append(rows, object{"id": id, "properties": propertiesOf(map[string]object{
			"0805e283233042b37f460ed8fbf22160": {"color": account.Languages[id], "weight": id},
		}, args.Namespace, args.NamePrefix)})
	}
	return jsonAnswer(rows)
}
