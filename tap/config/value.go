package config

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"tap-livechat/tap/secret"
)

// read converts a value to the type of the schema. It returns nil for a value that
// counts as not set, an int for an integer, a float64 for a number, and RFC 3339 in UTC
// for a time. A value that cannot be converted is returned unchanged, and the schema
// rejects it. Conversion is needed because Meltano passes text for values whose type it
// does not know, and a secret that is read from a file ends in a line break.
func (s Setting) read(v any) any {
	var text string
	switch v := v.(type) {
	case string:
		text = strings.TrimSpace(v)
	case json.Number:
		text = v.String()
	case map[string]any:
		if len(v) == 0 && s.Type == "object" { // runners pass {} if nothing is set
			return nil
		}
		return v
	default:
		return v
	}
	if text == "" {
		return nil
	}
	switch {
	case s.Type == "boolean":
		switch strings.ToLower(text) {
		case "true", "1", "yes", "on":
			return true
		case "false", "0", "no", "off":
			return false
		}
	case s.Type == "integer":
		// Beyond 2^53 a float64 is no longer exact; no setting goes there.
		if f, ok := readNumber(text); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int(f)
		}
	case s.Type == "number":
		if f, ok := readNumber(text); ok {
			return f
		}
	case s.Type == "object":
		if json.Valid([]byte(text)) {
			var parsed any
			mustDecode([]byte(text), &parsed)
			return parsed
		}
	case s.Format == "date-time":
		if t, err := ParseTime(text); err == nil {
			return t.Format(time.RFC3339Nano)
		}
	case s.Name == "api_version" && text == "3.6": // as LiveChat names it
		return "3"
	case s.Enum != nil:
		for _, allowed := range s.Enum {
			if strings.EqualFold(text, allowed) {
				return allowed
			}
		}
	}
	return text
}

// readNumber parses decimal numbers only, not "inf", "nan" or "0x10".
func readNumber(text string) (float64, bool) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

var startsWithDay = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)

// ParseTime parses a day or a time. A day is its first instant in UTC. A time is in the
// form of RFC 3339; it may have a space for the T, and lack the seconds or the offset
// (UTC). The error's text can be appended to the input; it is empty if the input does
// not begin with a day.
func ParseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if !startsWithDay.MatchString(text) {
		return time.Time{}, errors.New("")
	}
	day, rest := text[:len("2006-01-02")], text[len("2006-01-02"):]
	t, err := time.Parse("2006-01-02", day)
	if err != nil {
		return time.Time{}, errors.New(", a day that does not exist")
	}
	if rest == "" {
		return t, nil
	}
	rest = strings.ToUpper(strings.ReplaceAll(rest, " ", ""))
	rest = strings.TrimPrefix(rest, "T")
	// Go reads a fraction after the seconds whether or not the layout has one.
	for _, layout := range []string{"15:04:05", "15:04"} {
		for _, offset := range []string{"", "Z07:00", "Z0700", "Z07"} {
			if t, err := time.Parse("2006-01-02T"+layout+offset, day+"T"+rest); err == nil {
				return t.UTC(), nil
			}
		}
	}
	return time.Time{}, errors.New(", with a time of day or an offset that does not exist")
}

// isNotVisible reports characters that no token has and that a header must not have,
// since they could end the header and start another.
func isNotVisible(r rune) bool { return r <= ' ' || r > '~' }

func isBlankOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// checkToken returns what is wrong with a token, as text to append to it; empty if it
// is valid.
func checkToken(token string) string {
	if first := strings.ToLower(token); strings.HasPrefix(first, "bearer ") || strings.HasPrefix(first, "basic ") {
		return " that begins with the word " + strings.Fields(token)[0]
	}
	switch {
	case strings.ContainsFunc(token, unicode.IsControl):
		return " with a line break or another control character in it"
	case strings.ContainsFunc(token, unicode.IsSpace):
		return " with a blank in it"
	case strings.ContainsFunc(token, isNotVisible):
		return " with characters that no token has"
	}
	return ""
}

// checkEntityID is checkToken for an account id.
func checkEntityID(id string) string {
	switch {
	case strings.ContainsFunc(id, unicode.IsControl):
		return " with a line break or another control character in it"
	case strings.ContainsFunc(id, unicode.IsSpace):
		return " with a blank in it"
	case strings.Contains(id, ":"): // Basic credentials end the user at the first colon
		return " with a colon in it; a token belongs into access_token"
	}
	return ""
}

// tokenPair matches a decoded personal access token: a UUID, a number or an e-mail
// address, a colon, then a token.
var tokenPair = regexp.MustCompile(`^([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9]+|[^\s:@]+@[^\s:@]+):([!-~]+)$`)

// splitToken splits the encoded form of a personal access token, in which the token
// names its region or has 20 characters or more. ok is false for any
// other token: an OAuth token does not decode to an account id and a colon.
func splitToken(token string) (entityID, accessToken string, ok bool) {
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(token, "="))
	decoded, err := base64.RawStdEncoding.DecodeString(standard)
	if err != nil {
		return "", "", false
	}
	pair := string(decoded)
	found := tokenPair.FindStringSubmatch(pair)
	if found == nil || strings.ContainsFunc(pair, isNotVisible) || len(found[2]) < 20 && secret.New(found[2]).Region() == "" {
		return "", "", false
	}
	return found[1], found[2], true
}

// sandboxScheme is the prefix of an api_url that starts the sandbox. Without its colon the
// word is a mistake that people make.
const (
	sandboxWord   = "sandbox"
	sandboxScheme = sandboxWord + ":"
)

// readAddress checks an api_url and removes a trailing slash. The error's text can be
// appended to the URL.
func readAddress(text string) (string, error) {
	if strings.ContainsFunc(text, isBlankOrControl) {
		return "", errors.New(" with a blank or a line break in it")
	}
	if strings.HasPrefix(text, sandboxScheme) {
		return text, nil // the sandbox checks its switches
	}
	if text == sandboxWord {
		return "", errors.New(" without its colon")
	}
	if strings.Contains(text, "@") {
		return "", errors.New(" with a user name or password in it")
	}
	if strings.ContainsAny(text, "?#") {
		return "", errors.New(" with a query or fragment")
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return "", errors.New(" without a host")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", errors.New(" with a port that does not exist")
		}
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return strings.TrimRight(u.String(), "/"), nil
	case u.Scheme == "http":
		return "", errors.New(", over which the token would travel unencrypted")
	default:
		return "", errors.New(", an address of another kind")
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
