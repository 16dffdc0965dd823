package digest

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
	"vestnik/mail"
	"vestnik/mail/wire"
	"vestnik/reads"
	"vestnik/subscribers"
)

// BenchmarkSlot is a slot's morning in a daemon of its own process, on one database: the digest "daily" has 1,000,000 subscribers and is
// published and written down while a page is read and readers' visits and joins are written beside; then "half", with 500,000, is
// published and sent. Reported are how long each took, the longest that anybody waited, and the daemon's memory at its highest.
// It takes minutes, so it runs only with VESTNIK_BENCH_LARGE; without it both are a hundred times smaller, to see that it works.
func BenchmarkSlot(b *testing.B) {
	readers := 10_000
	if os.Getenv("VESTNIK_BENCH_LARGE") != "" {
		readers = 1_000_000
	}
	address := dbtest.URL(b)
	fillNewsroom(b, address, readers)
	relay := countingSink(b)
	for _, part := range []struct {
		digest  string
		readers int
	}{{"daily", readers}, {"half", readers / 2}} {
		b.Run(fmt.Sprintf("%dk_subscribers", part.readers/1000), func(b *testing.B) {
			for range b.N {
				relay.first.Store(0)
				exec.Command("sync").Run() // or the disk is busy with what was made before; where there is no such command, it is
				m := runDaemon(b, address, relay.url, part.digest)
				if m.Recipients != int64(part.readers) {
					b.Fatalf("%d letters were written down for %d subscribers", m.Recipients, part.readers)
				}
				b.ReportMetric(m.Published, "s-published")
				b.ReportMetric(m.Enqueued, "s-enqueued")
				b.ReportMetric(m.MB, "MB-peak")
				settleAll(b, address)
				if part.digest == "half" {
					b.ReportMetric(float64(relay.first.Load()-m.Slot)/1000, "s-first-letter")
					continue
				}
				b.ReportMetric(m.Page, "ms-page-wait")
				b.ReportMetric(m.Write, "ms-write-wait")
				b.ReportMetric(m.Join, "ms-join-wait")
				b.ReportMetric(m.Chunk, "ms-chunk")
			}
		})
	}
}

// fillNewsroom makes a database with a hundred articles that were read, and so many subscribers: every second takes "half", too, every
// tenth wants an hour of his own, every twentieth a section, every third letters in English.
func fillNewsroom(b *testing.B, address string, count int) {
	d, err := db.Open(context.Background(), address)
	if err == nil {
		_, _, err = schema.Migrate(context.Background(), d)
	}
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	n := newsroomOn(b, d)
	now := time.Now()
	for i := range 100 {
		a := n.article(fmt.Sprintf("Новость номер %d с длинным заголовком", i), now.Add(-time.Duration(i+10)*10*time.Minute))
		n.read(a.ID, int64(200-i), "web", now.Add(-2*time.Hour))
	}
	numbers := `WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1) `
	first := db.FirstID(now.AddDate(-1, 0, 0))
	for _, query := range []string{`
		INSERT INTO subscribers (id, email, email_key, domain, name, language, timezone, hour, salt, state, since)
		` + numbers + `SELECT $2 + i * 1000, 'reader' || i || '@post.example', 'reader' || i || '@post.example', 'post.example', '',
			CASE i % 3 WHEN 0 THEN 'en' ELSE '' END, CASE i % 30 WHEN 0 THEN 'Europe/Moscow' ELSE '' END, CASE i % 10 WHEN 0 THEN i / 10 % 24 ELSE -1 END, '', 'active', 1 FROM n`, `
		INSERT INTO subscriptions (subscriber, digest, state, since, sections, agreed, place)
		` + numbers + `SELECT $2 + i * 1000, 'daily', 'active', 1, CASE i % 20 WHEN 0 THEN 'novosti' ELSE '' END, 1600000000000 + i * 1000, 'page' FROM n`, `
		INSERT INTO subscriptions (subscriber, digest, state, since, agreed, place)
		` + numbers + `SELECT $2 + i * 1000, 'half', 'active', 1, 1600000000000 + i * 1000, 'import' FROM n WHERE i % 2 = 0`} {
		if _, err := d.ExecContext(context.Background(), query, int64(count), first); err != nil {
			b.Fatal(err)
		}
	}
	if d.Engine == "postgres" {
		if _, err := d.ExecContext(context.Background(), `ANALYZE`); err != nil {
			b.Fatal(err)
		}
	}
}

