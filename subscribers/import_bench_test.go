package subscribers

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/db/dbtest"
	"vestnik/subscribers/consent"
)

// BenchmarkImport is an import of 50,000 readers into an empty database, with the log of consent.
func BenchmarkImport(b *testing.B) { benchmarkImport(b, 50_000) }

// BenchmarkImportMillion is one of a million, and after it the sealing and an export. It takes a minute and a half: it runs only
// where VESTNIK_BENCH_LARGE is set.
func BenchmarkImportMillion(b *testing.B) {
	if os.Getenv("VESTNIK_BENCH_LARGE") == "" {
		b.Skip("set VESTNIK_BENCH_LARGE=1 to run it")
	}
	benchmarkImport(b, 1_000_000)
}

func benchmarkImport(b *testing.B, n int) {
	file, v := benchFile(b, n), newVerbs(b)
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // as the command does
	var seal, export time.Duration
	var peak uint64
	for b.Loop() {
		b.StopTimer()
		d := dbtest.Open(b)
		stop := watchMemory(&peak)
		b.StartTimer()
		report, err := Import(ctx, d, file, "many.csv", ImportOptions{Verbs: v, Basis: "b"}, now)
		b.StopTimer()
		if err != nil || report.Added != n {
			b.Fatal(numbers(report), err)
		}
		begin := time.Now()
		if sealed, err := consent.Seal(ctx, d, now); err != nil || sealed != n {
			b.Fatal(sealed, err)
		}
		seal += time.Since(begin)
		begin = time.Now()
		if _, lines, err := Export(ctx, d, io.Discard, FormatCSV, ListFilter{}); err != nil || lines != n {
			b.Fatal(lines, err)
		}
		export += time.Since(begin)
		stop()
		d.Close()
		b.StartTimer()
	}
	each := float64(b.N)
	b.ReportMetric(float64(n)*each/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(seal.Seconds()/each, "s-sealing")
	b.ReportMetric(export.Seconds()/each, "s-export")
	b.ReportMetric(float64(peak)/1e6, "MB-peak")
}

// benchFile has addresses in no order, as a list has that grew for years.
func benchFile(b *testing.B, n int) *os.File {
	f, err := os.CreateTemp(b.TempDir(), "many-*.csv")
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "email,name,digests,status")
	for i := range n {
		fmt.Fprintf(w, "%08x.reader@example%d.org,Читатель %d,daily,active\n", uint32(i)*2654435761, i%1000, i)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

// watchMemory keeps the most memory that the process had: what is resident on Linux, elsewhere what it has from the system.
func watchMemory(peak *uint64) (stop func()) {
	debug.FreeOSMemory()
	var over atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !over.Load() {
			*peak = max(*peak, resident())
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return func() {
		over.Store(true)
		<-ended
	}
}

func resident() uint64 {
	var size, pages uint64
	if data, err := os.ReadFile("/proc/self/statm"); err == nil {
		if _, err := fmt.Sscan(string(data), &size, &pages); err == nil {
			return pages * uint64(os.Getpagesize())
		}
	}
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
