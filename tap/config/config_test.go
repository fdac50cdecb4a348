package config

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/secret"
)

// testNow is when the runs of these tests begin.
var testNow = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

// goodConfig is a config with nothing wrong and every required setting.
const goodConfig = `{"access_token": "dal:t0ps3cr3t", "entity_id": "42", "start_date": "2024-01-01"}`

// withGood parses settings that come after those of goodConfig.
func withGood(settings string) (Config, []string, error) {
	return Parse(testNow, source("base.json", goodConfig), source("c.json", settings))
}

func source(name, text string) Source { return File(name, []byte(text)) }

// sameZone compares time zones, which hold what go-cmp does not look into.
var sameZone = cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })

func TestDefaults(t *testing.T) {
	got, warnings, err := withGood(`{}`)
	if err != nil || warnings != nil {
		t.Fatal(warnings, err)
	}
	want := Config{
		EntityID: secret.New("42"), AccessToken: secret.New("dal:t0ps3cr3t"),
		StartDate: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		OnInvalid: Fail, OnMismatch: FailOnMismatch, LookbackDays: 1, APIVersion: "2", ReportTimezone: time.UTC, ReportLookbackDays: 7,
		APIURL:                "https://api.livechatinc.com",
		MaxConcurrentRequests: 4, RequestTimeout: time.Minute, MaxRetries: 5,
	}
	if d := cmp.Diff(want, got, sameZone); d != "" {
		t.Error(d)
	}
}

func TestEverySetting(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	got, warnings, err := Parse(testNow, source("c.json", `{
		"access_token": "fra:x", "entity_id": "a@b.example", "start_date": "2024-01-01T01:00:00+02:00",
		"end_date": "2024-02-01", "include_pending": true, "lookback_days": 0, "on_invalid": "null",
		"region": "fra", "user_agent": "me", "max_concurrent_requests": 32, "request_timeout": 0.5,
		"max_retries": 0, "max_requests": 1, "api_url": "http://127.0.0.1:8080/v2/",
		"api_version": "3", "on_mismatch": "warn", "reference_data": true, "reports": true, "report_timezone": "Europe/Berlin", "report_lookback_days": 0,
		"emit_activate_version_messages": true,
		"batch_config": {"storage": {"root": "file:///tmp/a%20b/", "prefix": "x-"}, "encoding": {"format": "jsonl", "compression": "none"}, "batch_size": 5}}`))
	if err != nil || warnings != nil {
		t.Fatal(warnings, err)
	}
	want := Config{
		EntityID: secret.New("a@b.example"), AccessToken: secret.New("fra:x"),
		StartDate: time.Date(2023, 12, 31, 23, 0, 0, 0, time.UTC), EndDate: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC),
		IncludePending: true, LookbackDays: 0, OnInvalid: Null, Region: "fra", UserAgent: "me",
		APIVersion: "3", OnMismatch: WarnOnMismatch, ReferenceData: true, Reports: true, ReportTimezone: berlin, EmitActivateVersionMessages: true,
		Batch:                 &Batch{Root: "file:///tmp/a%20b", Folder: filepath.FromSlash("/tmp/a b"), Prefix: "x-", Size: 5},
		MaxConcurrentRequests: 32, RequestTimeout: 500 * time.Millisecond, MaxRetries: 0, MaxRequests: 1,
		APIURL: "http://127.0.0.1:8080/v2",
	}
	if d := cmp.Diff(want, got, sameZone); d != "" {
		t.Error(d)
	}
}

