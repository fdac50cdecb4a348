package account

// Bots are the account's.
var Bots = []Bot{
	{"5c9871d5372c824cbf22d860a707a578", "Shop Bot"},
	{"bf0a5d4d2ff4e5c4d8b4a2d9ae0f6a11", "Müller's Helper 🤖"},
	{"0d3f7be2e1a94c5fb01c8d1f0e6a7b42", "Night Shift"},
}

var endings = []struct{ kind, text string }{
	{"manual_archived_agent", "An agent closed the chat"},
	{"routing.archived_inactive", "Chat archived due to 20 minutes of inactivity"},
	{"archived_customer_disconnected", "The visitor left the page"},
	{"routing.archived_disconnected", "Chat archived because the customer has been disconnected"},
	{"system_archived", "Chat closed"},
}

// programs are the client ids of the programs that people chat with.
var programs = []string{"c5e4f61e1a6c3b1521b541bc5c5a2ac5", "bb9e5b2f1ab480e4a715977b7b1b4279", "58737b5829e65621a45d598aa6f2ed8e"}

var summaries = []string{
	"The visitor asked where the order was; the agent found it in transit.",
	"Rückfrage zur Rechnung, geklärt.",
	"The visitor could not log in. A new link was sent.",
}

// hello is what a bot says.
var hello = Entry{Kind: Message, Text: Text{Lines: []string{"Hi! I am a bot. How can I help?"}}}
