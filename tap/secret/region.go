package secret

import (
	"regexp"
	"strings"
)

var (
	regionWord = regexp.MustCompile(`^[A-Za-z0-9-]{2,20}$`)
	letter     = regexp.MustCompile(`[A-Za-z]`)
)

// IsRegion reports whether a word can be the name of a data centre: 2 to 20
// letters, digits and hyphens, at least one of them a letter. No UUID, number or
// address is one. There is no list of names: LiveChat has renamed its data
// centres, and accounts answer to old and new names.
func IsRegion(word string) bool { return regionWord.MatchString(word) && letter.MatchString(word) }

// Region is the data centre that a token names: in region:token the first part, in
// account:region:token the middle one. It is empty if the token names none.
func (t Text) Region() string {
	parts := strings.Split(t.Reveal(), ":")
	if len(parts) != 2 && len(parts) != 3 || parts[len(parts)-1] == "" {
		return ""
	}
	if named := parts[len(parts)-2]; IsRegion(named) {
		return named
	}
	return ""
}
