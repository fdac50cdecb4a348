package sandbox

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
)

// addresses lists what is served, one line each. It needs no credentials and is
// not counted.
func addresses(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, `GET /chats
GET /chats/<id>
GET /canned_responses
GET /goals
GET /goals/<id>
`)
	for _, path := range slices.Sorted(maps.Keys(v3Calls)) {
		fmt.Fprintln(w, "POST /v3.6/"+path)
	}
	for _, path := range slices.Sorted(maps.Keys(reports)) {
		fmt.Fprintln(w, "POST /v3.6/"+v3Reports+path)
	}
	io.WriteString(w, `GET /_sandbox/chats
GET /_sandbox/requests
POST /_sandbox/now?t=<time>
`)
}
