package remote_test

import (
	"testing"

	"candor"
	"candor/internal/custodian/custodiantest"
)

// BenchmarkBatch releases 1,000 keys in one request over TLS on loopback.
func BenchmarkBatch(b *testing.B) {
	p := newPair(b).start()
	c := p.dial()
	names := make([]candor.KeyName, 1000)
	for i := range names {
		names[i] = custodiantest.Original(i)
	}
	for b.Loop() {
		b.StopTimer()
		a := p.ask(c, names...)
		b.StartTimer()
		answer, err := c.Release(b.Context(), a.ReleaseRequest)
		if err != nil || len(answer.Keys) != len(names) {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(names)*b.N)/b.Elapsed().Seconds(), "keys/s")
}
