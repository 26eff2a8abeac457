package bridgetest

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// payload is a post as it is to be.
type payload struct {
	text string
	file *bridge.ViewFile
	// emoji is our bot's reaction, which is to be there when on.
	emoji string
	on    bool
}

func (p payload) attachment(ctx context.Context) ([]Attachment, error) {
	if p.file == nil {
		return nil, nil
	}
	r, err := p.file.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	return []Attachment{{Name: p.file.Name, MIME: p.file.MIME, Data: data}}, nil
}

// Plan implements bridge.Surface.
func (s *Surface) Plan(v bridge.View) []bridge.Call {
	if v.Rejected != "" {
		return []bridge.Call{notice(fmt.Sprintf("entry %d could not be shown here: %s", v.Entry.Seq, v.Rejected))}
	}
	name := v.Entry.Words.Name
	switch v.Entry.Kind {
	case bridge.MirrorOpened:
		if v.Conversation.ID.IsZero() {
			return nil
		}
		return []bridge.Call{{Verb: bridge.VerbPost, Root: true, Payload: payload{text: card(v)}}}
	case bridge.ThreadAttached:
		return []bridge.Call{{Verb: bridge.VerbPost, Payload: payload{text: card(v)}}}
	case bridge.TicketChanged:
		if v.Card == "" {
			return nil
		}
		return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Card, Payload: payload{text: card(v)}}}
	case bridge.ReactionAdded, bridge.ReactionRemoved:
		return reaction(v)
	case bridge.MessagePosted:
		return v.PlanReview(append(posts(v, s.split(name, v.Entry.Words.Body)), files(v)...), review(v))
	case bridge.FileStored:
		if v.Said().Seq != v.Message {
			return []bridge.Call{notice("nobody knows whose file this is")} // no scenario wants to see that
		}
		return files(v)
	case bridge.MessageEdited:
		return v.PlanReview(edits(v, s.split(name, v.Entry.Words.Body)), review(v))
	case bridge.MessageDeleted:
		return v.PlanReview(deletes(v.Copies), review(v))
	case bridge.DraftApproved, bridge.DraftTaken, bridge.DraftDismissed:
		return v.PlanReview(nil, review(v))
	case bridge.ConversationClosed:
		return []bridge.Call{notice(name + " closed this")}
	case bridge.ConversationReopened:
		return []bridge.Call{notice(name + " reopened this")}
	case bridge.ParticipantAdded, bridge.ParticipantRemoved:
		if v.Entry.Kind == bridge.ParticipantAdded && !v.Entry.Invites() {
			return nil
		}
		word := map[bridge.Kind]string{bridge.ParticipantAdded: " added ", bridge.ParticipantRemoved: " removed "}[v.Entry.Kind]
		return []bridge.Call{notice(name + word + strings.Join(v.Entry.Words.People, ", "))}
	case bridge.MirrorEnded:
		return []bridge.Call{notice(name + " moved this")}
	case bridge.ApprovalAsked, bridge.ApprovalGiven, bridge.ApprovalRefused, bridge.ApprovalWithdrawn:
		return request(v)
	case bridge.CopyDoubled:
		return []bridge.Call{{Verb: bridge.VerbDelete, Ref: v.Entry.Facts.Ref}}
	default:
		return nil
	}
}

// reaction lets our bot's own reaction to the message's first post stand for everybody
// elsewhere who gave it that emoji.
func reaction(v bridge.View) []bridge.Call {
	if len(v.Copies) == 0 {
		return nil
	}
	p := payload{emoji: v.Entry.Facts.Emoji, on: v.Reacted()}
	return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Copies[0].Ref, Payload: p}}
}

func card(v bridge.View) string {
	return fmt.Sprintf("[#%d %s, %s]", v.Ticket.ID, v.Subject, v.Ticket.Status)
}

func notice(text string) bridge.Call {
	return bridge.Call{Verb: bridge.VerbPost, Payload: payload{text: "* " + text}}
}

// split cuts a body into the texts of its posts.
func (s *Surface) split(name, body string) []string {
	s.chat.mu.Lock()
	limit := max(1, s.chat.rules.SplitAt)
	s.chat.mu.Unlock()
	runes := []rune(body)
	if len(runes) <= limit {
		if body == "" {
			return nil
		}
		return []string{name + ": " + body}
	}
	total := (len(runes) + limit - 1) / limit
	var out []string
	for i := range total {
		part := string(runes[i*limit : min(len(runes), (i+1)*limit)])
		out = append(out, fmt.Sprintf("%s (%d/%d): %s", name, i+1, total, part))
	}
	return out
}

func posts(v bridge.View, texts []string) []bridge.Call {
	var out []bridge.Call
	for _, t := range texts {
		out = append(out, bridge.Call{Verb: bridge.VerbPost, Message: v.Message, Payload: payload{text: t}})
	}
	return out
}

func files(v bridge.View) []bridge.Call {
	var out []bridge.Call
	for _, f := range v.Files {
		out = append(out, bridge.Call{Verb: bridge.VerbPost, Message: v.Message, Slow: true, Payload: payload{file: &f}})
	}
	return out
}

// edits changes the posts there are. Spare ones are deleted; when there are too
// few, the last one says where the rest is.
func edits(v bridge.View, texts []string) []bridge.Call {
	var have []bridge.Copy
	for _, c := range v.Copies {
		if c.Ours() && !strings.HasPrefix(c.Rev, "file ") {
			have = append(have, c)
		}
	}
	if len(have) == 0 {
		return nil
	}
	if len(texts) > len(have) {
		texts = texts[:len(have)]
		texts[len(have)-1] += " … more in the ticket"
	}
	var out []bridge.Call
	for i, t := range texts {
		out = append(out, bridge.Call{Verb: bridge.VerbEdit, Message: v.Message, Ref: have[i].Ref, Payload: payload{text: t}})
	}
	return append(out, deletes(have[len(texts):])...)
}

func deletes(copies []bridge.Copy) []bridge.Call {
	var out []bridge.Call
	for _, c := range copies {
		if c.Ours() {
			out = append(out, bridge.Call{Verb: bridge.VerbDelete, Message: c.Message, Ref: c.Ref})
		}
	}
	return out
}
