package web_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// restrictedPages are those of a restricted conversation, to who takes part and to who
// does not, and the search of all audit trails.
func restrictedPages(t *testing.T, l *looked) {
	w := looking(newWorld(t), l)
	s := w.secret()
	if err := w.store.SetPreference(t.Context(), w.bob, "hint-ask", "seen"); err != nil {
		t.Fatal(err)
	}
	conv := w.must(&bridge.StartConversation{
		Actor: w.bobActs(), Ticket: s.ticket, Subject: "Who may see this?", Body: "Only Anders.", Restricted: true,
		Targets: []bridge.Target{{Place: billing, Rule: "r"}}, People: []bridge.Known{{Person: w.anders, Name: "Anders Expert"}},
	}).ID
	for _, e := range w.entries(s.ticket) {
		if e.Kind == bridge.MirrorOpened && e.Facts.Conversation == conv.Seq {
			w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: e.ID()}, Reason: bridge.ParkedMembers, Uncertain: true, Remedy: "The conversation is restricted, and people are in the channel who do not take part in it: Eve Outside. " +
				"Add them to the conversation, or remove them from the channel; it goes on by itself then."})
		}
	}
	page := fmt.Sprintf("/tickets/%d", s.ticket)
	bob := w.chromium("bob@example.org")
	bob.lookAt("restricted-member", func(string) { bob.open(page) })
	bob.lookAt("restricted-forms", func(string) {
		bob.open(page)
		bob.unfold()
	})
	ada := w.chromium("ada@example.org")
	ada.lookAt("restricted-told", func(string) { ada.open(page) })
	ada.lookAt("restricted-trail", func(string) { ada.open(page + "/audit") })
	ada.lookAt("restricted-permissions", func(string) { ada.open("/admin/permissions") })
	if _, err := w.store.Append(t.Context(), &bridge.WriteNote{Actor: w.bobActs(), Ticket: s.ticket, Body: "A **note** that is found."}); err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]url.Values{
		"audit-all": {}, "audit-found": {"person": {w.bob}, "kind": {"notes"}, "ticket": {fmt.Sprint(s.ticket)}},
		"audit-nothing": {"kind": {"erasures"}}, "audit-wrong": {"ticket": {"seven"}},
	} {
		ada.lookAt(name, func(string) { ada.open("/audit?" + query.Encode()) })
	}
}
