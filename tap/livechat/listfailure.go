package livechat

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tap-livechat/tap/source"
)

// maxDoubts is how many lists in a row may fail for a reason that others may share.
const maxDoubts = 3

// failure wraps the error of one list in a *source.ListError if other lists can be
// read. It returns any other error as it is: the credentials, the network and
// max_requests are the same for all lists. A service in trouble, and a 401 without a
// word, may be: so they are if the lists before failed like that, too, and no request
// succeeded between.
func (s *Lists) failure(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	unsure := e.Cause == Scope && e.Status == http.StatusUnauthorized
	switch e.Cause {
	case BadRequest, Version, Limit, Missing, TooLarge, Conflicting:
	case Scope, Service, TooMany, Foreign, Refused:
		if e.Cause == Scope && !unsure {
			break
		}
		most := maxDoubts
		if unsure {
			most = 2
		}
		if n := s.client.succeeded.Load(); n != s.succeeded {
			s.doubts, s.succeeded = 0, n
		}
		if s.doubts++; s.doubts >= most {
			if unsure {
				e.Cause = s.client.refusedCredentials(e.Version)
			}
			return err
		}
	default:
		return err
	}
	return &source.ListError{Reason: e.reason(), Denied: e.Cause == Scope, Unsure: unsure, Ours: e.Cause == BadRequest, Err: err}
}

// Unreadable wraps the error of one request in a *source.ListError if it says that the
// account or the token lacks what the request takes, so that others may succeed. It
// returns any other error as it is.
func Unreadable(err error) error {
	var e *Error
	if errors.As(err, &e) {
		switch e.Cause {
		case Scope, BadRequest, Version, Limit, Missing:
			return &source.ListError{Reason: e.reason(), Denied: e.Cause == Scope, Ours: e.Cause == BadRequest, Err: err}
		}
	}
	return err
}

// reason is what failed, in a few words.
func (e *Error) reason() string {
	var parts []string
	if e.Status >= 300 {
		parts = append(parts, strings.TrimSpace(fmt.Sprint(e.Status, " ", http.StatusText(e.Status))))
	}
	if e.Type != "" {
		parts = append(parts, e.Type)
	}
	if len(parts) == 0 && e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	text := strings.Join(parts, ", ")
	if e.Tries > 1 {
		text += fmt.Sprintf(" after %d tries", e.Tries)
	}
	return text
}
