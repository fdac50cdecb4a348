package checkpoint

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap/source"
	"tap-livechat/tap/state"
)

var (
	histories  = flag.Int("histories", 100_000, "how many random histories TestRandomHistories runs")
	showStates = flag.Bool("states", false, "show the states of a history that fails")
	firstSeed  = flag.Uint64("seed", 0, "its first seed")
)

// TestRandomHistories runs random histories of runs against a model that knows which chats
// exist. A history fails if a chat is lost, or if a state claims what was not read.
func TestRandomHistories(t *testing.T) {
	n := uint64(*histories)
	var next, failed atomic.Uint64
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for seed := next.Add(1); seed <= n && failed.Load() < 3; seed = next.Add(1) {
				if h := play(*firstSeed + seed); len(h.faults) > 0 {
					failed.Add(1)
					t.Errorf("history %d:\n%s", *firstSeed+seed, strings.Join(h.faults, "\n"))
					for _, what := range h.story {
						t.Log(what)
					}
				}
			}
		})
	}
	wait.Wait()
}

const hours = 3600

// at is a time of the model, in seconds from a midnight.
func at(seconds int64) time.Time { return time.Unix(20_000*24*hours+seconds, 0).UTC() }

func seconds(t time.Time) int64 { return t.Unix() - 20_000*24*hours }

// chat is one chat of the model.
type chat struct {
	id         string
	start, end int64
	shown      int64 // from when on it is listed, as an open chat
	indexed    int64 // from when on it is listed as an ended one
	said       int64 // the start that it states
	hidden     bool  // between its end and indexed it is not found by its id
}

// history is an archive and what happens to it.
type history struct {
	r         *rand.Rand
	chats     []chat
	byID      map[string]*chat
	byEnd     bool // LiveChat lists ended chats by their end, not by their start
	openToday bool // and, if so, open ones for today
	window    int64
	story     []any // the settings of runs, and texts
	faults    []string

	incomplete  int  // windows
	broughtBack bool // a bookmark was in the future

	delivered map[string]map[string]bool // by stream: ended chats that a target has
	waiting   map[string]map[string]bool // by stream: open chats that a STATE has observed of
}

// settings are what a user sets for one run.
type settings struct {
	now, start, end int64 // end 0: none
	lookback        int64
	pending         bool
	streams         []string
	ahead           int64 // how far LiveChat's clock is ahead
	active          bool  // LiveChat serves the list of active chats
	quiet           bool  // nothing moves while it is read
	cut             int   // the run is cut off after so many offers; 0: it is not
	signal          bool  // and writes a last STATE
}

func (o settings) String() string {
	return fmt.Sprintf("now %s start %s end %s lookback %dh %v ahead %d pending %t quiet %t cut %d signal %t",
		at(o.now).Format(time.RFC3339), at(o.start).Format(time.RFC3339), at(o.end).Format(time.RFC3339), o.lookback/hours, o.streams, o.ahead, o.pending, o.quiet, o.cut, o.signal)
}

var both = []string{"chats", "messages"}

var selected = func() map[string]catalog.Selected {
	all := make(map[string]catalog.Selected)
	for _, s := range catalog.Default(catalog.V2).Streams {
		all[s.Name] = s
	}
	return all
}()

func (h *history) faultf(format string, args ...any) {
	h.faults = append(h.faults, fmt.Sprintf(format, args...))
}

func newHistory(seed uint64) *history {
	r := rand.New(rand.NewPCG(seed, 1))
	h := &history{r: r, byID: make(map[string]*chat), delivered: make(map[string]map[string]bool), waiting: make(map[string]map[string]bool)}
	for _, s := range both {
		h.delivered[s], h.waiting[s] = make(map[string]bool), make(map[string]bool)
	}
	h.byEnd, h.openToday = r.IntN(3) == 0, r.IntN(2) == 0
	h.window = []int64{2, 5, 20}[r.IntN(3)] * 24 * hours
	return h
}

// fill makes the chats of so many days.
func (h *history) fill(days int64) {
	r := h.r
	for i := range []int{8, 20}[r.IntN(2)] {
		c := chat{id: strconv.Itoa(i), start: r.Int64N(days * 24 * hours)}
		length := 60 + r.Int64N(3*hours)
		switch n := r.IntN(20); {
		case n < 2:
			length = (2 + r.Int64N(10)) * 24 * hours
		case n < 5:
			length = 3*hours + r.Int64N(45*hours)
		}
		c.end = c.start + length
		c.shown, c.indexed, c.said = c.start, c.end, c.start
		if r.IntN(10) == 0 {
			c.shown += r.Int64N(6 * hours)
		}
		if r.IntN(6) == 0 {
			c.indexed += r.Int64N(6 * hours)
			c.hidden = r.IntN(3) > 0
		}
		if r.IntN(20) == 0 { // it states a start that is wrong
			c.said += r.Int64N(20*24*hours) - 10*24*hours
		}
		h.chats = append(h.chats, c)
	}
	for i := range h.chats {
		h.byID[h.chats[i].id] = &h.chats[i]
	}
}

