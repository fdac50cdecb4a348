package main

import (
	"fmt"

	"tap-livechat/catalog"
	"tap-livechat/tap"
)

// streamNotes says what a record of each stream is.
var streamNotes = map[string]string{
	"chats":    "One record per agent of a chat that has ended, with everything the archive says of it but the conversation.",
	"messages": "One record per message of a chat: the conversation.",
	"events":   "One record per event of a chat: the messages again, and attachments and system events.",
}

func (p *process) about(format string) error {
	var streams []tap.StreamInfo
	for _, s := range catalog.Streams() {
		streams = append(streams, tap.StreamInfo{Name: s.Name, Keys: s.Keys, ReplicationKey: s.ReplicationKey, Description: streamNotes[s.Name]})
	}
	about := tap.About(tap.Version, streams)
	switch format {
	case "", "text":
		return p.print(about.Text())
	case "json":
		return p.print(string(about.JSON()) + "\n")
	case "markdown":
		return p.print(about.Markdown())
	}
	return usageError{fmt.Sprintf("--format=%s is not known; there are text, json and markdown", format)}
}
