package main

import (
	"fmt"
	"math"
	"os"
	"strings"
)

// point is the cost of one archive.
type point struct {
	chats    int
	seconds  float64
	requests float64
	mib      float64
}

// scale measures archives of growing size and draws what they cost.
func (b *bench) scale(file string) {
	var points []point
	for _, chats := range []int{1000, 10000, 100000, 400000} {
		url, stop := b.sandbox(fmt.Sprintf("chats=%d&days=730", chats))
		r := b.sync(url, b.connections)
		stop()
		points = append(points, point{chats, r.wall.Seconds(), float64(r.requests), mib(r.rss)})
		fmt.Printf("%7d chats  %7.2f s  %6d requests (%.3f × pages)  %5.1f MiB peak\n",
			chats, r.wall.Seconds(), r.requests, float64(r.requests)/math.Ceil(float64(chats)/25), mib(r.rss))
	}
	check(os.WriteFile(file, []byte(drawing(points)), 0o644))
}

// drawing is three small plots side by side, both axes logarithmic.
func drawing(points []point) string {
	var s strings.Builder
	s.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="780" height="230" viewBox="0 0 780 230" font-family="sans-serif" font-size="11">
<rect width="780" height="230" fill="#fff"/>
`)
	for i, plot := range []struct {
		title, unit string
		of          func(point) float64
		low, high   float64
	}{
		{"wall time", "s", func(p point) float64 { return p.seconds }, 0.01, 100},
		{"requests", "", func(p point) float64 { return p.requests }, 10, 100000},
		{"peak resident set", "MiB", func(p point) float64 { return p.mib }, 1, 1000},
	} {
		left, top, width, height := float64(50+i*260), 35.0, 190.0, 150.0
		x := func(p point) float64 { return left + width*math.Log10(float64(p.chats)/500)/math.Log10(1600) }
		y := func(v float64) float64 { return top + height*(1-math.Log10(v/plot.low)/math.Log10(plot.high/plot.low)) }
		fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"20\" font-weight=\"bold\">%s</text>\n", left, plot.title)
		for v := plot.low; v <= plot.high*1.001; v *= 10 {
			fmt.Fprintf(&s, "<line x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\" fill=\"#666\">%g</text>\n", left, left+width, y(v), y(v), left-5, y(v)+4, v)
		}
		var line []string
		for _, p := range points {
			line = append(line, fmt.Sprintf("%.1f,%.1f", x(p), y(plot.of(p))))
		}
		fmt.Fprintf(&s, "<polyline points=\"%s\" fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"2\"/>\n", strings.Join(line, " "))
		for _, p := range points {
			fmt.Fprintf(&s, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"#1f6feb\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text><text x=\"%.1f\" y=\"200\" text-anchor=\"middle\" fill=\"#666\">%s</text>\n",
				x(p), y(plot.of(p)), x(p), y(plot.of(p))-8, strings.TrimSpace(short(plot.of(p))+" "+plot.unit), x(p), short(float64(p.chats)))
		}
		fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"218\" text-anchor=\"middle\" fill=\"#666\">chats</text>\n", left+width/2)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// short writes a number in three digits or so.
func short(v float64) string {
	switch {
	case v >= 10000:
		return fmt.Sprintf("%.0fk", v/1000)
	case v >= 1000:
		return fmt.Sprintf("%.1fk", v/1000)
	case v >= 10:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
