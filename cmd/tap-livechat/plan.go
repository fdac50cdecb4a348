package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"tap-livechat/tap/plan"
)

// maxParts is the maximum of --parts.
const maxParts = 1000

// printedPart is a part as it is printed. start_date and end_date are the settings of
// the run that reads it.
type printedPart struct {
	StartDate string  `json:"start_date"`
	EndDate   string  `json:"end_date"`
	Chats     int     `json:"chats"`
	Requests  int     `json:"requests"`
	Dollars   float64 `json:"us_dollars"`
	Seconds   float64 `json:"seconds"`
}

// plan prints the parts of a backfill: as a table on a terminal, else as JSON.
func (p *process) plan(ctx context.Context, f flags) error {
	if f.parts < 1 || f.parts > maxParts {
		return usageError{fmt.Sprintf("--parts is to be a number from 1 to %d", maxParts)}
	}
	o, stop, err := p.options(f)
	if err != nil {
		return err
	}
	defer stop()
	var lists []string
	for _, s := range o.Selection.Streams {
		if s.Group != "" {
			lists = append(lists, s.Name)
		}
	}
	made, err := plan.Make(ctx, o.API(), lists, o.Now, f.parts)
	if err != nil {
		return err
	}
	if isTerminal(p.stdout) {
		return p.print(planTable(made))
	}
	return p.print(planJSON(made))
}

// isTerminal reports whether w writes to a terminal.
func isTerminal(w io.Writer) bool {
	if tracked, ok := w.(*trackedWriter); ok {
		w = tracked.w
	}
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func planJSON(p plan.Plan) string {
	out := struct {
		Parts    []printedPart `json:"parts"`
		Chats    int           `json:"chats"`
		Requests int           `json:"requests"`
		Dollars  float64       `json:"us_dollars"`
		Asked    int           `json:"requests_of_the_plan"`
		Notes    []string      `json:"notes"`
	}{[]printedPart{}, p.Chats, p.Requests, cents(p.Requests), p.OwnRequests, append([]string{}, p.Notes...)}
	for _, part := range p.Parts {
		out.Parts = append(out.Parts, printedPart{day(part.From), day(part.To), part.Chats, part.Requests, cents(part.Requests), math.Round(part.Duration.Seconds()*10) / 10})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		panic(err) // every part can be written
	}
	return b.String()
}

// cents returns the price of requests in US dollars, rounded to 1/100 of a cent.
func cents(requests int) float64 { return math.Round(float64(requests)*pricePerRequest*1e4) / 1e4 }

func planTable(p plan.Plan) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "start_date\tend_date\tchats\trequests\tcost\ttakes\t")
	for _, part := range p.Parts {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t$%s\t%s\t\n", day(part.From), day(part.To), part.Chats, part.Requests, price(part.Requests), part.Duration.Round(time.Second))
	}
	fmt.Fprintf(w, "all\t\t%d\t%d\t$%s\t\t\n", p.Chats, p.Requests, price(p.Requests))
	w.Flush()
	fmt.Fprintf(&b, "\nThe plan took %s.\n", counted(p.OwnRequests))
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "Note: %s.\n", note)
	}
	return b.String()
}
