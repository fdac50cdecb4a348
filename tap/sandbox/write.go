package sandbox

import (
	"strconv"
	"time"
	"unicode/utf8"

	"tap-livechat/tap/sandbox/account"
)

// writer appends JSON by hand: an archive of 400,000 chats is 2.4 GB, and a
// sandbox that is slower than its client measures only itself.
type writer struct {
	b      []byte
	c      *account.Chat // what is written; nil for what is no chat
	made   account.Chat  // room for one
	common []extent      // of messages, what events have as well
}

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

// open begins an object or array; comma comes before it where one is due.
func (w *writer) open(bracket byte) {
	w.comma()
	w.b = append(w.b, bracket)
}

func (w *writer) shut(bracket byte) { w.b = append(w.b, bracket) }

func (w *writer) comma() {
	if n := len(w.b); n > 0 {
		switch w.b[n-1] {
		case '{', '[', ':', ',':
		default:
			w.b = append(w.b, ',')
		}
	}
}

func (w *writer) key(k string) {
	w.comma()
	w.b = append(w.b, '"')
	w.b = append(w.b, k...)
	w.b = append(w.b, '"', ':')
}

// str writes a string that needs no escaping.
func (w *writer) str(k, v string) {
	w.key(k)
	w.b = append(w.b, '"')
	w.b = append(w.b, v...)
	w.b = append(w.b, '"')
}

// text writes any string.
func (w *writer) text(k, v string) {
	w.key(k)
	w.b = append(w.b, '"')
	w.escape(v)
	w.b = append(w.b, '"')
}

func (w *writer) num(k string, v int64) {
	w.key(k)
	w.item(v)
}

// list writes an array.
func (w *writer) list(k string, n int, write func(k int)) {
	w.key(k)
	w.b = append(w.b, '[')
	for i := range n {
		write(i)
	}
	w.b = append(w.b, ']')
}

// element writes a text of an array.
func (w *writer) element(s string) {
	w.comma()
	w.b = append(w.b, '"')
	w.escape(s)
	w.b = append(w.b, '"')
}

// item writes a number of an array, or one whose key is written.
func (w *writer) item(v int64) {
	if w.c.Odd == account.NumbersAsText {
		w.b = append(w.b, '"')
		w.b = strconv.AppendInt(w.b, v, 10)
		w.b = append(w.b, '"')
		return
	}
	w.b = strconv.AppendInt(w.b, v, 10)
}

const hex = "0123456789abcdef"

// plain are the bytes that need no escaping, and those that need none when
// letters beyond ASCII and slashes do.
var plain, plainASCII = func() (all, ascii [256]bool) {
	for c := range 256 {
		all[c] = c >= ' ' && c != '"' && c != '\\'
		ascii[c] = all[c] && c != '/' && c < utf8.RuneSelf
	}
	return all, ascii
}()

func (w *writer) escape(s string) {
	table := &plain
	if w.c != nil && w.c.ASCII {
		table = &plainASCII
	}
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if table[c] {
			i++
			continue
		}
		w.b = append(w.b, s[done:i]...)
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r > 0xffff {
				r -= 0x10000
				w.unit(0xd800 + r>>10)
				r = 0xdc00 + r&0x3ff
			}
			w.unit(r)
			i += size
			done = i
			continue
		}
		i++
		done = i
		switch c {
		case '\n':
			w.raw(`\n`)
		case '\t':
			w.raw(`\t`)
		case '"', '\\', '/':
			w.b = append(w.b, '\\', c)
		default:
			w.unit(rune(c))
		}
	}
	w.b = append(w.b, s[done:]...)
}

func (w *writer) unit(u rune) {
	w.b = append(w.b, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}

const weekdays = "SunMonTueWedThuFriSat"

// date writes a time as v2 does: local, without an offset.
func (w *writer) date(k string, at account.Moment) {
	if at.Untold {
		return
	}
	w.key(k)
	w.b = append(w.b, '"')
	_, offset := time.Unix(at.Told, 0).In(w.c.Zone).Zone()
	t := time.Unix(at.Told+int64(offset), 0).UTC() // asks the zone once, not three times
	year, month, mday := t.Date()
	hour, minute, second := t.Clock()
	half := byte('a')
	if hour >= 12 {
		half = 'p'
	}
	if hour %= 12; hour == 0 {
		hour = 12
	}
	day := int(t.Weekday()) * 3
	w.raw(weekdays[day : day+3])
	w.raw(", ")
	w.two(int(month), '/')
	w.two(mday, '/')
	w.two(year%100, ' ')
	w.two(hour, ':')
	w.two(minute, ':')
	w.two(second, ' ')
	w.b = append(w.b, half, 'm', '"')
}

func (w *writer) two(n int, after byte) {
	w.b = append(w.b, '0'+byte(n/10), '0'+byte(n%10), after)
}
