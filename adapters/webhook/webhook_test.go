package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

const secret = "0123456789abcdef"

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// request is one request as a receiver got it.
type request struct {
	header http.Header
	body   []byte
}

// receiver starts a program that answers with statuses in order, then with 200.
func receiver(t *testing.T, statuses ...int) (*Hook, func() []request) {
	t.Helper()
	got := make(chan request, 16)
	next := make(chan int, len(statuses))
	for _, s := range statuses {
		next <- s
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- request{r.Header.Clone(), body}
		select {
		case status := <-next:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
		default:
		}
	}))
	t.Cleanup(srv.Close)
	return hook(t, srv.URL), func() (out []request) {
		for {
			select {
			case r := <-got:
				out = append(out, r)
			default:
				return out
			}
		}
	}
}

func hook(t testing.TB, url string) *Hook {
	t.Helper()
	h, err := New(Options{
		URL: url, Secret: secret, PublicURL: "https://desk.example.com/", Now: func() time.Time { return noon },
		OpenFile: func(_ context.Context, hash string) (io.ReadCloser, error) {
			if hash != "abc" {
				return nil, bridge.ErrNotFound
			}
			return io.NopCloser(strings.NewReader("the bytes")), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func view() bridge.View {
	return bridge.View{
		Entry: &bridge.Entry{
			Ticket: 12, Seq: 34, Kind: bridge.CustomerReply, At: noon,
			Facts: bridge.Facts{Person: "p1", Role: bridge.RoleAgent}, Words: bridge.Words{Name: "Alice", Body: "It was **sent** <today>."},
		},
		Ticket:  bridge.TicketContext{ID: 12, Subject: "Refund", Requester: "Ada", Email: "ada@example.com"},
		Message: 34,
		Files:   []bridge.ViewFile{{Name: "receipt & more.pdf", MIME: "application/pdf", Size: 9, Hash: "abc"}},
	}
}

func attempt(h *Hook) bridge.Attempt {
	return bridge.Attempt{Call: h.Plan(view())[0], Token: "TOKEN"}
}

func TestReplyArrivesSignedWithAllThatAReceiverNeeds(t *testing.T) {
	h, got := receiver(t)
	receipt, err := h.Deliver(t.Context(), attempt(h))
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Ref != "12-34" {
		t.Errorf("ref %q does not name ticket and entry", receipt.Ref)
	}
	requests := got()
	if len(requests) != 1 {
		t.Fatalf("%d requests, want 1", len(requests))
	}
	r := requests[0]
	if want := Sign([]byte(secret), r.header.Get(HeaderTimestamp), r.body); r.header.Get(HeaderSignature) != want {
		t.Errorf("signature %q, want %q", r.header.Get(HeaderSignature), want)
	}
	if r.header.Get(HeaderTimestamp) != "1795521600" || r.header.Get(HeaderKey) != "TOKEN" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", r.header)
	}
	var body reply
	if err := json.Unmarshal(r.body, &body); err != nil {
		t.Fatal(err)
	}
	link := body.Files[0].URL
	body.Files[0].URL = ""
	want := reply{
		Type: "customer.replied", Ticket: 12, Seq: 34, At: noon, Subject: "Refund",
		Requester: requester{"Ada", "ada@example.com"}, Author: author{"Alice", "p1"},
		Body: "It was **sent** <today>.", HTML: body.HTML,
		Files: []file{{Name: "receipt & more.pdf", Type: "application/pdf", Size: 9, Hash: "abc"}},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if !strings.Contains(body.HTML, "<strong>sent</strong>") || !strings.Contains(body.HTML, "&lt;today&gt;") {
		t.Errorf("html %q", body.HTML)
	}
	if !strings.HasPrefix(link, "https://desk.example.com/webhook/files/abc?") {
		t.Errorf("link %q", link)
	}
}

func TestOnlyCustomerRepliesAreSent(t *testing.T) {
	h := hook(t, "https://example.com/x")
	for _, change := range []func(*bridge.View){
		func(v *bridge.View) { v.Entry.Kind = bridge.MirrorOpened },
		func(v *bridge.View) { v.Entry.Kind = bridge.NoteWritten },
		func(v *bridge.View) { v.Entry.Erased = true },
		func(v *bridge.View) { v.Rejected = "http_400" },
	} {
		v := view()
		change(&v)
		if calls := h.Plan(v); len(calls) != 0 {
			t.Errorf("%s (erased %v, rejected %q) is sent", v.Entry.Kind, v.Entry.Erased, v.Rejected)
		}
	}
}

func TestEveryAnswerHasItsMeaning(t *testing.T) {
	for _, c := range []struct {
		status    int
		class     bridge.Class
		uncertain bool
		after     time.Duration
	}{
		{301, bridge.Unauthorized, false, 0},
		{400, bridge.Rejected, false, 0},
		{401, bridge.Unauthorized, false, 0},
		{404, bridge.Unauthorized, false, 0},
		{408, bridge.Transient, true, 0},
		{410, bridge.Unauthorized, false, 0},
		{413, bridge.Rejected, false, 0},
		{422, bridge.Rejected, false, 0},
		{429, bridge.RateLimited, false, 7 * time.Second},
		{500, bridge.Transient, true, 0},
		{503, bridge.RateLimited, false, 7 * time.Second},
		{504, bridge.Transient, true, 0},
	} {
		h, _ := receiver(t, c.status)
		_, err := h.Deliver(t.Context(), attempt(h))
		var se *bridge.SurfaceError
		if !errors.As(err, &se) || se.Class != c.class || se.Uncertain != c.uncertain || se.After != c.after {
			t.Errorf("%d: %+v", c.status, err)
		}
		if c.class == bridge.Unauthorized && se.Remedy == "" {
			t.Errorf("%d: nobody is told what to do", c.status)
		}
	}
}

func TestRepeatedRequestHasTheSameKey(t *testing.T) {
	h, got := receiver(t, 500)
	a := attempt(h)
	if _, err := h.Deliver(t.Context(), a); err == nil {
		t.Fatal("a 500 counts as delivered")
	}
	if _, found, err := h.Find(t.Context(), a); found || err != nil {
		t.Fatalf("Find: %v, %v", found, err)
	}
	if _, err := h.Deliver(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	r := got()
	if len(r) != 2 || r[0].header.Get(HeaderKey) != r[1].header.Get(HeaderKey) || !bytes.Equal(r[0].body, r[1].body) {
		t.Errorf("the receiver cannot tell that these are the same: %v", r)
	}
}

func TestLostAnswerIsUncertainAndRefusedConnectionIsNot(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	h := hook(t, srv.URL+"/secret-path")
	_, err := h.Deliver(t.Context(), attempt(h))
	if se := bridge.AsSurfaceError(err); se.Class != bridge.Transient || !se.Uncertain {
		t.Errorf("lost answer: %+v", se)
	}
	srv.Close()
	_, err = h.Deliver(t.Context(), attempt(h))
	if se := bridge.AsSurfaceError(err); se.Class != bridge.Transient || se.Uncertain {
		t.Errorf("refused connection: %+v", se)
	}
	if strings.Contains(err.Error(), "secret-path") {
		t.Errorf("the error shows the address: %v", err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer srv.Close()
	h := hook(t, srv.URL)
	if err := h.Probe(t.Context(), bridge.Place{}); bridge.AsSurfaceError(err).Class != bridge.Unauthorized {
		t.Errorf("redirect: %v", err)
	}
}

func TestProbeIsASignedPing(t *testing.T) {
	h, got := receiver(t)
	if err := h.Probe(t.Context(), bridge.Place{}); err != nil {
		t.Fatal(err)
	}
	r := got()[0]
	if string(r.body) != `{"type":"ping"}` || r.header.Get(HeaderSignature) != Sign([]byte(secret), r.header.Get(HeaderTimestamp), r.body) {
		t.Errorf("ping %s %v", r.body, r.header)
	}
}

func TestNamesThatLeadInsideAreRefused(t *testing.T) {
	for address, want := range map[string]map[guard]bool{
		"93.184.215.14":          {{}: true, {private: true}: true},
		"2606:2800:21f:cb07::1":  {{}: true},
		"127.0.0.1":              {{}: false, {loopback: true}: true},
		"::1":                    {{}: false, {loopback: true}: true},
		"::ffff:127.0.0.1":       {{}: false},
		"10.1.2.3":               {{}: false, {private: true}: true, {loopback: true}: false},
		"172.16.0.1":             {{}: false},
		"192.168.1.1":            {{}: false, {private: true}: true},
		"100.64.0.1":             {{}: false, {private: true}: true},
		"fd12::1":                {{}: false, {private: true}: true},
		"fec0::1":                {{}: false},
		"64:ff9b::a01:203":       {{}: false}, // 10.1.2.3 by NAT64
		"2002:a01:203::1":        {{}: false}, // 10.1.2.3 by 6to4
		"64:ff9b::a9fe:a9fe":     {{private: true, loopback: true}: false},
		"169.254.169.254":        {{}: false, {private: true, loopback: true}: false},
		"fe80::1%eth0":           {{private: true, loopback: true}: false},
		"fd00:ec2::254":          {{private: true, loopback: true}: false},
		"168.63.129.16":          {{private: true, loopback: true}: false},
		"0.0.0.0":                {{private: true, loopback: true}: false},
		"::":                     {{private: true, loopback: true}: false},
		"224.0.0.1":              {{private: true, loopback: true}: false},
		"255.255.255.255":        {{private: true, loopback: true}: false},
		"::ffff:169.254.169.254": {{private: true, loopback: true}: false},
	} {
		for g, ok := range want {
			if err := g.check(netip.MustParseAddr(address)); (err == nil) != ok {
				t.Errorf("%s with %+v: %v", address, g, err)
			}
		}
	}
}

func TestGuardSeesTheAddressThatIsConnectedTo(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("connected") }))
	defer srv.Close()
	h := hook(t, srv.URL)
	h.client = newClient(guard{}) // as for a public name that resolves to this machine
	_, err := h.Deliver(t.Context(), attempt(h))
	se := bridge.AsSurfaceError(err)
	if se.Class != bridge.Unauthorized || se.Code != "address_refused" || se.Uncertain {
		t.Errorf("%+v", err)
	}
}

func TestPlainHTTPIsForThisMachineOnly(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://example.com/x": true, "http://127.0.0.1:9/x": true, "http://localhost/x": true, "http://[::1]/x": true,
		"http://example.com/x": false, "ftp://127.0.0.1/x": false, "example.com": false, "": false, "://": false,
	} {
		if _, err := New(Options{URL: address, Secret: secret}); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := New(Options{URL: "https://example.com", Secret: "short"}); err == nil {
		t.Error("a short secret is taken")
	}
}

func files(h *Hook) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(FilesPattern, h.FilesHandler())
	return mux
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

func TestFileIsServedToWhoHasItsSignedAddress(t *testing.T) {
	h := hook(t, "https://example.com/x")
	link := h.fileURL(file{Name: `re"ceipt.pdf`, Hash: "abc"})
	w := get(files(h), link)
	if w.Code != http.StatusOK || w.Body.String() != "the bytes" {
		t.Fatalf("%d %q", w.Code, w.Body)
	}
	if d := w.Header().Get("Content-Disposition"); d != `attachment; filename="re\"ceipt.pdf"` {
		t.Errorf("disposition %q", d)
	}
	for name, other := range map[string]string{
		"another file": strings.Replace(link, "abc", "abd", 1),
		"another name": strings.Replace(link, "name=re", "name=xx", 1),
		"longer":       strings.Replace(link, "expires=1", "expires=2", 1),
		"no signature": link[:strings.Index(link, "&signature")],
	} {
		if w := get(files(h), other); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := get(files(h), h.fileURL(file{Name: "x", Hash: "gone"})); w.Code != http.StatusNotFound {
		t.Errorf("a file that is not there: %d", w.Code)
	}
	later := *h
	later.now = func() time.Time { return noon.Add(fileLife + time.Second) }
	if w := get(files(&later), link); w.Code != http.StatusGone {
		t.Errorf("expired: %d", w.Code)
	}
}

func TestBrokenFileBreaksTheConnection(t *testing.T) {
	h := hook(t, "https://example.com/x")
	h.open = func(context.Context, string) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("half"), failing{})), nil
	}
	srv := httptest.NewServer(files(h))
	defer srv.Close()
	link := h.fileURL(file{Name: "x", Hash: "abc"})
	resp, err := http.Get(srv.URL + strings.TrimPrefix(link, h.publicURL))
	if err != nil {
		return // the connection broke before the header was sent, which says the same
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("half a file came as a whole one")
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "7", "-1", "99999999999999999999", "Tue, 24 Nov 2026 12:00:09 GMT", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if d, _ := retryAfter(header, noon); d < 0 || d > mostAfter {
			t.Errorf("%q: %v", header, d)
		}
	})
}

func FuzzFileAddressCannotBeForged(f *testing.F) {
	h := hook(f, "https://example.com/x")
	f.Add("abc", "name=x&expires=99999999999&signature=00")
	f.Add("%2e%2e", "expires=1")
	f.Fuzz(func(t *testing.T, hash, query string) {
		r := httptest.NewRequest(http.MethodGet, "/webhook/files/x", nil)
		r.SetPathValue("hash", hash)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.serveFile(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%q %q: %d", hash, query, w.Code)
		}
	})
}
