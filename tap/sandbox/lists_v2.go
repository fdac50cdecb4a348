package sandbox

import (
	"net/url"
	"strconv"
	"strings"

	"tap-livechat/tap/sandbox/account"
)

// The lists that v2 alone has.

// isReference says whether a path of v2 is that of a list other than the chats.
func isReference(path string) bool {
	return path == "/canned_responses" || path == "/goals" || strings.HasPrefix(path, "/goals/")
}

// reference answers them.
func (s *Server) reference(path string, query url.Values) answer {
	if path == "/canned_responses" {
		if s.opt.V3.lacks("canned_responses_read") {
			return problem(403, scopeMessage([]string{"canned_responses_read"}))
		}
		group := 0 // the default, whatever groups there are
		if text := query.Get("group"); text != "" {
			var err error
			if group, err = strconv.Atoi(text); err != nil {
				return problem(400, "group must be a number")
			}
		}
		return jsonAnswer(cannedResponses(group))
	}
	if s.opt.V3.lacks("goals_read") {
		return problem(403, scopeMessage([]string{"goals_read"}))
	}
	id, one := strings.CutPrefix(path, "/goals/")
	rows := []object{}
	for _, g := range account.GoalKinds {
		active := 0
		if g.Active {
			active = 1
		}
		row := object{"id": g.ID, "name": g.Name, "active": active, "type": g.Kind}
		if one && strconv.Itoa(g.ID) == id {
			return jsonAnswer(goalDetails(row, g.Kind))
		}
		if kind := query.Get("type"); !one && (kind == "" || kind == g.Kind) {
			rows = append(rows, row)
		}
	}
	if one {
		return problem(404, "no goal with the id "+id)
	}
	return jsonAnswer(rows)
}

func cannedResponses(group int) []object {
	rows := []object{}
	for _, c := range account.CannedOf(group) {
		row := object{"id": c.ID, "group": group, "text": c.Text, "tags": c.Tags, "creation_date": c.Created, "created_by": c.Author}
		if c.Modified != 0 {
			row["modification_date"], row["modified_by"] = c.Modified, c.Editor
		}
		rows = append(rows, row)
	}
	return rows
}

// goalDetails adds what is told of a goal that is asked for alone.
func goalDetails(row object, kind string) object {
	details := map[string]object{
		"custom_variable": {"custom_variable_name": "newsletter", "custom_variable_value": "yes"},
		"url":             {"url": "https://shop.example.com/thanks", "match_type": "substring"},
		"sales_tracker": {"sales_tracker_id": "4", "value_type": "dynamic", "value": "0", "currency": "EUR", "time_range": "30", "order_field_name": "order_id",
			"value_field_name": "total"},
	}[kind]
	for name, v := range details {
		row[name] = v
	}
	return row
}
