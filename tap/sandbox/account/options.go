package account

import "time"

// Options say what is in the account. The switches of the same names in
// package sandbox say what each one means, and what it may be.
type Options struct {
	Now          time.Time // zero: the time at which the sandbox begins
	Since        time.Time // the first day; zero: the last Chats there are
	Seed         int
	Chats        int
	Days         int
	Shape        string
	QuietDays    int
	FullDay      int
	FullDayChats int
	FullHour     int
	Missed       float64
	LongChats    float64
	LongDays     int
	Pending      int
	Returning    float64
	EventIDs     string
	Visitor      string
	Odd          float64
	Hostile      float64
	LateChanges  float64
	LateBy       time.Duration

	Contradict     float64
	ContradictWith string
	ContradictSeed int
	HugeChat       int

	AccountTimezone string

	Threads ThreadOptions // what only the newer API shows

	TagsDeleted   int
	MoreGreetings int
}
