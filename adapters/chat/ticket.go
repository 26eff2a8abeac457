package chat

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// TicketText writes what is shown of a ticket as Markdown, newest message first,
// since the end is what may be cut off.
func TicketText(t bridge.TicketContext, shown mapping.Context) string {
	var out strings.Builder
	fmt.Fprintf(&out, "**Ticket #%d**", t.ID)
	line := func(name, value string) {
		if value != "" {
			out.WriteString("\n" + name + ": " + Inert(value))
		}
	}
	line("Subject", markup.Plain(shown.Subject))
	line("Status", t.Status)
	line("Customer", Customer(shown))
	line("Assignee", shown.Assignee)
	line("Priority", shown.Priority)
	line("Tags", strings.Join(shown.Tags, ", "))
	for i := len(shown.Messages) - 1; i >= 0; i-- {
		m := shown.Messages[i]
		who := map[mapping.Kind]string{mapping.FromCustomer: "Customer", mapping.ToCustomer: "Reply", mapping.Note: "Internal note"}[m.Kind]
		if name := markup.CleanName(m.Author); name != "" {
			who += " (" + name + ")"
		}
		out.WriteString("\n\n**" + Inert(who) + "** " + Inert(m.At.UTC().Format("2 Jan 2006 15:04")) + "\n\n" + m.Text)
	}
	return out.String()
}

// CardFields are the names and values that a card lists: who asks, and how the
// conversation and the ticket stand.
func CardFields(v bridge.View, t mapping.Context) [][2]string {
	state := "open"
	if !v.Conversation.Open {
		state = "closed"
	}
	fields := [][2]string{
		{"Asked by", markup.CleanName(v.StarterName)},
		{"Conversation", state},
		{"Ticket", markup.Plain(t.Subject)},
		{"Status", v.Ticket.Status},
		{"Assignee", markup.CleanName(t.Assignee)},
		{"Priority", t.Priority},
		{"Customer", Customer(t)},
		{"Tags", strings.Join(t.Tags, ", ")},
	}
	for i := range fields {
		fields[i][1] = strings.TrimSpace(fields[i][1])
	}
	return slices.DeleteFunc(fields, func(f [2]string) bool { return f[1] == "" })
}

// Handover says who took the ticket over, and with which note, as Markdown.
func Handover(v bridge.View) string {
	name := Inert(cmp.Or(markup.CleanName(v.Entry.Actor().Name), "Somebody"))
	return "_" + name + " took the ticket over:_\n\n" + markup.Quote(v.Entry.Words.Note)
}

// Customer names who asked, as far as it may be told.
func Customer(t mapping.Context) string {
	name := markup.CleanName(t.RequesterName)
	switch {
	case t.RequesterEmail == "":
		return name
	case name == "":
		return t.RequesterEmail
	}
	return name + " (" + t.RequesterEmail + ")"
}

// TicketContext is the ticket in the words of the field policy.
func TicketContext(t bridge.TicketContext) mapping.Context {
	c := mapping.Context{
		Subject: t.Subject, RequesterName: t.Requester, RequesterEmail: t.Email,
		Assignee: t.Assignee, Priority: t.Priority, Tags: t.Tags,
	}
	for _, m := range t.Messages {
		kind := mapping.Kind(m.Kind)
		switch m.Kind {
		case bridge.CustomerWrote:
			kind = mapping.FromCustomer
		case bridge.CustomerReply:
			kind = mapping.ToCustomer
		case bridge.NoteWritten:
			kind = mapping.Note
		}
		c.Messages = append(c.Messages, mapping.Message{Kind: kind, Author: m.Name, At: m.At, Text: m.Body})
	}
	return c
}

// TicketNumber reads what somebody typed. Empty is zero, which makes a ticket.
func TicketNumber(text string) (int64, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "#")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%w: a ticket's number has digits only, such as 4711", bridge.ErrInvalid)
	}
	return n, nil
}

// Inert escapes a text that somebody chose, such as a name, for use in Markdown.
func Inert(text string) string {
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]()<>#+-.!|~:@&", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Why is what somebody is told of what became of their wish. When it failed because their
// account is linked to nobody, it says what they can do: link is the chat's command for
// it, as it is typed.
func Why(res bridge.Result, link string) string {
	if !res.Unlinked {
		return res.Why
	}
	return res.Why + " If you can sign in to Sidebridge, write " + link + " and confirm that it is yours; otherwise ask an admin to link it under People."
}
