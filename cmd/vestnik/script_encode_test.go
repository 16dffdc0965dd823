package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/html/charset"
)

// cmdEncode writes a file of UTF-8 in another encoding: encode NAME FROM TO.
func cmdEncode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: encode NAME FROM TO")
	}
	enc, _ := charset.Lookup(args[0])
	if enc == nil {
		ts.Fatalf("no encoding %q", args[0])
	}
	data, err := enc.NewEncoder().Bytes([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o600))
}
