// Package account makes up an account: which chats there are, when they start
// and end, who talks to whom, what is said, rated, tagged and filled in, and
// what is odd about it. It knows nothing of HTTP or JSON: package sandbox puts
// it on the wire, in the form of one API or another.
//
// Everything is a function of the [Options]. Now only says up to which moment the
// account is shown. Of a chat some 25 bytes are kept; the rest is made from its number
// when it is asked for, by [Account.Make]. So 400,000 chats fit in ten megabytes.
package account
