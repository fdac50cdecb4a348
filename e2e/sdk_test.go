//go:build unix

package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listThreads lists an archive of API v3.6 with LiveChat's own SDK.
const listThreads = `
import sys
from livechat.agent.web.base import AgentWeb
from livechat.utils.structures import AccessToken, TokenType

kind, url, order, limit = TokenType[sys.argv[1]], sys.argv[2], sys.argv[3], int(sys.argv[4])
api = AgentWeb.get_client(AccessToken("bXktYWNjb3VudDpteS10b2tlbg==", kind), version="3.6", base_url="127.0.0.1", disable_logging=True)
api.api_url = url + "/v3.6/agent/action"
body = {"filters": {"from": "2020-01-01T00:00:00.000000+00:00", "to": "2030-01-01T00:00:00.000000+00:00"}, "limit": limit, "sort_order": order}
while body:
    r = api.list_archives(**body)
    r.raise_for_status()
    for c in r.json()["chats"]:
        print(c["thread"]["id"])
        got = api.get_chat(chat_id=c["id"], thread_id=c["thread"]["id"]) if c["thread"]["id"].endswith("7") else None
        assert got is None or got.json() == c, got.text
    body = {"page_id": r.json()["next_page_id"]} if "next_page_id" in r.json() else None
bad = api.list_archives(limit=1000)
assert bad.status_code == 400 and bad.json()["error"]["type"] == "validation", bad.text
`

// listAll asks for each list of the Configuration API without arguments, and for
// each report, and prints what came.
const listAll = `
import json, sys
from livechat.configuration.base import ConfigurationApi
from livechat.reports.base import ReportsApi
from livechat.utils.structures import AccessToken, TokenType

url, lists, reports = sys.argv[1], sys.argv[2].split(), sys.argv[3].split()
token = AccessToken("bXktYWNjb3VudDpteS10b2tlbg==", TokenType.BASIC)
api = ConfigurationApi.get_client(token, version="3.6", base_url="127.0.0.1", disable_logging=True)
api.api_url = url + "/v3.6/configuration/action"
answers = {}
for name in lists:
    r = getattr(api, name)()
    r.raise_for_status()
    answers[name] = r.json()
answers["list_groups_properties"] = api.list_groups_properties(group_ids=[]).json()
refused = api.list_groups_properties()
assert refused.json()["error"]["type"] == "validation", refused.text
api = ReportsApi.get_client(token, version="3.6", base_url="127.0.0.1", disable_logging=True)
api.api_url = url + "/v3.6/reports"
for name in reports:
    r = getattr(api, name)()
    r.raise_for_status()
    answers[name] = r.json()
print(json.dumps(answers))
`

// TestSDK lists the whole sandbox with LiveChat's own SDK: what that cannot read
// is wrong in the sandbox.
func TestSDK(t *testing.T) {
	python := filepath.Join(venv(t, "sdk"), "python")
	server, _ := archive(t, "now=2026-11-20T12:00:00Z&chats=730&long_chats=0.1&pending=5")
	var want []string
	for chat := range server.Truth() {
		want = append(want, chat.ID)
	}
	slices.Sort(want)
	for _, args := range [][]string{{"BASIC", "asc", "100"}, {"BEARER", "desc", "64"}} {
		got := strings.Fields(run(t, exec.Command(python, "-c", listThreads, args[0], urls[server], args[1], args[2])))
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: threads missing (-) or too many (+):\n%s", args, diff)
		}
	}
}

// TestSDKLists does the same with the lists and the reports.
func TestSDKLists(t *testing.T) {
	python := filepath.Join(venv(t, "sdk"), "python")
	server, _ := archive(t, "now=2026-11-20T12:00:00Z&chats=300")
	var answers map[string]json.RawMessage
	lists := []string{
		"list_agents", "list_groups", "list_bots", "list_tags", "list_auto_accesses", "list_channels", "list_greetings", "list_customer_bans",
		"list_license_properties",
	}
	reports := []string{
		"duration", "tags", "total_chats", "ratings", "ranking", "engagement", "greetings_conversion", "forms", "response_time", "first_response_time",
		"groups", "queued_visitors", "queued_visitors_left", "availability", "performance", "chat_usage", "unique_visitors",
	}
	out := run(t, exec.Command(python, "-c", listAll, urls[server], strings.Join(lists, " "), strings.Join(reports, " ")))
	check(t, json.Unmarshal([]byte(out), &answers))
	for _, name := range append(append(lists, "list_groups_properties"), reports...) {
		if len(answers[name]) < 10 {
			t.Errorf("%s: %s", name, answers[name])
		}
	}
}
