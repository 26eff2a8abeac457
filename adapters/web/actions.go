package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// formKey makes a form's key of the one it was rendered with and what was typed,
// so that the same words sent twice are accepted once, and other words are not lost.
func formKey(r *http.Request, words ...string) string {
	key := r.PostFormValue("key")
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return "web:" + whoIs(r).ID + ":" + key + ":" + hex.EncodeToString(sum[:8])
}

func (s *Server) replyToCustomer(w http.ResponseWriter, r *http.Request) error {
	return s.say(w, r, "reply", func(ticket int64, files []bridge.FileUpload) bridge.Command {
		body := r.PostFormValue("body")
		return &bridge.ReplyToCustomer{Actor: whoIs(r).actor(), Ticket: ticket, Body: body, Files: files, Key: formKey(r, "reply", body)}
	})
}

func (s *Server) writeNote(w http.ResponseWriter, r *http.Request) error {
	return s.say(w, r, "note", func(ticket int64, files []bridge.FileUpload) bridge.Command {
		body := r.PostFormValue("body")
		return &bridge.WriteNote{Actor: whoIs(r).actor(), Ticket: ticket, Body: body, Files: files, Key: formKey(r, "note", body)}
	})
}

// say takes a form with words and files on the ticket itself.
func (s *Server) say(w http.ResponseWriter, r *http.Request, form string, command func(int64, []bridge.FileUpload) bridge.Command) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	var res bridge.Result
	if err = parseForm(r); err == nil {
		res, err = s.sayWithFiles(r, ticket, command)
	}
	if err != nil {
		return s.refuse(w, r, ticket, typed{Form: form, Text: r.PostFormValue("body")}, startForm{}, err)
	}
	return s.changed(w, r, ticket, fmt.Sprintf("m%d", res.ID.Seq))
}

func (s *Server) sayWithFiles(r *http.Request, ticket int64, command func(int64, []bridge.FileUpload) bridge.Command) (bridge.Result, error) {
	files, err := s.uploads(r)
	if err != nil {
		return bridge.Result{}, err
	}
	taken, err := s.takenFiles(r.Context(), viewer(r), ticket, r.PostForm["take_file"])
	if err != nil {
		return bridge.Result{}, err
	}
	return s.log.Append(r.Context(), command(ticket, append(taken, files...)))
}

// takenFiles finds files of messages of the same ticket that a reply takes along.
func (s *Server) takenFiles(ctx context.Context, who string, ticket int64, refs []string) ([]bridge.FileUpload, error) {
	var out []bridge.FileUpload
	if len(refs) > maxUpload {
		return nil, fmt.Errorf("%w: %d files at once, the most is %d", bridge.ErrInvalid, len(refs), maxUpload)
	}
	for _, ref := range refs {
		a, b, _ := strings.Cut(ref, "/")
		seq, err1 := strconv.ParseInt(a, 10, 64)
		n, err2 := strconv.Atoi(b)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%w: file %q", bridge.ErrInvalid, ref)
		}
		f, name, _, err := s.store.MessageFile(ctx, who, bridge.ID{Ticket: ticket, Seq: seq}, n)
		if err != nil {
			return nil, err
		}
		if f.State == bridge.FileStoredS {
			out = append(out, bridge.FileUpload{Name: name, MIME: f.MIME, Size: f.Size, Hash: f.Hash})
		}
	}
	return out, nil
}

// changed answers a form that changed a ticket: with a redirect to what it made,
// or for our script with the pieces that are new since what its page shows.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, ticket int64, anchor string) error {
	return s.changedSaying(w, r, ticket, anchor, "")
}

