// Command bench measures the tap as a whole program.
//
// It builds the tap, serves an archive with the tap's own sandbox in a process
// of its own, and runs by turns a bare download of the archive's pages and the
// tap, with the same number of connections. Times are compared pair by pair, in
// one run on one machine, because the speed of machines drifts.
//
//	go run ./cmd/bench              # the table of the README
//	go run ./cmd/bench -plot FILE   # cost as the archive grows, as SVG
//	go run ./cmd/bench -way         # from the account to rows, with real targets; -plot as well
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	log.SetFlags(0)
	defer orderly()
	chats := flag.Int("chats", 10000, "chats in the archive")
	connections := flag.Int("connections", 8, "connections of the download and workers of the tap")
	pairs := flag.Int("pairs", 7, "measured pairs; one more warms up")
	plot := flag.String("plot", "", "measure archives of growing size and write the figures to this SVG `FILE`")
	way := flag.Bool("way", false, "measure from the account to rows in PostgreSQL and DuckDB; 5,000 chats and 3 pairs unless said")
	download := flag.String("download", "", "only download all pages from this `URL` (the bare download runs itself this way)")
	flag.Parse()
	if *download != "" {
		bareDownload(*download, *connections)
		return
	}
	b := newBench(*connections)
	defer b.close()
	fmt.Printf("%s %s/%s, %d processors, %d connections\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *connections)
	if *way {
		said := make(map[string]bool)
		flag.Visit(func(f *flag.Flag) { said[f.Name] = true })
		if !said["chats"] {
			*chats = 5000
		}
		if !said["pairs"] {
			*pairs = 3
		}
		b.way(*chats, *pairs, *plot)
		return
	}
	if *plot != "" {
		b.scale(*plot)
		return
	}
	b.speed(*chats, *pairs, "from the sandbox's cache", "&cache=true")
	b.speed(*chats, *pairs, "written by the sandbox as they are asked for", "")
	b.latency(*chats)
	b.slowTarget(4000)
	b.longTexts(4000)
	b.start()
}

// bench holds what all measurements share.
type bench struct {
	dir, tap, self string
	connections    int
}

func newBench(connections int) *bench {
	dir, err := os.MkdirTemp("", "tap-livechat-bench")
	check(err)
	b := &bench{dir: dir, tap: filepath.Join(dir, "tap-livechat"), connections: connections}
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.tap, "./cmd/tap-livechat")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	check(build.Run())
	b.self, err = os.Executable()
	check(err)
	return b
}

func (b *bench) close() { os.RemoveAll(b.dir) }

// sandbox serves an archive until stop is called.
func (b *bench) sandbox(switches string) (url string, stop func()) {
	cmd := exec.Command(b.tap, "sandbox", "--listen", "127.0.0.1:0", "--switches", switches)
	cmd.Env = append(os.Environ(), "GOMEMLIMIT=8GiB") // the tap's own limit is for the tap
	stderr, err := cmd.StderrPipe()
	check(err)
	check(cmd.Start())
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, after, ok := strings.Cut(lines.Text(), "api_url="); ok {
			go io.Copy(io.Discard, stderr)
			return after, func() { cmd.Process.Kill(); cmd.Wait() }
		}
	}
	fail("the sandbox did not start with %s", switches)
	return "", nil
}

// result is what one run of a program took.
type result struct {
	wall, cpu time.Duration
	tap       time.Duration // of cpu, where others are in it as well
	rss       int64         // peak resident set, bytes
	bytes     int64         // written to standard output
	requests  int
	code      int
}

// run runs a program to its end and throws its output away as it comes.
func (b *bench) run(name string, args ...string) result {
	return b.runInto(io.Discard, name, args...)
}

// runInto is run with a reader of its own pace.
func (b *bench) runInto(target io.Writer, name string, args ...string) result {
	cmd := exec.Command(name, args...)
	out, err := cmd.StdoutPipe()
	check(err)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	started := time.Now()
	check(cmd.Start())
	n, _ := io.CopyBuffer(struct{ io.Writer }{target}, struct{ io.Reader }{out}, make([]byte, 1<<20))
	err = cmd.Wait()
	r := result{wall: time.Since(started), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), rss: peak(cmd.ProcessState), bytes: n, code: cmd.ProcessState.ExitCode()}
	if err != nil {
		fail("%s: %w\n%s", name, err, stderr.String())
	}
	return r
}

// sync runs the tap over a whole archive.
func (b *bench) sync(url string, workers int) result {
	return b.syncInto(io.Discard, url, workers)
}

func (b *bench) syncInto(target io.Writer, url string, workers int) result {
	before := b.count(url)
	r := b.runInto(target, b.tap, "--config", b.config(url, workers))
	r.requests = b.count(url) - before
	return r
}

// config writes the tap's config.
func (b *bench) config(url string, workers int) (file string) {
	file = filepath.Join(b.dir, "config.json")
	text, err := json.Marshal(map[string]any{"api_url": url, "access_token": "bench", "start_date": "2010-01-01", "max_concurrent_requests": workers})
	check(err)
	check(os.WriteFile(file, text, 0o600))
	return file
}

func (b *bench) download(url string) result {
	before := b.count(url)
	r := b.run(b.self, "-download", url, "-connections", fmt.Sprint(b.connections))
	r.requests = b.count(url) - before
	return r
}

// count asks the sandbox how many requests it has answered.
func (b *bench) count(url string) int {
	resp, err := http.Get(url + "/_sandbox/requests")
	check(err)
	defer resp.Body.Close()
	var answer struct{ Count int }
	check(json.NewDecoder(resp.Body).Decode(&answer))
	return answer.Count
}

