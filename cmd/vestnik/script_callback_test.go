package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vestnik/db"
	"vestnik/websub"
)

// A callback is a WebSub subscriber: it confirms what the hub asks and keeps what the hub delivers.
type callback struct {
	mu      sync.Mutex
	asked   []string // hub.mode of each verification
	letters []string // what was delivered: signature, links and body
	secret  string
}

func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Method == http.MethodGet {
		c.asked = append(c.asked, r.FormValue("hub.mode"))
		io.WriteString(w, r.FormValue("hub.challenge"))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	mac := hmac.New(sha256.New, []byte(c.secret))
	mac.Write(body)
	signed := "wrong signature"
	if r.Header.Get("X-Hub-Signature") == "sha256="+hex.EncodeToString(mac.Sum(nil)) {
		signed = "right signature"
	}
	c.letters = append(c.letters, fmt.Sprintf("%s\nContent-Type: %s\nLink: %q\n\n%s\n", signed, r.Header.Get("Content-Type"), r.Header["Link"], body))
}

type callbackKey struct{}

// cmdCallback runs a subscriber of the hub: callback start SECRET sets $CALLBACK; callback verified N and callback wait N wait
// until it was asked or told N times; wait prints the last delivery.
func cmdCallback(ts *testscript.TestScript, neg bool, args []string) {
	holder := ts.Value(callbackKey{}).(**callback)
	if len(args) != 2 || neg {
		ts.Fatalf("usage: callback start SECRET | callback verified N | callback wait N")
	}
	if args[0] == "start" {
		*holder = &callback{secret: args[1]}
		s := httptest.NewServer(*holder)
		ts.Defer(s.Close)
		ts.Setenv("CALLBACK", s.URL+"/push?reader=1")
		return
	}
	c, n := *holder, number(ts, args[1])
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(20 * time.Millisecond) {
		c.mu.Lock()
		got := c.asked
		if args[0] == "wait" {
			got = c.letters
		}
		c.mu.Unlock()
		if len(got) >= n {
			fmt.Fprintln(ts.Stdout(), got[len(got)-1])
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("callback %s %d: it happened %d times", args[0], n, len(got))
		}
	}
}

// cmdSubscribed waits until the hub has N subscriptions whose callbacks have confirmed.
func cmdSubscribed(ts *testscript.TestScript, neg bool, args []string) {
	withDatabase(ts, func(d *db.DB) error {
		for deadline := time.Now().Add(20 * time.Second); ; <-time.After(20 * time.Millisecond) {
			all, err := websub.Subscriptions(context.Background(), d)
			if err != nil {
				return err
			}
			active := 0
			for _, s := range all {
				if s.State == websub.StateActive {
					active++
				}
			}
			if active == number(ts, args[0]) && len(all) == active {
				return nil
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("the hub's book: %+v", all)
			}
		}
	})
}
