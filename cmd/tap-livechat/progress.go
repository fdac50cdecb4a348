package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"tap-livechat/tap"
)

// progressEvery is the interval of progress lines in a log without a terminal.
const progressEvery = 30 * time.Second

// reporter shows the progress of a run: a bar on a terminal, else lines in the log.
type reporter struct {
	p       *process
	began   time.Time
	logged  time.Time
	bar     *progressbar.ProgressBar // nil: not on a terminal
	screen  *screen
	seconds int64
}

// report returns a function for tap.Options.Progress, and one to call after the run.
func (p *process) report() (show func(tap.Progress), done func()) {
	r := &reporter{p: p, began: time.Now(), logged: time.Now()}
	file, ok := p.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || p.screen == nil {
		return r.log, func() {}
	}
	r.screen = p.screen
	r.bar = progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(file), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(20), progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("chats"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetDescription("reading"))
	r.screen.show(r.bar)
	return r.draw, func() {
		r.screen.show(nil)
		_ = r.bar.Clear()
	}
}

// log writes a line every progressEvery.
func (r *reporter) log(now tap.Progress) {
	if time.Since(r.logged) < progressEvery {
		return
	}
	r.logged = time.Now()
	rate := float64(now.Done) / time.Since(r.began).Seconds()
	args := []any{"chats", now.Done, "of", expected(now), "chats_per_second", fmt.Sprintf("%.0f", rate), "requests", now.Requests, "us_dollars", price(now.Requests)}
	if left := now.Expected - now.Done; left > 0 && rate > 0 && !now.Capped {
		args = append(args, "left", (time.Duration(float64(left)/rate) * time.Second).String())
	}
	r.p.log.Info("reading", args...)
}

func (r *reporter) draw(now tap.Progress) {
	r.screen.mu.Lock()
	defer r.screen.mu.Unlock()
	if most := int64(max(now.Expected, now.Done)); now.Expected > 0 && r.bar.GetMax64() != most {
		r.bar.ChangeMax64(most)
	}
	if s := int64(time.Since(r.began).Seconds()); s != r.seconds {
		r.seconds = s
		r.bar.Describe(fmt.Sprintf("%d requests, $%s", now.Requests, price(now.Requests)))
	}
	_ = r.bar.Set(now.Done)
}

func expected(now tap.Progress) string {
	if now.Capped {
		return fmt.Sprintf("%d or more", now.Expected)
	}
	return fmt.Sprint(now.Expected)
}

func price(requests int) string { return fmt.Sprintf("%.2f", float64(requests)*pricePerRequest) }

// screen is the terminal that log and bar share. A line of the log replaces the bar,
// and the bar is drawn again below it.
type screen struct {
	mu  sync.Mutex
	w   io.Writer
	bar *progressbar.ProgressBar
}

func (s *screen) show(bar *progressbar.ProgressBar) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bar = bar
}

func (s *screen) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		_ = s.bar.Clear()
		defer func() { _ = s.bar.RenderBlank() }()
	}
	return s.w.Write(line)
}
