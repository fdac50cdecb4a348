package secret

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
)

const (
	// pieceLength is the length of the shortest part of a credential that is hidden.
	pieceLength = 8
	// minLength is the length of the shortest credential. LiveChat issues none below it.
	minLength = 4
	// maxNesting is how many spellings around each other are undone: a token that is
	// percent-encoded in an address in a JSON text in a quoted excerpt has three.
	maxNesting = 4
)

// plainWord matches what nobody issues as a credential: the token of a sandbox, such as
// sandbox or wrong. Texts have such words of their own.
var plainWord = regexp.MustCompile(`^[a-z]{1,20}$`)

// Basic returns the credentials of HTTP's scheme Basic: user:password in base64.
func Basic(user, password Text) Text {
	return New(base64.StdEncoding.EncodeToString([]byte(user.Reveal() + ":" + password.Reveal())))
}

// Redactor returns a function that hides a token in a text, and the Basic credentials of
// user and token if there is a user. It replaces what it finds by [redacted]:
//
//   - The token, and each part of it that has 8 characters or more. So a token that an
//     excerpt cuts off is hidden, too.
//   - A token of 4 to 7 characters where no letter or digit stands beside it. The same
//     holds for what follows the last colon of a token.
//   - Both in any case, in base64 at any offset, percent-encoded, and with the escapes of
//     JSON or of a JSON pointer, up to four of these around each other.
//
// LiveChat issues random tokens. Therefore a token that has fewer than 4 characters, or is
// one word of at most 20 lower-case letters, is not a credential and stays. The name of a
// data centre in a token is public and stays, too.
//
// The function may be called from several goroutines. Printing it shows an address.
func Redactor(user, token Text) func(text string) string {
	r := &redactor{pieces: make(map[string]bool)}
	r.hide(token.Reveal(), token.Region())
	if secretPart := token.Reveal()[strings.LastIndexByte(token.Reveal(), ':')+1:]; len(secretPart) < pieceLength {
		r.hide(secretPart, "") // the pieces of the token are longer
	}
	if !user.IsZero() && !token.IsZero() {
		r.hide(Basic(user, token).Reveal(), "")
	}
	return r.redact
}

type redactor struct {
	whole  [][]byte        // the credentials, folded
	pieces map[string]bool // their parts of pieceLength, folded
}

// hide adds a credential, of which the name of a data centre is public.
func (r *redactor) hide(credential, public string) {
	if len(credential) < minLength || plainWord.MatchString(credential) {
		return
	}
	r.whole = append(r.whole, fold([]byte(credential)))
	r.addPieces(credential, ":"+public+":")
	for before := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, before), credential...))
		start, end := (before*8+5)/6, (before+len(credential))*8/6 // the digits that its neighbours do not change
		r.addPieces(encoded[start:end], "")
	}
}

func (r *redactor) addPieces(text, public string) {
	text, public = string(fold([]byte(text))), string(fold([]byte(public)))
	for i := range len(text) - pieceLength + 1 {
		if piece := text[i : i+pieceLength]; !strings.Contains(public, piece) {
			r.pieces[piece] = true
		}
	}
}

func (r *redactor) redact(text string) string {
	hidden := make([]bool, len(text))
	found := false
	l := layer{text: []byte(text)}
	for i := range len(text) {
		l.from, l.to = append(l.from, i), append(l.to, i+1)
	}
	for range maxNesting + 1 {
		found = r.mark(l, hidden) || found
		decoded := l.decode()
		if len(decoded.text) == len(l.text) {
			break
		}
		l = decoded
	}
	if !found {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			out.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			out.WriteString(shown)
		}
	}
	return out.String()
}

// mark marks the bytes of the text that show a credential, and reports whether there are
// any.
func (r *redactor) mark(l layer, hidden []bool) (found bool) {
	text := fold(l.text)
	hide := func(from, to int) {
		found = true
		for i := l.from[from]; i < l.to[to-1]; i++ {
			hidden[i] = true
		}
	}
	for i := range len(text) - pieceLength + 1 {
		if r.pieces[string(text[i:i+pieceLength])] {
			hide(i, i+pieceLength)
		}
	}
	for _, whole := range r.whole {
		for from := 0; ; from++ {
			at := bytes.Index(text[from:], whole)
			if at < 0 {
				break
			}
			from += at
			to := from + len(whole)
			inWord := from > 0 && isAlphanumeric(text[from-1]) || to < len(text) && isAlphanumeric(text[to])
			if len(whole) >= pieceLength || !inWord {
				hide(from, to)
			}
		}
	}
	return found
}

// layer is a text with some of its escapes undone. The byte text[i] is spelled
// by the bytes from[i] to to[i] of the original text.
type layer struct {
	text     []byte
	from, to []int
}

// decode undoes one layer of escapes.
func (l layer) decode() layer {
	var out layer
	for i := 0; i < len(l.text); {
		c, length := unescape(l.text[i:])
		out.text = append(out.text, c)
		out.from, out.to = append(out.from, l.from[i]), append(out.to, l.to[i+length-1])
		i += length
	}
	return out
}

// escapes are the spellings of a byte: a prefix, and the number of hexadecimal digits
// that follow it.
var escapes = []struct {
	prefix string
	digits int
}{{`%`, 2}, {`\u`, 4}}

// literals are the spellings of single characters in JSON and in JSON pointers.
var literals = map[string]byte{`\\`: '\\', `\"`: '"', `\/`: '/', `~0`: '~', `~1`: '/'}

// unescape returns the first character of a text, and the length of its spelling.
func unescape(text []byte) (c byte, length int) {
	for _, e := range escapes {
		if end := len(e.prefix) + e.digits; len(text) >= end && string(text[:len(e.prefix)]) == e.prefix {
			if code, err := strconv.ParseUint(string(text[len(e.prefix):end]), 16, 8); err == nil {
				return byte(code), end
			}
		}
	}
	if len(text) >= 2 {
		if c, ok := literals[string(text[:2])]; ok {
			return c, 2
		}
	}
	return text[0], 1
}

// fold returns a copy of a text with its ASCII letters in lower case.
func fold(text []byte) []byte {
	folded := bytes.Clone(text)
	for i, c := range folded {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	return folded
}

func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
