package oracle

import (
	"time"

	"tap-livechat/tap/sandbox/account"
)

// ThreadEnded is the end that the records of a thread have to tell when it was read
// through API v3.6: the message that ends it, else its last event that is no rating
// and no survey; what happened before the thread began counts for neither. Without
// told it comes without events, and nobody can know.
func ThreadEnded(t account.Thread, told bool) (at time.Time, known bool) {
	if t.Pending || !told {
		return at, false
	}
	if t.Ending != "" && t.Ended >= t.Created {
		return time.UnixMicro(t.Ended).UTC(), true
	}
	for _, e := range t.Events {
		switch {
		case e.At < t.Created, e.Kind == account.Annotation, e.Type == "rating.chat_rated", e.Type == "rating.chat_commented", e.Type == "postchat":
			continue
		}
		at, known = time.UnixMicro(e.At).UTC(), true
	}
	return at, known
}
