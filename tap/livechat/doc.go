// Package livechat is what all of LiveChat's APIs share: [Client.Ask] makes one
// call, again and again where that can help (retry.go), slower where the
// service asks for it (throttle.go), and says what went wrong and why (error.go,
// apierror.go). [Workers] make calls side by side. [Lists] are the lists of
// reference data and the reports, each an entry in a table (table.go, list.go).
//
// The chats themselves are read by packages apiv2 and apiv3.
package livechat
