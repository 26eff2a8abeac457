package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// post sends a form as a browser would and returns the status and where it leads.
func (w *killWorld) post(ctx context.Context, path string, form url.Values) (status int, location string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	return resp.StatusCode, resp.Header.Get("Location"), resp.Body.Close()
}

// insist sends a form again and again until the daemon lives long enough to
// answer it. Only the last answer counts, as for a person who presses the button.
func (w *killWorld) insist(path string, form url.Values) (status int, location string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		status, location, err := w.post(ctx, path, form)
		if err == nil && status < 500 {
			return status, location
		}
		pause(ctx, 20*time.Millisecond)
	}
	return 0, ""
}

func (w *killWorld) said() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

func (w *killWorld) marker(side string, t *talk) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	return fmt.Sprintf("%s%dx%d", side, t.id.Ticket, w.count)
}

// agentTalks posts, edits and deletes in the ticket view until ctx ends.
func (w *killWorld) agentTalks(ctx context.Context, t *talk, rng *rand.Rand) {
	var mine []int64
	for ctx.Err() == nil {
		switch n := rng.IntN(10); {
		case n < 8 || len(mine) == 0:
			marker := w.marker("a", t)
			status, location := w.insist("/c/"+t.id.String()+"/messages", url.Values{"body": {marker + " and some words"}, "key": {marker}})
			_, anchor, _ := strings.Cut(location, "#m")
			seq, err := strconv.ParseInt(anchor, 10, 64)
			if status != http.StatusSeeOther || err != nil {
				continue // refused: the conversation was closed, say
			}
			t.mu.Lock()
			t.agent[seq] = &said{marker: marker}
			t.mu.Unlock()
			mine = append(mine, seq)
		case n < 9:
			seq := mine[rng.IntN(len(mine))]
			marker := w.marker("a", t)
			status, _ := w.insist(fmt.Sprintf("/m/%d-%d/edit", t.id.Ticket, seq), url.Values{"body": {marker + " edited"}})
			if status == http.StatusSeeOther {
				t.change(func() { t.agent[seq].marker = marker })
			}
		default:
			i := rng.IntN(len(mine))
			status, _ := w.insist(fmt.Sprintf("/m/%d-%d/delete", t.id.Ticket, mine[i]), nil)
			if status == http.StatusSeeOther || status == http.StatusConflict {
				t.change(func() { t.agent[mine[i]].deleted = true })
				mine = append(mine[:i], mine[i+1:]...)
			}
		}
		pause(ctx, time.Duration(20+rng.IntN(200))*time.Millisecond)
	}
}

func (t *talk) change(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// expertTalks does the same as a person in a chat's thread.
func (w *killWorld) expertTalks(ctx context.Context, t *talk, s *side, rng *rand.Rand) {
	var mine []string
	for ctx.Err() == nil {
		marker := w.marker(s.surface()[:1], t)
		switch n := rng.IntN(10); {
		case n < 8 || len(mine) == 0:
			if ref, err := s.say(s, marker+" is my answer"); err == nil {
				t.change(func() { s.expert[ref] = &said{marker: marker} })
				mine = append(mine, ref)
			}
		case n < 9:
			ref := mine[rng.IntN(len(mine))]
			if err := s.edit(s, ref, marker+" edited"); err == nil {
				t.change(func() { s.expert[ref].marker = marker })
			}
		default:
			i := rng.IntN(len(mine))
			if err := s.remove(s, mine[i]); err == nil {
				t.change(func() { s.expert[mine[i]].deleted = true })
				mine = append(mine[:i], mine[i+1:]...)
			}
		}
		pause(ctx, time.Duration(20+rng.IntN(200))*time.Millisecond)
	}
}

// agree compares both sides until they agree or the time is up.
func (w *killWorld) agree(ctx context.Context, within time.Duration) (v verdict, err error) {
	for deadline := time.Now().Add(within); ; pause(ctx, 500*time.Millisecond) {
		if v, err = w.compare(ctx); err == nil && v.holds() || time.Now().After(deadline) || ctx.Err() != nil {
			return v, err // an answer that failed, as one that took too long, is asked for again
		}
	}
}

// logged is a message as the log has it in the end.
type logged struct {
	seq     int64
	ref     string // where it was said in a chat, empty for the agent's
	surface string
	body    string
	deleted bool
}

// compare holds every conversation's log against what people see in the chats and on the page.
func (w *killWorld) compare(ctx context.Context) (verdict, error) {
	v := verdict{messages: w.said()}
	for _, t := range w.talks {
		messages, err := w.logOf(ctx, t)
		if err != nil {
			return v, err
		}
		w.compareAgent(&v, t, messages)
		for _, s := range t.sides {
			compareThread(&v, t, s, messages)
			compareExpert(&v, t, s, messages)
			if err := w.comparePage(ctx, &v, t, s, messages); err != nil {
				return v, err
			}
		}
	}
	return v, w.verify(ctx, &v)
}

func (w *killWorld) logOf(ctx context.Context, t *talk) (out []*logged, err error) {
	bySeq := map[int64]*logged{}
	for after := int64(0); ; {
		entries, err := w.store.Entries(ctx, bridge.SeesAll, t.id.Ticket, after, 1000)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			after = e.Seq
			switch e.Kind {
			case bridge.MessagePosted:
				m := &logged{seq: e.Seq, body: e.Words.Body}
				if e.Facts.Source != nil {
					m.ref, m.surface = e.Facts.Source.Ref, e.Facts.Source.Surface
				}
				bySeq[e.Seq] = m
				out = append(out, m)
			case bridge.MessageEdited:
				bySeq[e.Facts.Message].body = e.Words.Body
			case bridge.MessageDeleted:
				bySeq[e.Facts.Message].deleted = true
			}
		}
		if len(entries) < 1000 {
			return out, nil
		}
	}
}

