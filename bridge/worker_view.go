package bridge

import (
	"context"
	"fmt"
	"io"
)

// view gathers what a rendering of an entry needs.
func (t *turn) view(e *Entry) (View, error) {
	v := View{
		Entry: e, Mirror: t.w.Mirror, Conversation: t.w.Conversation, Subject: t.w.Subject,
		StarterName: t.w.StarterName, Question: t.w.Question, Asked: t.w.Asked, Message: e.Facts.Message,
	}
	if e.Kind == MessagePosted || e.Kind == CustomerReply {
		v.Message = e.Seq
	}
	if t.desk == nil {
		ctx, cancel := context.WithTimeout(t.h.calls, t.h.r.CallTimeout)
		defer cancel()
		desk, err := t.h.r.Desk.Context(ctx, e.Ticket)
		if err != nil {
			return v, &SurfaceError{Class: Transient, Code: "desk", Err: fmt.Errorf("read ticket %d: %w", e.Ticket, err)}
		}
		t.desk = &desk
	}
	v.Ticket = *t.desk
	for _, c := range t.w.Copies {
		if c.Message == v.Message && v.Message != 0 && (!c.Gone || t.touched(e.Seq, c.Ref)) {
			v.Copies = append(v.Copies, c)
		}
	}
	v.Card = cardOf(&t.w.Mirror, t.w.Copies)
	if e.Kind.reaction() {
		v.Reactions = foreign(t.w.Reactions[v.Message], &t.w.Mirror)
	}
	v.Request = t.w.request(e)
	v.Reviewed = t.w.reviewed(e)
	if d, ok := t.w.Digests[e.Seq]; ok {
		v.Digest = &d
	}
	v.Files = t.viewFiles(e, v.Message)
	if e.Kind == FileStored {
		v.Post = t.w.Posts[v.Message]
	}
	return v, nil
}

// touched reports whether a call of this very entry is about a post. Such a post is
// still planned with when it is gone, so that a plan made again has the same calls
// under the same parts, and those already begun are known for what they are.
func (t *turn) touched(seq int64, ref string) bool {
	for _, d := range t.w.Deliveries {
		if d.Seq == seq && d.Ref == ref {
			return true
		}
	}
	return false
}

// viewFiles are the files that the entry shows: those stored when the message was
// posted come with it, one that was fetched later comes with its own entry.
func (t *turn) viewFiles(e *Entry, message int64) []ViewFile {
	names := e.Words.Files
	if post := t.w.Posts[message]; e.Kind == FileStored && post != nil {
		names = post.Words.Files
	}
	var out []ViewFile
	for _, f := range t.w.Files[message] {
		shown := e.Kind == FileStored && len(e.Facts.Files) == 1 && e.Facts.Files[0].N == f.N ||
			e.Kind != FileStored && f.Seq == e.Seq
		if !shown || f.State != FileStoredS {
			continue
		}
		name := fmt.Sprintf("file-%d", f.N+1)
		if f.N < len(names) && names[f.N] != "" {
			name = names[f.N]
		}
		hash := f.Hash
		out = append(out, ViewFile{
			Name: name, MIME: f.MIME, Size: f.Size, Hash: hash,
			Open: func(ctx context.Context) (io.ReadCloser, error) { return t.h.r.Store.OpenBlob(ctx, hash) },
		})
	}
	return out
}
