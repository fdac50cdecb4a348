// Package sandbox plays LiveChat: the chats archive of its REST API v2, and the same
// account through its Agent Chat, Configuration and Reports API v3.6, so that a
// client of them can be tried, tested and measured without an account.
//
// A [Server] is an [http.Handler] with the two calls of v2's archive,
//
//	GET /chats          a list, 25 to a page: {"chats":[…],"total":N,"pages":P}
//	GET /chats/<id>     one chat, no wrapper
//
// and every rule the public reference gives: Basic or Bearer credentials, the
// X-API-Version header, inclusive dates read in a zone, pending chats on
// request, and the cap: of all chats that match, a query reaches the newest
// 25,000 only. Where the reference is silent there is a switch, and one for
// each way in which a service can fail. [Help] lists them all.
//
// Most callers need two lines:
//
//	o, err := sandbox.Parse("chats=5000&days=90&order=oldest")
//	s := sandbox.New(o)
//
// and then mount s, or call [Server.Listen].
//
// # API v3.6
//
// On the same port, as POST with a JSON body:
//
//	/v3.6/agent/action/list_archives            and get_chat, list_threads, list_chats, get_customer
//	/v3.6/configuration/action/list_agents      and the other lists
//	/v3.6/reports/chats/total_chats             and the other reports, by GET, too
//
// v2 has GET /canned_responses, /goals and /goals/<id> besides, which v3.6 lacks. A
// call takes what the reference names and refuses everything else. The switches
// v3_… are for what only v3.6 leaves open; all others hold for it as well, where it
// has what they are about.
//
// # What is in the archive
//
// Package account makes it up; v2.go and v3_thread.go put it on the wire. The data is a function
// of the [Options] alone, and a later now shows the same account, and more of it. Time
// stands still until [Server.SetNow] moves it: then open chats end and new ones begin,
// as many a day as before.
//
// [Server.Truth] tells what the archive holds and has ever held, and under which
// days each chat is listed whatever it shows ([Chat.Listed]), to hold a client's
// output against it. Package oracle says which records a chat has to give.
//
// # The admin pages
//
// Four paths beside the API need no credentials, are never counted and never
// fail:
//
//	GET  /                     the addresses that are served
//	GET  /_sandbox/chats       the truth, one JSON object a line
//	GET  /_sandbox/requests    {"count":N,"by_status":{…},"by_fault":{…}}
//	POST /_sandbox/now?t=…     SetNow, with a time as in RFC 3339
//
// # What it does not do
//
// It shares no constant and no type with the client it is a test of: a wrong
// number would agree with itself. v2's filters that have nothing to do with time
// (agent, group, tag[] and so on) are ignored; v3.6's are there for chats, groups,
// customers, agents and tags, and refused otherwise.
package sandbox
