package main

import "tap-livechat/tap"

func (p *process) about(format string) error {
	about := tap.About(tap.Version, tap.Streams())
	switch format {
	case "", "text":
		return p.print(about.Text())
	case "json":
		return p.print(string(about.JSON()) + "\n")
	case "markdown":
		return p.print(about.Markdown())
	}
	return usageError{"what --format is given is not known; there are text, json and markdown"}
}
