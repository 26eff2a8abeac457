package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

// rulesAge is how long what was read of the mapping and of people's accounts is
// used: an admin's change counts within that time.
const rulesAge = 2 * time.Second

// maxAccounts bounds how many accounts are known for mentions.
const maxAccounts = 20_000

// rules answers what a surface asks while it renders, which must not wait for the
// database each time. When the database cannot be read, what was read before counts;
// without any, nothing may be shown.
type rules struct {
	store *store.Store
	log   *slog.Logger

	mu       sync.Mutex
	readAt   time.Time
	byID     map[string]mapping.Rule
	accounts map[ownedAccount]string // account ids
}

// ownedAccount is a person's account in one workspace.
type ownedAccount struct{ person, surface, workspace string }

func newRules(s *store.Store, log *slog.Logger) *rules { return &rules{store: s, log: log} }

// policy is what a rule lets be shown, and whether other organisations may read it.
// A rule that is gone shows nothing.
func (r *rules) policy(id string) (mapping.Policy, bool) {
	r.refresh()
	r.mu.Lock()
	defer r.mu.Unlock()
	rule := r.byID[id]
	return rule.Fields, rule.AllowExternal
}

// forbidden reports whether rules name a place and none of them lets other
// organisations read along.
func (r *rules) forbidden(place bridge.Place) bool {
	r.refresh()
	r.mu.Lock()
	defer r.mu.Unlock()
	return forbidden(slices.Collect(maps.Values(r.byID)), place)
}

func forbidden(rules []mapping.Rule, place bridge.Place) bool {
	c := mapping.Channel{Surface: place.Surface, Workspace: place.Workspace, ID: place.Channel}
	named := false
	for _, rule := range rules {
		if slices.Contains(rule.Channels, c) {
			named = true
			if rule.AllowExternal {
				return false
			}
		}
	}
	return named
}

// mention returns the function that finds the account, in one workspace, that a
// mention's target stands for: an account there, or a person who has one there.
func (r *rules) mention(surface, workspace string) func(target string) (string, bool) {
	own := surface + "/" + workspace + "/"
	return func(target string) (string, bool) {
		if id, ok := strings.CutPrefix(target, own); ok {
			return id, id != ""
		}
		person, ok := strings.CutPrefix(target, "person/")
		if !ok {
			return "", false
		}
		r.refresh()
		r.mu.Lock()
		defer r.mu.Unlock()
		id, ok := r.accounts[ownedAccount{person, surface, workspace}]
		return id, ok
	}
}

func (r *rules) refresh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.readAt) < rulesAge {
		return
	}
	r.readAt = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	list, err := r.store.Rules(ctx)
	if err != nil {
		r.log.Warn("mapping rules were not read; those read before count", "error", err)
		return
	}
	accounts, err := r.store.Accounts(ctx, maxAccounts)
	if err != nil {
		r.log.Warn("accounts were not read; those read before count", "error", err)
		return
	}
	r.byID, r.accounts = map[string]mapping.Rule{}, map[ownedAccount]string{}
	for _, rule := range list {
		r.byID[rule.ID] = rule
	}
	for _, k := range accounts {
		if k.Person != "" {
			r.accounts[ownedAccount{k.Person, k.Account.Surface, k.Account.Workspace}] = k.Account.ID
		}
	}
}

// movePlace puts a channel's new id into the rules that name the old one.
func (r *rules) movePlace(ctx context.Context, from, to bridge.Place) error {
	old := mapping.Channel{Surface: from.Surface, Workspace: from.Workspace, ID: from.Channel}
	return r.store.ChangeRules(ctx, func(list []mapping.Rule) ([]mapping.Rule, error) {
		for i := range list {
			for j, c := range list[i].Channels {
				if c == old {
					list[i].Channels[j].ID = to.Channel
				}
			}
		}
		return list, nil
	})
}
