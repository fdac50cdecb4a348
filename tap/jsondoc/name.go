package jsondoc

// Printable returns the name of an unknown member for a log line; "…" if the name may
// be a customer's words.
func Printable(name []byte) string {
	const maxLength = 60
	for _, b := range name {
		if b != '_' && b != '-' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			return "…"
		}
	}
	if len(name) == 0 || len(name) > maxLength {
		return "…"
	}
	return string(name)
}
