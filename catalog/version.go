package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// otherAPI is the API that a user of one does not read.
func otherAPI(api string) string {
	if api == V3 {
		return V2
	}
	return V3
}

// at is the schema that a breadcrumb leads to. If it leads nowhere, at returns nil and
// how many parts of the breadcrumb lead to the first place that is not there.
func (s *Schema) at(path breadcrumb) (place *Schema, parts int) {
	place = s
	for i := 0; i < len(path); i++ {
		switch {
		case path[i] == "items":
			place = place.Items
		case path[i] == "properties" && i+1 < len(path):
			i++
			place = place.Property(path[i])
		default:
			place = nil
		}
		if place == nil {
			return nil, min(i+1, len(path))
		}
	}
	return place, len(path)
}

// lacks appends the paths of the properties that ours has and theirs does not describe,
// written as visitor.ip and agents[].email. An object of which no properties are
// described may have any.
func (theirs *Schema) lacks(paths []string, ours *Schema, path string) []string {
	for _, p := range ours.Properties {
		if own := theirs.Property(p.Name); own == nil && len(theirs.Properties) > 0 {
			paths = append(paths, path+p.Name)
		} else if own != nil {
			paths = own.lacks(paths, p.Schema, path+p.Name+".")
		}
	}
	if theirs.Items != nil && ours.Items != nil {
		paths = theirs.Items.lacks(paths, ours.Items, strings.TrimSuffix(path, ".")+"[].")
	}
	return paths
}

// otherAPIHas reports whether the stream has a place at the other API.
func (sel *selector) otherAPIHas(at breadcrumb) bool {
	if sel.other == nil {
		sel.other = sel.stream.schema(otherAPI(sel.api))
	}
	place, _ := sel.other.at(at)
	return place != nil
}

// compareVersions notes which fields a stream's entry lacks, if it was made for the
// other API. Fields that are delivered whatever the catalog says are not lacking.
func (sel *selector) compareVersions(theirs, ours *Schema) {
	if sel.madeFor != otherAPI(sel.api) {
		return
	}
	lacking := slices.DeleteFunc(theirs.lacks(nil, ours, ""), func(path string) bool {
		return slices.Contains(sel.stream.automatic(), path)
	})
	if len(lacking) > 0 {
		sel.lacking = append(sel.lacking, fmt.Sprintf("%s (%s)", sel.stream.Name, strings.Join(lacking, ", ")))
	}
}

// warnOfVersion warns once of a catalog that was made for the other API.
func (sel *selector) warnOfVersion() {
	const again = "tap-livechat --config FILE --discover makes a new one, in Meltano --refresh-catalog does"
	switch {
	case len(sel.lacking) > 0:
		sel.warn("the catalog was made for api_version %s, and this run reads api_version %s: it lacks these fields, which are not delivered: %s; %s",
			otherAPI(sel.api), sel.api, strings.Join(sel.lacking, ", "), again)
	case sel.foreign:
		sel.warn("the catalog was made for api_version %s, and this run reads api_version %s, which does not have all of its fields; %s",
			otherAPI(sel.api), sel.api, again)
	}
}
