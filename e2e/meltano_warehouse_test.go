//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tap-livechat/tap/sandbox"
)

// testWarehouses runs the example's other two loaders.
func (p *project) testWarehouses(t *testing.T) {
	const tables = "select count(*) from tap_livechat."
	load := func(loader string, environ ...string) {
		p.run(t, "install", "loader", loader)
		run(t, p.command([]string{"run", "--state-id-suffix", "warehouse", "tap-livechat", loader}, environ...))
	}
	enough := func(loader string, query func(sql string) []string) {
		for _, stream := range streams {
			if n := number(t, query(tables+stream)); n < 400 {
				t.Errorf("%s: %d rows of %s of the example's sandbox", loader, n, stream)
			}
		}
	}
	load("target-duckdb")
	enough("target-duckdb", duck(t, filepath.Join(p.dir, "output", "warehouse.duckdb")))

	pg := postgres(t, "warehouse")
	load("target-postgres", "TARGET_POSTGRES_HOST=127.0.0.1", fmt.Sprintf("TARGET_POSTGRES_PORT=%d", pg.Port), "TARGET_POSTGRES_USER=tap", "TARGET_POSTGRES_PASSWORD=none")
	enough("target-postgres", func(sql string) []string { return pg.query(t, "warehouse", sql) })
}

// testAllStreams loads all that there is into PostgreSQL, of API v3.6: again what
// is new, and without the tags that have been deleted meanwhile.
func (p *project) testAllStreams(t *testing.T) {
	p.run(t, "install", "loader", "target-postgres")
	pg := postgres(t, "everything")
	const switches = "chats=400&days=8&visitor=mixed&event_ids=some" // so many that somebody is banned, on any day
	first, _ := archive(t, switches)
	second, _ := archive(t, switches+"&tags_deleted=2")
	load := func(server *sandbox.Server, environ ...string) {
		t.Helper()
		run(t, p.command([]string{"run", "--state-id-suffix", "everything", "tap-livechat", "target-postgres"}, append(environ,
			"TAP_LIVECHAT_API_URL="+urls[server], "TAP_LIVECHAT_ACCESS_TOKEN=e2e", "TAP_LIVECHAT_API_VERSION=3",
			"TAP_LIVECHAT_REFERENCE_DATA=true", "TAP_LIVECHAT_REPORTS=true", "TAP_LIVECHAT_EMIT_ACTIVATE_VERSION_MESSAGES=true",
			"TAP_LIVECHAT_START_DATE="+time.Now().UTC().AddDate(0, 0, -10).Format(time.DateOnly), "TAP_LIVECHAT_REPORT_LOOKBACK_DAYS=2",
			"TARGET_POSTGRES_HOST=127.0.0.1", fmt.Sprintf("TARGET_POSTGRES_PORT=%d", pg.Port), "TARGET_POSTGRES_USER=tap", "TARGET_POSTGRES_PASSWORD=none", "TARGET_POSTGRES_DATABASE=everything")...))
	}
	query := func(sql string) []string { return pg.query(t, "everything", sql) }
	tags := func() []string {
		return query("select name from tap_livechat.tags where _sdc_deleted_at is null order by name collate \"C\"")
	}
	var found struct {
		Streams []struct {
			Stream string
			Keys   []string `json:"key_properties"`
		}
	}
	check(t, json.Unmarshal([]byte(run(t, exec.Command(tapBinary, "--discover"))), &found))

	load(first)
	all := tags()
	before := second.Count()
	load(second)
	onlyNew(t, second, before)
	if n := second.Count() - before; n > 50 {
		t.Errorf("a run with all streams and nothing new asked %d times", n)
	}
	var counts, wants []string
	for _, s := range found.Streams {
		counts = append(counts, fmt.Sprintf("select '%s ' || (count(*) > 0) || ' ' || count(*) - count(distinct (%s)) from tap_livechat.%s", s.Stream, strings.Join(s.Keys, ", "), s.Stream))
		wants = append(wants, s.Stream+" true 0")
	}
	same(t, wants, query(strings.Join(counts, " union all ")))
	got := make(map[string]int)
	for _, stream := range streams {
		got[stream] = number(t, query("select count(*) from tap_livechat."+stream))
	}
	same(t, rowsV3(t, second), got)

	left := tags()
	if len(left) != len(all)-2 {
		t.Errorf("of the tags %q two were deleted, and there are %q", all, left)
	}
	load(second, `TAP_LIVECHAT__SELECT=["tags.*"]`, "TARGET_POSTGRES_HARD_DELETE=true")
	same(t, left, query("select name from tap_livechat.tags order by name collate \"C\""))
}
