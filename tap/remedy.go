package tap

import (
	"errors"

	"tap-livechat/tap/livechat"
)

// remedies say what the user can do about an error of the service, by its
// cause. The client knows causes, and only this file knows which settings the
// user has to put them right.
var remedies = map[livechat.Cause]string{
	livechat.Region:  "set region to the data centre of the account (dal or fra), or take the setting out",
	livechat.Request: "the service does not accept the request; check api_url, and report this if it is the default",
	livechat.Credentials: "check entity_id and access_token: a personal access token needs both and must belong to that account; " +
		"an OAuth token goes into access_token alone and may have expired",
	livechat.Scope:    "the token may not read the archive: give it the scope archives_read (chats--all:ro), or take one of an administrator",
	livechat.Missing:  "check api_url: there is no chats archive at that address",
	livechat.TooMany:  "lower max_concurrent_requests, or start the run again later: it goes on where it stopped",
	livechat.Redirect: "redirects to another address are not followed, because the credentials would go with them; set api_url to the address that answers",
	livechat.Refused:  "the service refuses the request for good; check api_url and the token, and report this if they are right",
	livechat.Service:  "the service is in trouble; start the run again later: it goes on where it stopped",
	livechat.Foreign:  "check api_url, and whether a proxy or a login page answers in place of LiveChat",
	livechat.Network:  "check the network, the proxy and api_url; start the run again: it goes on where it stopped",
	livechat.Address:  "check api_url",
	livechat.NoID:     "a chat cannot be stored without its id; report this chat to LiveChat",
	livechat.FullHour: "what came before that day is covered by the state; to go on after it, run again with start_date set to the next one",
}

// withRemedy adds what to do to an error of the service.
func withRemedy(err error) error {
	var e *livechat.Error
	if errors.As(err, &e) {
		if hint := remedies[e.Cause]; hint != "" {
			return hinted{err, hint}
		}
	}
	return err
}
