package main

import (
	"context"
	"fmt"
	"time"

	"tap-livechat/tap"
)

// pricePerRequest is what LiveChat bills for a call with a personal access
// token, in US dollars: $0.27 per 1,000 up to a million a month.
const pricePerRequest = 0.27 / 1000

// test tries the connection: it reads one record of each stream and says what
// a run would find and cost.
func (p *process) test(ctx context.Context, f flags) error {
	o, stop, err := p.options(f)
	if err != nil {
		return err
	}
	defer stop()
	o.Sample = true
	o.State = tap.State{} // the question is what there is, not what is new
	o.Config.MaxConcurrentRequests = 1
	summary, err := tap.Sync(ctx, o)
	if err != nil {
		return err
	}
	way := "personal access token of " + o.Config.EntityID
	if o.Config.EntityID == "" {
		way = "OAuth token"
	}
	region := summary.Region
	if region == "" {
		region = "the default one"
	}
	p.log.Info("connected: the service accepts the credentials", "as", way, "region", region, "api_url", o.Config.APIURL)
	many := fmt.Sprint(summary.Expected)
	if summary.Capped {
		many = fmt.Sprintf("%d or more (the service states no larger number)", summary.Expected)
	}
	p.log.Info("found", "chats_since", o.Config.StartDate.Format(time.DateOnly), "chats", many)
	requests := tap.ExpectedRequests(summary.Expected)
	p.log.Info("a backfill would take", "requests", requests, "us_dollars", fmt.Sprintf("%.2f", float64(requests)*pricePerRequest),
		"price_per_1000", fmt.Sprintf("%.2f", pricePerRequest*1000), "this_test_took", summary.Requests)
	for _, s := range o.Selection.Streams {
		if summary.Records[s.Name] == 0 {
			p.log.Warn("no record was found in the first chats", "stream", s.Name)
			continue
		}
		p.log.Info("one record was read", "stream", s.Name)
	}
	return nil
}
