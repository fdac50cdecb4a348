package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

func TestRedactor(t *testing.T) {
	const user, long = "acct-1", "dal:T0p/s3cr3t+key"
	pair := base64.StdEncoding.EncodeToString([]byte(user + ":" + long))
	other := base64.StdEncoding.EncodeToString([]byte("a:" + long)) // of another user; its digits up to 3 and from 26 depend on the neighbours
	for _, test := range []struct{ token, text, want string }{
		// whole, in part, in any case
		{long, "you sent " + long + ", which is wrong", "you sent [redacted], which is wrong"},
		{long, "Bearer T0p/s3cr3t+key.", "Bearer [redacted]."},
		{long, "t0P/S3CR3T+KEY", "[redacted]"},
		{long, "x" + long + long + "y", "x[redacted]y"},
		{long, "you sent dal:T0p/s3c…", "you sent [redacted]…"},
		{long, "…cr3t+key is wrong, T0p/s3c…", "…[redacted] is wrong, T0p/s3c…"},
		// in other spellings
		{long, "at /x?t=dal%3AT0p%2fs3cr3t%2Bkey&n=1", "at /x?t=[redacted]&n=1"},
		{long, "dal%253AT0p%252Fs3cr3t%252Bkey", "[redacted]"},
		{long, `"dal:T0p\/s3cr3t\u002bkey" at "/dal:T0p~1s3cr3t+key"`, `"[redacted]" at "/[redacted]"`},
		{long, `"\"dal:T0p\\/s3cr3t\\u002bkey\""`, `"\"[redacted]\""`},
		{long, "Basic " + pair + ".", "Basic [redacted]."},
		{long, "Basic " + url.QueryEscape(pair), "Basic [redacted]"},
		{long, "… " + pair[9:], "… [redacted]"},
		{long, "Basic " + other, "Basic " + other[:3] + "[redacted]" + other[26:]},
		{"ab~cd/efgh", "at /ab~0cd~1efgh", "at /[redacted]"},
		{`t"k\n1234`, `t"k\n1234, ` + strconv.Quote(`t"k\n1234`), `[redacted], "[redacted]"`},
		// short
		{"s3cr", "s3cr, (S3CR), xs3cr s3crx s3cr", "[redacted], ([redacted]), xs3cr s3crx [redacted]"},
		{"dal:s3cr", "dal:s3cr, s3cr, s3cret", "[redacted], [redacted], s3cret"},
		// not credentials
		{"sandbox", "sandbox-authorization", "sandbox-authorization"},
		{"wrong", "wrong or missing credentials", "wrong or missing credentials"},
		{"b", "a, b", "a, b"},
		{"403", "403 Forbidden", "403 Forbidden"},
		{"", "nothing", "nothing"},
		{long, "dal: credentials", "dal: credentials"},
		{"1234:us-south1:T0ps3cr3t", "region: us-south1", "region: us-south1"},
		{"us-south1:T0ps3cr3t", "us-south1: no; us-south1:T0ps3cr3t", "us-south1: no; [redacted]"},
	} {
		if got := Redactor(New(user), New(test.token))(test.text); got != test.want {
			t.Errorf("token %q: %q becomes %q, want %q", test.token, test.text, got, test.want)
		}
	}
	if got := Redactor(Text{}, New("wrong"))("Basic OndyMG9uZw=="); got != "Basic OndyMG9uZw==" {
		t.Errorf("without a user: %q", got)
	}
	if got := Redactor(New(user), New("wrong"))("Basic YWNjdC0xOndyb25n"); got != "Basic [redacted]" {
		t.Errorf("the Basic credentials of a plain word: %q", got)
	}
}

// No part of a token of 8 characters can be read from a text after the redaction,
// whatever surrounds it, however it is spelled and wherever the text is cut off.
func FuzzRedactor(f *testing.F) {
	for seed := range uint64(2000) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		user, token := randomCredentials(r)
		text := randomAnswer(r, user, token)
		got := Redactor(user, token)(text)
		if found := readable(got, token); found != "" {
			t.Errorf("user %q, token %q: %q can be read from %q, which was %q", user.Reveal(), token.Reveal(), found, got, text)
		}
	})
}

