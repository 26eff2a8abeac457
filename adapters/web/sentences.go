package web

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/sidebridge/sidebridge/bridge"
)

// sentence says what an entry records, after the name of who did it: "Alice
// replied to the customer". Ids become what people call things.
func (n names) sentence(e *bridge.Entry) string {
	f := e.Facts
	talk := fmt.Sprintf("side conversation %d", f.Conversation) + quoted(n.subjects[f.Conversation])
	what := map[bridge.Kind]string{
		bridge.CustomerWrote:            "wrote to us",
		bridge.CustomerReply:            "replied to the customer",
		bridge.NoteWritten:              "wrote an internal note",
		bridge.WordsTaken:               fmt.Sprintf("put the words of message %d into the reply box", f.Message),
		bridge.ConversationClosed:       "closed " + talk,
		bridge.ConversationReopened:     "reopened " + talk,
		bridge.ConversationRestricted:   "restricted " + talk + " to those who take part",
		bridge.ConversationUnrestricted: "made " + talk + " one that everybody at the desk sees",
		bridge.MessagePosted:            fmt.Sprintf("wrote message %d in %s", e.Seq, talk),
		bridge.MessageEdited:            fmt.Sprintf("edited message %d", f.Message),
		bridge.MessageDeleted:           fmt.Sprintf("deleted message %d", f.Message),
		bridge.ReactionAdded:            fmt.Sprintf("reacted to %s with %s", reactedTo(f), f.Emoji),
		bridge.ReactionRemoved:          fmt.Sprintf("took the reaction %s to %s back", f.Emoji, reactedTo(f)),
		bridge.UnseenDeleted:            "deleted a message before we saw it",
		bridge.FileStored:               fmt.Sprintf("stored the file %s of message %d", fileNumbers(f.Files), f.Message),
		bridge.FileFailed:               fmt.Sprintf("could not fetch the file %s of message %d", fileNumbers(f.Files), f.Message),
		bridge.ThreadAttached:           "attached a thread as " + talk,
		bridge.ThreadOpened:             "opened the thread of " + talk,
		bridge.DeliveryShown:            shownSentence(f),
		bridge.DeliveryResent:           fmt.Sprintf("sent entry %d once more, since its outcome stayed unknown", f.Entry),
		bridge.DeliveryParked:           "stopped showing " + talk,
		bridge.DeliveryFailed:           refusedSentence(f),
		bridge.MirrorEnded:              "moved " + talk + " to another channel",
		bridge.MirrorResumed:            "resumed showing " + talk,
		bridge.MirrorMoved:              "followed the channel of " + talk + " to its new id",
		bridge.CopyRemoved:              "found our copy of " + messageOr(f.Message) + " removed",
		bridge.CopyChanged:              "changed our copy of " + messageOr(f.Message),
		bridge.CopyDoubled:              fmt.Sprintf("found a second copy of entry %d, which is deleted", f.Entry),
		bridge.ApprovalAsked:            "asked " + strings.Join(e.Words.People, ", ") + " for approval in " + talk,
		bridge.ApprovalGiven:            fmt.Sprintf("approved request %d", f.Entry),
		bridge.ApprovalRefused:          fmt.Sprintf("refused request %d", f.Entry),
		bridge.ApprovalWithdrawn:        fmt.Sprintf("withdrew request %d", f.Entry),
		bridge.ContentErased:            fmt.Sprintf("erased the words of entry %d", f.Entry),
		bridge.DraftApproved:            fmt.Sprintf("said that the draft %d looks good", f.Message),
		bridge.DraftTaken:               fmt.Sprintf("put the suggestion %d into the reply box", f.Message),
		bridge.DraftDismissed:           fmt.Sprintf("dismissed the suggestion %d", f.Message),
	}[e.Kind]
	switch e.Kind {
	case bridge.MessagePosted:
		if f.Draft {
			what = fmt.Sprintf("offered a draft of a reply for review as message %d in %s", e.Seq, talk)
		}
		if f.Suggests != 0 {
			what = fmt.Sprintf("suggested another text for the draft %d as message %d", f.Suggests, e.Seq)
		}
		if len(f.Shared) > 0 {
			what += ", which quotes " + plural(int64(len(f.Shared)), "comment", "comments") + " of the ticket: " + seqList(f.Shared)
		}
	case bridge.TicketCreated:
		what = "created the ticket" + quoted(e.Words.Subject)
	case bridge.TicketChanged:
		what = n.changeSentence(e)
	case bridge.ParticipantAdded, bridge.ParticipantRemoved:
		what = n.participantSentence(e, talk)
	case bridge.ConversationStarted:
		what = fmt.Sprintf("started side conversation %d%s", e.Seq, quoted(e.Words.Subject))
		if f.Group != "" {
			what += " with " + n.group(f.Group)
		}
	case bridge.MirrorEnded:
		if f.Place != nil {
			what = "moved " + talk + " to " + n.place(*f.Place)
		}
	case bridge.MirrorMoved:
		if f.Reason == bridge.MovedOpened {
			what = "opened the direct message for " + talk
		}
	case bridge.MirrorOpened:
		what = "opened a mirror"
		if f.Place != nil {
			what += " in " + n.place(*f.Place)
		}
	}
	what = cmp.Or(what, string(e.Kind))
	if f.Reason != "" && f.Reason != bridge.SkippedByHand {
		what += ": " + f.Reason
	}
	return what
}

