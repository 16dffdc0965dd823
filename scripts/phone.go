//go:build ignore

// Phone takes a picture of a page as a phone of 360 by 1200 points would show it in the dark: Chromium's own --screenshot makes
// no window narrower than 500.
//
//	go run scripts/phone.go http://127.0.0.1:18080/feeds docs/feeds-phone.png
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run scripts/phone.go ADDRESS FILE.png")
		os.Exit(2)
	}
	if err := shoot(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "phone:", err)
		os.Exit(1)
	}
}

func shoot(address, file string) error {
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.Flag("hide-scrollbars", true))...)
	defer stop()
	tab, done := chromedp.NewContext(allocator)
	defer done()
	err := chromedp.Do(tab, chromedp.EmulateViewport(360, 1200, chromedp.EmulateMobile, chromedp.EmulatePortrait, sharp), chromedp.Func(dark),
		chromedp.Navigate(address))
	if err != nil {
		return err
	}
	picture, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o644)
}

// sharp gives the screen two dots for each point.
func sharp(p *emulation.SetDeviceMetricsOverrideParams, _ *emulation.SetTouchEmulationEnabledParams) {
	p.DeviceScaleFactor = 2
}

// dark prefers the dark scheme.
func dark(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	return err
}
