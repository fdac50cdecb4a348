package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettings(t *testing.T) {
	type row struct {
		Name, Kind, Env  string
		Default          any
		Required, Secret bool
	}
	var got []row
	for _, s := range Settings() {
		got = append(got, row{s.Name, s.Kind, s.Env(), s.Default, s.Required, s.Secret})
		if s.Title == "" || s.Description == "" || strings.ContainsAny(s.Description, "\n`*") {
			t.Errorf("%s: title %q, description %q; wanted both, in one line of plain text", s.Name, s.Title, s.Description)
		}
	}
	want := []row{
		{"access_token", "password", "TAP_LIVECHAT_ACCESS_TOKEN", nil, true, true},
		{"entity_id", "string", "TAP_LIVECHAT_ENTITY_ID", nil, false, false},
		{"api_version", "options", "TAP_LIVECHAT_API_VERSION", "2", false, false},
		{"start_date", "date_iso8601", "TAP_LIVECHAT_START_DATE", nil, true, false},
		{"end_date", "date_iso8601", "TAP_LIVECHAT_END_DATE", nil, false, false},
		{"include_pending", "boolean", "TAP_LIVECHAT_INCLUDE_PENDING", false, false, false},
		{"reference_data", "boolean", "TAP_LIVECHAT_REFERENCE_DATA", false, false, false},
		{"reports", "boolean", "TAP_LIVECHAT_REPORTS", false, false, false},
		{"report_timezone", "string", "TAP_LIVECHAT_REPORT_TIMEZONE", "UTC", false, false},
		{"lookback_days", "integer", "TAP_LIVECHAT_LOOKBACK_DAYS", json.Number("1"), false, false},
		{"report_lookback_days", "integer", "TAP_LIVECHAT_REPORT_LOOKBACK_DAYS", json.Number("7"), false, false},
		{"on_invalid", "options", "TAP_LIVECHAT_ON_INVALID", "fail", false, false},
		{"on_mismatch", "options", "TAP_LIVECHAT_ON_MISMATCH", "fail", false, false},
		{"emit_activate_version_messages", "boolean", "TAP_LIVECHAT_EMIT_ACTIVATE_VERSION_MESSAGES", false, false, false},
		{"batch_config", "object", "TAP_LIVECHAT_BATCH_CONFIG", nil, false, false},
		{"region", "string", "TAP_LIVECHAT_REGION", nil, false, false},
		{"user_agent", "string", "TAP_LIVECHAT_USER_AGENT", nil, false, false},
		{"max_concurrent_requests", "integer", "TAP_LIVECHAT_MAX_CONCURRENT_REQUESTS", json.Number("4"), false, false},
		{"request_timeout", "decimal", "TAP_LIVECHAT_REQUEST_TIMEOUT", json.Number("60"), false, false},
		{"max_retries", "integer", "TAP_LIVECHAT_MAX_RETRIES", json.Number("5"), false, false},
		{"max_requests", "integer", "TAP_LIVECHAT_MAX_REQUESTS", nil, false, false},
		{"api_url", "string", "TAP_LIVECHAT_API_URL", "https://api.livechatinc.com", false, false},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Examples are promises: each one must be accepted.
func TestSettingsExamples(t *testing.T) {
	for _, s := range Settings() {
		for _, example := range s.Examples {
			settings, err := json.Marshal(map[string]any{s.Name: example})
			if err != nil {
				t.Fatal(err)
			}
			if _, warnings, err := withGood(string(settings)); err != nil || warnings != nil {
				t.Error(string(settings), warnings, err)
			}
		}
	}
}