// Meltano hands over text, secrets come with line breaks, and people vary.
func TestReadsLeniently(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("5f0c1a52-0000-4000-8000-000000000001:dal:abc"))
	for _, test := range []struct {
		given string
		field func(Config) any
		want  any
	}{
		{`{"lookback_days": "90"}`, func(c Config) any { return c.LookbackDays }, 90},
		{`{"lookback_days": " 7\n"}`, func(c Config) any { return c.LookbackDays }, 7},
		{`{"lookback_days": 2.0}`, func(c Config) any { return c.LookbackDays }, 2},
		{`{"lookback_days": 1e2}`, func(c Config) any { return c.LookbackDays }, 100},
		{`{"lookback_days": ""}`, func(c Config) any { return c.LookbackDays }, 1},
		{`{"lookback_days": null}`, func(c Config) any { return c.LookbackDays }, 1},
		{`{"request_timeout": "1.5"}`, func(c Config) any { return c.RequestTimeout }, 1500 * time.Millisecond},
		{`{"request_timeout": 1e-30}`, func(c Config) any { return c.RequestTimeout }, time.Nanosecond},
		{`{"include_pending": "true"}`, func(c Config) any { return c.IncludePending }, true},
		{`{"include_pending": "True "}`, func(c Config) any { return c.IncludePending }, true},
		{`{"include_pending": "1"}`, func(c Config) any { return c.IncludePending }, true},
		{`{"include_pending": 1}`, func(c Config) any { return c.IncludePending }, true},
		{`{"include_pending": "yes"}`, func(c Config) any { return c.IncludePending }, true},
		{`{"include_pending": "ON"}`, func(c Config) any { return c.IncludePending }, true},
		{`{"include_pending": "off"}`, func(c Config) any { return c.IncludePending }, false},
		{`{"include_pending": 0}`, func(c Config) any { return c.IncludePending }, false},
		{`{"entity_id": 12345678901234567890}`, func(c Config) any { return c.EntityID.Reveal() }, "12345678901234567890"},
		{`{"entity_id": " 43\n"}`, func(c Config) any { return c.EntityID.Reveal() }, "43"},
		{`{"entity_id": ""}`, func(c Config) any { return c.EntityID.Reveal() }, "42"}, // not set: base.json's stays
		{`{"access_token": "dal:new\r\n"}`, func(c Config) any { return c.AccessToken.Reveal() }, "dal:new"},
		{`{"access_token": 12345}`, func(c Config) any { return c.AccessToken.Reveal() }, "12345"},
		{`{"on_invalid": "NULL"}`, func(c Config) any { return c.OnInvalid }, Null},
		{`{"api_version": 3}`, func(c Config) any { return c.APIVersion }, "3"},
		{`{"api_version": "3.6"}`, func(c Config) any { return c.APIVersion }, "3"},
		{`{"api_version": 3.6}`, func(c Config) any { return c.APIVersion }, "3"},
		{`{"api_version": "2 "}`, func(c Config) any { return c.APIVersion }, "2"},
		{`{"report_timezone": "utc"}`, func(c Config) any { return c.ReportTimezone.String() }, "UTC"},
		{`{"report_timezone": "Asia/Kolkata\n"}`, func(c Config) any { return c.ReportTimezone.String() }, "Asia/Kolkata"},
		{`{"batch_config": {}}`, func(c Config) any { return c.Batch }, (*Batch)(nil)},
		{`{"batch_config": null}`, func(c Config) any { return c.Batch }, (*Batch)(nil)},
		{`{"batch_config": "{\"storage\": {\"root\": \"file:///b\"}}"}`, func(c Config) any { return *c.Batch },
			Batch{Root: "file:///b", Folder: filepath.FromSlash("/b"), Gzip: true, Size: 10000}},
		{`{"batch_config": {"storage": {"root": "file://localhost/b/../c//", "prefix": null}, "encoding": null, "batch_size": null}}`, func(c Config) any { return *c.Batch },
			Batch{Root: "file://localhost/b/../c", Folder: filepath.FromSlash("/c"), Gzip: true, Size: 10000}},
		{`{"batch_config": {"storage": {"root": "file:///b"}, "batch_size": 1e3}}`, func(c Config) any { return c.Batch.Size }, 1000},
		{`{"region": " FRA"}`, func(c Config) any { return c.Region }, "FRA"},
		{`{"region": "us-south1\n"}`, func(c Config) any { return c.Region }, "us-south1"},
		{`{"api_url": "https://api.livechatinc.com/"}`, func(c Config) any { return c.APIURL }, "https://api.livechatinc.com"},
		{`{"api_url": "http://localhost:80"}`, func(c Config) any { return c.APIURL }, "http://localhost:80"},
		{`{"api_url": "http://127.1.2.3"}`, func(c Config) any { return c.APIURL }, "http://127.1.2.3"},
		{`{"api_url": "http://[::1]:9"}`, func(c Config) any { return c.APIURL }, "http://[::1]:9"},
		{`{"api_url": "sandbox:?chats=10"}`, func(c Config) any { return c.APIURL }, "sandbox:?chats=10"},
		{"\ufeff{\"lookback_days\": 3}", func(c Config) any { return c.LookbackDays }, 3},
		{"\xff\xfe{\x00}\x00", func(c Config) any { return c.LookbackDays }, 1},
		// Another account's encoded token does not pass for this one's.
		{`{"access_token": "` + encoded + `"}`, func(c Config) any { return c.EntityID.Reveal() + " " + c.AccessToken.Reveal() }, "42 " + encoded},
	} {
		t.Run(test.given, func(t *testing.T) {
			got, _, err := withGood(test.given)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, test.field(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	for given, want := range map[string]string{
		"2024-01-01":                       "2024-01-01T00:00:00Z",
		" 2024-02-29\n":                    "2024-02-29T00:00:00Z",
		"2024-01-01T10:20:30Z":             "2024-01-01T10:20:30Z",
		"2024-01-01t10:20:30z":             "2024-01-01T10:20:30Z",
		"2024-01-01T10:20:30":              "2024-01-01T10:20:30Z",
		"2024-01-01 10:20":                 "2024-01-01T10:20:00Z",
		"2024-01-01T10:20Z":                "2024-01-01T10:20:00Z",
		"2024-01-01T10:20:30.123456":       "2024-01-01T10:20:30.123456Z",
		"2024-01-01T10:20:30.123456+00:00": "2024-01-01T10:20:30.123456Z",
		"2024-01-01T10:20:30.5-05:45":      "2024-01-01T16:05:30.5Z",
		"2024-01-01 10:20:30 +0530":        "2024-01-01T04:50:30Z",
		"2024-01-01T00:20:30+01":           "2023-12-31T23:20:30Z",
		"1970-01-01":                       "1970-01-01T00:00:00Z",
	} {
		t.Run(given, func(t *testing.T) {
			got, _, err := withGood(fmt.Sprintf(`{"start_date": %q}`, given))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got.StartDate.Format(time.RFC3339Nano)); d != "" || got.StartDate.Location() != time.UTC {
				t.Error(d, got.StartDate.Location())
			}
		})
	}
}

// Every setting wrong in every way; none of the messages holds a credential.
func TestFaults(t *testing.T) {
	const (
		token   = "a personal access token (together with entity_id) or an OAuth token (alone)"
		account = "an account id, or the agent's e-mail address for an old account"
		aTime   = "a day such as 2024-01-31 or a time such as 2024-01-31T08:30:00Z"
		address = "an https address, an http address of this machine, or sandbox:"
		zone    = "a time zone of the TZ database, such as Europe/Berlin, or UTC"
		batch   = `an object such as {"storage": {"root": "file:///var/lib/livechat"}}, as Meltano's SDK has it`
	)
	for _, test := range []struct{ given, want string }{
		{`{"access_token": true}`, `access_token in c.json: given true; wanted ` + token},
		{`{"access_token": ["s"]}`, `access_token in c.json: given a list; wanted ` + token},
		{`{"access_token": {"s": "s"}}`, `access_token in c.json: given an object; wanted ` + token},
		{`{"access_token": "Bearer dal:hidden"}`, `access_token in c.json: given a text of 17 characters that begins with the word Bearer; wanted the token alone: ` + token},
		{`{"access_token": "basic aGlkZGVu"}`, `access_token in c.json: given a text of 14 characters that begins with the word basic; wanted the token alone: ` + token},
		{`{"access_token": "hid\r\nX-Evil: den"}`, `access_token in c.json: given a text of 16 characters with a line break or another control character in it; wanted the token alone: ` + token},
		{`{"access_token": "hid den"}`, `access_token in c.json: given a text of 7 characters with a blank in it; wanted the token alone: ` + token},
		{`{"access_token": "“hidden”"}`, `access_token in c.json: given a text of 8 characters with characters that no token has; wanted the token alone: ` + token},

		{`{"entity_id": true}`, `entity_id in c.json: given true; wanted ` + account},
		{`{"entity_id": []}`, `entity_id in c.json: given a list; wanted ` + account},
		{`{"entity_id": "42:dal:hidden"}`, `entity_id in c.json: given a text of 13 characters with a colon in it; a token belongs into access_token; wanted ` + account},
		{`{"entity_id": "4\n2"}`, `entity_id in c.json: given a text of 3 characters with a line break or another control character in it; wanted ` + account},
		{`{"entity_id": "4 2"}`, `entity_id in c.json: given a text of 3 characters with a blank in it; wanted ` + account},

		{`{"api_version": 4}`, `api_version in c.json: given 4; wanted "2" or "3"`},
		{`{"api_version": "3.5"}`, `api_version in c.json: given "3.5"; wanted "2" or "3"`},
		{`{"api_version": true}`, `api_version in c.json: given true; wanted "2" or "3"`},
		{`{"on_mismatch": "null"}`, `on_mismatch in c.json: given "null"; wanted "fail" or "warn"`},
		{`{"report_timezone": "Mars/Olympus"}`, `report_timezone in c.json: given "Mars/Olympus", which is no time zone; wanted ` + zone},
		{`{"report_timezone": "Local"}`, `report_timezone in c.json: given "Local", which is no time zone; wanted ` + zone},
		{`{"report_timezone": "../../etc/passwd"}`, `report_timezone in c.json: given "../../etc/passwd", which is no time zone; wanted ` + zone},
		{`{"report_timezone": 2}`, `report_timezone in c.json: given 2, which is no time zone; wanted ` + zone},
		{`{"report_lookback_days": -1}`, `report_lookback_days in c.json: given -1; wanted a whole number from 0 to 366`},
		{`{"batch_config": "hidden"}`, `batch_config in c.json: given a text of 6 characters; wanted ` + batch},
		{`{"batch_config": {"batch_size": 1}}`, `batch_config in c.json: given an object; wanted ` + batch},
		{`{"batch_config": {"storage": {"root": "s3://key:hidden@bucket"}}}`, `batch_config.storage.root in c.json: given a text of 22 characters; wanted the address of a folder, such as file:///tmp/batches`},
		{`{"batch_config": {"storage": {"root": "file://machine/b"}}}`,
			`batch_config.storage.root in c.json: given a text of 16 characters, which names another machine; a folder of this one has three slashes, file:///; wanted the address of a folder, such as file:///tmp/batches`},
		{`{"batch_config": {"storage": {"root": "file:///"}}}`, `batch_config.storage.root in c.json: given a text of 8 characters, which names no folder; wanted the address of a folder, such as file:///tmp/batches`},
		{`{"batch_config": {"storage": {"root": "file:///b?hidden"}}}`, `batch_config.storage.root in c.json: given a text of 16 characters, which has a user, a query or a fragment; wanted the address of a folder, such as file:///tmp/batches`},
		{`{"batch_config": {"storage": {"root": "file:///b", "prefix": "../x"}}}`, `batch_config.storage.prefix in c.json: given a text of 4 characters; wanted a text without / and \`},
		{`{"batch_config": {"storage": {"root": "file:///b", "hidden": 1}}}`, `batch_config.storage in c.json: given an object; wanted an object with root, and with prefix or nothing beside it`},
		{`{"batch_config": {"storage": {"root": "file:///b"}, "encoding": {"format": "parquet"}}}`,
			`batch_config.encoding.format in c.json: given a text of 7 characters; wanted "jsonl"`},
		{`{"batch_config": {"storage": {"root": "file:///b"}, "batch_size": 0}}`, `batch_config.batch_size in c.json: given 0; wanted a whole number from 1 to 1000000000`},
		{`{"batch_config": {"storage": {"root": "file:///b"}, "batch_size": 1e30}}`, `batch_config.batch_size in c.json: given 1e30; wanted a whole number from 1 to 1000000000`},
		{`{"batch_config": "{\"storage\": {\"prefix\": \"a\", \"root\": 1}, \"encoding\": {\"compression\": \"hidden\"}}"}`,
			`batch_config.encoding.compression in c.json: given a text of 6 characters; wanted "gzip" or "none"` + "\n" +
				`batch_config.storage.root in c.json: given 1; wanted the address of a folder, such as file:///tmp/batches`},
		{`{"batch_config": {"storage": {"hidden": 1}}}`, `batch_config.storage in c.json: given an object; wanted an object with root, and with prefix or nothing beside it`},
		{`{"batch_config": {"storage": {"root": "file:///b"}, "encoding": "gzip"}}`,
			`batch_config.encoding in c.json: given a text of 4 characters; wanted an object with format, compression or both, and nothing else`},

		{`{"start_date": "yesterday"}`, `start_date in c.json: given "yesterday"; wanted ` + aTime},
		{`{"start_date": "01.02.2024"}`, `start_date in c.json: given "01.02.2024"; wanted ` + aTime},
		{`{"start_date": 1704067200}`, `start_date in c.json: given 1704067200; wanted ` + aTime},
		{`{"start_date": false}`, `start_date in c.json: given false; wanted ` + aTime},
		{`{"start_date": []}`, `start_date in c.json: given a list; wanted ` + aTime},
		{`{"start_date": "2024-02-30"}`, `start_date in c.json: given "2024-02-30", a day that does not exist; wanted ` + aTime},
		{`{"start_date": "2024-01-01T25:00"}`, `start_date in c.json: given "2024-01-01T25:00", with a time of day or an offset that does not exist; wanted ` + aTime},
		{`{"start_date": "2024-01-01T10:00:00+99:00"}`, `start_date in c.json: given "2024-01-01T10:00:00+99:00", with a time of day or an offset that does not exist; wanted ` + aTime},
		{`{"start_date": "0024-01-01"}`, `start_date in c.json: given "0024-01-01", a time before there were chats; wanted ` + aTime},
		{`{"start_date": "0000-01-01T00:00+10:00"}`, `start_date in c.json: given "0000-01-01T00:00+10:00"; wanted ` + aTime},
		{`{"start_date": "2024-06-02"}`, `start_date in c.json: given "2024-06-02", a time in the future; wanted one that is over: it is 2024-06-01T12:00:00Z now`},

		{`{"end_date": "2024-13-01"}`, `end_date in c.json: given "2024-13-01", a day that does not exist; wanted ` + aTime},
		{`{"end_date": "2024-01-01"}`, `end_date in c.json: given "2024-01-01", a time that is not after start_date; wanted one after 2024-01-01T00:00:00Z`},

		{`{"include_pending": "maybe"}`, `include_pending in c.json: given "maybe"; wanted true or false`},
		{`{"include_pending": 2}`, `include_pending in c.json: given 2; wanted true or false`},
		{`{"include_pending": []}`, `include_pending in c.json: given a list; wanted true or false`},

		{`{"lookback_days": -1}`, `lookback_days in c.json: given -1; wanted a whole number from 0 to 36500`},
		{`{"lookback_days": 36501}`, `lookback_days in c.json: given 36501; wanted a whole number from 0 to 36500`},
		{`{"lookback_days": 1.5}`, `lookback_days in c.json: given 1.5; wanted a whole number from 0 to 36500`},
		{`{"lookback_days": "a week"}`, `lookback_days in c.json: given "a week"; wanted a whole number from 0 to 36500`},
		{`{"lookback_days": 1e400}`, `lookback_days in c.json: given 1e400; wanted a whole number from 0 to 36500`},
		{`{"lookback_days": true}`, `lookback_days in c.json: given true; wanted a whole number from 0 to 36500`},

		{`{"on_invalid": "skip"}`, `on_invalid in c.json: given "skip"; wanted "fail" or "null"`},
		{`{"on_invalid": true}`, `on_invalid in c.json: given true; wanted "fail" or "null"`},

		{`{"region": "e"}`, `region in c.json: given "e"; wanted the name of a data centre, such as us-south1 or eu-west3`},
		{`{"region": "eu west3"}`, `region in c.json: given "eu west3"; wanted the name of a data centre, such as us-south1 or eu-west3`},
		{`{"region": 123456}`, `region in c.json: given 123456; wanted the name of a data centre, such as us-south1 or eu-west3`},
		{`{"region": "eu-west3:hidden"}`, `region in c.json: given a text of 15 characters; wanted the name of a data centre, such as us-south1 or eu-west3`},
		{`{"region": "fra:hidden"}`, `region in c.json: given a text of 10 characters; wanted the name of a data centre, such as us-south1 or eu-west3`},
		{`{"region": "x-dal:t0ps3cr3t"}`, `region in c.json: given a text of 15 characters; wanted the name of a data centre, such as us-south1 or eu-west3`},
		{`{"region": {"a": 1}}`, `region in c.json: given an object; wanted the name of a data centre, such as us-south1 or eu-west3`},

		{`{"user_agent": "a\r\nX-Evil: b"}`, `user_agent in c.json: given "a\r\nX-Evil: b" with a line break or another control character in it; wanted a text on one line`},
		{`{"user_agent": false}`, `user_agent in c.json: given false; wanted a text`},

		{`{"max_concurrent_requests": 0}`, `max_concurrent_requests in c.json: given 0; wanted a whole number from 1 to 32`},
		{`{"max_concurrent_requests": "33"}`, `max_concurrent_requests in c.json: given "33"; wanted a whole number from 1 to 32`},

		{`{"request_timeout": 0}`, `request_timeout in c.json: given 0; wanted a number above 0, up to 600`},
		{`{"request_timeout": 600.5}`, `request_timeout in c.json: given 600.5; wanted a number above 0, up to 600`},
		{`{"request_timeout": "60s"}`, `request_timeout in c.json: given "60s"; wanted a number above 0, up to 600`},
		{`{"request_timeout": "NaN"}`, `request_timeout in c.json: given "NaN"; wanted a number above 0, up to 600`},

		{`{"max_retries": -1}`, `max_retries in c.json: given -1; wanted a whole number from 0 to 20`},
		{`{"max_retries": 12345678901234567890123456789012345678901}`, `max_retries in c.json: given a number; wanted a whole number from 0 to 20`},
		{`{"max_retries": 21}`, `max_retries in c.json: given 21; wanted a whole number from 0 to 20`},

		{`{"max_requests": 0}`, `max_requests in c.json: given 0; wanted a whole number of 1 or more`},
		{`{"max_requests": "many"}`, `max_requests in c.json: given "many"; wanted a whole number of 1 or more`},

		{`{"api_url": []}`, `api_url in c.json: given a list; wanted ` + address},
		{`{"api_url": 5}`, `api_url in c.json: given 5 without a host; wanted ` + address},
		{`{"api_url": "api.livechatinc.com"}`, `api_url in c.json: given "api.livechatinc.com" without a host; wanted ` + address},
		{`{"api_url": "sandbox"}`, `api_url in c.json: given "sandbox" without its colon; wanted ` + address},
		{`{"api_url": "https://"}`, `api_url in c.json: given "https://" without a host; wanted ` + address},
		{`{"api_url": "ftp://h"}`, `api_url in c.json: given "ftp://h", an address of another kind; wanted ` + address},
		{`{"api_url": "http://api.livechatinc.com"}`, `api_url in c.json: given "http://api.livechatinc.com", over which the token would travel unencrypted; wanted ` + address},
		{`{"api_url": "http://localhost.evil.example"}`, `api_url in c.json: given "http://localhost.evil.example", over which the token would travel unencrypted; wanted ` + address},
		{`{"api_url": "https://u:hidden@h"}`, `api_url in c.json: given a text of 18 characters with a user name or password in it; wanted ` + address},
		{`{"api_url": "https://h/?key=hidden"}`, `api_url in c.json: given "https://h/"… with a query or fragment; wanted ` + address},
		{`{"api_url": "https://h#hidden"}`, `api_url in c.json: given "https://h"… with a query or fragment; wanted ` + address},
		{`{"api_url": "https://h:99999"}`, `api_url in c.json: given "https://h:99999" with a port that does not exist; wanted ` + address},
		{`{"api_url": "https://h\nX: y"}`, `api_url in c.json: given "https://h\nX: y" with a blank or a line break in it; wanted ` + address},

		{"{\"region\": \"dal\",\n \"region\": \"fra\"}", `region in c.json: given twice, in lines 1 and 2; wanted one of the two`},
	} {
		t.Run(test.given, func(t *testing.T) {
			c, warnings, err := withGood(test.given)
			wantError(t, err, test.want)
			if c != (Config{}) || warnings != nil {
				t.Error("a config or a warning with the error:", c, warnings)
			}
		})
	}
}

// What stops being JSON is worded by package userjson, and tested there.
func TestSourceUnreadable(t *testing.T) {
	const object = `; wanted a JSON object such as {"start_date": "2024-01-01", …}`
	for _, test := range []struct{ given, want string }{
		{"", "c.json: given an empty file" + object},
		{"\ufeff \n", "c.json: given an empty file" + object},
		{"[]", "c.json: given a list" + object},
		{"null", "c.json: given null" + object},
		{`"dal:hidden"`, "c.json: given a text" + object},
		{"7", "c.json: given a number" + object},
		{"false", "c.json: given true or false" + object},
		{"access_token: hidden\n", "c.json: given YAML" + object},
		{"\ufeff# hidden\r\n---\r\n\r\nplugins:\r\n  - hidden\r\n", "c.json: given YAML" + object},
		{"\"start-date\" : 1\n", "c.json: given YAML" + object},
		{"dal:hidden", "c.json: given JSON with a mistake in line 1, column 1: a character where a value should begin; texts need quotes, true and false are lower-case; wanted valid JSON"},
		{"# hidden\n{access_token: hidden}", "c.json: given JSON with a mistake in line 1, column 1: a character where a value should begin; texts need quotes, true and false are lower-case; wanted valid JSON"},
		{`{"access_token": "hidden`, "c.json: given JSON that breaks off in line 1: a quote or bracket is not closed; wanted valid JSON"},
		{`{"access_token": hidden}`, "c.json: given JSON with a mistake in line 1, column 18: a character where a value should begin; texts need quotes, true and false are lower-case; wanted valid JSON"},
	} {
		t.Run(test.given, func(t *testing.T) {
			_, _, err := withGood(test.given)
			wantError(t, err, test.want)
		})
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	fault, ok := err.(*Error)
	if !ok {
		t.Fatalf("%v is not a Error", err)
	}
	if d := cmp.Diff(want, fault.Error()); d != "" {
		t.Error(d)
	}
	for _, marked := range []string{"hidden", "t0ps3cr3t", "aGlkZGVu"} {
		if strings.Contains(fault.Error()+fault.Hint(), marked) {
			t.Error("the error shows a secret:", fault)
		}
	}
}

func TestMissing(t *testing.T) {
	const (
		token = "; wanted a personal access token (together with entity_id) or an OAuth token (alone)"
		start = "; wanted a day such as 2024-01-31 or a time such as 2024-01-31T08:30:00Z"
		hint  = "`tap-livechat --about` describes every setting"
		where = "; they go into a JSON file for --config, or into TAP_LIVECHAT_… variables for --config=ENV"
		try   = `; to try the tap without an account, set "api_url" to "sandbox:"`
	)
	empty := source("a.json", `{}`)
	for name, test := range map[string]struct {
		sources    []Source
		want, hint string
	}{
		"no source": {nil,
			"access_token: given nothing" + token + "\nstart_date: given nothing" + start, hint + where + try},
		"two sources": {[]Source{empty, Env(nil)},
			"access_token in a.json or environment: given nothing" + token + "\nstart_date in a.json or environment: given nothing" + start, hint + where + try},
		"environment": {[]Source{Env([]string{"TAP_LIVECHAT_ACCESS_TOKEN=x", "TAP_LIVECHAT_START_DATE="})},
			"start_date in the environment (TAP_LIVECHAT_START_DATE): given nothing" + start, hint + where},
		"empty and null": {[]Source{source("a.json", `{"access_token": " ", "start_date": null}`)},
			"access_token in a.json: given an empty text" + token + "\nstart_date in a.json: given null" + start, hint},
		"sandbox needs a start": {[]Source{source("a.json", `{"api_url": "sandbox:"}`)},
			"start_date in a.json: given nothing" + start, hint + where},
		// Whoever means the sandbox needs no token.
		"sandbox without its colon": {[]Source{source("a.json", `{"api_url": "sandbox", "start_date": "2024-01-01"}`)},
			`api_url in a.json: given "sandbox" without its colon; wanted an https address, an http address of this machine, or sandbox:`, hint},
		// What is in the broken file nobody knows: nothing is called missing.
		"broken file": {[]Source{empty, source("b.json", `[]`)},
			`b.json: given a list; wanted a JSON object such as {"start_date": "2024-01-01", …}`, hint},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Parse(testNow, test.sources...)
			wantError(t, err, test.want)
			if d := cmp.Diff(test.hint, err.(*Error).Hint()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, warnings, err := Parse(testNow,
		source("a.json", `{"api_url": "http://h", "max_retries": 99, "strat_date": "2024-01-01", "entity_id": "4 2"}`),
		source("b.json", `{"max_retries": "no", "start_date": "2999-01-01", "end_date": "2024-01-01"}`),
		source("c.json", `{`),
		Env([]string{"TAP_LIVECHAT_ACCESS_TOKEN=Bearer hidden", "TAP_LIVECHAT_REGION=u"}))
	wantError(t, err, `c.json: given JSON that breaks off in line 1: a quote or bracket is not closed; wanted valid JSON
access_token in the environment (TAP_LIVECHAT_ACCESS_TOKEN): given a text of 13 characters that begins with the word Bearer; wanted the token alone: a personal access token (together with entity_id) or an OAuth token (alone)
entity_id in a.json: given a text of 3 characters with a blank in it; wanted an account id, or the agent's e-mail address for an old account
start_date in b.json: given "2999-01-01", a time in the future; wanted one that is over: it is 2024-06-01T12:00:00Z now
end_date in b.json: given "2024-01-01", a time that is not after start_date; wanted one after 2999-01-01T00:00:00Z
region in the environment (TAP_LIVECHAT_REGION): given "u"; wanted the name of a data centre, such as us-south1 or eu-west3
max_retries in b.json: given "no"; wanted a whole number from 0 to 20
api_url in a.json: given "http://h", over which the token would travel unencrypted; wanted an https address, an http address of this machine, or sandbox:`)
	if d := cmp.Diff([]string{`unknown setting "strat_date" in a.json is ignored; did you mean start_date?`}, warnings); d != "" {
		t.Error(d)
	}
}

func TestWarnings(t *testing.T) {
	for given, want := range map[string]string{
		`{"acces_token": 1}`:                        `unknown setting "acces_token" in c.json is ignored; did you mean access_token?`,
		`{"startDate": 1}`:                          `unknown setting "startDate" in c.json is ignored; did you mean start_date?`,
		`{"START-DATE": 1}`:                         `unknown setting "START-DATE" in c.json is ignored; did you mean start_date?`,
		`{"token": 1}`:                              `unknown setting "token" in c.json is ignored; did you mean access_token?`,
		`{"colour": {"a": [1e999]}}`:                `unknown setting "colour" in c.json is ignored`,
		`{"a\nb": 1}`:                               `unknown setting "a\nb" in c.json is ignored`,
		`{"dal:t0ps3cr3t": 1}`:                      `unknown setting a text of 13 characters in c.json is ignored`,
		`{"":1}`:                                    `unknown setting "" in c.json is ignored`,
		`{"stream_maps": {}}`:                       `setting "stream_maps" in c.json is ignored: the mapper plugin meltano-map-transform does that`,
		`{"flattening_enabled": true}`:              `setting "flattening_enabled" in c.json is ignored: the mapper plugin meltano-map-transform does that`,
		`{"batch_size": 1}`:                         `setting "batch_size" in c.json is ignored: batch_config has all that this tap is told about batches`,
		`{"on_invalid": null}`:                      `on_invalid in c.json is null, which means not set; if you mean the text "null", give it its quotes`,
		`{"` + strings.Repeat("x", 1<<16) + `": 1}`: `unknown setting a text of 65536 characters in c.json is ignored`,
	} {
		t.Run(fmt.Sprintf("%.30s", given), func(t *testing.T) {
			_, warnings, err := withGood(given)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{want}, warnings); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestEncodedToken(t *testing.T) {
	const uuid = "5f0c1a52-0000-4000-8000-000000000001"
	for _, test := range []struct {
		name, pair string
		split      bool
	}{
		{"uuid and region", uuid + ":dal:abc", true},
		{"number and long token", "100123:abcdefghijklmnopqrst", true},
		{"e-mail", "agent@example.com:fra:abc", true},
		{"a data centre of any name", uuid + ":eu-west3:abc", true},
		{"short token without region", uuid + ":abc", false},
		{"no id", "abc:dal:abc", false},
		{"blank", uuid + ":dal:a bc", false},
		{"control character", uuid + ":dal:a\x00bc", false},
		{"not ASCII", "agént@example.com:dal:abc", false},
	} {
		for name, encoding := range map[string]*base64.Encoding{"padded": base64.StdEncoding, "URL": base64.RawURLEncoding} {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				encoded := encoding.EncodeToString([]byte(test.pair))
				c, _, err := Parse(testNow, source("c.json", fmt.Sprintf(`{"start_date": "2024-01-01", "access_token": %q}`, encoded)))
				if err != nil {
					t.Fatal(err)
				}
				wantID, wantToken := "", encoded
				if test.split {
					wantID, wantToken, _ = strings.Cut(test.pair, ":")
				}
				if c.EntityID.Reveal() != wantID || c.AccessToken.Reveal() != wantToken {
					t.Errorf("got %q and %q, want %q and %q", c.EntityID.Reveal(), c.AccessToken.Reveal(), wantID, wantToken)
				}
			})
		}
	}
}

func TestSandboxNeedsNoToken(t *testing.T) {
	c, warnings, err := Parse(testNow, source("c.json", `{"api_url": "sandbox:", "start_date": "2024-01-01"}`))
	if err != nil || warnings != nil || c.AccessToken.Reveal() != "sandbox" || !c.EntityID.IsZero() {
		t.Error(c.AccessToken.Reveal(), c.EntityID.Reveal(), warnings, err)
	}
}

func TestEnv(t *testing.T) {
	got := Env([]string{
		"TAP_LIVECHAT_ACCESS_TOKEN=a=b", // a value may hold the separator
		"TAP_LIVECHAT_MAX_RETRIES=1",
		"TAP_LIVECHAT_MAX_RETRIES=2", // the later one counts
		"TAP_LIVECHAT_REGION=",       // not set
		"TAP_LIVECHAT_STRAT_DATE=2024-01-01",
		"TAP_LIVECHAT__SELECT=*.*", // Meltano's
		"TAP_LIVECHAT_LOGLEVEL=debug",
		"TAP_LIVECHATTY_REGION=dal",
		"START_DATE=2024-01-01",
		"nonsense",
	})
	want := source("environment", `{"access_token":"a=b","max_retries":"2","strat_date":"2024-01-01"}`)
	if d := cmp.Diff(want, got, sameZone); d != "" {
		t.Error(d)
	}
}

// Secrets hide themselves; this holds the config to keeping them in such.
func TestNeverPrintsCredentials(t *testing.T) {
	given := source("c.json", goodConfig)
	c, _, err := Parse(testNow, given, source("d.json", `{"entity_id": "agent@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, holder := range []any{c, &c, []Config{c}, struct{ c Config }{c}, given, []Source{given}} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", holder)
		}
		for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
			slog.New(h).Info("start", "holder", holder)
		}
		text, err := json.Marshal(holder)
		if err != nil {
			t.Fatal(err)
		}
		printed := out.String() + string(text)
		for _, marked := range []string{"t0ps3cr3t", "agent@example.com", fmt.Sprintf("%x", "t0ps3cr3t")} {
			if strings.Contains(printed, marked) {
				t.Errorf("%q is in %s", marked, printed)
			}
		}
	}
}

// Whatever a config holds: no panic, every error is an *Error, and no
// message shows the token.
func FuzzParse(f *testing.F) {
	const token = "dal:t0ps3cr3t-5f0c1a52"
	for _, seed := range []string{
		goodConfig, "", "{", "[]", "\ufeff{}", "\xff\xfe", `{"region": "` + token + `"}`, `{"` + token + `": "` + token + `"}`,
		`{"api_url": "https://h/` + token + `?` + token + `#` + token + `"}`, `{"api_url": "https://` + token + `@h"}`,
		`{"access_token": ["` + token + `"]}`, `{"access_token": "` + token, `{"access_token": ` + token + `}`,
		`{"access_token": "Bearer ` + token + `", "entity_id": "42:` + token + `"}`,
		`{"start_date": "2024-02-30", "end_date": 1e999999999, "max_retries": -0.0e-999999}`,
		`{"lookback_days": 1e15, "max_requests": 9007199254740993, "request_timeout": 1e-400}`,
		`{"region": ["a", {"b": 1e999999999}], "region": null, "include_pending": "ON"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		good := source("secret.json", `{"access_token": "`+token+`", "start_date": "2024-01-01"}`)
		fuzzed := source("fuzzed.json", string(data))
		for _, sources := range [][]Source{{good, fuzzed}, {fuzzed, good}, {fuzzed}, {good, Env(strings.Split(string(data), "\n"))}} {
			c, warnings, err := Parse(testNow, sources...)
			told := fmt.Sprintf("%q %v %#v", warnings, c, c)
			if err != nil {
				told += err.(*Error).Error() + err.(*Error).Hint()
				if !cmp.Equal(c, Config{}, sameZone) {
					t.Error("a config with the error")
				}
			} else if c.AccessToken.IsZero() || strings.ContainsFunc(c.AccessToken.Reveal(), isNotVisible) || strings.ContainsAny(c.EntityID.Reveal()+c.UserAgent, "\r\n") ||
				c.StartDate.After(testNow) || c.RequestTimeout <= 0 || c.MaxConcurrentRequests < 1 || c.LookbackDays < 0 || c.APIURL == "" {
				t.Errorf("a config that makes no sense: %#v", c)
			}
			if len(sources) > 1 && strings.Contains(told, token) && !strings.Contains(c.UserAgent+c.APIURL, token) {
				t.Errorf("the token is in %s", told)
			}
		}
	})
}
