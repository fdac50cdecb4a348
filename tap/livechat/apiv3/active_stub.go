package apiv3

import (
	"context"
	"iter"

	"tap-livechat/tap/source"
)

// Active is to be written.
func (*Archive) Active(context.Context) iter.Seq2[source.Active, error] {
	return func(yield func(source.Active, error) bool) { yield(source.Active{}, source.ErrNotServed) }
}