// compareAgent: what the agent was told is accepted is in the log once, as it was left.
func (w *killWorld) compareAgent(v *verdict, t *talk, messages []*logged) {
	byMarker := map[string]int{}
	posted := map[int64]*logged{}
	for _, m := range messages {
		if m.ref == "" {
			byMarker[firstWord(m.body)]++
			posted[m.seq] = m
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for seq, s := range t.agent {
		m := posted[seq]
		switch {
		case m == nil:
			v.note(&v.lost, "%s was accepted as message %d-%d and is not in the log", s.marker, t.id.Ticket, seq)
		case m.deleted != s.deleted || !s.deleted && firstWord(m.body) != s.marker:
			v.note(&v.lost, "message %d-%d: the log has %q deleted=%v, the agent left %q deleted=%v", t.id.Ticket, seq, m.body, m.deleted, s.marker, s.deleted)
		case byMarker[firstWord(m.body)] > 1:
			v.note(&v.doubled, "%s is in the log twice", s.marker)
		}
	}
}

// compareThread: what was said elsewhere is in the thread once, in the log's order, as
// it was left, and the thread shows nothing of ours that the log has not.
func compareThread(v *verdict, t *talk, s *side, messages []*logged) {
	thread := s.see(s)
	wanted := map[string]bool{}
	last := ""
	for _, m := range messages {
		if m.surface == s.surface() || m.deleted {
			continue
		}
		marker, found := firstWord(m.body), ""
		wanted[marker] = true
		for _, p := range thread {
			if !p.ours || !contains(p.text, marker) || p.ref == s.thread {
				continue
			}
			if found != "" {
				v.note(&v.doubled, "%s is in %s's thread twice: %s and %s", marker, s.surface(), found, p.ref)
			}
			found = p.ref
		}
		switch {
		case found == "":
			v.note(&v.lost, "%s (message %d-%d) is not in %s's thread", marker, t.id.Ticket, m.seq, s.surface())
		case found < last:
			v.note(&v.reordered, "%s is in %s's thread before its predecessor", marker, s.surface())
		}
		last = max(last, found)
	}
	for _, p := range thread {
		for _, by := range []string{"a", "s", "d"} {
			if word := markerIn(p.text, by); p.ours && p.ref != s.thread && word != "" && !wanted[word] {
				v.note(&v.doubled, "%s is in %s's thread, and no message of the log says so", word, s.surface())
			}
		}
	}
}

func firstWord(body string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(body), " ")
	return word
}

// markerIn finds a marker of a side in a post.
func markerIn(text, side string) string {
	for _, word := range strings.Fields(text) {
		if rest, ok := strings.CutPrefix(word, side); ok && rest != "" && strings.Trim(rest, "0123456789x") == "" && strings.Contains(rest, "x") {
			return word
		}
	}
	return ""
}

// compareExpert: what is in the thread is in the log once, as it was left.
func compareExpert(v *verdict, t *talk, s *side, messages []*logged) {
	byRef := map[string][]*logged{}
	for _, m := range messages {
		if m.surface == s.surface() {
			byRef[m.ref] = append(byRef[m.ref], m)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for ref, said := range s.expert {
		got := byRef[ref]
		switch {
		case len(got) == 0 && said.deleted: // never seen and never to be seen again
		case len(got) == 0:
			v.note(&v.lost, "%s (%s %s) is not in the log", said.marker, s.surface(), ref)
		case len(got) > 1:
			v.note(&v.doubled, "%s (%s %s) is in the log %d times", said.marker, s.surface(), ref, len(got))
		case got[0].deleted != said.deleted || !said.deleted && firstWord(got[0].body) != said.marker:
			v.note(&v.lost, "%s %s: the log has %q deleted=%v, the expert left %q deleted=%v", s.surface(), ref, got[0].body, got[0].deleted, said.marker, said.deleted)
		}
		delete(byRef, ref)
	}
	for ref := range byRef {
		v.note(&v.doubled, "the log has %s %s, which nobody wrote", s.surface(), ref)
	}
}

// comparePage: the page shows all messages once, and those of a chat in its order.
func (w *killWorld) comparePage(ctx context.Context, v *verdict, t *talk, s *side, messages []*logged) error {
	refs := map[string]string{}
	for _, m := range messages {
		if m.surface == s.surface() {
			refs[fmt.Sprint("m", m.seq)] = m.ref
		}
	}
	anchors, err := w.pageAnchors(ctx, t)
	if err != nil {
		return err
	}
	last := ""
	shown := map[string]int{}
	for _, a := range anchors {
		shown[a]++
		ref := refs[a]
		if ref == "" {
			continue
		}
		if ref < last {
			v.note(&v.reordered, "the page of ticket %d shows %s after %s", t.id.Ticket, ref, last)
		}
		last = ref
	}
	for _, m := range messages {
		if n := shown[fmt.Sprint("m", m.seq)]; n == 0 {
			v.note(&v.lost, "message %d-%d is not on the page", t.id.Ticket, m.seq)
		} else if n > 1 {
			v.note(&v.doubled, "message %d-%d is on the page twice", t.id.Ticket, m.seq)
		}
	}
	return nil
}
