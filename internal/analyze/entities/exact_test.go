package entities

import (
	"strings"
	"testing"

	"candor/internal/query"
)

// each runs texts and compares what was found, joined by bars.
func each(t *testing.T, cases [][2]string, of func(query.Named) []string) {
	t.Helper()
	for _, c := range cases {
		if got := strings.Join(of(Rules{}.Find(c[0])), "|"); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
}

func TestDates(t *testing.T) {
	each(t, [][2]string{
		{"Signed 2026-03-14T10:00:00Z, 2026/03/15, and 2026.3.16.", "2026-03-14|2026-03-15|2026-03-16"},
		{"On 14 March 2026, March 15th, 2026, 16th of March 2026 and Mar. 17, 2026.", "2026-03-14|2026-03-15|2026-03-16|2026-03-17"},
		{"Since March 2026; in May, 2025.", "2025-05|2026-03"},
		{"Am 14. März 2026, am 15.3.2026 und am 1. 12. 2025", "2025-12-01|2026-03-14|2026-03-15"},
		{"le 1er août 2026; el 14 de marzo de 2026; il 2 maggio 2026; 3 maart 2026; 4 marca 2026; 5 марта 2026 года", "2026-03-03|2026-03-04|2026-03-05|2026-03-14|2026-05-02|2026-08-01"},
		{"2026年3月14日と2025年12月", "2025-12|2026-03-14"},
		{"25/12/2026 and 12/25/2025 and 4/4/2024", "2024-04-04|2025-12-25|2026-12-25"},
		// Which of them is the month? There is no such day. It is a version, a price, a number.
		{"3/4/2026, 31.2.2026, 30 February 2026, 1.2.3.2026, EUR 2026, room 2026, 12-2026, x2026-03-14, 2026-03-141", ""},
		{"14 March 20260; 14 March 0026", ""},
		{"March 2026", "2026-03"},
		{"", ""},
	}, func(n query.Named) []string { return n.Dates })
}

func TestMoney(t *testing.T) {
	each(t, [][2]string{
		{"EUR 1,200.50, 1.200,50 EUR, €1200.5 and 1 200,50 €", "EUR 1200.5"},
		{"$3.4 million, US$ 5bn, 2.5 Mio. Euro, 3 Mrd. EUR, £10k", "$ 3400000|EUR 2500000|EUR 3000000000|GBP 10000|USD 5000000000"},
		{"CHF 1'000'000.- and ¥5,000 and 10 dollars and HK$7", "$ 10|CHF 1000000|HKD 7|¥ 5000"},
		{"EUR 0.05; EUR 1.234; 1.2345 EUR; EUR 0", "EUR 0|EUR 0.05|EUR 1.2345|EUR 1234"},
		{"TOP 10, ALL 20, TRY 3; TRY 1,200 and COP 3.50", "COP 3.5|TRY 1200"},
		{"In 2026 EUR 500 were paid, on 14 March 2026 $7.", "$ 7|EUR 500"},
		// No currency, a piece of a word, a number that is too long.
		{"12 people, 5 eurosceptics, NEUR 5, ABC 12, 5 m, EUR 12345678901234567890, AB EUR, EURO 5x", ""},
	}, func(n query.Named) []string { return n.Money })
}

func TestWebAddresses(t *testing.T) {
	each(t, [][2]string{
		{"See HTTPS://Example.ORG/A/b?c=d#part, (http://example.org/x_(y)), <www.Example.net/>.", "http://example.org/x_(y)|http://www.example.net|https://example.org/A/b?c=d"},
		{"https://rosa:secret@example.org/ and https://www.example.org.", "https://example.org|https://www.example.org"},
		{"http://localhost/x, file:///etc/passwd, xhttp://example.org, http://, https://%zz.org, http://example.org/" + strings.Repeat("a", 2*mostAddress), ""},
	}, func(n query.Named) []string { return n.URLs })
}

func TestIdentifiers(t *testing.T) {
	each(t, [][2]string{
		{"US0378331005 and DE000BAY0017, not US0378331006", "isin:DE000BAY0017|isin:US0378331005"},
		{"LEI 5493001KJTIIGC8Y1R12, not 5493001KJTIIGC8Y1R13", "lei:5493001KJTIIGC8Y1R12"},
		{"0000-0002-1825-0097, not 0000-0002-1825-0098; 0000-0002-1694-233X", "orcid:0000-0002-1694-233X|orcid:0000-0002-1825-0097"},
		{"ISBN 978-0-306-40615-7 or ISBN: 0-306-40615-2; ISBN 978-0-306-40615-8", "isbn:9780306406157"},
		{"the ship IMO 9074729, not IMO 9074728", "imo:9074729"},
		{"https://doi.org/10.1000/XYZ-12. And doi:10.1038/s41586-020-2649-2", "doi:10.1000/xyz-12|doi:10.1038/s41586-020-2649-2"},
		{"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
		{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa, bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4, not 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "btc:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa|btc:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		{"0x52908400098527886E0F7030069857D2E4169EE7", "eth:0x52908400098527886e0f7030069857d2e4169ee7"},
		{"Our ref. HW-2026/114; Invoice no. 20114; Aktenzeichen: 4 K 1/26, Case No. 12-CV-0042.", "ref:12-CV-0042|ref:20114|ref:HW-2026/114"},
		{"in case 2026 comes; file report-2026.pdf; contract with 12 people; reference books", ""},
	}, func(n query.Named) []string { return n.Identifiers })
}
