package plan

import (
	"context"
	"errors"
	"math"
	"time"

	"tap-livechat/tap/checkpoint"
	"tap-livechat/tap/config"
	"tap-livechat/tap/source"
)

// listCosts returns the number of requests for the lists and reports of each part.
func (c *splitter) listCosts(ctx context.Context, service source.Lists, cfg config.Config, lists []string, parts []Part) ([]int, error) {
	var ranges []source.Range
	for _, part := range parts {
		cfg.StartDate, cfg.EndDate = part.From, part.To
		from, to := cfg.ReportDays(part.To)
		ranges = append(ranges, source.Range{From: from, To: to, Zone: cfg.ReportTimezone})
	}
	sums := make([]int, len(parts))
	for _, stream := range lists {
		costs, err := service.ListCost(ctx, stream, ranges...)
		switch {
		case errors.As(err, new(*source.ListError)), errors.Is(err, source.ErrNotServed):
			c.notes = append(c.notes, stream+" cannot be read, so the numbers are without it")
			continue
		case err != nil:
			return nil, err
		}
		for i, cost := range costs {
			sums[i] += cost
		}
	}
	return sums, nil
}

// before estimates the chats that a part reads before its start: a run without a bookmark
// begins at the midnight of its start_date less the least look-back. Of the days before
// and after the start, it assumes those that have more chats.
func (c *splitter) before(from time.Time) int {
	begins := from.Add(-checkpoint.LeastLookback).UTC().Truncate(day)
	most := 0.0
	for i := range c.points[1:] {
		a, b := c.points[i], c.points[i+1]
		if a.at.Equal(from) || b.at.Equal(from) {
			most = max(most, float64(b.before-a.before)/float64(b.at.Sub(a.at)))
		}
	}
	return int(math.Ceil(most * float64(from.Sub(begins))))
}
