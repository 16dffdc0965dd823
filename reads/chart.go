package reads

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"
)

// A Chart shows an article's reads hour by hour.
type Chart struct {
	Title    string
	From, To time.Time      // the window; it has the bars of the hours that it touches
	Zone     *time.Location // of the labels
	Hours    []Hour         // as [Hours] returns them
}

// A Bar is one hour of a chart.
type Bar struct {
	Start time.Time
	N     int64
}

// Bars are the chart's, one for every hour of the window, also for those without reads. They are hours of elapsed time: on the day
// on which summer time ends there are 25 of them, two with the same label.
func (c Chart) Bars() []Bar {
	first, end := Query{From: c.From, To: c.To}.hours()
	bars := make([]Bar, end-first)
	for i := range bars {
		bars[i].Start = time.Unix((first+int64(i))*3600, 0).In(c.Zone)
	}
	for _, h := range c.Hours {
		if i := hourOf(h.Start) - first; i >= 0 && i < end-first {
			bars[i].N += h.N
		}
	}
	return bars
}

// Measures of the picture, in its own units.
const (
	chartWidth, chartHeight = 960, 240
	chartLeft, chartRight   = 56, 12
	chartTop, chartBottom   = 20, 28
	chartPlot               = chartHeight - chartTop - chartBottom
)

// chartStyle follows the reader's choice of light or dark.
const chartStyle = `<style>svg{color-scheme:light dark}.bar{fill:#1d5fa8}.line{stroke:#8a8a8a;stroke-width:1}text{fill:#333;font:12px sans-serif}` +
	`@media(prefers-color-scheme:dark){.bar{fill:#7db4ee}.line{stroke:#777}text{fill:#ddd}}</style>`

// SVG draws the chart. It needs nothing else: no script, no font, no other file. Its title and description say the same to who
// cannot see it, and each bar with reads says its hour and number.
func (c Chart) SVG() []byte {
	bars := c.Bars()
	var most Bar
	var total int64
	for _, b := range bars {
		total += b.N
		if b.N > most.N {
			most = b
		}
	}
	var w bytes.Buffer
	fmt.Fprintf(&w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="chart-title chart-desc">`+"\n", chartWidth, chartHeight)
	fmt.Fprintf(&w, `<title id="chart-title">%s</title>`+"\n", escape("Reads by the hour: "+c.Title))
	fmt.Fprintf(&w, `<desc id="chart-desc">%s</desc>`+"\n%s\n", escape(c.describe(bars, most, total)), chartStyle)
	scale := niceScale(most.N)
	drawLines(&w, scale)
	c.draw(&w, bars, scale)
	w.WriteString("</svg>\n")
	return w.Bytes()
}

// heightOf is the height of so many reads. Sums near the end of int64 do not overflow.
func heightOf(n, scale int64) float64 { return chartPlot * float64(n) / float64(scale) }

// drawLines draws the lines of nothing, half and all of the scale.
func drawLines(w *bytes.Buffer, scale int64) {
	for _, n := range []int64{0, scale / 2, scale} {
		y := chartTop + chartPlot - heightOf(n, scale)
		fmt.Fprintf(w, `<line class="line" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%d</text>`+"\n",
			chartLeft, y, chartWidth-chartRight, y, chartLeft-6, y+4, n)
	}
}

func (c Chart) describe(bars []Bar, most Bar, total int64) string {
	const layout = "2006-01-02 15:04"
	text := fmt.Sprintf("%d reads from %s to %s (%s).", total, bars[0].Start.Format(layout), bars[len(bars)-1].Start.Add(time.Hour).Format(layout), c.Zone)
	if most.N > 0 {
		text += fmt.Sprintf(" The most in one hour: %d, from %s.", most.N, most.Start.Format(layout))
	}
	return text
}

// draw draws the bars, and below them the days, or the hours of a short window.
func (c Chart) draw(w *bytes.Buffer, bars []Bar, scale int64) {
	step := float64(chartWidth-chartLeft-chartRight) / float64(len(bars))
	labelled := -1e9
	for i, b := range bars {
		x := chartLeft + float64(i)*step
		if b.N > 0 {
			height := heightOf(b.N, scale)
			fmt.Fprintf(w, `<rect class="bar" x="%.2f" y="%.1f" width="%.2f" height="%.1f"><title>%s: %d</title></rect>`+"\n",
				x, chartTop+chartPlot-height, step*0.9, height, b.Start.Format("2006-01-02 15:04"), b.N)
		}
		layout := "01-02"
		if len(bars) <= 48 {
			layout = "15:04"
		}
		newDay := i == 0 || b.Start.YearDay() != bars[i-1].Start.YearDay()
		if (newDay || layout == "15:04") && x-labelled >= 48 && x <= chartWidth-chartRight-30 {
			fmt.Fprintf(w, `<text x="%.1f" y="%d">%s</text>`+"\n", x, chartHeight-8, b.Start.Format(layout))
			labelled = x
		}
	}
}

// niceScale is the lowest of 2, 4, 10, 20, 40, 100 … that has room for n: its half is a whole number, too.
func niceScale(n int64) int64 {
	for scale := int64(1); ; scale *= 10 {
		for _, nice := range []int64{2, 4, 10} {
			if scale*nice >= n || scale > 1e17 {
				return scale * nice
			}
		}
	}
}

func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a bytes.Buffer takes everything
	return b.String()
}
