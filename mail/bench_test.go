package mail

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail/wire"
)

// sink is the smallest SMTP server that takes letters and forgets them: what is measured is us. It knows no password.
func sink(tb testing.TB, extensions ...string) (url string) {
	return narrowSink(tb, 1000, extensions...)
}

// narrowSink is a sink that lets so many connections in at a time.
func narrowSink(tb testing.TB, most int, extensions ...string) (url string) {
	places := make(chan struct{}, most)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case places <- struct{}{}:
				go func() {
					defer func() { <-places }()
					swallow(c, extensions)
				}()
			default:
				c.Write([]byte("421 4.7.0 too many connections from you\r\n"))
				c.Close()
			}
		}
	}()
	return "smtp://" + l.Addr().String()
}

func swallow(c net.Conn, extensions []string) {
	defer c.Close()
	r, w := bufio.NewReaderSize(c, 64<<10), bufio.NewWriter(c)
	w.WriteString("220 sink\r\n")
	inData := false
	for {
		if r.Buffered() == 0 {
			w.Flush()
		}
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		switch {
		case inData:
			if bytes.Equal(line, []byte(".\r\n")) {
				inData = false
				w.WriteString("250 2.0.0 taken\r\n")
			}
		case bytes.HasPrefix(line, []byte("EHLO")):
			w.WriteString("250" + strings.Join(append([]string{"-sink"}, extensions...), "\r\n250-") + "\r\n250 SIZE\r\n")
		case bytes.HasPrefix(line, []byte("DATA")):
			inData = true
			w.WriteString("354 go on\r\n")
		case bytes.HasPrefix(line, []byte("AUTH")):
			w.WriteString("535 5.7.8 who are you?\r\n")
		case bytes.HasPrefix(line, []byte("QUIT")):
			w.WriteString("221 bye\r\n")
			w.Flush()
			return
		default:
			w.WriteString("250 2.0.0 ok\r\n")
		}
	}
}

// BenchmarkSend sends b.N letters of an edition (about 30 kB on the wire) from the ledger to a local sink over ten
// connections: lease, render, mark, transaction, result. Filling the ledger is not measured.
func BenchmarkSend(b *testing.B) {
	ctx, now := context.Background(), time.Now()
	d := dbtest.Open(b)
	b.ReportAllocs()
	relay, err := wire.ParseRelay(sink(b, "PIPELINING"), 10)
	if err != nil {
		b.Fatal(err)
	}
	m := digestMessage()
	m.HTML += strings.Repeat("<p>Съёмки начнутся весной, сообщает студия.</p>\n", 100)
	master, err := Compose(testIdentity(), m)
	if err != nil {
		b.Fatal(err)
	}
	if err := PutMaster(ctx, d, 1, 1, "ru", master, now); err != nil {
		b.Fatal(err)
	}
	if err := crowd(ctx, d, b.N); err != nil {
		b.Fatal(err)
	}
	f := Filling{Kind: KindDigest, Ref: 1, Digest: "daily", Revision: 1, Expires: now.AddDate(0, 0, 1)}
	if _, err := Fill(ctx, d, f, everybody, []any{"daily"}, now); err != nil {
		b.Fatal(err)
	}
	s := NewSender(Options{DB: d, Identity: testIdentity(), Relays: []wire.Relay{relay}, Personal: personal})
	defer s.Close()
	b.SetBytes(int64(len(master.Bytes)))
	b.ResetTimer()
	for sent := 0; sent < b.N; {
		n, err := s.Round(ctx, now)
		if err != nil || n == 0 {
			b.Fatalf("%d letters of %d sent: %v", sent, b.N, err)
		}
		sent += n
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
	if balance, err := BalanceOf(ctx, d, KindDigest, 1); err != nil || balance.Sent != int64(b.N) {
		b.Fatalf("balance %+v, %v", balance, err)
	}
}

// crowd adds n subscribers.
func crowd(ctx context.Context, d *db.DB, n int) error {
	return d.Tx(ctx, func(tx *sql.Tx) error {
		for i := 1; i <= n; i++ {
			if _, err := tx.ExecContext(ctx, `INSERT INTO subscribers (id, email, email_key, name, language, timezone, state, since)
				VALUES ($1, $2, $2, '', '', '', 'active', 1)`, i, fmt.Sprintf("reader%d@post.example", i)); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO subscriptions (subscriber, digest, state, since)
				VALUES ($1, 'daily', 'active', 1)`, i); err != nil {
				return err
			}
		}
		return nil
	})
}
