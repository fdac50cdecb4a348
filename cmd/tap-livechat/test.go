package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"tap-livechat/catalog"
	"tap-livechat/tap"
	"tap-livechat/tap/api"
)

// pricePerRequest is LiveChat's price in US dollars for a call with a personal access
// token or by a private app: $0.27 for 1,000 up to a million a month, and less beyond.
const pricePerRequest = 0.27 / 1000

// test tests the connection. It reads one record of each stream and logs, in sentences,
// what a run would find and cost.
func (p *process) test(ctx context.Context, f flags) error {
	o, stop, err := p.options(f)
	if err != nil {
		return err
	}
	defer stop()
	o.Config.MaxConcurrentRequests = 1
	logf := func(format string, args ...any) { p.log.Info(fmt.Sprintf(format, args...)) }

	way := "a personal access token"
	switch {
	case o.Config.AccessToken.Reveal() == "sandbox": // the default of a config for the sandbox
		way = "no credentials, as the sandbox needs none"
	case o.Config.EntityID.IsZero():
		way = "an OAuth token"
	}
	logf("trying %s with %s", host(o.Config.APIURL), way)
	summary, err := tap.Sample(ctx, o)
	var incomplete *tap.IncompleteError
	accepted := err == nil || errors.As(err, &incomplete)
	if accepted {
		logf("credentials: the service accepts them")
	}
	other, tried := api.TryOther(ctx, o.API(), o.Now, summary.Requests, err)
	switch {
	case tried && other.Err == nil:
		logf("api_version %s: the service accepts the credentials there", other.Version)
	case tried:
		logf("api_version %s: the chats cannot be read there: %v", other.Version, other.Err)
	}
	if !accepted {
		return err
	}
	switch {
	case summary.Region == "":
		logf("region: none was named, and none had to be")
	case o.Config.Region == "" && o.Config.AccessToken.Region() == summary.Region: // a word of the token is not shown
		logf("region: the one that the token names")
	case o.Config.Region == "":
		logf("region: %s, says the service; with the setting region=%s each run saves a request", summary.Region, summary.Region)
	default:
		logf("region: %s", summary.Region)
	}
	between := "since " + day(o.Config.StartDate)
	if !o.Config.EndDate.IsZero() {
		between = "from " + day(o.Config.StartDate) + " to " + day(o.Config.EndDate)
	}
	chats := slices.ContainsFunc(o.Selection.Streams, func(s catalog.Selected) bool { return s.Group == "" })
	requests, price := summary.ExpectedRequests+summary.ListRequests, pricePerRequest*1000
	all := "all of them"
	switch {
	case !chats:
		all = "the lists and reports"
	case summary.ListRequests > 0:
		all += ", and the lists and reports,"
	}
	switch {
	case !chats:
	case summary.Capped:
		logf("chats: %d or more %s; the service states no larger number", summary.Expected, between)
	default:
		logf("chats: %d %s", summary.Expected, between)
	}
	switch {
	case requests == 0 && !chats: // no list can be read
	case summary.Capped:
		logf("cost: reading %s takes %d requests or more, %s or more at LiveChat's price of $%.2f for 1,000", all, requests, dollars(requests), price)
	default:
		logf("cost: reading %s takes about %s, %s at LiveChat's price of $%.2f for 1,000", all, counted(requests), dollars(requests), price)
	}
	for _, s := range o.Selection.Streams {
		line, bad := streamLine(s, summary)
		if bad {
			p.log.Warn(line)
			continue
		}
		logf("%s", line)
	}
	logf("this test took %s", counted(summary.Requests+other.Requests))
	return err
}

// streamLine returns the line that says whether a selected stream can be read; bad
// means that nothing was read.
func streamLine(s catalog.Selected, summary tap.Summary) (line string, bad bool) {
	reason, failed := summary.NotRead[s.Name]
	switch rows := summary.Records[s.Name]; {
	case failed && reason == "scope "+s.Scope:
		return fmt.Sprintf("stream %-27s  cannot be read; scope %s is missing", s.Name, s.Scope), true
	case failed:
		return fmt.Sprintf("stream %-27s  cannot be read: %s", s.Name, reason), true
	case s.Group == "" && rows > 0:
		return fmt.Sprintf("stream %s: one record was read", s.Name), false
	case s.Group == "":
		return fmt.Sprintf("stream %s: no record was found", s.Name), true
	case rows == 1:
		return fmt.Sprintf("stream %-27s  readable, 1 row seen", s.Name), false
	default:
		return fmt.Sprintf("stream %-27s  readable, %d rows seen", s.Name, rows), false
	}
}

// host returns a URL without its path, which may contain the key of a proxy.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "api_url"
	}
	return u.Scheme + "://" + u.Host
}

func counted(requests int) string {
	if requests == 1 {
		return "1 request"
	}
	return fmt.Sprint(requests, " requests")
}

// day formats a time: as a day if it is midnight UTC, else as RFC 3339.
func day(t time.Time) string {
	if t = t.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}

// dollars returns the price of requests.
func dollars(requests int) string {
	if price := float64(requests) * pricePerRequest; price >= 0.01 {
		return fmt.Sprintf("$%.2f", price)
	}
	return "less than $0.01"
}
