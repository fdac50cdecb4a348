package oracle

import (
	"encoding/json"
	"io"
	"time"

	"tap-livechat/tap/sandbox/account"
)

// Truth reads what GET /_sandbox/chats answers, of a sandbox whose account is
// made from the options, and makes each chat anew, as it stands at now. Of an
// open chat the end is not told, so what was said in it is not made.
func Truth(o account.Options, body io.Reader, now time.Time) (all []Told, err error) {
	o.Now, o.Chats, o.FullDay = now, 0, 0 // which chats there are is read
	a := account.New(o)
	for d := json.NewDecoder(body); ; {
		var line struct {
			Number, First     int
			Type              string
			Started, Ended    time.Time
			Appears           time.Time
			Pending, Vanished bool
		}
		if err := d.Decode(&line); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if line.Pending {
			line.Ended = now.Add(time.Hour)
		}
		c := new(account.Chat)
		a.Make(c, account.RefOf(line.Number, line.First, line.Started.Unix(), line.Ended.Unix(), line.Type == "missed_chat"), now.Unix())
		all = append(all, Told{c, line.Vanished, line.Appears})
	}
}

// Told is a chat of the truth.
type Told struct {
	*account.Chat
	Vanished bool      // no longer served
	Appears  time.Time // when it shows up in lists
}

// Ended is when it ended.
func (t Told) Ended() time.Time { return time.Unix(t.End, 0).UTC() }
