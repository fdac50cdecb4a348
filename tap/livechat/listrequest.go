package livechat

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"tap-livechat/tap/civil"
	"tap-livechat/tap/jsondoc"
)

// request is what a request has in addition to the List: days and parent.
type request struct {
	from, to time.Time // the dates of a report's days, both included, as midnights in UTC
	zone     *time.Location
	keys     map[string][]string // see source.Range
	parent   parent
}

// parent is a row of ForEach: its members, as JSON.
type parent map[string][]byte

func (r *listReader) op(l *List, q request, page int) string {
	op := "the list " + r.stream
	if l.Days != NoDays {
		op = r.stream + " of " + q.from.Format(time.DateOnly)
		if q.to.After(q.from) {
			op += " to " + q.to.Format(time.DateOnly)
		}
	}
	if page > 1 {
		op = fmt.Sprintf("page %d of %s", page, op)
	}
	return op
}

func (r *listReader) call(l *List, q request, page int, cursor string, parse func(*Answer) error) Call {
	method, path, _ := strings.Cut(l.Call, " ")
	c := Call{Op: r.op(l, q, page), Endpoint: l.endpoint(), Method: method, Path: q.parent.fillPath(path), Version: l.Version, OwnScope: true, Parse: parse}
	if method == "POST" {
		c.Body = l.body(q, page, cursor)
	}
	return c
}

// endpoint is the path of the requests, without what differs from one to another.
func (l *List) endpoint() string {
	_, path, _ := strings.Cut(l.Call, " ")
	path, _, _ = strings.Cut(path, "?")
	return strings.NewReplacer("{", "<", "}", ">").Replace(path)
}

// fillPath replaces the names in braces in a path by the parent's members.
func (p parent) fillPath(path string) string {
	for name, value := range p {
		if place := "{" + name + "}"; strings.Contains(path, place) {
			var doc jsondoc.Doc
			_ = doc.Parse(slices.Clone(value)) // it was JSON before
			path = strings.ReplaceAll(path, place, url.PathEscape(doc.Root().Text()))
		}
	}
	return path
}

// timeFormat is the format of times in requests.
const timeFormat = "2006-01-02T15:04:05.000000-07:00"

// body returns the body of a request.
func (l *List) body(q request, page int, cursor string) []byte {
	if cursor != "" {
		return append(jsondoc.Quote([]byte(`{"page_id":`), cursor), '}')
	}
	var members []string
	if l.Args != "" {
		members = append(members, l.Args)
	}
	if l.Days != NoDays {
		start, end := civil.StartOf(q.from, q.zone), civil.StartOf(q.to.AddDate(0, 0, 1), q.zone).Add(-time.Microsecond)
		if l.Days == BySpan { // the reports of one day each take none
			members = append(members, `"distribution":"day"`)
		}
		members = append(members, `"timezone":`+string(jsondoc.Quote(nil, q.zone.String())),
			fmt.Sprintf(`"filters":{"from":%q,"to":%q}`, start.Format(timeFormat), end.Format(timeFormat)))
	}
	if l.Pages != "" {
		members = append(members, fmt.Sprintf(`"page":%d`, page))
	}
	return []byte("{" + strings.Join(members, ",") + "}")
}
