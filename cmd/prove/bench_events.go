package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/bridge"
)

// benchRoot is the root of every conversation's thread, each in a channel of its own.
const benchRoot = "1700000000.000001"

// request writes a signed Events API request for a person's reply, as Slack sends it.
func (b *bench) request(conv bridge.ID, n int) []byte {
	ref := fmt.Sprintf("1700000%03d.%06d", 1+n/1_000_000, n%1_000_000)
	channel := fmt.Sprint("C", conv.Ticket)
	body := fmt.Sprintf(`{"token":"x","team_id":%q,"api_app_id":"A1","event":{"type":"message","user":"U1","ts":%q,"client_msg_id":"m%d","text":"That was a known error, the credit is on its way.","team":%q,"blocks":[{"type":"rich_text","block_id":"b","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"That was a known error, the credit is on its way."}]}]}],"thread_ts":%q,"parent_user_id":"U0","channel":%q,"event_ts":%q,"channel_type":"channel"},"type":"event_callback","event_id":"Ev%d","event_time":%d,"authorizations":[{"enterprise_id":null,"team_id":%q,"user_id":"U0","is_bot":true,"is_enterprise_install":false}],"is_ext_shared_channel":false,"event_context":"c"}`,
		benchTeam, ref, n, benchTeam, benchRoot, channel, ref, n, time.Now().Unix(), benchTeam)
	return signedRequest(b.addr, body, benchSecret, time.Now())
}

func signedRequest(host, body, secret string, at time.Time) []byte {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	return fmt.Appendf(nil, "POST /slack/events HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-Slack-Request-Timestamp: %s\r\nX-Slack-Signature: v0=%s\r\nContent-Length: %d\r\n\r\n%s",
		host, stamp, hex.EncodeToString(mac.Sum(nil)), len(body), body)
}

func (b *bench) sendOne(conv bridge.ID) error {
	c, err := dialEvents(b.addr)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	b.sent++
	return c.send(b.request(conv, b.sent))
}

// eventConn is one kept-alive connection of Slack's event sender.
type eventConn struct {
	conn net.Conn
	in   *bufio.Reader
}

func dialEvents(addr string) (*eventConn, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &eventConn{conn, bufio.NewReader(conn)}, nil
}

func (c *eventConn) send(request []byte) error {
	status, err := c.status(request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("an event was answered %d", status)
	}
	return err
}

func (c *eventConn) status(request []byte) (int, error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// events sends replies over all connections for one round and returns how many a
// second were accepted: each was committed before it was answered. Requests are
// made before the clock starts, so that the sender costs little.
func (b *bench) events(ctx context.Context) (perSecond float64, err error) {
	const most = 20000 // per second of a round, far above what is reached
	total := int(b.cmd.For.Seconds() * most)
	per := total / b.cmd.Connections
	var g errgroup.Group
	counts := make([]int, b.cmd.Connections)
	ready := make(chan struct{})
	var start, end time.Time
	var prepared errgroup.Group
	for i := range b.cmd.Connections {
		base := b.sent + i*per
		var requests [][]byte
		var conn *eventConn
		prepared.Go(func() (err error) {
			for n := range per {
				requests = append(requests, b.request(b.tickets[(base+n)%len(b.tickets)], base+n+1))
			}
			conn, err = dialEvents(b.addr)
			return err
		})
		g.Go(func() error {
			<-ready
			if conn == nil {
				return nil
			}
			defer conn.conn.Close()
			for _, r := range requests {
				if !time.Now().Before(end) || ctx.Err() != nil {
					return nil
				}
				if err := conn.send(r); err != nil {
					return err
				}
				counts[i]++
			}
			return nil
		})
	}
	err = prepared.Wait()
	b.sent += per * b.cmd.Connections
	start = time.Now()
	end = start.Add(b.cmd.For)
	close(ready)
	if err2 := g.Wait(); err == nil {
		err = err2
	}
	done := 0
	for _, n := range counts {
		done += n
	}
	return float64(done) / time.Since(start).Seconds(), err
}
