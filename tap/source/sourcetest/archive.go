// Package sourcetest holds what must be so of every [source.Archive], whichever
// API it reads. Only tests import it.
package sourcetest

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tap-livechat/tap/sandbox"
	"tap-livechat/tap/sandbox/mount"
	"tap-livechat/tap/source"
)

// Open makes an archive that asks through a transport, with four workers.
type Open func(transport http.RoundTripper, renderer source.Renderer) source.Archive

// now is when the archives are read.
var now = time.Date(2026, 3, 10, 15, 4, 5, 0, time.UTC)

// suite is one archive under test.
type suite struct {
	*testing.T
	server *sandbox.Server
	open   Open
	source.Archive
}

// newSuite is an archive over a sandbox.
func newSuite(t *testing.T, switches string, open Open) suite {
	o, err := sandbox.Parse(switches)
	if err != nil {
		t.Fatal(err)
	}
	o.Now = now
	server := sandbox.New(o)
	return suite{t, server, open, open(mount.Mounted{Handler: server}, lines{})}
}

// Archive runs the contract of source.Archive.
func Archive(t *testing.T, open Open) {
	for name, test := range map[string]func(suite){
		"read": suite.read, "sample": suite.sample, "chats": suite.chats, "breaks": suite.breaks, "cancelled": suite.cancelled, "refused": suite.refused,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, switches := range []string{"&order=none&rate_503=0.1&rate_cut=0.05", "", "&dates=end"} {
				if Race && i > 0 {
					break
				}
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(time.Until(now))
					test(newSuite(t, "chats=600&days=30&pending=6&long_chats=0.05"+switches, open))
				})
			}
		})
	}
}

// lines renders a chat as a line with its id.
type lines struct{}

func (lines) Chat(dst []byte, c *source.Chat) []byte {
	if c.Doc.Get("id").Text() != c.ID {
		c.Out.Err = errors.New("the document is not the chat's")
	}
	c.Out.Parts = []source.Part{{Stream: "chats", End: len(c.ID) + 1, Count: 1}}
	return append(append(dst, c.ID...), '\n')
}

func (lines) Row(dst []byte, _ *source.Row) []byte { return dst }

func (s suite) from() time.Time {
	return now.AddDate(0, 0, -12).Truncate(24 * time.Hour).Add(9 * time.Hour)
}

func (s suite) rg() source.Range {
	return source.Range{From: s.from(), To: now, Now: now, Open: true}
}