// randomCredentials returns credentials of a shape that LiveChat issues.
func randomCredentials(r *rand.Rand) (user, token Text) {
	uuid := fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16), r.Uint64N(1<<48))
	random := make([]byte, 8+r.IntN(40))
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	secretPart := pick(r, uuid, base64.StdEncoding.EncodeToString(random), base64.RawURLEncoding.EncodeToString(random), fmt.Sprintf("%x", random))
	region := pick(r, "dal", "fra-a", "us-south1", "eu-west3")
	return New(pick(r, "", uuid, "12345", "jane@example.com")), New(pick(r, "", region+":", "12345:"+region+":", uuid+":"+region+":") + secretPart)
}

// randomAnswer returns a text that contains the credentials in many spellings.
func randomAnswer(r *rand.Rand, user, token Text) string {
	whole := token.Reveal()
	text := ""
	for range 1 + r.IntN(6) {
		part := pick(r, whole, whole, whole[strings.LastIndexByte(whole, ':')+1:], user.Reveal()+":"+whole, "chats wait", "us-south1", `"`, "%", `\`, "né")
		if r.IntN(3) == 0 {
			part = base64.StdEncoding.EncodeToString([]byte(part))
		}
		for range r.IntN(3) {
			part = spell(r, part)
		}
		text += pick(r, "", " ", ":", `"`, "/", "x", "%", `\`, "=") + part
	}
	for range r.IntN(2) {
		text = spell(r, text)
	}
	if r.IntN(3) == 0 { // an excerpt
		from := r.IntN(len(text))
		text = text[from : from+r.IntN(len(text)-from)+1]
	}
	return text
}

// spell writes a text as addresses, JSON texts and excerpts do.
func spell(r *rand.Rand, text string) string {
	switch r.IntN(6) {
	case 0:
		return url.QueryEscape(text)
	case 1:
		quoted, _ := json.Marshal(text)
		return string(quoted[1 : len(quoted)-1])
	case 2:
		return strings.ReplaceAll(text, "/", `\/`)
	case 3:
		return strings.NewReplacer("~", "~0", "/", "~1").Replace(text)
	case 4:
		quoted := strconv.Quote(text)
		return quoted[1 : len(quoted)-1]
	}
	var out strings.Builder
	for _, c := range []byte(text) {
		switch {
		case r.IntN(4) > 0 || c == '\\' || c >= 0x80:
			out.WriteByte(c)
		case r.IntN(2) == 0:
			fmt.Fprintf(&out, "%%%02x", c)
		default:
			fmt.Fprintf(&out, `\u%04X`, c)
		}
	}
	return out.String()
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// readable returns a part of 8 characters of the token that can be read from a text, or
// decoded from it. The name of a data centre is public.
func readable(text string, token Text) string {
	texts := [][]byte{[]byte(text)}
	if plain, err := url.QueryUnescape(text); err == nil {
		texts = append(texts, []byte(plain))
	}
	var plain string
	if json.Unmarshal([]byte(`"`+text+`"`), &plain) == nil {
		texts = append(texts, []byte(plain))
	}
	for _, digits := range strings.FieldsFunc(text, func(c rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", c)
	}) {
		digits = strings.NewReplacer("-", "+", "_", "/").Replace(digits)
		for offset := range min(4, len(digits)) {
			decoded, _ := base64.RawStdEncoding.DecodeString(digits[offset : offset+(len(digits)-offset)/4*4])
			texts = append(texts, decoded)
		}
	}
	whole := token.Reveal()
	for i := range len(whole) - 8 + 1 {
		for _, text := range texts {
			if part := whole[i : i+8]; bytes.Contains(bytes.ToLower(text), []byte(strings.ToLower(part))) && !strings.Contains(":"+token.Region()+":", part) {
				return part
			}
		}
	}
	return ""
}
