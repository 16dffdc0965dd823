package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// A column of a printed table.
type column[T any] struct {
	title string
	value func(T) any
	right bool // numbers
	width int  // cut longer texts to this many characters; 0: never
}

// emit prints items as a table for people or, with --json, one object per line. T's json tags are part of the interface.
func emit[T any](a *app, items []T, columns ...column[T]) error {
	if a.json {
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		for _, item := range items {
			if err := enc.Encode(item); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
		return nil
	}
	if len(items) == 0 {
		a.say("Nothing.")
		return nil
	}
	_, err := fmt.Fprintln(a.out, render(items, columns))
	return err
}

func render[T any](items []T, columns []column[T]) string {
	w := table.NewWriter()
	w.SetStyle(plainStyle())
	var header table.Row
	var configs []table.ColumnConfig
	for i, c := range columns {
		header = append(header, c.title)
		config := table.ColumnConfig{Number: i + 1}
		if c.right {
			config.Align, config.AlignHeader = text.AlignRight, text.AlignRight
		}
		if c.width > 0 {
			config.WidthMax = c.width
			config.WidthMaxEnforcer = func(s string, n int) string { return text.Snip(s, n, "…") }
		}
		configs = append(configs, config)
	}
	w.AppendHeader(header)
	w.SetColumnConfigs(configs)
	for _, item := range items {
		var row table.Row
		for _, c := range columns {
			row = append(row, c.value(item))
		}
		w.AppendRow(row)
	}
	return w.Render()
}

func plainStyle() table.Style {
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: true}
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	return style
}

// stamp is a time for tables: the day and minute in the site's zone, "" for never.
func (c *Config) stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(c.Site.location).Format("2006-01-02 15:04")
}

// iso is a time for JSON: RFC 3339 in the site's zone, "" for never.
func (c *Config) iso(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(c.Site.location).Format(time.RFC3339)
}

// isTerminal reports whether w is a terminal: only there is a progress bar drawn.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// bar draws a progress bar on a terminal and returns the function that moves it and the one that ends it.
func (a *app) bar(label string, units progress.Units) (move func(done, total int64), end func()) {
	if a.quiet || a.json || !isTerminal(a.err) {
		return func(int64, int64) {}, func() {}
	}
	w := progress.NewWriter()
	w.SetOutputWriter(a.err)
	w.SetAutoStop(false)
	w.SetTrackerLength(30)
	w.SetUpdateFrequency(100 * time.Millisecond)
	w.Style().Visibility.Speed = true
	tracker := &progress.Tracker{Message: label, Units: units}
	w.AppendTracker(tracker)
	go w.Render()
	move = func(done, total int64) {
		tracker.UpdateTotal(total)
		tracker.SetValue(done)
	}
	end = func() {
		tracker.MarkAsDone()
		time.Sleep(150 * time.Millisecond) // one more frame, so that the finished bar is seen
		w.Stop()
	}
	return move, end
}

// listOr joins names by commas, or says what stands for none.
func listOr(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// firstOr is s, or what stands for an empty one.
func firstOr(s, none string) string {
	if s == "" {
		return none
	}
	return s
}

// unlessAny is a filter's value: "any" is none.
func unlessAny(s string) string {
	if s == "any" {
		return ""
	}
	return s
}

// unlessDefault is a choice's value: "default" leaves it open.
func unlessDefault(s string) string {
	if s == "default" {
		return ""
	}
	return s
}
