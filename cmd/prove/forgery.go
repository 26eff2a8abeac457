package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

type forgeryCmd struct {
	Requests int    `default:"10000" help:"How many requests to send; one in five is valid."`
	Seed     uint64 `default:"1" help:"Seed of the random choices."`
}

// Run sends requests to Slack's adapter over HTTP. A forged one counts as
// accepted when it is answered with success or leaves anything in the log; a
// valid one counts as refused when it is not answered with success or its message
// is not in the log. A replay inside the signature's five minutes is answered
// with success, as a redelivery must be, and must leave nothing.
func (c *forgeryCmd) Run(ctx context.Context) (err error) {
	dsn, drop, err := freshDatabase("sqlite", false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	b, err := newBench(ctx, "sqlite", dsn, &benchCmd{Conversations: 3})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	f := forger{b: b, rng: rand.New(rand.NewPCG(c.Seed, 0)), valid: map[string]bool{}}
	before, err := f.refs(ctx)
	if err != nil {
		return err
	}
	for range c.Requests {
		if err := f.one(); err != nil {
			return err
		}
	}
	after, err := f.refs(ctx)
	if err != nil {
		return err
	}
	for ref, n := range after {
		if before[ref] > 0 {
			n -= before[ref]
		}
		switch {
		case f.valid[ref]:
			f.accepted += max(0, n-1)
		default:
			f.accepted += n
		}
	}
	for ref := range f.valid {
		if after[ref] == 0 {
			f.refused++
		}
	}
	fmt.Printf("requests=%d accepted_forged=%d refused_valid=%d\n", c.Requests, f.accepted, f.refused)
	if f.accepted+f.refused > 0 || len(f.valid) == 0 {
		return errMissed
	}
	return nil
}

// forger makes requests, valid and forged ones.
type forger struct {
	b        *bench
	rng      *rand.Rand
	valid    map[string]bool // refs of the messages in valid requests
	sent     [][]byte        // valid requests, to be replayed
	accepted int
	refused  int
}

// refs counts the messages in the log by their ref.
func (f *forger) refs(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	for _, conv := range f.b.tickets {
		for after := int64(0); ; {
			entries, err := f.b.store.Entries(ctx, bridge.SeesAll, conv.Ticket, after, 1000)
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				after = e.Seq
				if e.Kind == bridge.MessagePosted && e.Facts.Source != nil {
					out[e.Facts.Source.Ref]++
				}
			}
			if len(entries) < 1000 {
				break
			}
		}
	}
	return out, nil
}

// forged is a request before it is written: each forgery spoils one thing.
type forged struct {
	body      []byte
	stamp     string
	signature string
	headers   []string
}

func (f *forger) one() error {
	f.b.sent++
	n := f.b.sent
	request := f.b.request(f.b.tickets[n%len(f.b.tickets)], n)
	switch f.rng.IntN(10) {
	case 0, 1:
		status, err := f.send(request)
		if err != nil || status != http.StatusOK {
			f.refused++
		}
		f.valid[refOf(n)] = true
		f.sent = append(f.sent, request)
		return nil
	case 2: // the same again, inside the five minutes: a redelivery
		if len(f.sent) == 0 {
			return nil
		}
		status, err := f.send(f.sent[f.rng.IntN(len(f.sent))])
		if err != nil || status != http.StatusOK {
			f.refused++
		}
		return nil
	}
	_, body, _ := bytes.Cut(request, []byte("\r\n\r\n"))
	r := f.forge(body)
	status, err := f.send(r.write(f.b.addr))
	if err == nil && status < 300 {
		f.accepted++
		fmt.Printf("accepted: status %d, timestamp %q, signature %q\n", status, r.stamp, r.signature)
	}
	return nil
}

func refOf(n int) string { return fmt.Sprintf("1700000%03d.%06d", 1+n/1_000_000, n%1_000_000) }

func (f *forger) send(request []byte) (int, error) {
	c, err := dialEvents(f.b.addr)
	if err != nil {
		return 0, err
	}
	defer c.conn.Close()
	if err := c.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return 0, err
	}
	return c.status(request)
}

func sign(secret, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	return hex.EncodeToString(mac.Sum(nil))
}

// forge returns a request that is wrong in one way, chosen at random.
func (f *forger) forge(body []byte) forged {
	now := strconv.FormatInt(time.Now().Unix(), 10)
	good := sign(benchSecret, now, body)
	r := forged{body: body, stamp: now, signature: "v0=" + good}
	ways := []func(){
		func() { r.body = f.mutate(body) },
		func() { r.signature = "v0=" + string(f.flipHex(good)) },
		func() { r.signature = "v0=" + good[:f.rng.IntN(len(good))] },
		func() { r.signature = "v0=" + good + "00" },
		func() { r.signature = "v1=" + good },
		func() { r.signature = good },
		func() { r.signature = "v0=" + strings.ToUpper(good) + "x" },
		func() { r.signature = "" },
		func() { r.signature = "v0=" + sign("", now, body) },
		func() { r.signature = "v0=" + sign(benchSecret[1:], now, body) },
		func() { r.signature = "v0=" + sign(benchSecret, "", body) },
		func() { r.signature = "v0=" + sign(benchSecret, now, nil) },
		func() { r.resign(strconv.FormatInt(time.Now().Unix()-301-f.rng.Int64N(1e6), 10)) },
		func() { r.resign(strconv.FormatInt(time.Now().Unix()+301+f.rng.Int64N(1e6), 10)) },
		func() { r.resign("-" + now) },
		func() { r.resign(now + ".5") },
		func() { r.resign("NaN") },
		func() { r.resign("9223372036854775808") },
		func() { r.resign("0x" + strconv.FormatInt(time.Now().Unix(), 16)) },
		func() { r.resign("") },
		func() { r.resign("+" + now) },
		func() { r.headers = append(r.headers, "X-Slack-Signature: v0="+string(f.flipHex(good))) },
		func() { r.headers = append(r.headers, "X-Slack-Request-Timestamp: 1") },
		func() { r.stamp = strconv.FormatInt(time.Now().Unix()-1, 10) },
		func() { r.body = append(bytes.Clone(body), ' ') },
		func() { r.body = bytes.TrimSuffix(body, []byte("}")) },
	}
	ways[f.rng.IntN(len(ways))]()
	return r
}

// resign signs rightly with a timestamp that must not be taken.
func (r *forged) resign(stamp string) {
	r.stamp, r.signature = stamp, "v0="+sign(benchSecret, stamp, r.body)
}

func (f *forger) mutate(body []byte) []byte {
	b := bytes.Clone(body)
	b[f.rng.IntN(len(b))] ^= byte(1 + f.rng.IntN(127))
	return b
}

func (f *forger) flipHex(s string) []byte {
	b := []byte(s)
	i := f.rng.IntN(len(b))
	b[i] = "0123456789abcdef"[(strings.IndexByte("0123456789abcdef", b[i])+1+f.rng.IntN(15))%16]
	return b
}

func (r forged) write(host string) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "POST /slack/events HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", host, len(r.body))
	fmt.Fprintf(&out, "X-Slack-Request-Timestamp: %s\r\nX-Slack-Signature: %s\r\n", r.stamp, r.signature)
	for _, h := range r.headers {
		out.WriteString(h + "\r\n")
	}
	out.WriteString("Connection: close\r\n\r\n")
	out.Write(r.body)
	return out.Bytes()
}
