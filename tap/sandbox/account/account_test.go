package account

import (
	"strconv"
	"testing"
	"time"
)

func made(seed, chats int) *Account {
	return New(Options{
		Now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Seed: seed, Chats: chats, Days: 30, Shape: "even",
		Pending: 3, LongChats: 0.05, LongDays: 3, Missed: 0.05, Returning: 0.5, EventIDs: "all", Visitor: "object",
		LateBy: time.Hour, AccountTimezone: "UTC",
	})
}

func TestIDs(t *testing.T) {
	for _, seed := range []int{0, 1, 99} {
		a := made(seed, 5000)
		seen := map[string]bool{}
		for _, number := range a.All() {
			no := int(number)
			ref := a.Ref(no)
			id, chat := a.ids.thread(no, ref.Start), a.ids.chat(ref.Root, a.Ref(ref.Root).Start)
			// The rule, as those know it who have seen real ones.
			second, err := strconv.ParseInt(string([]byte{id[0], id[1], id[3], id[5], id[7], id[9]}), 36, 64)
			if err != nil || second != ref.Start || len(id) != idLength || seen[id] {
				t.Fatalf("seed %d: chat %d has id %s of the second %d, not %d: %v", seed, no, id, second, ref.Start, err)
			}
			seen[id] = true
			if back, ok := a.Number(id); !ok || back != no {
				t.Fatalf("seed %d: %s is chat %d, not %d", seed, id, back, no)
			}
			if back, ok := a.Beginning(chat); !ok || back != ref.Root {
				t.Fatalf("seed %d: %s begins with chat %d, not %d", seed, chat, back, ref.Root)
			}
			if _, ok := a.Number(chat); ok {
				t.Fatalf("seed %d: %s is the id of a chat and of a customer's chat", seed, chat)
			}
		}
	}
	if _, ok := made(1, 10).Number("ZZZZZZZZZZ"); ok {
		t.Error("an id of the far future is that of a chat")
	}
}

func TestReturning(t *testing.T) {
	a := made(1, 3000)
	n := 0
	for _, number := range a.All() {
		no := int(number)
		ref := a.Ref(no)
		before, ok := a.Before(ref)
		if !ok {
			if ref.Root != no {
				t.Fatalf("chat %d goes on with none, but its customer's first is %d", no, ref.Root)
			}
			continue
		}
		n++
		after, ok := a.After(before)
		if !ok || after.No != no || before.End() >= ref.Start || before.Root != ref.Root {
			t.Fatalf("chat %d goes on with %d, which is gone on with by %d", no, before.No, after.No)
		}
		var x, y Chat
		a.Make(&x, before, a.Now())
		a.Make(&y, ref, a.Now())
		if x.Visitor.ID != y.Visitor.ID || x.Visitor.Name != y.Visitor.Name {
			t.Fatalf("chats %d and %d are of one customer: %+v, %+v", before.No, no, x.Visitor, y.Visitor)
		}
	}
	if n < 1000 || n > 1600 {
		t.Errorf("%d of 3000 go on with another one", n)
	}
}
