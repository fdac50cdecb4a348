package sandbox

import "net/url"

func queryAsBody(url.Values) []byte { return nil }