// listed is the time that LiveChat lists a chat for, and whether as an ended one.
func (h *history) listed(c *chat, now int64) (under int64, ended, ok bool) {
	switch {
	case now >= c.indexed && h.byEnd:
		return c.end, true, true
	case now >= c.indexed:
		return c.start, true, true
	case now < c.shown:
		return 0, false, false
	case h.byEnd && h.openToday:
		return now, false, true
	}
	return c.start, false, true
}

// offer is a chat as a reader yields it.
func (c *chat) offer(ended bool, from, to time.Time) *source.Chat {
	s := &source.Chat{ID: c.id, Started: at(c.said), Pending: !ended, From: from, To: to}
	if ended {
		s.Ended = at(c.end)
	}
	return s
}

// run makes one run. It returns the last STATE that was written, from if there is none.
func (h *history) run(from state.State, o settings) (last state.State) {
	h.story = append(h.story, o)
	defer func() {
		if *showStates {
			text, _ := json.Marshal(last)
			h.story = append(h.story, "	"+string(text))
		}
	}()
	var streams []catalog.Selected
	for _, s := range o.streams {
		streams = append(streams, selected[s])
	}
	options := Options{Now: at(o.now), StartDate: at(o.start), Lookback: time.Duration(o.lookback) * time.Second, IncludePending: o.pending, API: "2"}
	if o.end != 0 {
		options.EndDate = at(o.end)
	}
	t, err := New(options, streams, from)
	if err != nil {
		h.faultf("%v", err)
		return from
	}
	for _, s := range t.Streams {
		if b := from.Bookmarks[s.Name]; b.ReadFrom.After(at(o.start)) && s.UnreadTo.IsZero() && !s.begins.After(b.ReadTo) && s.FromFuture.IsZero() && s.begins.After(at(o.start)) {
			h.faultf("nothing says that %s to %s is not read", at(o.start), b.ReadFrom)
		}
	}
	now := o.now + o.ahead // of LiveChat
	last = from
	written, observed := make(map[string][]string), make(map[string][]string) // since the last STATE
	flush := func() {
		last = t.State(from)
		for _, s := range t.Streams {
			for _, id := range written[s.Name] {
				h.delivered[s.Name][id] = true
			}
			was, b := from.Bookmarks[s.Name], last.Bookmarks[s.Name]
			for _, id := range observed[s.Name] {
				h.waiting[s.Name][id] = h.waiting[s.Name][id] || b.OpenKnown
			}
			if b.At.Before(was.At) && s.FromFuture.IsZero() {
				h.faultf("the bookmark of %s goes back from %s to %s", s.Name, was.At, b.At)
			}
			if b.ReadTo.Before(b.ReadFrom) || b.ReadTo.After(at(max(o.now, 0))) && b.ReadTo.After(was.ReadTo) && b.ReadTo.After(s.begins) {
				h.faultf("%s has read %s to %s at %s", s.Name, b.ReadFrom, b.ReadTo, at(o.now))
			}
		}
		clear(written)
		clear(observed)
	}
	offers := 0
	give := func(c *chat, ended bool, from, to time.Time) (cut bool) {
		if offers++; o.cut > 0 && offers == o.cut {
			return true
		}
		offered := c.offer(ended, from, to)
		for _, s := range t.Streams {
			switch verdict := t.Offer(s, offered); {
			case verdict == Before:
			case !ended:
				if (verdict == Deliver) != o.pending {
					h.faultf("include_pending %t, and the verdict on an open chat is %d", o.pending, verdict)
				}
				observed[s.Name] = append(observed[s.Name], c.id)
			default:
				written[s.Name] = append(written[s.Name], c.id)
			}
		}
		return false
	}
	stop := func() state.State {
		if o.signal {
			flush()
		}
		return last
	}

	t.ClockAhead(time.Duration(o.ahead) * time.Second)
	if t.Lost() && o.active {
		for i := range h.chats {
			if c := &h.chats[i]; c.start <= now && now < c.end {
				t.Active(c.id, at(c.start))
			}
		}
	}
	var windows []span
	for _, rg := range t.Ranges() {
		windows = append(windows, h.windows(rg, o)...)
	}
	for _, w := range windows {
		for i := range h.chats {
			c := &h.chats[i]
			under, ended, ok := h.listed(c, now)
			if !ok || under < w.from || under >= w.to && !w.newest || w.slips > 0 && h.r.IntN(100) < w.slips {
				continue
			}
			if give(c, ended, at(w.from), at(w.to)) {
				return stop()
			}
		}
		if w.complete {
			t.Complete(source.Window{From: at(w.from), To: at(w.to), Complete: true, Moving: w.moving})
		}
		if h.r.IntN(3) == 0 {
			flush()
		}
	}
	var missing []string
	for _, id := range t.Due() {
		c := h.byID[id]
		switch {
		case now >= c.indexed || now < c.end:
			if give(c, now >= c.indexed, time.Time{}, time.Time{}) {
				return stop()
			}
		case c.hidden:
			missing = append(missing, id)
		default:
			if give(c, false, time.Time{}, time.Time{}) {
				return stop()
			}
		}
	}
	if dropped := t.NotFound(missing); len(dropped) > 0 {
		h.faultf("%v are dropped", dropped)
	}
	flush()
	return last
}

