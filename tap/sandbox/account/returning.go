package account

// Customers come back: some chats go on with an earlier one of the same customer.
// Of the two APIs the newer one calls the chats threads, and all of a customer's
// together the chat.

// longestChat is how often a customer comes back at most, and once more.
const longestChat = 40

// before is the earlier chat that chat no goes on with. There is one candidate for
// each, a fixed distance away, so that no two go on with the same one.
func (a *Account) before(no int) (earlier int, ok bool) {
	if no >= calendarNumbers || no/a.stride%longestChat == 0 {
		return 0, false
	}
	earlier = number(int64(no - a.stride))
	r := a.rec(earlier)
	if r == nil || r.end() >= a.rec(no).start {
		return 0, false
	}
	draw := Mix(uint64(a.opt.Seed), 'r', uint64(no))
	return earlier, draw.Hit(a.opt.Returning)
}

// after is the later chat that goes on with chat no.
func (a *Account) after(no int) (later int, ok bool) {
	if no >= calendarNumbers {
		return 0, false
	}
	later = number(int64(no + a.stride))
	if a.rec(later) == nil {
		return 0, false
	}
	_, ok = a.before(later)
	return later, ok
}

// root is the first chat of the customer of chat no.
func (a *Account) root(no int) int {
	for {
		earlier, ok := a.before(no)
		if !ok {
			return no
		}
		no = earlier
	}
}

// Before and After are the chats of the same customer next to this one, those that
// have vanished left out.
func (a *Account) Before(ref Ref) (Ref, bool) { return a.neighbour(ref.No, a.before) }
func (a *Account) After(ref Ref) (Ref, bool)  { return a.neighbour(ref.No, a.after) }

func (a *Account) neighbour(no int, next func(int) (int, bool)) (Ref, bool) {
	for {
		var ok bool
		if no, ok = next(no); !ok {
			return Ref{}, false
		}
		if ref := a.Ref(no); !ref.is(isVanished) {
			return ref, true
		}
	}
}
