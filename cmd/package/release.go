package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"tap-livechat/tap/about"
)

// release is what the packages of all platforms share.
type release struct {
	version         string
	license, readme []byte
	time            time.Time // of every file in them
}

// epoch is the time of every packed file unless SOURCE_DATE_EPOCH names one.
// Zip files know no time before 1980, and none of their readers likes 1980.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func readRelease(root string) (release, error) {
	r := release{version: about.Version, time: epoch}
	if text := os.Getenv("SOURCE_DATE_EPOCH"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return release{}, fmt.Errorf("SOURCE_DATE_EPOCH=%s is not a number of seconds", text)
		}
		r.time = time.Unix(seconds, 0).UTC()
		if r.time.Year() < 1980 {
			return release{}, fmt.Errorf("SOURCE_DATE_EPOCH=%s is before 1980, which a zip file cannot say", text)
		}
	}
	var err error
	if r.license, err = os.ReadFile(filepath.Join(root, "LICENSE")); err != nil {
		return release{}, err
	}
	r.readme, err = os.ReadFile(filepath.Join(root, "README.md"))
	return r, err
}
