package account

import (
	"slices"
	"strings"
)

// Stamp is a time as the chat shows it, right or wrong.
type Stamp struct {
	At      int64
	Missing bool
	Text    bool // as text, not as a number
}

// Contradiction is what a chat shows about its times that is not so. Where it
// is listed follows from the true ones.
type Contradiction int

const (
	NoContradiction Contradiction = iota
	EndZero
	EndTextZero
	EndMinusOne
	End1970
	EndBefore  // its start
	EndFuture  // days after now: more than clocks may differ by
	EndCentury // a hundred years away, or milliseconds
	EndMissing
	EndUnknown // as EndMissing, and the duration is missing, too
	StartMissing
	StartZero
	StartOtherDay // days before or after
	StartAfter    // its end
	contradictions
)

var contradictionNames = [contradictions]string{
	"", "end_zero", "end_text_zero", "end_minus_one", "end_1970", "end_before", "end_future", "end_century", "end_missing", "end_unknown",
	"start_missing", "start_zero", "start_other_day", "start_after",
}

func (k Contradiction) String() string { return contradictionNames[k] }

// OfEnd says whether it is the end that is wrong.
func (k Contradiction) OfEnd() bool { return k >= EndZero && k <= EndUnknown }

// Contradictions are the names of all.
func Contradictions() []string { return contradictionNames[1:] }

// contradict makes the times that the chat shows. They are its own, but for a
// share of the chats. The local dates tell the same, or are missing as well.
func (a *Account) contradict(c *Chat) {
	c.ShownStart, c.ShownEnd = Stamp{At: c.Start}, Stamp{At: c.End}
	if a.opt.Contradict == 0 || c.Missed {
		return
	}
	r := Mix(uint64(a.opt.ContradictSeed), 'k', uint64(c.No))
	hit, kind := r.Hit(a.opt.Contradict), Pick(&r, a.kinds)
	if !hit || kind.OfEnd() && c.Pending {
		return
	}
	c.Contradicts = kind
	end, start := &c.ShownEnd, &c.ShownStart
	switch kind {
	case EndZero:
		end.At = 0
	case EndTextZero:
		*end = Stamp{Text: true}
	case EndMinusOne:
		end.At = -1
	case End1970:
		end.At = 1 + int64(r.N(300*day))
	case EndBefore:
		end.At = c.Start - 1 - int64(r.N(60*day))
	case EndFuture:
		end.At = c.Now + 4*day + int64(r.N(30*day))
	case EndCentury:
		end.At = Pick(&r, []int64{c.End - 36525*day, c.End + 36525*day, c.End * 1000})
	case EndMissing:
		end.Missing = true
	case EndUnknown:
		end.Missing, c.NoDuration = true, true
	case StartMissing:
		start.Missing = true
	case StartZero:
		start.At = 0
	case StartOtherDay:
		if start.At = c.Start - 2*day - int64(r.N(40*day)); r.N(2) == 0 && c.End-c.Start > 4*day {
			start.At = c.Start + 2*day // and still before its end
		}
	case StartAfter:
		start.At = c.End + 1 + int64(r.N(10*day))
	}
	told := func(s Stamp, m *Moment) {
		m.Told = s.At
		m.Untold = s.Missing || s.Text || s.At > 1e11 || r.N(2) == 0
	}
	if kind.OfEnd() {
		told(*end, &c.Ended)
	} else {
		told(*start, &c.Started)
	}
}

// kindsOf reads names, separated by commas; none are all.
func kindsOf(names string) (all []Contradiction) {
	for k := EndZero; k < contradictions; k++ {
		if names == "" || slices.Contains(strings.Split(names, ","), k.String()) {
			all = append(all, k)
		}
	}
	return all
}