// bareDownload reads every page of an archive and does nothing with it but
// look at the first one's number of pages.
func bareDownload(url string, connections int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, ReadBufferSize: 64 << 10}}
	get := func(page int) []byte {
		req, err := http.NewRequest("GET", fmt.Sprintf("%s/chats?date_from=2010-01-01&timezone=UTC&include_pending=1&page=%d", url, page), nil)
		check(err)
		req.Header.Set("Authorization", "Bearer bench")
		req.Header.Set("X-API-Version", "2")
		resp, err := client.Do(req)
		check(err)
		defer resp.Body.Close()
		if page > 1 {
			_, err = io.Copy(io.Discard, resp.Body)
			check(err)
			return nil
		}
		body, err := io.ReadAll(resp.Body)
		check(err)
		return body
	}
	var first struct{ Pages int }
	check(json.Unmarshal(get(1), &first))
	var next atomic.Int64
	next.Store(1)
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for {
				page := int(next.Add(1))
				if page > first.Pages {
					return
				}
				get(page)
			}
		})
	}
	all.Wait()
}

// speed holds the tap against the bare download of the same pages.
func (b *bench) speed(chats, pairs int, pages, switches string) {
	url, stop := b.sandbox(fmt.Sprintf("chats=%d&days=90%s", chats, switches))
	defer stop()
	b.download(url) // fills the sandbox's cache
	b.sync(url, b.connections)
	var downloads, taps []result
	var ratios []float64
	for range pairs {
		d, t := b.download(url), b.sync(url, b.connections)
		downloads, taps = append(downloads, d), append(taps, t)
		ratios = append(ratios, t.wall.Seconds()/d.wall.Seconds())
	}
	d, t := median(downloads), median(taps)
	slices.Sort(ratios)
	fmt.Printf("%d chats, three streams, pages %s, medians of %d pairs\n", chats, pages, pairs)
	fmt.Printf("  bare download  %6.3f s wall  %6.3f s processor  %5.1f MiB  %5d requests\n", d.wall.Seconds(), d.cpu.Seconds(), mib(d.rss), d.requests)
	fmt.Printf("  tap            %6.3f s wall  %6.3f s processor  %5.1f MiB  %5d requests  %.1f MB written\n", t.wall.Seconds(), t.cpu.Seconds(), mib(t.rss), t.requests, float64(t.bytes)/1e6)
	fmt.Printf("  ratio of walls %6.2f (%.2f to %.2f)\n\n", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
}

// latency shows how well the workers are kept busy.
func (b *bench) latency(chats int) {
	url, stop := b.sandbox(fmt.Sprintf("chats=%d&days=90&latency=100ms&cache=true", chats))
	defer stop()
	d, t := b.download(url), b.sync(url, b.connections)
	ideal := float64(t.requests) / float64(b.connections) * 0.1
	fmt.Printf("%d chats, 100 ms an answer, %d workers\n", chats, b.connections)
	fmt.Printf("  bare download  %6.3f s wall\n", d.wall.Seconds())
	fmt.Printf("  tap            %6.3f s wall  %d requests; requests / workers × 100 ms is %.2f s: ratio %.2f\n\n", t.wall.Seconds(), t.requests, ideal, t.wall.Seconds()/ideal)
}

// slowTarget shows what is held in memory while the target does not keep up.
func (b *bench) slowTarget(chats int) {
	url, stop := b.sandbox(fmt.Sprintf("chats=%d&days=90&cache=true", chats))
	defer stop()
	const bytesPerSecond = 8e6
	t := b.syncInto(slowly(bytesPerSecond), url, b.connections)
	fmt.Printf("%d chats, a target that reads %.0f MB a second, %d workers\n  tap            %6.2f s wall  %5.1f MiB\n\n", chats, bytesPerSecond/1e6, b.connections, t.wall.Seconds(), mib(t.rss))
}

// longTexts shows what is held in memory when pages are fifteen times as long.
func (b *bench) longTexts(chats int) {
	url, stop := b.sandbox(fmt.Sprintf("chats=%d&days=90&hostile=0.2", chats))
	defer stop()
	t := b.sync(url, b.connections)
	fmt.Printf("%d chats, one in five with very long texts, %d workers\n  tap            %6.2f s wall  %5.1f MiB  %5.1f MB written\n\n", chats, b.connections, t.wall.Seconds(), mib(t.rss), float64(t.bytes)/1e6)
}

// slowly takes so many bytes a second.
type slowly float64

func (s slowly) Write(b []byte) (int, error) {
	time.Sleep(time.Duration(float64(len(b)) / float64(s) * float64(time.Second)))
	return len(b), nil
}

// start measures what costs nothing but the start of the process.
func (b *bench) start() {
	for _, mode := range []string{"--version", "--discover"} {
		var all []result
		for range 21 {
			all = append(all, b.run(b.tap, mode))
		}
		fmt.Printf("%-11s %5.1f ms\n", mode, median(all).wall.Seconds()*1000)
	}
	info, err := os.Stat(b.tap)
	check(err)
	fmt.Printf("binary      %5.1f MB stripped\n", float64(info.Size())/1e6)
}

func median(all []result) result {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b result) int { return int(a.wall - b.wall) })
	m := sorted[len(sorted)/2]
	for _, r := range all {
		m.rss = max(m.rss, r.rss) // of memory the worst counts
	}
	return m
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// failure ends the program, after all that it has started.
type failure struct{ error }

func check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

func fail(format string, args ...any) { check(fmt.Errorf(format, args...)) }

// orderly says of a failure what it is, and no more.
func orderly() {
	switch r := recover().(type) {
	case nil:
	case failure:
		log.Fatal(r.error)
	default:
		panic(r)
	}
}