// wanted are the chats that began and ended in the range, as they are in truth.
func (s suite) wanted() (ids []string) {
	for c := range s.server.Truth() {
		if !c.Pending && !c.Ended.Before(s.from()) && !c.Started.Before(s.from()) {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) < 50 {
		s.Fatalf("%d chats tell little", len(ids))
	}
	return ids
}

// check holds a chat against what a chat has to be.
func (s suite) check(c *source.Chat) {
	s.Helper()
	if c.ID == "" || c.Out.Err != nil || string(c.Out.Text) != c.ID+"\n" || len(c.Out.Parts) != 1 {
		s.Errorf("chat %q has the records %q, %v", c.ID, c.Out.Text, c.Out.Err)
	}
	if c.Pending != c.Ended.IsZero() && c.Pending || c.Ended.Before(c.Started) && !c.Ended.IsZero() || c.Received.IsZero() {
		s.Errorf("chat %s: from %s to %s, pending %v, received %s", c.ID, c.Started, c.Ended, c.Pending, c.Received)
	}
	for _, at := range []time.Time{c.Started, c.Ended, c.Received} {
		if at.Location() != time.UTC && !at.IsZero() {
			s.Errorf("chat %s has a time in %s", c.ID, at.Location())
		}
	}
}

// everything reads a range and holds the order of the steps against the contract.
func (s suite) everything(rg source.Range) (chats map[string]bool, pending int) {
	s.Helper()
	chats = make(map[string]bool)
	var windows []source.Window
	plans := 0
	for step, err := range s.Read(context.Background(), rg) {
		if err != nil {
			s.Fatal(err)
		}
		set := 0
		if step.Plan != nil {
			set++
			if plans++; plans > 1 || len(chats) > 0 {
				s.Error("the plan is not what comes first, once")
			}
			if step.Plan.Chats == 0 || step.Plan.Requests == 0 {
				s.Errorf("the plan is %+v", *step.Plan)
			}
		}
		if step.Chat != nil {
			set++
			s.check(step.Chat)
			if !step.Chat.From.Before(step.Chat.To) {
				s.Errorf("chat %s was listed for [%s, %s)", step.Chat.ID, step.Chat.From, step.Chat.To)
			}
			if !chats[step.Chat.ID] && step.Chat.Pending {
				pending++
			}
			chats[step.Chat.ID] = true
		}
		if step.Window != nil {
			set++
			windows = append(windows, *step.Window)
			if !step.Window.Complete || !step.Window.From.Before(step.Window.To) {
				s.Errorf("the window is %+v", *step.Window)
			}
		}
		if set != 1 {
			s.Fatalf("a step with %d parts", set)
		}
	}
	if plans != 1 {
		s.Errorf("%d plans", plans)
	}
	slices.SortFunc(windows, func(a, b source.Window) int { return a.From.Compare(b.From) })
	to := rg.From
	for _, w := range windows {
		if w.From.After(to) {
			s.Errorf("nothing covers [%s, %s)", to, w.From)
		}
		if w.To.After(to) {
			to = w.To
		}
	}
	if to.Before(rg.To) {
		s.Errorf("the windows end at %s, before %s", to, rg.To)
	}
	return chats, pending
}

// read: every chat that began and ended in the range comes.
func (s suite) read() {
	chats, pending := s.everything(s.rg())
	for _, id := range s.wanted() {
		if !chats[id] {
			s.Errorf("chat %s did not come", id)
		}
	}
	if pending == 0 {
		s.Error("no chat that has not ended came")
	}
}

// sample: a few requests for a first chat.
func (s suite) sample() {
	chats := 0
	rg := s.rg()
	rg.From = rg.From.AddDate(-10, 0, 0)
	for step, err := range s.Sample(context.Background(), rg) {
		if err != nil {
			s.Fatal(err)
		}
		if step.Plan == nil && step.Chat == nil || step.Plan != nil && chats > 0 {
			s.Errorf("a sample yields %+v", step)
		}
		if step.Chat != nil {
			s.check(step.Chat)
			if chats++; chats == 20 {
				break
			}
		}
	}
	if chats < 20 || s.server.Count() > 12 {
		s.Errorf("%d chats for %d requests", chats, s.server.Count())
	}
}

// chats: those that are known come, ended or not, and no other.
func (s suite) chats() {
	want := make(map[string]bool) // pending?
	for c := range s.server.Truth() {
		if c.Pending || len(want) < 45 {
			want[c.ID] = c.Pending
		}
	}
	ids := []string{"NOSUCHCHAT"}
	for id := range want {
		ids = append(ids, id)
	}
	for c, err := range s.Chats(context.Background(), ids) {
		if err != nil {
			s.Fatal(err)
		}
		s.check(c)
		if pending, known := want[c.ID]; !known || pending != c.Pending {
			s.Errorf("chat %s came, pending %v", c.ID, c.Pending)
		}
		delete(want, c.ID)
	}
	if len(want) > 0 {
		s.Errorf("%d chats did not come", len(want))
	}
	for range s.Chats(context.Background(), nil) {
		s.Error("something came for nothing")
	}
}

// breaks: the caller may stop at any step; every goroutine ends (or the bubble says so).
func (s suite) breaks() {
	for most := range 40 {
		n := 0
		for range s.Read(context.Background(), s.rg()) {
			if n++; n > 15*most {
				break
			}
		}
	}
}

// cancelled: the cause of the context's end is the error, and nothing follows.
func (s suite) cancelled() {
	why := errors.New("that is enough")
	for most := range 20 {
		ctx, cancel := context.WithCancelCause(context.Background())
		n, ended := 0, false
		for _, err := range s.Read(ctx, s.rg()) {
			if ended {
				s.Fatal("something follows the error")
			}
			if n++; n == 1+20*most {
				cancel(why)
			}
			if err != nil {
				ended = true
				if !errors.Is(err, why) {
					s.Errorf("the error is %v", err)
				}
			}
		}
		cancel(nil)
	}
}

// refused: an error that is final comes once, without anything before it.
func (s suite) refused() {
	refusing := newSuite(s.T, "chats=50&status=403", s.open)
	for name, read := range map[string]iter.Seq2[source.Step, error]{
		"Read": refusing.Read(context.Background(), s.rg()), "Sample": refusing.Sample(context.Background(), s.rg()),
	} {
		steps := 0
		for step, err := range read {
			if steps++; err == nil || step != (source.Step{}) {
				s.Errorf("%s: %+v, %v", name, step, err)
			}
		}
		if steps != 1 {
			s.Errorf("%s: %d steps", name, steps)
		}
	}
	for c, err := range refusing.Chats(context.Background(), []string{"A"}) {
		if c != nil || err == nil {
			s.Errorf("Chats: %v, %v", c, err)
		}
	}
}
