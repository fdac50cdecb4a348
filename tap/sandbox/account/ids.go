package account

import "strconv"

// Ids are ten of 0-9A-Z, as T80D2VBOC0. Characters 0, 1, 3, 5, 7 and 9 are the
// Unix second of the start in base 36; characters 2, 4, 6 and 8 are a counter,
// which goes up by one with each id made. Each chat makes two: an even one for the
// customer's chat, should it begin one, and the odd one after it for itself. So an
// id can be turned back into the number, and no table of ids is needed.
const (
	idLength   = 10
	idCounters = 36 * 36 * 36 * 36
	idSeconds  = idCounters * 36 * 36
)

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// secondAt and counterAt are the places of the two, from the highest digit on.
var (
	secondAt  = [...]int{0, 1, 3, 5, 7, 9}
	counterAt = [...]int{2, 4, 6, 8}
)

// ids differ by where the counter begins, which is even.
type ids struct{ offset int }

func newIDs(seed int) ids {
	r := Mix(uint64(seed), 'i')
	return ids{r.N(idCounters/2) * 2}
}

// thread is the id of chat no by itself, chat the id of the chat of a customer
// that begins with it.
func (i ids) thread(no int, start int64) string { return i.text(2*no+1, start) }
func (i ids) chat(no int, start int64) string   { return i.text(2*no, start) }

func (i ids) text(made int, start int64) string {
	var id [idLength]byte
	digits(&id, secondAt[:], uint64(start)%idSeconds)
	digits(&id, counterAt[:], uint64(i.offset+made)%idCounters)
	return string(id[:])
}

func digits(id *[idLength]byte, places []int, x uint64) {
	for k := len(places) - 1; k >= 0; k-- {
		id[places[k]] = alphanumeric[x%36]
		x /= 36
	}
}

// read takes an id apart. Of the counter the part from the account's first one on
// is left.
func (i ids) read(id string) (start int64, made int, ok bool) {
	if len(id) != idLength {
		return 0, 0, false
	}
	for k := range idLength {
		if c := id[k]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return 0, 0, false
		}
	}
	number := func(places []int) int {
		var text [len(secondAt)]byte
		for k, at := range places {
			text[k] = id[at]
		}
		x, _ := strconv.ParseInt(string(text[:len(places)]), 36, 64)
		return int(x)
	}
	return int64(number(secondAt[:])), (number(counterAt[:]) - i.offset + idCounters) % idCounters, true
}

// Number is the number of the chat that has the id.
func (a *Account) Number(id string) (no int, ok bool) { return a.numberOf(id, 1) }

// Beginning is the number of the first chat of a customer, by the id of the
// customer's chat.
func (a *Account) Beginning(chatID string) (no int, ok bool) {
	no, ok = a.numberOf(chatID, 0)
	return no, ok && a.Ref(no).Root == no
}

func (a *Account) numberOf(id string, odd int) (no int, ok bool) {
	start, made, ok := a.ids.read(id)
	if !ok || made%2 != odd {
		return 0, false
	}
	for no = made / 2; no < mostNumbers; no += idCounters / 2 {
		if r := a.rec(no); r != nil && r.start == start {
			return no, true
		}
	}
	return 0, false
}
