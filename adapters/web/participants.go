package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// Reaching tells in which workspaces people can be called.
type Reaching interface {
	// WorkspacesOf returns, for each of some people, the chat workspaces in which they have
	// an account: places without a channel.
	WorkspacesOf(ctx context.Context, people []string) (map[string][]bridge.Place, error)
}

// part is somebody who takes part in a conversation, as a page shows them.
type part struct {
	Person, Name string
	// Mine: it is whoever looks.
	Mine bool
	// Absent: they have an account in none of the chats where the conversation is shown,
	// so that nobody can call them there.
	Absent bool
}

// partsPiece is the part of a conversation that says who takes part.
type partsPiece struct {
	ID    bridge.ID
	Parts []part
	// Absent: at least one of them is.
	Absent bool
	Chats  string // where the conversation is shown: "Slack and Discord"
	Form   typed
}

// Anchor is the id of the piece's element.
func (p partsPiece) Anchor() string { return conversationAnchor(p.ID.Seq) + "-people" }

// parts makes the view of who takes part in a conversation, those who came first first.
func (v *view) parts(c *bridge.Conversation) partsPiece {
	out := partsPiece{ID: c.ID}
	var shown []bridge.Place
	var chats []string
	for _, m := range v.allMirrors {
		if m.Conversation != c.ID.Seq || m.Ended != 0 {
			continue
		}
		shown = append(shown, bridge.Place{Surface: m.Place.Surface, Workspace: m.Place.Workspace})
		if name := surfaceName(m.Place.Surface); !slices.Contains(chats, name) {
			chats = append(chats, name)
		}
	}
	out.Chats = strings.Join(chats, " and ")
	for _, p := range v.st.ParticipantsOf(c.ID) {
		there := func(w bridge.Place) bool { return slices.Contains(shown, w) }
		one := part{
			Person: p.Person, Name: v.names.person(p.Person), Mine: p.Person == v.me.ID,
			Absent: len(shown) > 0 && !slices.ContainsFunc(v.names.reach[p.Person], there),
		}
		out.Absent = out.Absent || one.Absent
		out.Parts = append(out.Parts, one)
	}
	return out
}

