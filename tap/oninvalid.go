package tap

import "tap-livechat/tap/config"

// OnInvalid is what a record does about a value that cannot be read without loss.
type OnInvalid = config.OnInvalid

const (
	Fail = config.Fail
	Null = config.Null
)
