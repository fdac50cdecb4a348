package account

// The words the data is made of. Some are there because programs trip over
// them: umlauts, emoji, quotes, newlines, U+2028, markup, right-to-left text.

// Team are the account's agents.
var Team = []Person{
	{"John Doe", "john.doe@mycompany.com"}, {"Jane Doe", "jane.doe@mycompany.com"},
	{"Jörg Müßig", "joerg.muessig@mycompany.com"}, {"Zoë", "zoe@mycompany.com"},
	{"Anne-Marie O'Neill", "anne-marie.o'neill@mycompany.com"}, {"Łukasz Żółw", "lukasz@mycompany.com"},
	{"田中 さくら", "sakura.tanaka@mycompany.co.jp"}, {"Priya 🌸", "Priya.R@mycompany.com"},
	{"Miguel \"Mike\" Ángel", "mike@mycompany.com"}, {"Olena Коваль", "olena@mycompany.com"},
	{"Support", "support+night@mycompany.com"}, {"Ngũgĩ", "ngugi@mycompany.com"},
}

// Chiefs are the supervisors; Team does not hold them.
var Chiefs = []Person{{"Ada Chief", "ada.chief@mycompany.com"}, {"Bjørn Østby", "bjorn@mycompany.com"}}

var visitors = []string{
	"Mary Brown", "Jürgen Groß", "Visitor", "Søren Kierkegaard", "李小龍", "Ana María", "O'Brien", "Tom \"T\" Ace",
	"नेहा शर्मा", "Emoji 👩‍👩‍👧 Fan", "<b>Bold</b>", "علي", "Client", "Noël", "Back\\slash", "Kim", "Ελένη", "J.",
	"Maximilian von und zu Hohenstein-Würzburg", "Tab\there", "", "Kathleen Smith", "Пётр", "Visitor 2",
}

var places = []Place{
	{"Central District", "", "Hong Kong", "HK", "Asia/Hong_Kong"},
	{"Köln", "Nordrhein-Westfalen", "Germany", "DE", "Europe/Berlin"},
	{"New York", "New York", "United States", "US", "America/New_York"},
	{"Kolkata", "West Bengal", "India", "IN", "Asia/Kolkata"},
	{"Kathmandu", "Bagmati", "Nepal", "NP", "Asia/Kathmandu"},
	{"Phoenix", "Arizona", "United States", "US", "America/Phoenix"},
	{"São Paulo", "São Paulo", "Brazil", "BR", "America/Sao_Paulo"},
	{"Wrocław", "Dolnośląskie", "Poland", "PL", "Europe/Warsaw"},
}

// zoneNames are the zones of chats: with and without daylight saving, half
// hours, three quarters, and Lord Howe, whose summer is half an hour away.
var zoneNames = []string{
	"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Hong_Kong",
	"UTC", "America/Phoenix", "America/St_Johns", "Pacific/Chatham", "Europe/Berlin", "America/Los_Angeles",
}

var browsers = []string{
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/68.0.3440.106 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/118.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
}

var urls = []string{
	"https://shop.example.com/", "https://shop.example.com/cart?item=4711&utm_source=mail", "https://www.example.com/hilfe/rückgabe",
	"https://shop.example.com/p/blue-socks#reviews", "http://example.org/?q=%F0%9F%98%80",
}

var openers = []string{
	"Hello, how can I help you today?", "Hi there! Thanks for waiting.", "Guten Tag, womit kann ich helfen?",
	"Welcome back 👋", "Good morning, you are talking to the support team.",
}

var visitorLines = []string{
	"Hi, my order has not arrived yet.", "I ordered on Monday, it says \"shipped\" since then.", "Können Sie mir bitte weiterhelfen?",
	"It is 4711-0815, I think.", "Where do I find the invoice?", "ok", "Thanks a lot!! 😀", "👍", "No, that is not what I meant.",
	"I tried that already:\n1. log out\n2. log in\nSame error.", "The price was 19,90 € yesterday, today it is 24,90 €?",
	"<b>This</b> does not work: a < b && c > d", "C:\\Users\\me\\Desktop\\bill.pdf", "line one\u2028line two", "¿Hablan español?",
	"Do you ship to Österreich?", "My e-mail is mary.brown@email.com", "please wait a moment, I have to look for it", "…", "هل يمكنك مساعدتي؟",
	"What about the warranty, does it cover water damage as well?", "null", "{\"not\": \"json\"}", "\ttabbed\ttext", "1e400",
}

var agentLines = []string{
	"Let me have a look at that for you.", "Could you tell me the number of your order, please?", "Einen Moment bitte, ich schaue nach.",
	"I can see it here: it left our warehouse in Kraków on Tuesday.", "I have sent you a new link, it is valid for 24 hours.",
	"Is there anything else I can do for you?", "You are welcome, have a nice day! ☀️", "I am sorry about that.",
	"Please try https://shop.example.com/reset?token=abc&lang=de and tell me whether it works.", "I will pass this on to a colleague from billing.",
	"The refund takes 3–5 working days, depending on your bank.", "As our terms say: \"no questions asked\".", "Natürlich, gern geschehen 😊",
}

var remarks = []string{"Great help!", "took too long…", "5/5 ⭐️⭐️⭐️⭐️⭐️", "Der Kollege war sehr nett, \"danke\"!", "meh"}

// TagNames are the tags that chats can have.
var TagNames = []string{"sales", "support", "feedback", "spam", "billing", "rückgabe", "VIP ⭐", "follow-up, later"}

var products = []string{"blue socks, size 42", "Kaffeemühle \"Modell 3\"", "subscription (12 months)", "product one"}

var (
	engagements = []Engagement{ImmediateStart, AutoInvite, ManualInvite}
	ratings     = []Rating{NotRated, NotRated, NotRated, RatedGood, RatedGood, RatedBad, RatedCommented}
	currencies  = []string{"EUR", "USD", "CZK", ""}
	prices      = []string{"199", "19.90", "0", "1249.00", "0.10", "12345678901234567890.12"}
	verdicts    = []string{"Good", "Bad", "So-so", "Sehr gut"}
)

// Groups are the account's, by their id. Number 0 is everybody.
var Groups = []string{"Everybody", "Sales", "Rückgabe & Umtausch", "VIP \"gold\""}

// Greetings are those that begin a chat, by their id from 1.
var Greetings = []string{"", "After 20 s", "Warenkorb verlassen", "Welcome back 👋"}

// GoalSale and GoalOther are the goals that can be reached.
const (
	GoalSale, GoalSaleName   = 71, "sales_tracker_name"
	GoalOther, GoalOtherName = 72, "goal_name"
)

// Attachment is the file that visitors upload, and where it is kept.
const (
	Attachment    = "hello wörld.JPG"
	AttachmentURL = "https://static.livechatinc.com/files/hello%20wörld.JPG"
)

// Choices are the buttons of a message, CardTitle is what a card shows.
const CardTitle = "Größe 42"

var Choices = []string{"yes", "no"}

const (
	uploaded    = "The visitor uploaded the attachment."
	closedChat  = "closed the chat."
	surveyAsked = "How would you rate the quality of support?"
)
