package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/sidebridge/sidebridge/bridge"
)

// view makes what pages show of the rows and entries of a State. The page and the
// stream make the same view of a message.
type view struct {
	st      *bridge.State
	ticket  int64
	names   names
	me      me
	now     time.Time
	entries map[int64]*bridge.Entry
	copies  map[int64][]*bridge.Copy // by message
	files   map[int64][]*bridge.File // by message
	// refused has why a message can never be shown, by mirror and message.
	refused    map[[2]int64]string
	allMirrors []*bridge.Mirror // in order
	// read is how far the reader has read each conversation, where that was looked up.
	read map[bridge.ID]bridge.Reading
}

func newView(st *bridge.State, ticket int64, n names, m me, now time.Time) *view {
	v := &view{
		st: st, ticket: ticket, names: n, me: m, now: now, entries: map[int64]*bridge.Entry{},
		copies: map[int64][]*bridge.Copy{}, files: map[int64][]*bridge.File{},
		refused: map[[2]int64]string{}, allMirrors: sortedMirrors(st),
	}
	for _, e := range st.Entries {
		v.entries[e.Seq] = e
		if e.Kind == bridge.DeliveryFailed {
			v.refused[[2]int64{e.Facts.Mirror, e.Facts.Message}] = e.Facts.Reason
		}
	}
	for _, c := range st.Copies {
		v.copies[c.Message] = append(v.copies[c.Message], c)
	}
	for _, f := range st.Files {
		v.files[f.Message] = append(v.files[f.Message], f)
	}
	for _, files := range v.files {
		slices.SortFunc(files, func(a, b *bridge.File) int { return cmp.Compare(a.N, b.N) })
	}
	return v
}

// author is who said something, under the name they had then.
type author struct {
	Name     string
	Initials string
	Expert   bool
	// Token: it was said by a program, not by a person.
	Token bool
}

func authorOf(e *bridge.Entry) author {
	if where := deletedIn(e); where != "" {
		return author{Name: "Somebody in " + where, Initials: "?", Expert: e.Facts.Role == bridge.RoleExpert}
	}
	name := strings.TrimSpace(e.Words.Name)
	if name == "" {
		name = "Unknown"
		if e.Erased {
			name = "Erased"
		}
	}
	return author{Name: name, Initials: initials(name), Expert: e.Facts.Role == bridge.RoleExpert}
}

// deletedIn names the platform on which something was deleted by somebody whom it does
// not name, in place of whom it stands itself.
func deletedIn(e *bridge.Entry) string {
	switch e.Kind {
	case bridge.MessageDeleted, bridge.UnseenDeleted:
	default:
		return ""
	}
	f := e.Facts
	if f.Source == nil || f.Person != "" || e.Words.Name != surfaceName(f.Source.Surface) {
		return ""
	}
	return e.Words.Name
}

// initials returns the first letters of a name's first and last word.
func initials(name string) string {
	var letters []rune
	for _, word := range strings.Fields(name) {
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters = append(letters, unicode.ToUpper(r))
				break
			}
		}
	}
	switch len(letters) {
	case 0:
		return "?"
	case 1:
		return string(letters)
	default:
		return string([]rune{letters[0], letters[len(letters)-1]})
	}
}

// message is something said, as a page shows it: by the customer, to the
// customer, as a note, or in a side conversation.
type message struct {
	ID     bridge.ID
	Kind   string // customer, reply, note, side
	Into   string // the id of the element it belongs into
	Author author
	Where  string // the place it was said, when it was not the ticket view
	At     time.Time
	// Sent is the surface's own time, where it differs from ours by so much that people ask.
	Sent    time.Time
	Body    string // Markdown
	BodySeq int64
	Erased  bool
	Edited  bool
	// EditedAt and EditedBy are of the last edit.
	EditedAt  time.Time
	EditedBy  string
	Deleted   bool
	DeletedAt time.Time
	// DeletedBy is who deleted it, or DeletedIn the platform that does not tell who did.
	DeletedBy, DeletedIn string
	Files                []fileLink
	Marks                []mark
	Reactions            reactions
	// MayChange: it was written here by whoever looks, or they are an admin.
	MayChange bool
	// Shares: it quotes the ticket, so that it can be deleted and not edited.
	Shares bool
	// Review is of a draft of a reply, and of what is suggested for one.
	Review *review
	// Mine: whoever looks has said it. Unread: they have not read it.
	Mine, Unread bool
}

// fileLink is a file of a message.
type fileLink struct {
	Name  string
	URL   string
	Size  int64
	State string // pending, stored, failed
	Image bool   // small and safe enough to be shown
	Ref   string // "34/0", by which a reply can take it along
}

// thumbnailMax is the most bytes of an image that a page shows by itself.
const thumbnailMax = 8 << 20

func (v *view) fileLinks(message int64, names []string) []fileLink {
	var out []fileLink
	for _, f := range v.files[message] {
		name := fmt.Sprintf("file %d", f.N+1)
		if f.N < len(names) && strings.TrimSpace(names[f.N]) != "" {
			name = names[f.N]
		}
		out = append(out, fileLink{
			Name: name, Size: f.Size, State: f.State,
			URL:   fmt.Sprintf("/files/%d/%d/%d", v.ticket, message, f.N),
			Image: f.State == bridge.FileStoredS && rasterImage(f.MIME) && f.Size <= thumbnailMax,
			Ref:   fmt.Sprintf("%d/%d", message, f.N),
		})
	}
	return out
}

