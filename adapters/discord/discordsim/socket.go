package discordsim

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one connection. Packets go out in the order in which they were put.
type socket struct {
	ws   *websocket.Conn
	mu   sync.Mutex
	out  [][]byte
	wake chan struct{}
	end  chan struct{}
	once sync.Once
	// silent swallows everything in both directions; half cuts the next packet.
	silent, half bool
	// busy: something is being written.
	busy bool
	code int
	// heard are the times of what the client sent in the last minute.
	heard []time.Time
}

// idle says whether everything was written.
func (c *socket) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.out) == 0 && !c.busy
}

// tooFast says whether the client sent more than 120 packets in a minute; beats are
// allowed for when they are asked for faster than Discord does.
// https://docs.discord.com/developers/events/gateway#rate-limiting
func (c *socket) tooFast(now time.Time, beat time.Duration) bool {
	c.heard = slices.DeleteFunc(append(c.heard, now), func(at time.Time) bool { return now.Sub(at) > time.Minute })
	return len(c.heard) > 120+2*int(time.Minute/max(beat, time.Millisecond))
}

func (c *socket) put(p packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent {
		return
	}
	c.out = append(c.out, encode(p))
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// finish closes the connection after what was put has been written.
func (c *socket) finish(code int) {
	c.once.Do(func() {
		c.mu.Lock()
		c.code = code
		c.mu.Unlock()
		close(c.end)
	})
}

// cut writes half of a frame and breaks the line.
func (c *socket) cut(raw []byte) {
	header := []byte{0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0} // a whole text with a length of eight bytes
	binary.BigEndian.PutUint64(header[2:], uint64(len(raw)))
	_, _ = c.ws.NetConn().Write(append(header, raw[:len(raw)/2]...))
	_ = c.ws.NetConn().Close()
}

// send writes what was put, and says whether the line still holds.
func (c *socket) send(changed func()) bool {
	c.mu.Lock()
	batch, half := c.out, c.half && len(c.out) > 0
	c.out, c.busy, c.half = nil, len(c.out) > 0, c.half && !half
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.busy = false
		c.mu.Unlock()
		if len(batch) > 0 {
			changed()
		}
	}()
	for _, raw := range batch {
		if half {
			c.cut(raw)
			return false
		}
		_ = c.ws.SetWriteDeadline(time.Now().Add(5 * time.Second))
		if c.ws.WriteMessage(websocket.TextMessage, raw) != nil {
			return false
		}
	}
	return true
}

// write writes until the line breaks or is to be closed.
func (c *socket) write(changed func()) {
	defer func() { _ = c.ws.Close() }()
	for c.send(changed) {
		select {
		case <-c.wake:
			continue
		default:
		}
		select {
		case <-c.wake:
		case <-c.end:
			if !c.idle() {
				continue
			}
			c.mu.Lock()
			code := c.code
			c.mu.Unlock()
			if code > 0 {
				_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
			}
			return
		}
	}
	c.mu.Lock()
	c.out = nil // for nobody any more
	c.mu.Unlock()
}