// span is a window of the model.
type span struct {
	from, to                 int64
	newest, complete, moving bool
	slips                    int // of 100 chats so many slip past the reader
}

// windows cuts a range as a reader does, in the order in which it reads.
func (h *history) windows(rg source.Range, o settings) (all []span) {
	from, to := seconds(rg.From), seconds(rg.To)
	if !rg.Open && h.byEnd { // as v2 does
		to = (to + 24*hours - 1) / (24 * hours) * 24 * hours
	}
	young := seconds(midnight(at(o.now - 6*hours)))
	for from < to {
		end := min(from+h.window, to)
		if from < young && young < end {
			end = young
		}
		w := span{from: from, to: end, complete: true}
		switch {
		case o.quiet:
		case from >= young && h.r.IntN(3) == 0:
			w.moving, w.slips = true, 20
			h.incomplete++
		case h.r.IntN(20) == 0:
			w.complete, w.slips = false, 30
			h.incomplete++
		}
		all = append(all, w)
		from = end
	}
	if len(all) > 0 {
		all[len(all)-1].newest = rg.Open
	}
	if h.r.IntN(2) == 0 { // side by side
		for i := 1; i < len(all); i++ {
			if h.r.IntN(3) == 0 {
				all[i-1], all[i] = all[i], all[i-1]
			}
		}
	}
	return all
}

// again writes a state and reads it.
func (h *history) again(s state.State) state.State {
	text, err := json.Marshal(s)
	if err == nil {
		s, _, err = state.Read(strings.NewReader(string(text)))
	}
	if err != nil {
		h.faultf("%s: %v", text, err)
	}
	return s
}

// play makes the history of a seed and holds its end against the model.
func play(seed uint64) *history {
	h := newHistory(seed)
	r := h.r
	days := []int64{5, 20, 60}[r.IntN(3)]
	h.fill(days)
	first := int64(0)
	if r.IntN(2) == 0 {
		first = r.Int64N(days * 24 * hours / 2)
	}
	o := settings{start: first, now: first + 1 + r.Int64N(days*24*hours-first), streams: both, active: r.IntN(2) == 0}
	o.lookback = []int64{0, 1, 3}[r.IntN(3)] * 24 * hours
	if r.IntN(3) == 0 {
		o.streams = both[:1]
	}
	var s state.State
	whole := true // the span of the last state begins before first
	switch n := r.IntN(10); {
	case n < 4:
		s, o = h.backfill(o, days)
	case n == 4: // start_date and end_date roll from day to day, with one state
		o.streams = both
		for range 3 + r.IntN(5) {
			p := o
			p.now, p.end, p.quiet = max(o.now, o.start+24*hours)+r.Int64N(9*hours), o.start+24*hours, true
			s = h.run(s, p)
			o.start += 24 * hours
			o.now = p.now
		}
	}
	for range 2 + r.IntN(6) {
		p := o
		p.cut, p.signal = 0, r.IntN(2) == 0
		if r.IntN(3) == 0 {
			p.cut = 1 + r.IntN(40)
		}
		p.pending = r.IntN(3) == 0
		if r.IntN(4) == 0 {
			p.ahead = r.Int64N(1200) - 600
		}
		if r.IntN(4) == 0 {
			p.lookback = []int64{0, 1, 3}[r.IntN(3)] * 24 * hours
		}
		switch r.IntN(24) {
		case 0: // the state of another tap, or a damaged one
			s = h.forget(s)
		case 1:
			p.end = p.start + r.Int64N(days*24*hours) + 1
		case 2: // start_date is moved past the bookmark, and maybe back
			p.start = p.now - r.Int64N(3*24*hours)
			whole = false
		case 3:
			s = h.future(s, p.now)
			whole = false
		case 4:
			s = h.again(s)
		case 5:
			p.streams = both[1:]
		}
		s = h.run(s, p)
		if r.IntN(3) == 0 {
			o.streams = both
		}
		o.now += []int64{60, 60, hours, 5 * hours, 24 * hours, 7 * 24 * hours}[r.IntN(6)]
	}
	o.now, o.streams, o.quiet = max(o.now, (days+20)*24*hours), both, true
	for range 2 {
		s = h.run(s, o)
		o.now += 24 * hours
	}
	h.check(s, first, whole)
	return h
}

