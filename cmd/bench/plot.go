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

// bar is the wall time of one way into a database.
type bar struct {
	group, name string
	seconds     float64
}

// barChart is the bars of each group, under one another.
func barChart(bars []bar) string {
	longest := 0.0
	for _, b := range bars {
		longest = max(longest, b.seconds)
	}
	const left, width, step = 250.0, 460.0, 20.0
	var s strings.Builder
	y, group := 10.0, ""
	for _, b := range bars {
		if b.group != group {
			group, y = b.group, y+step*1.4
			fmt.Fprintf(&s, "<text x=\"10\" y=\"%.0f\" font-weight=\"bold\">into %s</text>\n", y-6, group)
		}
		fill := "#1f6feb"
		if !strings.HasPrefix(b.name, "tap") {
			fill = "#999"
		}
		fmt.Fprintf(&s, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text><rect x=\"%.0f\" y=\"%.0f\" width=\"%.1f\" height=\"13\" fill=\"%s\"/><text x=\"%.1f\" y=\"%.0f\" fill=\"#666\">%s s</text>\n",
			left-6, y+11, b.name, left, y, width*b.seconds/longest, fill, left+width*b.seconds/longest+5, y+11, short(b.seconds))
		y += step
	}
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"780\" height=\"%.0f\" viewBox=\"0 0 780 %.0f\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"780\" height=\"%.0f\" fill=\"#fff\"/>\n%s</svg>\n", y+10, y+10, y+10, s.String())
}
