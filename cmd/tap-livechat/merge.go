package main

import (
	"errors"
	"fmt"

	"tap-livechat/tap/state"
)

// mergeStates prints the merged state of the parts of a backfill.
func (p *process) mergeStates(paths []string) error {
	var all []state.Named
	var errs []error
	for i, path := range paths {
		if isText(path) {
			return usageError{"merge-state takes the paths of files, not the text of a state"}
		}
		name := fmt.Sprintf("the name of file %d of %d", i+1, len(paths))
		read, err := p.readState(path, name, "merge-state takes the files in which the states of the parts are")
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
