package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tap-livechat/tap/config"
)

func TestHubIsCurrent(t *testing.T) {
	for name, make := range map[string]func([]byte) ([]byte, error){
		hubFile:     func([]byte) ([]byte, error) { return hub(), nil },
		exampleFile: exampleSettings,
	} {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err, "- make docs writes it")
			continue
		}
		want, err := make(got)
		if err != nil {
			t.Error(name, err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s is not current; make docs makes it so:\n%s", name, d)
		}
	}
}

// The keys that the Hub's schema allows; it refuses all others.
var (
	hubKeys = strings.Fields(`name pip_url variant namespace label description executable settings docs repo logo_url hidden python
		settings_group_validation commands capabilities metadata schema select maintenance_status quality domain_url keywords requires
		definition next_steps settings_preamble usage prereq supported_python_versions log_parser`)
	hubSettingKeys = strings.Fields(`name aliases label value placeholder kind description tooltip documentation env value_processor
		value_post_processor oauth options docs hidden sensitive`)
	hubKinds = strings.Fields(`string integer boolean decimal date_iso8601 email file array object options`)
)

func TestHubKeys(t *testing.T) {
	text := string(hub())
	top := regexp.MustCompile(`(?m)^(\w+):`).FindAllStringSubmatch(text, -1)
	seen := map[string]bool{}
	for _, m := range top {
		if !slices.Contains(hubKeys, m[1]) || seen[m[1]] {
			t.Errorf("the key %s is unknown to the Hub, or there twice", m[1])
		}
		seen[m[1]] = true
	}
	for _, key := range hubKeys {
		if _, absent := hubAbsent[key]; seen[key] == absent {
			t.Errorf("%s: it is there: %v; it is meant to be absent: %v", key, seen[key], absent)
		}
	}
	_, settings, _ := strings.Cut(text, "\nsettings:\n")
	settings, _, _ = strings.Cut(settings, "\ncommands:\n")
	keys := regexp.MustCompile(`(?m)^(?:- |  )(\w+):(?: (.*))?$`).FindAllStringSubmatch(settings, -1)
	var names []string
	for _, m := range keys {
		switch {
		case !slices.Contains(hubSettingKeys, m[1]):
			t.Errorf("the key %s of a setting is unknown to the Hub", m[1])
		case m[1] == "name":
			names = append(names, m[2])
		case m[1] == "kind" && !slices.Contains(hubKinds, strings.Trim(m[2], `"`)):
			t.Errorf("the Hub has no kind %s", m[2])
		}
	}
	var want []string
	for _, s := range config.Settings() {
		want = append(want, s.Name)
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	// Only the credential is to be hidden in output, and it must be.
	if n := strings.Count(text, "sensitive: true"); n != 1 || !regexp.MustCompile(`- name: access_token\n(  .*\n)*?  sensitive: true`).MatchString(text) {
		t.Errorf("%d settings are sensitive", n)
	}
}
