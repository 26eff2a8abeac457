package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// deafFor is how long nobody tries to tell an account anything that refused it.
const deafFor = time.Hour

// addNotifier adds what tells people in their chats what they have not read.
func (a *app) addNotifier() error {
	n := &bridge.Notifier{
		Store: a.store, Tellers: a.tellers, Wish: a.wish, Link: a.noticeLink, Log: a.log, Now: time.Now,
		Count: func(event, surface string) { a.metrics.countRelay(event, "notices/"+surface) },
	}
	a.sending = append(a.sending, worker{"notices", n.Run})
	return nil
}

// noticeLink is the address of a message, or of the conversation of a request.
func (a *app) noticeLink(n bridge.News) string {
	if n.Asked {
		return fmt.Sprintf("%s/c/%s", a.cfg.PublicURL, n.Conversation)
	}
	return fmt.Sprintf("%s/m/%s", a.cfg.PublicURL, n.ID)
}

// wish is how a person wants to be told: as they chose, in the accounts that are linked
// to them and not known to refuse it.
func (a *app) wish(ctx context.Context, person string) (bridge.Wish, error) {
	text, err := a.store.Preference(ctx, person, web.PreferenceNotices)
	if err != nil {
		return bridge.Wish{}, err
	}
	n, err := mapping.ParseNotices(text, a.cfg.Notices.Default())
	if err != nil {
		a.log.Warn("how somebody wants to be told cannot be read, they are told as everybody is", "person", person)
	}
	w := bridge.Wish{
		Excerpt: n.Excerpt, When: n.When,
		On: func(why []string) bool { return n.On(why) != "" },
	}
	if !a.cfg.Notices.DirectMessages {
		return w, nil
	}
	return w, a.store.ChatAccounts(ctx, person, func(k bridge.Known, unreachable, _ string, since time.Time) {
		if n.Wants(k.Account.Surface) && (unreachable == "" || time.Since(since) > deafFor) {
			w.Accounts = append(w.Accounts, k.Account)
		}
	})
}
