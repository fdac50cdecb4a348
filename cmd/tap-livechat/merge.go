package main

import (
	"errors"

	"tap-livechat/tap/state"
)

// mergeStates prints the merged state of the parts of a backfill.
func (p *process) mergeStates(paths []string) error {
	var all []state.Named
	var errs []error
	for _, path := range paths {
		read, err := p.readState(path, "merge-state takes the files in which the states of the parts are")
		if err != nil {
			errs = append(errs, err)
		}
		all = append(all, state.Named{Name: path, State: read})
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	merged, err := state.Merge(all)
	if err != nil {
		return err
	}
	text, err := merged.MarshalJSON()
	if err != nil {
		return err
	}
	return p.print(string(text) + "\n")
}
