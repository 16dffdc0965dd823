//go:build ignore

// Reader goes the way of a reader through the running demo, and takes a picture at five places of it.
//
//	go run scripts/reader.go http://127.0.0.1:18080 docs
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run scripts/reader.go ADDRESS FOLDER")
		os.Exit(2)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.Env("LANGUAGE=ru"), chromedp.Flag("lang", "ru"), chromedp.Flag("hide-scrollbars", true))...)
	defer stop()
	tab, done := chromedp.NewContext(allocator)
	defer done()
	r := reader{tab, os.Args[1], os.Args[2], "marina.lvova@example.org"}
	if err := r.travel(); err != nil {
		fmt.Fprintln(os.Stderr, "reader:", err)
		os.Exit(1)
	}
}

type reader struct {
	tab                 context.Context
	site, folder, email string
}

func (r reader) travel() error {
	err := r.picture("reader-join", r.site+"/digests/daily", 1280, 720, chromedp.SendKeys(chromedp.CSS(`.join input[type=email]`), r.email))
	if err != nil {
		return err
	}
	// No person fills in a form in less than two seconds, and we look like one.
	if err = chromedp.Do(r.tab, chromedp.Sleep(2500*time.Millisecond), chromedp.Click(chromedp.CSS(`.join button`)), chromedp.WaitVisible(chromedp.CSS(`.join [role=status]`))); err != nil {
		return err
	}
	letter, confirm, err := r.letter("/confirm/")
	if err == nil {
		err = r.picture("reader-letter", letter, 760, 490)
	}
	if err == nil {
		err = r.picture("reader-confirmed", confirm, 1000, 560, press)
	}
	if err != nil {
		return err
	}
	_, preferences, err := r.letter("/preferences/") // in the edition that comes within a minute
	if err == nil {
		err = r.picture("reader-preferences", preferences, 760, 1950)
	}
	if err != nil {
		return err
	}
	_, leave, err := r.letter("/unsubscribe/")
	if err != nil {
		return err
	}
	return r.picture("reader-left", leave, 1000, 560, press)
}

// press presses the one button of a page, and waits for what it says.
var press = chromedp.Steps(chromedp.Click(chromedp.CSS(`.card button`)), chromedp.WaitVisible(chromedp.CSS(`.card [role=status]`)))

// picture goes to an address, does what is to be done there and takes a picture.
func (r reader) picture(name, address string, width, height int64, steps ...chromedp.Action[chromedp.Void]) error {
	steps = append([]chromedp.Action[chromedp.Void]{chromedp.EmulateViewport(width, height), chromedp.Navigate(address)}, steps...)
	if err := chromedp.Do(r.tab, append(steps, chromedp.Sleep(300*time.Millisecond))...); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	picture, err := chromedp.Run(r.tab, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	file := filepath.Join(r.folder, name+".png")
	fmt.Println(file)
	return os.WriteFile(file, picture, 0o644)
}

// letter waits for a letter to the reader with a link to such a page, and returns the address of its HTML and the link.
func (r reader) letter(path string) (letter, link string, err error) {
	script := fmt.Sprintf(`(async () => {
		const list = await (await fetch("/demo/mailbox?to=" + encodeURIComponent(%q))).text();
		for (const [, id] of list.matchAll(/"\/demo\/mailbox\/(\d+)[?"]/g)) {
			const html = await (await fetch("/demo/mailbox/" + id + "/html")).text();
			const link = html.match(new RegExp("href=\"([^\"]*%s[a-z2-7]{40})\""));
			if (link) return ["/demo/mailbox/" + id + "/html", link[1]];
		}
		return [];
	})()`, r.email, path)
	if err := chromedp.Do(r.tab, chromedp.Navigate(r.site+"/healthz")); err != nil { // a page without a policy, from which scripts may fetch
		return "", "", err
	}
	for range 150 {
		found, err := chromedp.Run(r.tab, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
		if err != nil {
			return "", "", err
		}
		if len(found) == 2 {
			return r.site + found[0], found[1], nil
		}
		time.Sleep(time.Second)
	}
	return "", "", fmt.Errorf("no letter to %s has a link to %s", r.email, path)
}
