package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDotenv(t *testing.T) {
	const unreadable = " of .env cannot be read and is passed over"
	for _, test := range []struct {
		name, file string
		environ    []string
		want       []string // the variables of the file
		warnings   []string
	}{
		{"plain", "A=1\nB = two words \nexport C=3\n\n# D=4\nE: 5\nF=", nil, []string{"A=1", "B=two words", "C=3", "E=5", "F="}, nil},
		{"comments", "A=1 # one\nB=x#y\nC=#\nD='1' # one\nE=\"1\"# one", nil, []string{"A=1", "B=x#y", "C=", "D=1", "E=1"}, nil},
		{"quotes", `A="1 # \"2\" \n\t\\ \x"` + "\nB='1 \\n \\' $X'\nC=\"one\ntwo\"\nD=4", nil,
			[]string{"A=1 # \"2\" \n\t\\ x", "B=1 \\n \\' $X", "C=one\ntwo", "D=4"}, nil},
		{"line ends", "A=1\r\nB=2\r\n", nil, []string{"A=1", "B=2"}, nil},
		{"byte order mark", "\ufeffA=1", nil, []string{"A=1"}, nil},
		{"UTF-16", "\xff\xfeA\x00=\x001\x00", nil, []string{"A=1"}, nil},
		{"references", "A=1\nB=${A}-$A-${NONE}-${NONE:-x}\nC='${A}'\nD=\"\\${A}$\"\nE=\\$A\nF=$a$", nil,
			[]string{"A=1", "B=1-1--x", "C=${A}", "D=${A}$", "E=$A", "F=$a$"}, nil},
		{"references to the environment", "A=1\nB=${A}${HERE}", []string{"A=2", "HERE=3"}, []string{"A=1", "B=23"}, nil},
		{"a value that is long or odd", "A==x=\nB=pa:ss$word!\nC=" + strings.Repeat("x", 100), nil, []string{"A==x=", "B=pa:ss$word!", "C=" + strings.Repeat("x", 100)}, nil},
		{"a name alone", "A=1\nPASSED_THROUGH\nexport B\nC=1", nil, []string{"A=1", "C=1"}, nil},
		{"another project's", "my-var=1\nsome.name=2", nil, []string{"my-var=1", "some.name=2"}, nil},
		{"unreadable", "A=1\n!\nB 2\nC=\"one\ntwo\nD='1' 2\nE=5", nil, []string{"A=1", "E=5"},
			[]string{"line 2" + unreadable, "line 3" + unreadable, "line 4" + unreadable, "line 6" + unreadable}},
		{"unreadable after several lines", "A='1\n2'\n!", nil, []string{"A=1\n2"}, []string{"line 3" + unreadable}},
		{"half a character", "\xff\xfeA", nil, nil, []string{".env is not read: it is a file in UTF-16 that breaks off inside of a character"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			both, warnings, err := Dotenv(test.environ, []byte(test.file))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(append(test.want, test.environ...), both); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(test.warnings, warnings); d != "" {
				t.Error(d)
			}
		})
	}
}

// A line of ours that cannot be read is not taken for absent; it is not shown.
func TestDotenvOurs(t *testing.T) {
	const file = "X Y\nTAP_LIVECHAT_ACCESS_TOKEN hidden\nexport TAP_LIVECHAT_REGION='fra\n"
	_, warnings, err := Dotenv(nil, []byte(file))
	wantError(t, err, ".env: given a line that cannot be read: line 2; wanted NAME=value\n.env: given a line that cannot be read: line 3; wanted NAME=value")
	if len(warnings) != 1 {
		t.Error(warnings)
	}
}

// The real environment wins, even with an empty variable.
func TestDotenvAndEnvironment(t *testing.T) {
	both, _, err := Dotenv([]string{"TAP_LIVECHAT_REGION=fra", "TAP_LIVECHAT_ENTITY_ID="}, []byte("TAP_LIVECHAT_REGION=dal\nTAP_LIVECHAT_ENTITY_ID=1\nTAP_LIVECHAT_MAX_RETRIES=3"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(`{"max_retries":"3","region":"fra"}`, Env(both).Data.Reveal()); d != "" {
		t.Error(d)
	}
}

// Any bytes: never a panic, and no endless loop.
func FuzzDotenv(f *testing.F) {
	f.Add("A=1\nB=\"${A}\n\"\nC='\\'\n\xff\x00=\n\ufeff$")
	f.Fuzz(func(t *testing.T, file string) {
		_, warnings, err := Dotenv(nil, []byte(file))
		if n := strings.Count(file, "\n") + 1; len(warnings) > n {
			t.Errorf("%d warnings for %d lines, %v", len(warnings), n, err)
		}
	})
}