// addReach reads where the people who take part in a ticket's conversations can be called.
func (n *names) addReach(ctx context.Context, r Reaching, st *bridge.State) (err error) {
	people := map[string]bool{}
	for key := range st.Participants {
		people[key.Person] = true
	}
	if len(people) == 0 {
		return nil
	}
	var ids []string
	for id := range people {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	n.reach, err = r.WorkspacesOf(ctx, ids)
	return err
}

// TakingPart is the part of the page that says who takes part, after a refused form with
// what was typed.
func (t talk) TakingPart() partsPiece {
	t.People.Form = t.Form
	return t.People
}

// people renders who takes part in the conversations, where that differs from what was sent.
func (f *follower) people(v *view, c *bridge.Conversation, b *bytes.Buffer) error {
	return f.unlessSent(b, "people", v.parts(c))
}

// addPeople adds those whom the form names to a conversation.
func (s *Server) addPeople(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	t := typed{Form: conversationAnchor(id.Seq) + "-people"}
	if err = parseForm(r); err == nil {
		t.Text = r.PostFormValue("body")
		err = s.addNamed(r, id)
	}
	if err != nil {
		t.Unconfirmed = s.unconfirmed(w, err)
		return s.refuse(w, r, id.Ticket, t, startForm{}, err)
	}
	return s.changed(w, r, id.Ticket, t.Form)
}

// unconfirmed reports whether a form is accepted once it is confirmed, and tells our
// script what kind of refusal it was.
func (s *Server) unconfirmed(w http.ResponseWriter, err error) bool {
	_, code, _ := describe(err)
	w.Header().Set("Sidebridge-Error", code)
	return errors.Is(err, bridge.ErrUnconfirmed)
}

func (s *Server) addNamed(r *http.Request, id bridge.ID) error {
	people, group, err := s.named(r)
	if err != nil {
		return err
	}
	res, err := s.log.Append(r.Context(), &bridge.AddParticipants{
		Actor: whoIs(r).actor(), Conversation: id, People: people, Group: group, Confirmed: r.PostFormValue("confirm") != "",
	})
	if err == nil && res.Outcome == bridge.Ignored {
		err = fmt.Errorf("%w: %s", bridge.ErrConflict, res.Why)
	}
	return err
}

// named finds the people, and the group, that a form's box names: those that its composer
// completed, and what is left of the text as names and addresses that commas part.
func (s *Server) named(r *http.Request) (people []bridge.Known, group string, err error) {
	text := r.PostFormValue("body")
	var ids []string
	for _, field := range r.PostForm["naming"][:min(len(r.PostForm["naming"]), mostNamings)] {
		target, name, _ := strings.Cut(field, " ")
		if name == "" || !strings.Contains(text, name) {
			continue // it was deleted from the box
		}
		text = strings.ReplaceAll(text, name, ",")
		switch kind, ref, _ := strings.Cut(target, ":"); {
		case kind == "group" && group != "":
			return nil, "", fmt.Errorf("%w: add one group at a time", bridge.ErrInvalid)
		case kind == "group":
			group = strings.TrimPrefix(ref, "desk/")
		default:
			person, err := s.personOf(r.Context(), ref)
			if err != nil {
				return nil, "", err
			}
			if person == "" {
				return nil, "", fmt.Errorf("%w: the account of %s is linked to nobody: an admin can link it under People, or they with the command link in the chat", bridge.ErrInvalid, strings.TrimPrefix(name, "@"))
			}
			ids = append(ids, person)
		}
	}
	// Names may be typed as well, with or without the sign.
	text = strings.ReplaceAll(strings.ReplaceAll(text, " @", ","), ",@", ",")
	people, err = s.approvers(r.Context(), ids, strings.TrimPrefix(strings.TrimSpace(text), "@"))
	if err != nil || group == "" {
		if err == nil && len(people) == 0 {
			err = fmt.Errorf("%w: whom do you want to add? Write @ and a name", bridge.ErrInvalid)
		}
		return people, "", err
	}
	all, err := s.withGroup(r.Context(), people, group)
	return all, group, err
}

// personOf returns the person behind a mention's target, "person/17" or an account's
// "slack/T1/U2"; empty when it is nobody's.
func (s *Server) personOf(ctx context.Context, target string) (string, error) {
	if id, ok := strings.CutPrefix(target, "person/"); ok {
		return id, nil
	}
	parts := strings.Split(target, "/")
	if len(parts) != 3 {
		return "", nil
	}
	k, err := s.store.Identify(ctx, bridge.Account{Surface: parts[0], Workspace: parts[1], ID: parts[2]})
	return k.Person, err
}

// withGroup adds a group's people.
func (s *Server) withGroup(ctx context.Context, people []bridge.Known, group string) ([]bridge.Known, error) {
	members, err := s.store.Members(ctx)
	if err != nil {
		return nil, err
	}
	of, err := s.approvers(ctx, members[group], "")
	if err == nil && len(of) == 0 {
		err = fmt.Errorf("%w: there is nobody in that group: an admin can change that under Groups and channels", bridge.ErrInvalid)
	}
	return append(people, of...), err
}

// removePerson ends somebody's part in a conversation.
func (s *Server) removePerson(w http.ResponseWriter, r *http.Request) error {
	person := r.PostFormValue("person")
	k, _, err := s.store.Person(r.Context(), person)
	if err != nil {
		k.Name = "" // somebody who is in the directory no more
	}
	return s.act(w, r, "c", func(id bridge.ID) bridge.Command {
		return &bridge.RemoveParticipant{Actor: whoIs(r).actor(), Conversation: id, Person: person, Name: k.Name}
	})
}

// mentions are the people whom a body calls. An account that is linked to nobody is called
// as it is: there is no person who could take part.
func (s *Server) mentions(ctx context.Context, body string) ([]bridge.Mention, error) {
	var out []bridge.Mention
	for _, c := range markup.Calls(body) {
		id, err := s.personOf(ctx, c.Target)
		if err != nil {
			return nil, err
		}
		if id == "" {
			continue
		}
		k, _, err := s.store.Person(ctx, id)
		if errors.Is(err, bridge.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, bridge.Mention{Known: k, Mark: c.Mark, Plain: c.Plain})
	}
	return out, nil
}
