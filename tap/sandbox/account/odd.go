package account

// Oddity is what is odd about a chat: things the reference does not mention,
// yet a service of this age may well answer. One chat has one of them.
type Oddity int

const (
	NotOdd Oddity = iota
	UnknownFields
	NumbersAsText
	TextAsNumbers
	ArrayForObject // what PHP makes of an empty object
	UnknownZone
	NoZone
	NoStamps     // dates without timestamps, in messages and events
	NoChatStamps // started and ended without timestamps
	WrongDates   // dates that contradict the timestamps
	Nulls
	LostTimes // no timestamps in messages, and a zone nobody knows
	oddities
)

// Hostility is what is hostile about one: legal or not, it must do no harm.
type Hostility int

const (
	NotHostile Hostility = iota
	HostileNUL
	HostileSurrogates
	HostileSeparators
	HostileUTF8
	HostileDuplicates
	HostileLength
	hostilities
)

// taints says whether it is in names and texts. What stands there is a matter
// of the form.
func (h Hostility) taints() bool { return h != NotHostile && h != HostileDuplicates }
