package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/sidebridge/sidebridge/bridge"
)

// markRead moves the reader's position in a conversation to the entry that the form
// names: what its page has shown them. The page's script does so for what was really
// in view.
func (s *Server) markRead(w http.ResponseWriter, r *http.Request) error {
	conv, err := idOf(r)
	if err != nil {
		return err
	}
	upto, err := strconv.ParseInt(r.PostFormValue("upto"), 10, 64)
	if err != nil || upto < 0 {
		return fmt.Errorf("%w: read up to which message?", bridge.ErrInvalid)
	}
	if err := s.store.MarkRead(r.Context(), whoIs(r).ID, conv, upto); err != nil {
		return err
	}
	return s.done(w, r, fmt.Sprintf("/tickets/%d#%s", conv.Ticket, conversationAnchor(conv.Seq)), "")
}

// markUnread puts the reader's position before a message. The ticket's page would show
// it to them at once, so they go back to the list.
func (s *Server) markUnread(w http.ResponseWriter, r *http.Request) error {
	message, err := idOf(r)
	if err != nil {
		return err
	}
	if err := s.store.MarkUnread(r.Context(), whoIs(r).ID, message); err != nil {
		return err
	}
	return s.done(w, r, "/tickets?show=unread", "Marked as unread.")
}

// markAllRead takes everything that was said so far as read.
func (s *Server) markAllRead(w http.ResponseWriter, r *http.Request) error {
	if err := s.store.MarkAllRead(r.Context(), whoIs(r).ID); err != nil {
		return err
	}
	return s.done(w, r, "/tickets", "Everything is marked as read.")
}

// reading returns how far the reader has read a conversation. What the stream shows was
// not looked up, but whether a conversation is theirs its rows say.
func (v *view) reading(c *bridge.Conversation) bridge.Reading {
	r := v.read[c.ID]
	t := v.st.Tickets[v.ticket]
	r.Follows = r.Follows || c.Starter == v.me.ID || t != nil && t.Assignee == v.me.ID
	return r
}

// unread reports whether a message is one that the reader has not read.
func (v *view) unread(m *bridge.Message) bool {
	r, known := v.read[bridge.ID{Ticket: v.ticket, Seq: m.Conversation}]
	return known && r.Unread > 0 && m.ID.Seq > r.Upto && m.Author != v.me.ID && m.DeletedSeq == 0
}

// firstUnread returns where in a conversation the unread messages begin, or its length.
func (v *view) firstUnread(messages []*bridge.Message) int {
	if i := slices.IndexFunc(messages, v.unread); i >= 0 {
		return i
	}
	return len(messages)
}
