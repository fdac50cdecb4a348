package about

// Version is the version of the tap. It stands here and nowhere else; the
// user agent, --version, --about and the packages take it from here.
const Version = "0.1.0"
