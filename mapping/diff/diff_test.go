package diff

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// shown writes parts as people read them: [-gone-]{+new+}.
func shown(parts []Part) string {
	var out strings.Builder
	for _, p := range parts {
		out.WriteString(map[Kind]string{Same: p.Text, Gone: "[-" + p.Text + "-]", New: "{+" + p.Text + "+}"}[p.Kind])
	}
	return out.String()
}

func TestWordsAreComparedWhole(t *testing.T) {
	for _, c := range []struct{ old, text, want string }{
		{"", "", ""},
		{"same", "same", "same"},
		{"", "Hello", "{+Hello+}"},
		{"Hello", "", "[-Hello-]"},
		{"We refund 19 euro.", "We refund 29 euro.", "We refund [-19-]{+29+} euro."},
		{"We refund it.", "We refund it today.", "We refund it{+ today+}."},
		{"Dear Carla,\n\nno.", "Dear Carla,\n\nyes, we do.", "Dear Carla,\n\n[-no-]{+yes, we do+}."},
		{"one two three", "four five three", "[-one two-]{+four five+} three"},
		{"refund", "refunded", "[-refund-]{+refunded+}"},
		{"Grüße æøå", "Grüsse æøå", "[-Grüße-]{+Grüsse+} æøå"},
		{"a b c", "a c", "a [-b -]c"},
		{"\xff bad", "\xff good", "\xff [-bad-]{+good+}"},
	} {
		if got := shown(Words(c.old, c.text)); got != c.want {
			t.Errorf("%q to %q: %q, want %q", c.old, c.text, got, c.want)
		}
	}
}

// rejoined gives both texts back from the parts.
func rejoined(parts []Part) (old, text string) {
	for _, p := range parts {
		if p.Kind != New {
			old += p.Text
		}
		if p.Kind != Gone {
			text += p.Text
		}
	}
	return old, text
}

// TestBothTextsComeBackWhole: of any two texts nothing is lost or made up, no two parts of
// a kind follow one another, and what is far too different is shown one after the other.
func TestBothTextsComeBackWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	some := func(n int) string {
		var out strings.Builder
		for range rng.IntN(n + 1) {
			out.WriteString([]string{"refund ", "19", "€", "\n\n", "Carla", ", ", "æ", "  "}[rng.IntN(8)])
		}
		return out.String()
	}
	for range 3000 {
		a, b := some(25), some(25)
		check(t, a, b)
	}
	var long strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&long, "word%d ", i)
	}
	check(t, long.String(), strings.ReplaceAll(long.String(), "word", "other"))
	check(t, long.String(), strings.Replace(long.String(), "word2500", "changed", 1))
}

func check(t *testing.T, a, b string) {
	t.Helper()
	parts := Words(a, b)
	if old, text := rejoined(parts); old != a || text != b {
		t.Fatalf("%.80q to %.80q gives %.200q", a, b, shown(parts))
	}
	for i := 1; i < len(parts); i++ {
		if parts[i].Kind == parts[i-1].Kind || parts[i].Kind == Gone && parts[i-1].Kind == New {
			t.Fatalf("%.80q to %.80q: %.200q", a, b, shown(parts))
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("We refund it.", "We refund 19 euro today.")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) < 2000 {
			check(t, a, b)
		}
	})
}
