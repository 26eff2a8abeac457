package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func TestHostileTextsAreManyAndEachIsOneOfAKind(t *testing.T) {
	all := Hostile()
	seen := map[string]bool{}
	for _, text := range all {
		if !strings.Contains(text, "pwned") {
			t.Errorf("%q has not the word by which it is found", text)
		}
		if seen[text] {
			t.Errorf("twice: %q", text)
		}
		seen[text] = true
	}
	if len(seen) != HostileCount {
		t.Errorf("%d texts, want %d", len(seen), HostileCount)
	}
}

// unguarded are a page that does everything wrong that our pages must not do, and one that
// puts words into a script.
const (
	unguarded = `<!doctype html><meta charset=utf-8><title>%[1]s</title><body><main>
<p>%[1]s</p><input value="%[1]s"><input value='%[1]s'><input value=%[1]s><textarea>%[1]s</textarea><a href="%[1]s">x</a><!-- %[1]s --><select><option>%[1]s</option></select></main>`
	inScripts = "<!doctype html><meta charset=utf-8><main></main><script>var a = \"%[1]s\";</script><script>var b = '%[1]s';</script><script>var c = `%[1]s`;</script>"
)

// TestBrowserNoticesWhatRunsWhereNothingGuards: the trap that our pages pass is sprung by
// a page without guards, and by one whose policy is the only guard left.
func TestBrowserNoticesWhatRunsWhereNothingGuards(t *testing.T) {
	texts := append(Hostile(), "hello")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{guard}/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("n"))
		text, page := texts[n], unguarded
		switch r.PathValue("guard") {
		case "policy":
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; base-uri 'none'")
		case "scripts":
			page = inScripts
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, page, text)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	tr := NewTrap(t, s.URL)
	sprung := func(guard string, n int) (bool, bool) {
		tr.Open(fmt.Sprintf("/%s/%d", guard, n))
		ran, wrong := tr.Sprung()
		return ran > 0, len(wrong) > 0
	}
	for _, guard := range []string{"none", "policy"} {
		if ran, wrong := sprung(guard, HostileCount); ran || wrong {
			t.Errorf("harmless words spring the trap with the guard %s: %v %v", guard, ran, wrong)
		}
	}
	step := 25
	if Full() {
		step = 5
	}
	opened, ran, seen, refused := 0, 0, 0, 0
	for n := 0; n < HostileCount; n += step {
		opened++
		did, wrong := sprung("none", n)
		inScript, _ := sprung("scripts", n)
		if did || inScript {
			ran++
		} else if wrong {
			seen++
		}
		if did, wrong = sprung("policy", n); did {
			t.Errorf("%q ran past the policy", texts[n])
		} else if wrong {
			refused++
		}
	}
	t.Logf("of %d texts %d ran and %d more became what they should not without a guard; %d did with the policy alone", opened, ran, seen, refused)
	if ran*3 < opened || (ran+seen)*2 < opened || refused*2 < opened {
		t.Error("the trap notices too little: what it does not catch on our pages means nothing")
	}
}