// said makes the view of what was said to or by the customer, and of a note.
func (v *view) said(e *bridge.Entry) message {
	kind := map[bridge.Kind]string{bridge.CustomerWrote: "customer", bridge.CustomerReply: "reply", bridge.NoteWritten: "note"}[e.Kind]
	return message{
		ID: e.ID(), Kind: kind, Into: "ticket-log", Author: authorOf(e), At: e.At,
		Body: e.Words.Body, BodySeq: e.Seq, Erased: e.Erased, Files: v.fileLinks(e.Seq, e.Words.Files),
	}
}

// message makes the view of a message of a side conversation, false when its
// entries were not read.
func (v *view) message(m *bridge.Message) (message, bool) {
	post, body := v.entries[m.ID.Seq], v.entries[m.BodySeq]
	if post == nil || body == nil {
		return message{}, false
	}
	out := message{
		ID: m.ID, Kind: "side", Into: conversationAnchor(m.Conversation) + "-log", Author: authorOf(post), At: post.At,
		Body: body.Words.Body, BodySeq: m.BodySeq, Erased: body.Erased,
		Files: v.fileLinks(m.ID.Seq, post.Words.Files),
		Marks: v.marks(m), Reactions: v.reactions(m), Mine: m.Author != "" && m.Author == v.me.ID, Unread: v.unread(m),
	}
	if src := post.Facts.Source; src != nil {
		out.Where = v.names.place(src.Place())
		if sent := bridge.FromMicros(src.SentAt); !sent.IsZero() && post.At.Sub(sent).Abs() > time.Minute {
			out.Sent = sent
		}
	}
	if m.BodySeq != m.ID.Seq {
		out.Edited, out.EditedAt, out.EditedBy = true, body.At, authorOf(body).Name
	}
	if gone := v.entries[m.DeletedSeq]; gone != nil {
		out.Deleted, out.DeletedAt = true, gone.At
		if out.DeletedIn = deletedIn(gone); out.DeletedIn == "" {
			out.DeletedBy = authorOf(gone).Name
		}
	}
	out.Shares, out.Review = m.Shares, v.review(m)
	if out.Review != nil && !out.Review.Is {
		out.Where = v.names.entryPlace(post, v.st)
	}
	out.MayChange = m.Surface == bridge.SurfaceWeb && !out.Deleted && (m.Author == v.me.ID || v.me.Admin())
	return out, true
}

// Anchor is the id of the message's element, and what a link to it ends in.
func (m message) Anchor() string { return fmt.Sprintf("m%d", m.ID.Seq) }

// conversation is a side conversation as a page shows it.
type conversation struct {
	ID      bridge.ID
	Subject string
	Group   string
	Open    bool
	// Restricted: only those who take part, and auditors, see it.
	Restricted bool
	Starter    string
	Started    time.Time
	StateBy    string
	StateAt    time.Time
	Count      int64
	Mirrors    []mirror
	Messages   []message
	// Hidden is how many earlier messages the page leaves out.
	Hidden int
	// Reading is how far whoever looks has read it, Latest the last message of it.
	Reading bridge.Reading
	Latest  int64
	// Requests are those for approval, the oldest first.
	Requests []request
	// People are those who take part.
	People partsPiece
}

// Anchor is the id of the conversation's element.
func (c conversation) Anchor() string { return conversationAnchor(c.ID.Seq) }

func conversationAnchor(seq int64) string { return fmt.Sprintf("c%d", seq) }

// head makes the view of a conversation without its messages, false when its
// entries were not read.
func (v *view) head(c *bridge.Conversation) (conversation, bool) {
	started := v.entries[c.ID.Seq]
	if started == nil {
		return conversation{}, false
	}
	out := conversation{
		ID: c.ID, Subject: cmp.Or(started.Words.Subject, "(erased)"), Group: v.names.group(c.Group), Open: c.Open, Restricted: c.Restricted != 0,
		Starter: authorOf(started).Name, Started: started.At, Count: c.Messages, Mirrors: v.mirrors(c.ID.Seq),
		Reading: v.reading(c), Latest: c.LastSeq, Requests: v.requests(c.ID.Seq), People: v.parts(c),
	}
	if last := v.entries[c.StateSeq]; last != nil && last != started {
		out.StateBy, out.StateAt = authorOf(last).Name, last.At
	}
	return out, true
}

// messagesShown is how many messages of a conversation a page begins with, and
// messagesBefore how many it shows before one that a link names.
const (
	messagesShown  = 100
	messagesBefore = 20
)

// span says which messages of a long conversation are shown: all, or the last
// ones, and those from the message at on.
type span struct {
	all bool
	at  int64
}

// hidden returns how many of a conversation's messages, in page order, are left out.
func (s span) hidden(messages []*bridge.Message) int {
	if s.all || len(messages) <= messagesShown {
		return 0
	}
	last := len(messages) - messagesShown
	at := slices.IndexFunc(messages, func(m *bridge.Message) bool { return m.ID.Seq == s.at })
	if at < 0 {
		return last
	}
	return max(0, min(last, at-messagesBefore))
}

// conversations makes the views of all conversations, open ones first and the
// newest of each first.
func (v *view) conversations(s span) []conversation {
	by := map[int64][]*bridge.Message{}
	for _, m := range v.st.Messages {
		by[m.Conversation] = append(by[m.Conversation], m)
	}
	var out []conversation
	for id, c := range v.st.Conversations {
		head, ok := v.head(c)
		if !ok {
			continue
		}
		ordered := pageOrder(by[id.Seq])
		head.Hidden = min(s.hidden(ordered), v.firstUnread(ordered))
		for _, m := range ordered[head.Hidden:] {
			if shown, ok := v.message(m); ok {
				head.Messages = append(head.Messages, shown)
			}
		}
		out = append(out, head)
	}
	slices.SortFunc(out, func(a, b conversation) int {
		if a.Open != b.Open {
			if a.Open {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.ID.Seq, a.ID.Seq)
	})
	return out
}
