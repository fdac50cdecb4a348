package apiv2

import (
	"context"
	"iter"

	"tap-livechat/tap/source"
)

// Active is not served: v2 lists open chats among all others.
func (*Archive) Active(context.Context) iter.Seq2[source.Active, error] {
	return func(yield func(source.Active, error) bool) { yield(source.Active{}, source.ErrNotServed) }
}
