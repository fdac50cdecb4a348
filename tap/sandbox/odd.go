package sandbox

import "strings"

// What can be odd about a chat: things the reference does not mention, yet a
// service of this age may well answer. One chat has one of them.
const (
	oddNothing = iota
	oddUnknownFields
	oddNumbersAsText
	oddTextAsNumbers
	oddArrayForObject // what PHP makes of an empty object
	oddUnknownZone
	oddNoZone
	oddNoStamps     // dates without timestamps, in messages and events
	oddNoChatStamps // started and ended without timestamps
	oddWrongDates   // dates that contradict the timestamps
	oddNulls
	oddLostTimes // no timestamps in messages, and a zone nobody knows
	oddities
)

// What can be hostile about one: legal or not, it must do no harm.
const (
	hostileNothing = iota
	hostileNUL
	hostileSurrogates
	hostileSeparators
	hostileUTF8
	hostileDuplicates
	hostileLength
	hostilities
)

// longText is the size of a very long text.
const longText = 256 << 10

// taints are JSON string contents that end up in names and texts.
var taints = [hostilities]string{
	hostileNUL:        `a\u0000b\u0000`,
	hostileSurrogates: `\ud800 \udc00\ud83d`,
	hostileSeparators: "\u2028\u2029\ufeff\u202e\\u0085\\u001b[31m\\b\\f\\r",
	hostileUTF8:       "\xff\xfe \xc3( \xed\xa0\x80 \xf4\x90\x80\x80",
	hostileLength:     strings.Repeat("all work and no play ", longText/21),
}