// backfill reads parts, each for itself, until their states can be put together.
func (h *history) backfill(o settings, days int64) (state.State, settings) {
	r := h.r
	bounds := []int64{o.start, o.start/(24*hours)*24*hours + (1+r.Int64N(days))*24*hours - r.Int64N(2)*r.Int64N(24*hours), 0}
	bounds[1] = max(bounds[1], o.start+1)
	bounds[2] = bounds[1] + r.Int64N(days*24*hours) + 1
	if r.IntN(2) == 0 { // a part is run about the time when it ends
		o.now = max(o.now, bounds[1+r.IntN(2)]+r.Int64N(12*hours)-6*hours)
	}
	parts, done := make([]state.Named, 3), make([]bool, 3)
	o.streams = both
	for k := range parts {
		parts[k].Name = strconv.Itoa(k)
	}
	for try := 0; ; try++ {
		for k := range parts {
			if try > 0 && r.IntN(2) == 0 {
				continue
			}
			p := o
			p.start, p.quiet = bounds[k], r.IntN(4) > 0
			if k < 2 {
				p.end = bounds[k+1]
			}
			if r.IntN(3) == 0 {
				p.cut, p.signal = 1+r.IntN(30), r.IntN(2) == 0
			}
			if try > 0 && r.IntN(6) == 0 { // finished with fewer streams
				p.streams = both[:1]
			}
			if try > 0 && r.IntN(10) == 0 { // run again with an earlier start_date, and its own state
				p.start = max(o.start, p.start-r.Int64N(5*24*hours))
			}
			if r.IntN(20) == 0 {
				parts[k].State = h.forget(parts[k].State)
			}
			if p.start <= p.now {
				runs := h.incomplete
				parts[k].State = h.run(parts[k].State, p)
				done[k] = p.cut == 0 && h.incomplete == runs && p.end <= p.now && len(p.streams) == 2
			}
			o.now += []int64{60, hours, 24 * hours}[r.IntN(3)]
		}
		if merged, err := state.Merge(parts); err == nil {
			h.story = append(h.story, "merged")
			return merged, o
		} else if !slices.Contains(done, false) {
			h.faultf("all parts are done: %v", err)
			return parts[0].State, o
		}
		o.now += r.Int64N(10 * 24 * hours)
	}
}

// forget takes from a state what other versions do not write.
func (h *history) forget(s state.State) state.State {
	h.story = append(h.story, "the state forgets")
	// A bookmark that was brought back claims more than was read; only its span does not.
	spans := h.r.IntN(2) == 0 && !h.broughtBack
	for _, stream := range both {
		if b, ok := s.Bookmarks[stream]; ok {
			b.OpenKnown, b.Open = false, nil
			if spans && b.ReadFrom.Before(b.At) {
				b.ReadTo = time.Time{}
			}
			s = s.With(stream, b)
			clear(h.waiting[stream])
		}
	}
	return s
}

// future puts a bookmark into the future.
func (h *history) future(s state.State, now int64) state.State {
	h.story = append(h.story, "a bookmark is in the future")
	h.broughtBack = true
	if b, ok := s.Bookmarks["chats"]; ok {
		b.At = at(now + 400*24*hours)
		s = s.With("chats", b)
		clear(h.waiting["chats"])
	}
	return s
}

// check holds the last state against the model: what its span covers, and what was
// seen open, has been delivered.
func (h *history) check(s state.State, first int64, whole bool) {
	for _, stream := range both {
		b := s.Bookmarks[stream]
		if whole && b.ReadFrom.After(at(first)) {
			h.faultf("%s was read from %s on, not from %s", stream, b.ReadFrom, at(first))
		}
		var lost []chat
		for i := range h.chats {
			c := &h.chats[i]
			under, _, _ := h.listed(c, 1<<40)
			covered := !at(under).Before(b.ReadFrom) && at(under).Before(b.ReadTo)
			if (covered || h.waiting[stream][c.id]) && !h.delivered[stream][c.id] {
				lost = append(lost, *c)
			}
		}
		slices.SortFunc(lost, func(a, b chat) int { return cmp.Compare(a.start, b.start) })
		for _, c := range lost[:min(len(lost), 3)] {
			h.faultf("%d of %s are lost: %s from %s to %s, shown %s, indexed %s", len(lost), stream, c.id, at(c.start), at(c.end), at(c.shown), at(c.indexed))
		}
	}
}