// seqList names entries by their numbers.
func seqList(seqs []int64) string {
	out := make([]string, len(seqs))
	for i, seq := range seqs {
		out[i] = fmt.Sprint(seq)
	}
	return strings.Join(out, ", ")
}

func shownSentence(f bridge.Facts) string {
	if f.Part > 0 {
		return fmt.Sprintf("showed part %d of %s", f.Part+1, messageOr(f.Message))
	}
	return "showed " + messageOr(f.Message)
}

func refusedSentence(f bridge.Facts) string {
	if f.Reason == bridge.SkippedByHand {
		return fmt.Sprintf("skipped entry %d and put a note in its place", f.Entry)
	}
	return fmt.Sprintf("could not show entry %d and put a note in its place", f.Entry)
}

func messageOr(message int64) string {
	if message == 0 {
		return "a notice"
	}
	return fmt.Sprintf("message %d", message)
}

func quoted(subject string) string {
	if subject == "" {
		return ""
	}
	return " “" + subject + "”"
}

func fileNumbers(files []bridge.FileFacts) string {
	var out []string
	for _, f := range files {
		text := fmt.Sprint(f.N + 1)
		if f.Size > 0 {
			text += " (" + humanize.IBytes(uint64(f.Size)) + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// changeSentence says what of a ticket was changed.
func (n names) changeSentence(e *bridge.Entry) string {
	f := e.Facts
	var parts []string
	add := func(set bool, text string) {
		if set {
			parts = append(parts, text)
		}
	}
	add(f.Status != "", "set the status to "+f.Status)
	add(f.Priority != "", "set the priority to "+f.Priority)
	add(f.Group != "", "gave it to the group "+n.group(f.Group))
	if f.Assignee != nil {
		switch {
		case *f.Assignee == "":
			parts = append(parts, "took the assignee away")
		case *f.Assignee == f.Person:
			parts = append(parts, "took the ticket")
		default:
			parts = append(parts, "assigned it to "+cmp.Or(e.Words.Requester, n.person(*f.Assignee)))
		}
	}
	add(len(f.Tags) > 0, "added the tags "+strings.Join(f.Tags, ", "))
	add(len(f.Untag) > 0, "removed the tags "+strings.Join(f.Untag, ", "))
	return strings.Join(parts, ", ")
}

// entryPlace says where something was done, when that was not the ticket view.
func (n names) entryPlace(e *bridge.Entry, st *bridge.State) string {
	switch {
	case e.Facts.Source != nil:
		return n.place(e.Facts.Source.Place())
	case e.Facts.Mirror != 0:
		if m := st.Mirrors[bridge.ID{Ticket: e.Ticket, Seq: e.Facts.Mirror}]; m != nil {
			return n.place(m.Place)
		}
	}
	return ""
}

// aboutDelivery reports whether an entry is about showing things on surfaces,
// which most readers of an audit trail want to leave out.
func aboutDelivery(k bridge.Kind) bool {
	switch k {
	case bridge.MirrorOpened, bridge.ThreadOpened, bridge.DeliveryShown, bridge.DeliveryResent, bridge.DeliveryParked,
		bridge.DeliveryFailed, bridge.MirrorResumed, bridge.MirrorMoved, bridge.MirrorEnded, bridge.CopyRemoved, bridge.CopyChanged, bridge.CopyDoubled, bridge.FileStored:
		return true
	}
	return false
}

// reactedTo names what a reaction is to: one that is to no message is a gesture on the card.
func reactedTo(f bridge.Facts) string {
	if f.Message == 0 {
		return "the card"
	}
	return fmt.Sprintf("message %d", f.Message)
}

// participantSentence tells whom an entry brought into a conversation, or took out of it.
func (n names) participantSentence(e *bridge.Entry, talk string) string {
	var who []string
	for _, id := range e.Added() {
		who = append(who, n.person(id))
	}
	switch {
	case e.Kind == bridge.ParticipantRemoved && e.Facts.Who == e.Facts.Person:
		return "left " + talk
	case e.Kind == bridge.ParticipantRemoved:
		return "removed " + strings.Join(who, ", ") + " from " + talk
	case e.Facts.Group != "":
		return "added the group " + n.group(e.Facts.Group) + " (" + strings.Join(who, ", ") + ") to " + talk
	}
	return "added " + strings.Join(who, ", ") + " to " + talk
}
