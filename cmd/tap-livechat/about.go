package main

import "tap-livechat/tap/about"

func (p *process) about(format string) error {
	info := about.New(about.Version, about.Streams())
	switch format {
	case "", "text":
		return p.print(info.Text())
	case "json":
		return p.print(string(info.JSON()) + "\n")
	case "markdown":
		return p.print(info.Markdown())
	}
	return usageError{"what --format is given is not known; there are text, json and markdown"}
}
