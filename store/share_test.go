package store_test

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestWhatWasSharedIsErasedWithItsComment: words and bytes are gone from the store, the
// record verifies, and so does one that is imported.
func TestWhatWasSharedIsErasedWithItsComment(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		file := blob(t, s, "only here "+secret)
		wrote := must(t, s, &bridge.CustomerMessage{Actor: alice, Ticket: conv.Ticket, Body: "The card is " + secret, Files: []bridge.FileUpload{file}}).ID
		said := must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "Look", Share: bridge.Share{Comments: []int64{wrote.Seq}}}).ID
		show(t, s, mirror, said.Seq, bridge.Call{Verb: bridge.VerbPost, Message: said.Seq}, "1.5")
		if text := exported(t, s); !strings.Contains(text, `"shared":[`) || strings.Count(text, "only here") != 0 {
			t.Error("the export does not say what was shared")
		}
		if got := findings(t, s, store.VerifyOptions{}); got != "" {
			t.Errorf("shared: %s", got)
		}
		if _, err := s.Erase(t.Context(), &bridge.EraseMessage{Actor: root, Message: wrote, Reason: "The customer asked us to"}); err != nil {
			t.Fatal(err)
		}
		if got := findings(t, s, store.VerifyOptions{}); got != "" {
			t.Errorf("after erasing: %s", got)
		}
		if strings.Contains(exported(t, s), secret) {
			t.Error("the export has the words still")
		}
		if _, err := s.OpenBlob(t.Context(), file.Hash); err == nil {
			t.Error("the file's bytes are there still")
		}
	})
}