// changedSaying does the same and has a word to say about it, or none.
func (s *Server) changedSaying(w http.ResponseWriter, r *http.Request, ticket int64, anchor, word string) error {
	if !isFragment(r) {
		if word != "" {
			s.sessions.Put(r.Context(), sessionFlash, word)
		}
		to := fmt.Sprintf("/tickets/%d", ticket)
		if anchor != "" {
			to += "#" + anchor
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	after, err := strconv.ParseInt(r.Header.Get("Sidebridge-After"), 10, 64)
	if err != nil || after < 0 {
		return fmt.Errorf("%w: the header Sidebridge-After has no number", bridge.ErrInvalid)
	}
	f := s.follow(ticket, after, whoIs(r))
	var b bytes.Buffer
	if _, err := f.next(r.Context(), &b); err != nil {
		return err
	}
	if word != "" {
		if err := s.pages.piece(&b, "said", word); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the client may be gone
	return nil
}

func (s *Server) changeTicket(w http.ResponseWriter, r *http.Request) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	if err = parseForm(r); err == nil {
		err = s.applyChange(r, ticket)
	}
	if err != nil {
		return s.refuse(w, r, ticket, typed{Form: "change"}, startForm{}, err)
	}
	return s.changed(w, r, ticket, "")
}

// applyChange turns the form's state of a ticket into a change. What the form
// shows as it was rendered stays out of it, so that an old page undoes nothing:
// two people who each add a tag both keep theirs.
func (s *Server) applyChange(r *http.Request, ticket int64) error {
	differs := func(name string) string {
		if v := r.PostFormValue(name); v != r.PostFormValue(name+"_was") {
			return v
		}
		return ""
	}
	was, want := splitTags(r.PostFormValue("tags_were")), splitTags(r.PostFormValue("tags"))
	c := &bridge.ChangeTicket{
		Actor: whoIs(r).actor(), Ticket: ticket, Status: differs("status"), Priority: differs("priority"), Group: differs("group"),
		Tags:  slices.DeleteFunc(slices.Clone(want), func(t string) bool { return slices.Contains(was, t) }),
		Untag: slices.DeleteFunc(slices.Clone(was), func(t string) bool { return slices.Contains(want, t) }),
	}
	if who := r.PostFormValue("assignee"); r.PostForm.Has("assignee") && who != r.PostFormValue("assignee_was") {
		if err := s.assign(r.Context(), c, who); err != nil {
			return err
		}
	}
	_, err := s.desk.Change(r.Context(), c)
	return err
}

// assign gives the ticket to a person who works at the desk, or to nobody.
func (s *Server) assign(ctx context.Context, c *bridge.ChangeTicket, person string) error {
	c.Assignee = &person
	if person == "" {
		return nil
	}
	p, _, err := s.store.Person(ctx, person)
	if err != nil {
		return fmt.Errorf("assignee: %w", err)
	}
	if p.Role != bridge.RoleAgent && p.Role != bridge.RoleAdmin {
		return fmt.Errorf("%w: %s does not work at the desk", bridge.ErrInvalid, p.Name)
	}
	c.AssigneeName = p.Name
	return nil
}

// idOf reads the id of a conversation or message in the request's path.
func idOf(r *http.Request) (bridge.ID, error) {
	id, err := bridge.ParseID(r.PathValue("id"))
	if err != nil {
		return id, fmt.Errorf("%w: there is no such address", bridge.ErrNotFound)
	}
	return id, nil
}

func (s *Server) conversationLink(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	from := ""
	if cameFrom(r) == bridge.AccessSearch {
		from = "?from=search"
	}
	http.Redirect(w, r, fmt.Sprintf("/tickets/%d%s#c%d", id.Ticket, from, id.Seq), http.StatusSeeOther)
	return nil
}

// messageLink leads to a message. The page shows its conversation from there on,
// since the message may be an old one.
func (s *Server) messageLink(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	from := ""
	if cameFrom(r) == bridge.AccessSearch {
		from = "&from=search"
	}
	http.Redirect(w, r, fmt.Sprintf("/tickets/%d?at=%d%s#m%[2]d", id.Ticket, id.Seq, from), http.StatusSeeOther)
	return nil
}

func (s *Server) postMessage(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	var res bridge.Result
	var share bridge.Share
	var mentions []bridge.Mention
	if err = parseForm(r); err == nil {
		share, err = readShare(r)
	}
	if err == nil {
		mentions, err = s.mentions(r.Context(), written(r))
	}
	if err == nil {
		res, err = s.sayWithFiles(r, id.Ticket, func(_ int64, files []bridge.FileUpload) bridge.Command {
			body := written(r)
			return &bridge.PostMessage{
				Actor: whoIs(r).actor(), Conversation: id, Body: body, Files: files, Share: share,
				Mentions: mentions, Confirmed: r.PostFormValue("confirm") != "",
				Key: formKey(r, append([]string{id.String(), body}, r.PostForm["share"]...)...),
			}
		})
	}
	if err != nil {
		t := typed{Form: conversationAnchor(id.Seq), Text: r.PostFormValue("body"), Unconfirmed: s.unconfirmed(w, err)}
		return s.refuse(w, r, id.Ticket, t, startForm{}, err)
	}
	return s.changedSaying(w, r, id.Ticket, fmt.Sprintf("m%d", res.ID.Seq), res.Why)
}

// act runs a command on the conversation or message in the path. A refusal is
// shown at the form of that name.
func (s *Server) act(w http.ResponseWriter, r *http.Request, form string, command func(bridge.ID) bridge.Command) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	anchor := form + strconv.FormatInt(id.Seq, 10)
	if err = parseForm(r); err == nil {
		_, err = s.log.Append(r.Context(), command(id))
	}
	if err != nil {
		return s.refuse(w, r, id.Ticket, typed{Form: anchor, Text: r.PostFormValue("body")}, startForm{}, err)
	}
	return s.changed(w, r, id.Ticket, anchor)
}

func (s *Server) setState(open bool) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.act(w, r, "c", func(id bridge.ID) bridge.Command {
			return &bridge.SetState{Actor: whoIs(r).actor(), Conversation: id, Open: open}
		})
	}
}

