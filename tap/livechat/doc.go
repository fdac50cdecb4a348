// Package livechat is what LiveChat's APIs have in common. [Client.Ask] makes one
// call: it retries (retry.go), limits the number of concurrent requests (throttle.go),
// and classifies errors by their cause (error.go, apierror.go). [Workers] make calls
// concurrently. [Lists] reads the lists of reference data and the reports, each of
// which is an entry in a table (table.go, list.go).
//
// Packages apiv2 and apiv3 read the chats.
package livechat