// settleAll makes all letters old ones, which nobody sends any more.
func settleAll(b *testing.B, address string) {
	d, err := db.Open(context.Background(), address)
	if err == nil {
		defer d.Close()
		_, err = d.ExecContext(context.Background(), `UPDATE letters SET state = 'expired', due = 0, done = 1 WHERE due > 0`)
	}
	if err == nil {
		_, err = d.ExecContext(context.Background(), `UPDATE editions SET state = 'finished'`)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// measured is what the daemon of [BenchmarkSlot] reports: seconds after the slot, milliseconds, MB.
type measured struct {
	Slot       int64 // Unix milliseconds, by the real clock
	Recipients int64
	Published  float64
	Enqueued   float64
	MB         float64
	Page       float64
	Write      float64
	Join       float64
	Chunk      float64
}

// runDaemon lets the test binary be a daemon until the digest's letters are written down.
func runDaemon(b *testing.B, address, relay, digest string) (m measured) {
	c := exec.Command(os.Args[0], "-test.run=^TestDaemonOfTheBenchmark$", "-test.v")
	c.Env = append(os.Environ(), "VESTNIK_BENCH_DAEMON="+address, "VESTNIK_BENCH_RELAY="+relay, "VESTNIK_BENCH_DIGEST="+digest)
	out, err := c.CombinedOutput()
	_, line, found := bytes.Cut(out, []byte("measured: "))
	if err == nil && found {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		err = json.Unmarshal(line, &m)
	}
	if err != nil || !found {
		b.Fatalf("the daemon: %v\n%s", err, out)
	}
	return m
}

// TestDaemonOfTheBenchmark is not a test: the benchmark runs it in a process of its own.
func TestDaemonOfTheBenchmark(t *testing.T) {
	address, relay, name := os.Getenv("VESTNIK_BENCH_DAEMON"), os.Getenv("VESTNIK_BENCH_RELAY"), os.Getenv("VESTNIK_BENCH_DIGEST")
	if address == "" {
		t.Skip("only for BenchmarkSlot")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d, err := db.Open(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	n := newsroomOn(t, d)
	n.Banner, n.Log = nil, slog.New(slog.NewTextHandler(os.Stderr, nil))
	// The slot is in two seconds: this clock is behind by what the minute has had already, since cron knows only whole ones.
	began := time.Now()
	slot := began.Truncate(time.Minute)
	clock := func() time.Time { return slot.Add(-2*time.Second + time.Since(began)) }
	dg := n.daily
	dg.Name, dg.Location = name, time.UTC
	dg.Schedule = fmt.Sprintf("%d %d * * *", slot.UTC().Minute(), slot.UTC().Hour())
	m := measured{Slot: began.Add(2 * time.Second).UnixMilli()}
	since := func() float64 { return float64(time.Now().UnixMilli()-m.Slot) / 1000 }

	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	if name == "half" {
		beside.Go(func() { sendBeside(ctx, t, n, relay) })
	} else {
		beside.Go(func() { m.Page = longest(ctx, 20*time.Millisecond, n.readPage) })
		beside.Go(func() { m.Write = longest(ctx, 250*time.Millisecond, n.flushReads) })
		beside.Go(func() { m.Join = longest(ctx, 250*time.Millisecond, n.join) })
	}
	for edition := int64(0); ; {
		stepped := time.Now()
		if _, err := n.Step(ctx, []Digest{dg}, clock()); err != nil {
			t.Fatal(err)
		}
		m.Chunk = max(m.Chunk, float64(time.Since(stepped).Milliseconds())/chunksAStep)
		all, err := Editions(ctx, d, name, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) > 0 {
			if edition == 0 {
				edition, m.Published = all[0].ID, float64(all[0].Made.Sub(slot).Milliseconds())/1000
			}
			if m.Recipients = all[0].Recipients; all[0].State != Enqueuing {
				break
			}
		}
		if edition == 0 {
			time.Sleep(20 * time.Millisecond)
		} else {
			time.Sleep(5 * time.Millisecond) // as the daemon's loop
		}
	}
	m.Enqueued = since()
	for sent := int64(0); name == "half" && sent == 0; time.Sleep(20 * time.Millisecond) {
		if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM letters WHERE kind = 'digest' AND state = 'sent' LIMIT 1) AS one`).Scan(&sent); err != nil {
			t.Fatal(err)
		}
	}
	m.MB = peakMemory(t)
	cancel()
	beside.Wait()
	report(m)
}

func report(m measured) {
	line, _ := json.Marshal(m)
	fmt.Printf("\nmeasured: %s\n", line)
}

// sendBeside is the daemon's sender.
func sendBeside(ctx context.Context, t *testing.T, n newsroom, url string) {
	relay, err := wire.ParseRelay(url, 10)
	if err != nil {
		t.Error(err)
		return
	}
	s := mail.NewSender(mail.Options{DB: n.DB, Identity: n.Identity, Relays: []wire.Relay{relay}, Log: n.Log, Personal: n.verbs().Keys.Personal})
	defer s.Close()
	if err := s.Run(ctx); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

// longest calls f again and again, and returns the most milliseconds that a call took.
func longest(ctx context.Context, every time.Duration, f func(ctx context.Context) error) (ms float64) {
	for ctx.Err() == nil {
		began := time.Now()
		err := f(ctx)
		took := float64(time.Since(began).Microseconds()) / 1000
		if ctx.Err() != nil {
			return ms
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return -1
		}
		ms = max(ms, took)
		time.Sleep(every)
	}
	return ms
}

// readPage is what the front page asks for.
func (n newsroom) readPage(ctx context.Context) error {
	if _, err := articles.List(ctx, n.DB, articles.Filter{Limit: 30}); err != nil {
		return err
	}
	_, err := Editions(ctx, n.DB, "daily", 10)
	return err
}

// flushReads is what the counter of reads writes.
func (n newsroom) flushReads(ctx context.Context) error {
	return n.DB.Tx(ctx, func(tx *sql.Tx) error {
		var hours []reads.Hour
		for i := range int64(50) {
			hours = append(hours, reads.Hour{Article: i + 1, Start: time.Now(), Source: "web", N: 1})
		}
		return reads.Add(ctx, tx, hours)
	})
}

var joined atomic.Int64

// join is what a form does, with its letter.
func (n newsroom) join(ctx context.Context) error {
	v := n.verbs()
	v.Tally = nil
	email := fmt.Sprintf("new%d-%d@other%d.example", os.Getpid(), joined.Add(1), joined.Load())
	return v.Join(ctx, n.DB, email, "daily", "ru", subscribers.Origin{}, time.Now())
}

// peakMemory is the most that the process has had in memory, in MB.
func peakMemory(t *testing.T) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Logf("memory is measured on Linux only: %v", err)
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kB, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return kB / 1024
}

// A relaySink takes letters, forgets them, and remembers when the first came.
type relaySink struct {
	url   string
	first atomic.Int64 // Unix milliseconds
}

func countingSink(b *testing.B) *relaySink {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	s := &relaySink{url: "smtp://" + l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.take(c)
		}
	}()
	return s
}

func (s *relaySink) take(c net.Conn) {
	defer c.Close()
	r, w := bufio.NewReaderSize(c, 64<<10), bufio.NewWriter(c)
	w.WriteString("220 sink\r\n")
	for inData := false; ; {
		if r.Buffered() == 0 {
			w.Flush()
		}
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		switch {
		case inData && bytes.Equal(line, []byte(".\r\n")):
			inData = false
			s.first.CompareAndSwap(0, time.Now().UnixMilli())
			w.WriteString("250 2.0.0 taken\r\n")
		case inData:
		case bytes.HasPrefix(line, []byte("EHLO")):
			w.WriteString("250-sink\r\n250-PIPELINING\r\n250 SIZE\r\n")
		case bytes.HasPrefix(line, []byte("DATA")):
			inData = true
			w.WriteString("354 go on\r\n")
		default:
			w.WriteString("250 2.0.0 ok\r\n")
		}
	}
}