func (s *Server) editMessage(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "m", func(id bridge.ID) bridge.Command {
		was, _ := strconv.ParseInt(r.PostFormValue("was"), 10, 64) // without it the edit is not checked
		return &bridge.EditMessage{Actor: whoIs(r).actor(), Message: id, Body: written(r), Was: was}
	})
}

func (s *Server) deleteMessage(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "m", func(id bridge.ID) bridge.Command {
		return &bridge.DeleteMessage{Actor: whoIs(r).actor(), Message: id}
	})
}

// takeOver makes whoever asks the assignee, from inside a conversation.
func (s *Server) takeOver(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	m := whoIs(r)
	res, err := s.desk.Change(r.Context(), &bridge.ChangeTicket{
		Actor: m.actor(), Ticket: id.Ticket, Assignee: &m.ID, AssigneeName: m.Name, Conversation: id.Seq,
		Note: strings.TrimSpace(r.PostFormValue("note")), Reason: "taken over",
	})
	if err == nil && res.Outcome == bridge.Ignored {
		err = fmt.Errorf("%w: you have the ticket already: write what you wanted to say as a message or a note", bridge.ErrConflict)
	}
	if err != nil {
		return s.refuse(w, r, id.Ticket, typed{Form: conversationAnchor(id.Seq)}, startForm{}, err)
	}
	return s.changed(w, r, id.Ticket, conversationAnchor(id.Seq))
}

// takenPiece is what "Use in reply" gives our script: words and files for the reply box.
type takenPiece struct {
	Text  string
	Files []fileLink
	// Instead are texts that give way to it where one of them is all that the box has.
	Instead []string
}

// useInReply records that a message's words were taken, and gives them for the
// reply box. It sends nothing to anybody.
func (s *Server) useInReply(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if _, err := s.log.Append(r.Context(), &bridge.TakeWords{Actor: whoIs(r).actor(), Message: id}); err != nil {
		return s.refuse(w, r, id.Ticket, typed{Form: fmt.Sprintf("m%d", id.Seq)}, startForm{}, err)
	}
	if !isFragment(r) {
		http.Redirect(w, r, fmt.Sprintf("/tickets/%d?take=%d#reply", id.Ticket, id.Seq), http.StatusSeeOther)
		return nil
	}
	piece, err := s.taken(r.Context(), viewer(r), id)
	if err != nil {
		return err
	}
	return s.fragment(w, "taken", piece)
}

// taken reads a message's present words and its files.
func (s *Server) taken(ctx context.Context, who string, id bridge.ID) (takenPiece, error) {
	history, err := s.store.History(ctx, who, id)
	if err != nil {
		return takenPiece{}, err
	}
	var p takenPiece
	for _, e := range history {
		if e.Kind != bridge.MessageDeleted {
			p.Text = markup.Reply(e.Words.Body)
		}
		for n := range e.Facts.Files {
			f, name, _, err := s.store.MessageFile(ctx, who, id, n)
			if err != nil {
				return takenPiece{}, err
			}
			if f.State == bridge.FileStoredS {
				p.Files = append(p.Files, fileLink{Name: name, Size: f.Size, Ref: fmt.Sprintf("%d/%d", id.Seq, n)})
			}
		}
	}
	return p, nil
}
