package web_test

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

func TestPageOrderIsEverySurfacesOwnAndTheLogsAmongThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []*bridge.Message
		for i := range rapid.IntRange(0, 30).Draw(t, "messages") {
			m := &bridge.Message{
				ID: bridge.ID{Ticket: 1, Seq: int64(i + 1)}, Surface: rapid.SampledFrom([]string{"slack", "discord", "web"}).Draw(t, "surface"),
			}
			if m.Surface != "web" {
				m.Order = fmt.Sprint(rapid.Int64Range(1, 2000).Draw(t, "order"))
			}
			in = append(in, m)
		}
		shuffled := rapid.Permutation(in).Draw(t, "read in any order")
		got := web.PageOrder(slices.Clone(shuffled))
		if len(got) != len(in) {
			t.Fatalf("%d of %d messages", len(got), len(in))
		}
		for i, m := range got {
			if m.Surface != in[i].Surface {
				t.Fatalf("place %d has a message of %s, the log has one of %s there", i, m.Surface, in[i].Surface)
			}
			if m.Surface == "web" && m != in[i] {
				t.Fatalf("place %d has message %v, want %v: what has no order of its own does not move", i, m.ID, in[i].ID)
			}
		}
		for _, surface := range []string{"slack", "discord"} {
			own := slices.DeleteFunc(slices.Clone(got), func(m *bridge.Message) bool { return m.Surface != surface })
			if !slices.IsSortedFunc(own, func(a, b *bridge.Message) int {
				return cmp.Or(cmp.Compare(len(a.Order), len(b.Order)), cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID.Seq, b.ID.Seq))
			}) {
				t.Fatalf("messages of %s are not in its order", surface)
			}
		}
	})
}

func TestALateMessageStandsWherePeopleSawIt(t *testing.T) {
	message := func(seq int64, surface, order string) *bridge.Message {
		return &bridge.Message{ID: bridge.ID{Ticket: 1, Seq: seq}, Surface: surface, Order: order}
	}
	got := web.PageOrder([]*bridge.Message{
		message(1, "web", ""), message(2, "slack", "9.2"), message(3, "web", ""), message(4, "slack", "9.1"), message(5, "slack", "10.0"),
	})
	var seqs []int64
	for _, m := range got {
		seqs = append(seqs, m.ID.Seq)
	}
	if want := []int64{1, 4, 3, 2, 5}; !slices.Equal(seqs, want) {
		t.Errorf("order %v, want %v", seqs, want)
	}
}

func TestPasswordsAreCheckedAgainstTheirHashAndNoOther(t *testing.T) {
	hash, err := web.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := web.HashPassword(password); again == hash || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash %s is not salted or not of the cost that we state", hash)
	}
	for try, want := range map[string]bool{password: true, password + " ": false, "": false, strings.Repeat("x", 10_000): false} {
		if ok, err := web.CheckPassword(hash, try); ok != want || err != nil {
			t.Errorf("%.20q: %v, %v", try, ok, err)
		}
	}
	if ok, err := web.CheckPassword("", ""); ok || err != nil {
		t.Errorf("nobody's password: %v, %v", ok, err)
	}
	for _, short := range []string{"", "123456789", strings.Repeat("é", 201)} {
		if _, err := web.HashPassword(short); err == nil {
			t.Errorf("a password of %d characters was taken", utf8.RuneCountInString(short))
		}
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=1,t=0,p=0$$")
	f.Add("$argon2id$v=19$m=99999999999,t=1,p=1$AA$AA")
	f.Fuzz(func(t *testing.T, hash string) {
		if strings.Contains(hash, "m=") && len(hash) > 60 {
			return // a fuzzed cost can be high and is not what is tested
		}
		if ok, err := web.CheckPassword(hash, "x"); ok && err == nil && !strings.HasPrefix(hash, "$argon2id$") {
			t.Errorf("%q let somebody in", hash)
		}
	})
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/tickets/7?x=1#m3", "//evil.example", `/\evil.example`, "/\t/evil.example", "https://evil.example", "/%2F/evil"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://desk.example.org/sign-in")
	f.Fuzz(func(t *testing.T, s string) {
		to := web.LocalPath(s)
		u, err := base.Parse(strings.ReplaceAll(to, `\`, "/")) // as browsers read it
		if err == nil && u.Host != base.Host {
			t.Errorf("%q leads to %s", s, u)
		}
	})
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.txt", "../../etc/passwd", `C:\x\y.doc`, "", ".", "/", "..", "a\r\nb", "\u202egnp.exe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := web.FileName(s)
		bad := func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
		if name == "" || name == "." || name == ".." || strings.ContainsFunc(name, bad) || !utf8.ValidString(name) {
			t.Errorf("%q becomes %q", s, name)
		}
	})
}

func FuzzParseChannel(f *testing.F) {
	for _, s := range []string{"slack/T1/C1", "slack//C1", "a/b/c/d", "", "x/\x00/y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := web.ParseChannel(s)
		if err == nil && (c.Surface == "" || c.Workspace == "" || c.ID == "" || strings.ContainsRune(c.String(), 0)) {
			t.Errorf("%q is taken as %+v", s, c)
		}
	})
}

func FuzzAPIBody(f *testing.F) {
	for _, s := range []string{`{"subject":"x"}`, `{"subject":1}`, `{} {}`, `[]`, `null`, `{"tags":["a"],"files":[{"base64":"!"}]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var into struct {
			Subject string   `json:"subject"`
			Tags    []string `json:"tags"`
		}
		if err := web.DecodeJSON([]byte(s), &into); err != nil && !strings.Contains(err.Error(), "invalid") {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func FuzzParseBefore(f *testing.F) {
	f.Add("1700000000000000.7")
	f.Add("-1.2")
	f.Fuzz(func(t *testing.T, s string) {
		if at, id := web.ParseBefore(s); at.IsZero() && id != 0 {
			t.Errorf("%q: no time and ticket %d", s, id)
		}
	})
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Anders": "A", "Anders Expert": "AE", "anna maria von berg": "AB", "": "?", "…": "?", "李 雷": "李雷", "(ex) Bob": "EB",
	} {
		if got := web.Initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestAttemptsRememberABoundedNumberOfKeys(t *testing.T) {
	now := time.Unix(0, 0)
	a := web.NewAttempts(func() time.Time { return now }, 100)
	for i := range 1000 {
		a.Allow(fmt.Sprint(i))
	}
	if a.Known() != 100 {
		t.Errorf("%d keys are remembered, want 100", a.Known())
	}
	tries := 0
	for a.Allow("one") {
		tries++
	}
	now = now.Add(20 * time.Second)
	if tries != 10 || !a.Allow("one") || a.Allow("one") {
		t.Errorf("%d tries at once, want 10, and one more after 20 s", tries)
	}
}
