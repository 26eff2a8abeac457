package mapping

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMaskRemovesWhatIdentifiesACustomer(t *testing.T) {
	const e, p, c = MaskedEmail, MaskedPhone, MaskedCard
	tests := map[string]string{
		// e-mail addresses
		"Write to bob@example.com.":               "Write to " + e + ".",
		"Bob.Smith+x@mail.example.co.uk!":         e + "!",
		"<bob@example.com>, åsa@exämple.se":       "<" + e + ">, " + e,
		`bob\_smith@example\.com`:                 e,
		"[mail](mailto:bob%40example.com?a=b)":    "[mail](mailto:" + e + "?a=b)",
		"a_b@example.com_":                        e + "_",
		"user@localhost and @anders, 3 @ 5.50":    "user@localhost and @anders, 3 @ 5.50",
		"*bob@example.com* _b@example.com_":       "*" + e + "* _" + e + "_",
		"first@example.com,second@example.com":    e + "," + e,
		"https://example.com/u/bob@example.com/x": "https://example.com/u/" + e + "/x",

		// phone numbers
		"+46 70 123 45 67":                     p,
		"+46 (0)70-123 45 67, tack":            p + ", tack",
		"+1 (555) 234-5678":                    p,
		"+4670 123 4567":                       p,
		"ring 070-123 45 67 10:30":             "ring " + p + " 10:30",
		"(070-123 45 67)":                      "(" + p + ")",
		"0046701234567":                        p,
		"0171/1234567":                         p,
		"020 7946 0958":                        p,
		"06.12.34.56.78":                       p,
		"(555) 234-5678 or 555-234-5678":       p + " or " + p,
		"1-800-234-5678":                       p,
		"tel. 23456789":                        "tel. " + p,
		"Telefon: 234 567":                     "Telefon: " + p,
		"[call](tel:+46701234567)":             "[call](tel:" + p + ")",
		"2 st till 070-123 45 67":              "2 st till " + p,
		"070‑123 45 67":                        p,
		"070 123 45 67\n070 123 45 68":         p + "\n" + p,
		"+46701234567+46701234568":             p + p,
		"+46 70 123 45 67 4111 1111 1111 1111": p + " " + c,

		// cards
		"4111 1111 1111 1111":                    c,
		"4111-1111-1111-1111 exp 12/27":          c + " exp 12/27",
		"card 378282246310005.":                  "card " + c + ".",
		"4111111111111111":                       c,
		"order 1234 4111 1111 1111 1111 12":      "order 1234 " + c + " 12",
		"5555 5555 5555 4444 070-123 45 67":      c + " " + p,
		"4111 1111 1111 1112":                    "4111 1111 1111 1112", // wrong check digit
		"9999999999999995":                       "9999999999999995",    // right, but no network's
		"id x4111111111111111 and #070123456789": "id x4111111111111111 and #070123456789",

		// what must stay
		"2026-11-23 10:30, 23.11.2026, 01/02/2026": "2026-11-23 10:30, 23.11.2026, 01/02/2026",
		"01.02.2026 08:15":                         "01.02.2026 08:15",
		"10.0.0.12 and 192.168.10.20":              "10.0.0.12 and 192.168.10.20",
		"order 123456789 of 1 250 000 SEK":         "order 123456789 of 1 250 000 SEK",
		"v1.26.8, #4711, 0.5 l, 5+123456":          "v1.26.8, #4711, 0.5 l, 5+123456",
		"550e8400-e29b-41d4-a716-446655440000":     "550e8400-e29b-41d4-a716-446655440000",
		"a0712345678f":                             "a0712345678f",
		"https://example.com/t/1732435200":         "https://example.com/t/1732435200",
		"":                                         "",
	}
	for text, want := range tests {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q)\n got %q\nwant %q", text, got, want)
		}
		if got := Mask(want); got != want {
			t.Errorf("Mask(%q) changes a masked text to %q", want, got)
		}
	}
}

func TestMaskFindsPlantedDataInAnyText(t *testing.T) {
	words := rapid.SampledFrom([]string{
		"hej", "the", "order", "12", "2026-11-23", "**bold**", "\n", "10:30", "(see", "below)", "é", "42 000", "?", "“x”",
	})
	planted := rapid.SampledFrom([]string{
		"bob@example.com", "+46 70 123 45 67", "070-123 45 67", "4111 1111 1111 1111", "378282246310005", "(555) 234-5678",
	})
	rapid.Check(t, func(t *rapid.T) {
		var parts []string
		for range rapid.IntRange(1, 6).Draw(t, "n") {
			parts = append(parts, rapid.SliceOfN(words, 0, 3).Draw(t, "words")...)
			parts = append(parts, planted.Draw(t, "planted"), rapid.SampledFrom([]string{"a", ",", ".", "and"}).Draw(t, "end"))
		}
		text := strings.Join(parts, " ")
		masked := Mask(text)
		for _, secret := range []string{"bob@", "70 123 45 6", "123 45 67", "1111", "378282", "234-5678"} {
			if strings.Contains(masked, secret) {
				t.Fatalf("%q is left in %q", secret, masked)
			}
		}
	})
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{
		"bob@example.com", "+46 (0)70-123 45 67", "4111 1111 1111 1111", "tel 123456", "01.02.2026 08:15 0701234567",
		"06.12.34.56.78", "((555) 234-5678)", "a@b.c@d.e", "\xff0701234567\xff", "5555555555554444 5555555555554444",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := Mask(text)
		if twice := Mask(once); twice != once {
			t.Errorf("masking again changes the text:\n   %q\n-> %q\n-> %q", text, once, twice)
		}
		if utf8.ValidString(text) && !utf8.ValidString(once) {
			t.Errorf("Mask(%q) = %q is not UTF-8", text, once)
		}
		if strings.Count(once, "\n") != strings.Count(text, "\n") {
			t.Errorf("Mask(%q) = %q joins or splits lines", text, once)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	text := strings.Repeat("Hej, ordern 123456 från 2026-11-23 kom inte fram. Ring 070-123 45 67 eller bob@example.com! ", 40)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Mask(text)
	}
}
