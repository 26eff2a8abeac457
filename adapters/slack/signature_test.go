package slack

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// vendorBody, its secret and its signature are the example of
// https://docs.slack.dev/authentication/verifying-requests-from-slack
const (
	vendorSecret    = "8f742231b10e8888abcd99yyyzzz85a5"
	vendorTime      = 1531420618
	vendorSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	vendorBody      = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands" +
		"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)

func TestVendorsExampleSignatureIsAccepted(t *testing.T) {
	h := signedHeader(vendorSignature, strconv.Itoa(vendorTime))
	now := time.Unix(vendorTime+299, 0)
	if err := verify([][]byte{[]byte("new"), []byte(vendorSecret)}, h, []byte(vendorBody), now); err != nil {
		t.Errorf("the second secret is not tried: %v", err)
	}
	for _, skew := range []int64{301, -301} {
		if err := verify([][]byte{[]byte(vendorSecret)}, h, []byte(vendorBody), time.Unix(vendorTime+skew, 0)); err != errClockSkew {
			t.Errorf("%d s off: %v, want clock_skew", skew, err)
		}
	}
}

func signedHeader(signature, timestamp string) http.Header {
	return http.Header{"X-Slack-Signature": {signature}, "X-Slack-Request-Timestamp": {timestamp}}
}

// F53: of many thousand mutated requests none is accepted, and the untouched
// one always is.
func TestNoMutatedRequestIsAccepted(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	secret := []byte("0123456789abcdef0123456789abcdef")
	now := time.Unix(1700000000, 0)
	for n := range 12_000 {
		body := fmt.Appendf(nil, `{"type":"event_callback","event_id":"Ev%d"}`, n)
		stamp := strconv.FormatInt(now.Unix()-int64(rng.IntN(300)), 10)
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
		signature := "v0=" + hex.EncodeToString(mac.Sum(nil))
		if err := verify([][]byte{secret}, signedHeader(signature, stamp), body, now); err != nil {
			t.Fatalf("the right signature is refused: %v", err)
		}
		what, h, mutated := mutate(rng, signature, stamp, body)
		if verify([][]byte{secret}, h, mutated, now) == nil {
			t.Fatalf("accepted: %s", what)
		}
	}
}

// mutate changes one thing about a signed request.
func mutate(rng *rand.Rand, signature, stamp string, body []byte) (string, http.Header, []byte) {
	flip := func(s string) string {
		b := []byte(s)
		i := rng.IntN(len(b))
		b[i] ^= 1 << rng.IntN(7)
		return string(b)
	}
	kinds := []func() (string, http.Header, []byte){
		func() (string, http.Header, []byte) {
			return "flipped signature", signedHeader(flip(signature), stamp), body
		},
		func() (string, http.Header, []byte) {
			return "flipped time", signedHeader(signature, flip(stamp)), body
		},
		func() (string, http.Header, []byte) {
			return "flipped body", signedHeader(signature, stamp), []byte(flip(string(body)))
		},
		func() (string, http.Header, []byte) {
			return "longer body", signedHeader(signature, stamp), append(body, ' ')
		},
		func() (string, http.Header, []byte) {
			return "shorter body", signedHeader(signature, stamp), body[:rng.IntN(len(body))]
		},
		func() (string, http.Header, []byte) {
			return "truncated", signedHeader(signature[:rng.IntN(len(signature))], stamp), body
		},
		func() (string, http.Header, []byte) { return "trailing", signedHeader(signature+"0", stamp), body },
		func() (string, http.Header, []byte) {
			return "upper case", signedHeader("v0="+strings.ToUpper(signature[3:])+"", stamp), body
		},
		func() (string, http.Header, []byte) { return "v1", signedHeader("v1="+signature[3:], stamp), body },
		func() (string, http.Header, []byte) { return "no version", signedHeader(signature[3:], stamp), body },
		func() (string, http.Header, []byte) {
			return "no signature", http.Header{"X-Slack-Request-Timestamp": {stamp}}, body
		},
		func() (string, http.Header, []byte) {
			return "no time", http.Header{"X-Slack-Signature": {signature}}, body
		},
		func() (string, http.Header, []byte) {
			h := signedHeader(signature, stamp)
			h.Add("X-Slack-Signature", signature)
			return "two signatures", h, body
		},
		func() (string, http.Header, []byte) {
			h := signedHeader(signature, stamp)
			h.Add("X-Slack-Request-Timestamp", stamp)
			return "two times", h, body
		},
		func() (string, http.Header, []byte) {
			odd := []string{"NaN", "-" + stamp, "+" + stamp, stamp + ".0", " " + stamp, "0x65", "9223372036854775808", "", "1e9"}
			return "odd time", signedHeader(signature, odd[rng.IntN(len(odd))]), body
		},
	}
	what, h, mutated := kinds[rng.IntN(len(kinds))]()
	if what == "upper case" && signature == h.Get("X-Slack-Signature") {
		h.Set("X-Slack-Signature", "v0=")
	}
	return what, h, mutated
}

var longHex = regexp.MustCompile(`[0-9a-f]{64}`)

// F52: neither the answer nor the log helps to forge a signature.
func TestARefusalTellsNothing(t *testing.T) {
	var log bytes.Buffer
	a := offline(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, stamp := range []string{strconv.FormatInt(time.Now().Unix(), 10), "1500000000"} {
		for _, right := range []bool{false, true} {
			body := `{"type":"url_verification","challenge":"c"}`
			signature := "v0=" + strings.Repeat("0", 64)
			if right {
				signature = string(sign([]byte("secret"), stamp, []byte(body)))
			}
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Header = signedHeader(signature, stamp)
			w := httptest.NewRecorder()
			a.EventsHandler().ServeHTTP(w, r)
			fresh := stamp != "1500000000"
			if want := map[bool]int{true: 200, false: 401}[right && fresh]; w.Code != want {
				t.Errorf("fresh %v, right %v: status %d, want %d", fresh, right, w.Code, want)
			}
			if longHex.MatchString(w.Body.String()) {
				t.Error("the answer has a signature in it")
			}
		}
	}
	if longHex.Match(log.Bytes()) {
		t.Error("the log has a signature in it")
	}
	if !strings.Contains(log.String(), "clock_skew") {
		t.Error("the log does not tell a wrong clock from a wrong signature")
	}
}
