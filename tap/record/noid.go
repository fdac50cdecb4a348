package record

import "fmt"

// noID is the warning about an entry that is left out.
const noID = "was left out: it is listed without an id to store it by"

// NoIDError reports a listed chat that lacks the id which its records are stored by.
// Chat is the id of the chat that it belongs to.
type NoIDError struct{ Chat string }

func (e *NoIDError) Error() string {
	return fmt.Sprintf("chat %s is listed without an id to store it by: it has no thread, or one without an id", e.Chat)
}

// Hint says how to go on.
func (e *NoIDError) Hint() string {
	return "report this chat to LiveChat; set on_invalid to null to leave such entries out and go on; each is named"
}

// noID rejects the chat, or warns that it was left out.
func (w *writer) noID() {
	if w.nullInvalid {
		w.warn("chats", noID)
		return
	}
	w.err = &NoIDError{w.chat.ID}
}
