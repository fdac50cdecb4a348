package sandbox

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	want := Default()
	want.Chats, want.Days, want.Order, want.Latency, want.QuietDays = 5000, 90, "oldest", 100*time.Millisecond, 3
	const query = "chats=5000&days=90&order=oldest&latency=100ms&gap_days=3"
	for _, prefix := range []string{"", "?", "sandbox:", "sandbox:?", "sandbox://?"} {
		got, err := Parse(prefix + query)
		if err != nil {
			t.Errorf("%s: %v", prefix, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", prefix, diff)
		}
	}
	for _, empty := range []string{"", "sandbox:", "sandbox:?", " sandbox: "} {
		if got, err := Parse(empty); err != nil || got != Default() {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for query, want := range map[string][]string{
		"chats=many":                         {"chats=many: want a whole number from 0 to 5000000"},
		"chats=-1":                           {"chats=-1: want"},
		"chats=":                             {"chats=: want"},
		"chat=5":                             {"chat=5: no such switch; did you mean chats?"},
		"nonsense=1":                         {"nonsense=1: no such switch; all of them are in the table"},
		"order=up":                           {"order=up: want one of newest, oldest, none"},
		"odd=1.5":                            {"odd=1.5: want a share from 0 to 1"},
		"odd=NaN":                            {"odd=NaN: want a share"},
		"gzip=perhaps":                       {"gzip=perhaps: want true or false"},
		"latency=soon":                       {"latency=soon: want seconds, or a duration like 100ms, 5m"},
		"latency=-1s":                        {"latency=-1s: want"},
		"now=yesterday":                      {"now=yesterday: want a time as in RFC 3339"},
		"account_timezone=Mars":              {"account_timezone=Mars: want the name of a zone"},
		"contradict_with=end_zero,end":       {"contradict_with=end_zero,end: want some of end_zero, end_text_zero, "},
		"clock_off=soon":                     {"clock_off=soon: want seconds, or a duration like 90s, -5m"},
		"drift_rate=-1":                      {"drift_rate=-1: want a number from 0 to 1000"},
		"cap=24":                             {"cap=24: want a whole number from 25"},
		"status=200":                         {"status=200: want 0, or a status from 400"},
		"redirect=/here":                     {"redirect=/here: want a whole URL"},
		"rate_500=0.6&rate_503=0.6":          {"add up to 1.2: want at most 1"},
		"chats=1&chats=2":                    {"chats: given more than once"},
		"quiet_days=1&gap_days=2":            {"given more than once (also as gap_days)"},
		"chats=%zz":                          {"cannot be read as name=value"},
		"chats=x&order=up&days=0&fault_sed=": {"chats=x", "order=up", "days=0", "fault_sed=: no such switch; did you mean fault_seed?"},
	} {
		_, err := Parse(query)
		if err == nil {
			t.Errorf("%s: no error", query)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v\nlacks %q", query, err, w)
			}
		}
		if n := strings.Count(err.Error(), "\n") + 1; n != len(want) {
			t.Errorf("%s: %d problems, want %d: %v", query, n, len(want), err)
		}
	}
}

func TestEveryFieldIsASwitch(t *testing.T) {
	if n := countFields(reflect.TypeFor[Options]()); n != len(switches) {
		t.Errorf("%d fields, %d switches", n, len(switches))
	}
	seen := map[string]bool{}
	for _, s := range switches {
		if seen[s.name] || s.meaning == "" {
			t.Errorf("%s is there twice, or has no meaning", s.name)
		}
		seen[s.name] = true
		if !strings.Contains(Help(), "| `"+s.name+"`") {
			t.Errorf("%s is not in the table", s.name)
		}
	}
	if err := Default().check(); err != nil {
		t.Error(err)
	}
}

// countFields counts those of a struct, and of the structs in it.
func countFields(t reflect.Type) (n int) {
	for i := range t.NumField() {
		if f := t.Field(i).Type; f.Kind() == reflect.Struct && f != reflect.TypeFor[time.Time]() {
			n += countFields(f)
		} else {
			n++
		}
	}
	return n
}

func TestNewPanicsOnBadOptions(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New took the zero Options")
		}
	}()
	New(Options{})
}

func TestNoTestPackagesInTheBinary(t *testing.T) {
	files, err := filepath.Glob("*.go")
	made, err2 := filepath.Glob("account/*.go")
	if err != nil || err2 != nil || len(files) == 0 || len(made) == 0 {
		t.Fatal(err, err2, files, made)
	}
	for _, name := range append(files, made...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		banned := []string{`"testing"`, `"net/http/httptest"`, `"github.com/`}
		if strings.HasPrefix(name, "account") {
			banned = append(banned, `"net`, `"encoding`, `"tap-livechat/`)
		}
		for _, b := range banned {
			if strings.Contains(string(source), "\t"+b) {
				t.Errorf("%s imports %s", name, b)
			}
		}
	}
}
