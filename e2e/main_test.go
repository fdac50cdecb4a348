//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tap-livechat/tap/sandbox"
)

// tapBinary is the tap, built once.
var tapBinary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tap-livechat-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tapBinary = filepath.Join(dir, "tap-livechat")
	build := exec.Command("go", "build", "-o", tapBinary, "../cmd/tap-livechat")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	build.Stderr = os.Stderr
	code := 1
	if build.Run() == nil {
		code = m.Run()
	}
	stopPostgres()
	os.RemoveAll(dir)
	os.Exit(code)
}

// without ends a test for which something is not installed here: it is skipped,
// in one line, but in CI that is a failure.
func without(t *testing.T, what string) {
	t.Helper()
	why := "SKIPPED " + t.Name() + ": there is no " + what + " here"
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a program to its end and returns what it printed.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", cmd, err, stderr.Bytes(), tail(out))
	}
	return string(out)
}

func tail(b []byte) []byte { return b[max(len(b)-2000, 0):] }

// urls are where the sandboxes of the tests are served.
var urls = make(map[*sandbox.Server]string)

// archive serves a sandbox and writes a config for it.
func archive(t *testing.T, switches string) (*sandbox.Server, string) {
	t.Helper()
	options, err := sandbox.Parse(switches)
	check(t, err)
	server := sandbox.New(options)
	url, stop, err := server.Listen("127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { stop() })
	urls[server] = url
	config := filepath.Join(t.TempDir(), "config.json")
	text, err := json.Marshal(map[string]any{"api_url": url, "entity_id": "e2e", "access_token": "e2e", "start_date": "2020-01-01"})
	check(t, err)
	check(t, os.WriteFile(config, text, 0o600))
	return server, config
}

// catalogOf is what discovery with these arguments says of some streams, all selected.
func catalogOf(t *testing.T, want func(stream string) bool, args ...string) (file string) {
	t.Helper()
	var found struct {
		Streams []map[string]any `json:"streams"`
	}
	check(t, json.Unmarshal([]byte(run(t, exec.Command(tapBinary, append(args, "--discover")...))), &found))
	found.Streams = slices.DeleteFunc(found.Streams, func(s map[string]any) bool { return !want(s["stream"].(string)) })
	for _, s := range found.Streams {
		s["metadata"] = append(s["metadata"].([]any), map[string]any{"breadcrumb": []string{}, "metadata": map[string]any{"selected": true}})
	}
	return writeJSON(t, map[string]any{"streams": found.Streams})
}

// rows is how many rows each table must have: the distinct keys of the truth.
func rows(server *sandbox.Server) map[string]int {
	n := make(map[string]int)
	for chat := range server.Truth() {
		if chat.Pending {
			continue
		}
		agents := make(map[string]bool)
		for _, a := range chat.Agents {
			agents[a] = true
		}
		n["chats"] += max(len(agents), 1)
		n["messages"] += chat.Messages
		n["events"] += chat.Events
	}
	return n
}

// apis are the settings of each API, and how many rows each table must have then.
var apis = []struct {
	version string
	rows    func(*testing.T, *sandbox.Server) map[string]int
}{
	{"2", func(_ *testing.T, server *sandbox.Server) map[string]int { return rows(server) }},
	{"3", rowsV3},
}

// rowsV3 asks API v3.6 itself, as simply as can be: it has events that v2 has not,
// and to it an agent without an e-mail address is a bot.
func rowsV3(t *testing.T, server *sandbox.Server) map[string]int {
	t.Helper()
	n := make(map[string]int)
	for ask := `{"filters": {}, "limit": 100}`; ask != ""; {
		request, err := http.NewRequest("POST", urls[server]+"/v3.6/agent/action/list_archives", strings.NewReader(ask))
		check(t, err)
		request.Header.Set("Authorization", "Bearer e2e")
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		check(t, err)
		var page struct {
			Chats []struct {
				Users  []struct{ ID, Type, Visibility string }
				Thread struct {
					Active  bool
					UserIDs []string `json:"user_ids"`
					Events  []struct{ Type string }
				}
			}
			Next string `json:"next_page_id"`
		}
		check(t, json.NewDecoder(answer.Body).Decode(&page))
		check(t, answer.Body.Close())
		for _, chat := range page.Chats {
			if chat.Thread.Active {
				continue
			}
			agents := 0
			for _, user := range chat.Users {
				if user.Type == "agent" && user.Visibility != "agents" && strings.Contains(user.ID, "@") && slices.Contains(chat.Thread.UserIDs, user.ID) {
					agents++
				}
			}
			n["chats"] += max(agents, 1)
			for _, event := range chat.Thread.Events {
				n["events"]++
				if event.Type == "message" || event.Type == "rich_message" {
					n["messages"]++
				}
			}
		}
		ask = ""
		if page.Next != "" {
			ask = fmt.Sprintf(`{"page_id": %q}`, page.Next)
		}
	}
	return n
}

// pipe runs tap | target and returns what the target printed, which is state.
func pipe(t *testing.T, target *exec.Cmd, args ...string) string {
	t.Helper()
	var states bytes.Buffer
	target.Stdout = &states
	if log, err := load(args, target); err != nil {
		t.Fatalf("%v\n%s", err, tail(log))
	}
	return states.String()
}

// load runs tap | target and returns what both have logged. The error is that
// of the first that failed, the target before the tap.
func load(args []string, target *exec.Cmd) ([]byte, error) {
	tap := exec.Command(tapBinary, args...)
	var log, targetLog bytes.Buffer
	tap.Stderr, target.Stderr = &log, &targetLog
	messages, err := tap.StdoutPipe()
	if err != nil {
		return nil, err
	}
	target.Stdin = messages
	if err := target.Start(); err != nil {
		return nil, err
	}
	if err := tap.Start(); err != nil {
		return nil, err
	}
	targetErr := target.Wait()
	messages.Close()
	tapErr := tap.Wait()
	if targetErr != nil {
		tapErr = targetErr
	}
	return append(log.Bytes(), targetLog.Bytes()...), tapErr
}

func lines(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	check(t, err)
	return bytes.Count(text, []byte("\n"))
}

func lastLine(text string) string {
	var last string
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		if s.Text() != "" {
			last = s.Text()
		}
	}
	return last
}
