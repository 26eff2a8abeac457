package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"github.com/sidebridge/sidebridge/bridge"
)

// apiConversation is a side conversation as programs see it.
type apiConversation struct {
	ID       string `json:"id"`
	Subject  string `json:"subject"`
	State    string `json:"state"` // open or closed
	Messages int64  `json:"messages"`
	URL      string `json:"url"`
}

// apiConversations lists a ticket's side conversations, oldest first.
func (s *Server) apiConversations(w http.ResponseWriter, r *http.Request, c caller) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	st, err := s.store.TicketPage(r.Context(), c.by.Person, ticket)
	if err != nil {
		return err
	}
	if err := s.store.RecordAccess(r.Context(), c.actor(), bridge.AccessAPI, readAll(st, ticket, "")...); err != nil {
		return err
	}
	subjects := map[int64]string{}
	for _, e := range st.Entries {
		if e.Kind == bridge.ConversationStarted {
			subjects[e.Seq] = e.Words.Subject
		}
	}
	list := []apiConversation{}
	for _, c := range slices.SortedFunc(conversationsOf(st), func(a, b *bridge.Conversation) int { return cmp.Compare(a.ID.Seq, b.ID.Seq) }) {
		list = append(list, apiConversation{
			ID: c.ID.String(), Subject: subjects[c.ID.Seq], State: stateWord(c.Open), Messages: c.Messages,
			URL: fmt.Sprintf("%s/c/%s", s.o.PublicURL, c.ID),
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"conversations": list})
	return nil
}

func conversationsOf(st *bridge.State) func(func(*bridge.Conversation) bool) {
	return func(yield func(*bridge.Conversation) bool) {
		for _, c := range st.Conversations {
			if !yield(c) {
				return
			}
		}
	}
}

func stateWord(open bool) string {
	if open {
		return "open"
	}
	return "closed"
}

// apiSetState closes or reopens a conversation. Asking for the state it has is no error.
func (s *Server) apiSetState(open bool) func(http.ResponseWriter, *http.Request, caller) error {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		id, err := idOf(r)
		if err != nil {
			return err
		}
		if _, err := s.log.Append(r.Context(), &bridge.SetState{Actor: c.actor(), Conversation: id, Open: open}); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, map[string]any{"conversation": id.String(), "state": stateWord(open)})
		return nil
	}
}

// apiBeginning is what begins a side conversation: with whom and what is asked, or
// which thread is attached.
type apiBeginning struct {
	Group     string    `json:"group"`   // a name or an id
	Channel   string    `json:"channel"` // as surface/workspace/channel, one that a rule names
	Subject   string    `json:"subject"`
	Body      string    `json:"body"`
	Files     []apiFile `json:"files"`
	ThreadURL string    `json:"thread_url"` // the link of a thread that exists
}

// apiStart begins a side conversation, or attaches a thread as one.
func (s *Server) apiStart(w http.ResponseWriter, r *http.Request, c caller) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	var in apiBeginning
	files, err := s.readAPI(r, &in, func(form func(string) string) {
		in = apiBeginning{Group: form("group"), Channel: form("channel"), Subject: form("subject"), Body: form("body"), ThreadURL: form("thread_url")}
	})
	if err != nil {
		return err
	}
	key, err := apiKey(r, c)
	if err != nil {
		return err
	}
	t, err := s.ticketRow(r.Context(), ticket)
	if err != nil {
		return err
	}
	var res bridge.Result
	if in.ThreadURL != "" {
		if in.Group+in.Channel+in.Body != "" || len(files) > 0 {
			return fmt.Errorf("%w: a thread is attached as it is: leave group, channel, body and files out, or leave thread_url out", bridge.ErrInvalid)
		}
		res, err = s.attachLink(r.Context(), c.actor(), ticket, in.ThreadURL, in.Subject, key)
	} else {
		res, err = s.apiBegin(r, c, t, in, files, key)
	}
	if err != nil {
		return err
	}
	if err := s.sameAsBefore(r.Context(), res, in.Subject, ""); err != nil {
		return err
	}
	s.accepted(w, res, map[string]any{"conversation": res.ID.String(), "url": fmt.Sprintf("%s/c/%s", s.o.PublicURL, res.ID)})
	return nil
}

func (s *Server) apiBegin(r *http.Request, c caller, t *bridge.Ticket, in apiBeginning, files []bridge.FileUpload, key string) (bridge.Result, error) {
	group, err := s.groupNamed(r.Context(), in.Group)
	if err != nil {
		return bridge.Result{}, err
	}
	whom := askGroup + group
	switch {
	case in.Channel != "" && group != "":
		return bridge.Result{}, fmt.Errorf("%w: send group or channel, not both", bridge.ErrInvalid)
	case in.Channel != "":
		whom = askChannel + in.Channel
	case group == "":
		return bridge.Result{}, fmt.Errorf("%w: send group, channel or thread_url", bridge.ErrInvalid)
	}
	to, err := s.resolve(r.Context(), t, whom)
	if err != nil {
		return bridge.Result{}, err
	}
	return s.beginTalk(r.Context(), beginning{actor: c.actor(), ticket: t.ID, to: to, subject: in.Subject, body: in.Body, files: files, key: key})
}
