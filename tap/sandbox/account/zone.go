package account

import (
	"fmt"
	"sync"
	"time"
)

// zones keeps what LoadZone has read; only names that exist get in.
var zones sync.Map

// LoadZone is time.LoadLocation for names of the database only.
func LoadZone(name string) (*time.Location, error) {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("no zone %q", name)
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
	}
	return zone, err
}
