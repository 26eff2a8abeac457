package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

const (
	errandWorkers = 8
	maxErrands    = 256
	// errandTime is how long one may take; what it is answered with is good for half
	// an hour. https://docs.slack.dev/interactivity/handling-user-interaction
	errandTime = chat.CallTimeout
	// promptTime is how soon whoever asked is answered: Slack shows them an error after
	// three seconds.
	promptTime = 2200 * time.Millisecond
)

// later has something done by Run, and reports whether there is room for it.
func (a *Adapter) later(errand func(context.Context) error) bool {
	select {
	case a.errands <- errand:
		return true
	default:
		a.count("ignored", "too many errands")
		return false
	}
}

// runErrands does errands until ctx ends.
func (a *Adapter) runErrands(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case errand := <-a.errands:
			if err := runErrand(ctx, errand); err != nil && ctx.Err() == nil {
				a.log.Warn("a person was not answered", "err", err)
			}
		}
	}
}

func runErrand(ctx context.Context, errand func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, errandTime)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return errand(ctx)
}

// told is what became of what somebody asked for.
type told struct {
	text string // plain, for a form; as mrkdwn it is escaped first
	ok   bool
	// link is the address that the text stands for, if any.
	link string
}

// say renders it as a message.
func (t told) say() *content {
	c := plainContent(t.text)
	if t.link != "" {
		c.text = "<" + plainContent(t.link).text + "|" + c.text + ">"
	}
	return c
}

// promptly does what somebody waits for. What takes longer than Slack lets them wait
// goes on, and when it is done they are told late.
func (a *Adapter) promptly(ctx context.Context, do func(context.Context) told, late func(context.Context, told) error) (t told, done bool) {
	ctx, cancel := context.WithTimeout(ctx, a.prompt)
	defer cancel()
	answered := make(chan told) // taken only by who still waits
	queued := a.later(func(work context.Context) error {
		t := do(work)
		select {
		case answered <- t:
			return nil
		case <-ctx.Done():
			return late(work, t)
		}
	})
	if !queued {
		return told{text: "There is too much to do just now. Try again in a minute."}, true
	}
	select {
	case t := <-answered:
		return t, true
	case <-ctx.Done():
		return told{}, false
	}
}

// wish passes on what somebody asks for.
func (a *Adapter) wish(ctx context.Context, ask bridge.Ask) told {
	res, err := a.requests.Ask(ctx, ask)
	if err != nil {
		return a.failedWish(err)
	}
	a.count("asked", string(res.Outcome))
	return told{text: cmp.Or(chat.Why(res, howToLink), "Done."), ok: res.Outcome != bridge.Ignored}
}

// failedWish tells a person why something did not work. The causes that are theirs
// come with a text that was written for them, and so do Slack's refusals.
func (a *Adapter) failedWish(err error) told {
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Remedy != "" {
		return told{text: se.Remedy}
	}
	for _, cause := range []error{bridge.ErrInvalid, bridge.ErrForbidden, bridge.ErrNotFound, bridge.ErrConflict} {
		if errors.Is(err, cause) {
			text := []rune(strings.TrimPrefix(err.Error(), cause.Error()+": "))
			return told{text: strings.ToUpper(string(text[:1])) + string(text[1:])}
		}
	}
	a.log.Warn("what somebody asked for failed", "err", err)
	return told{text: "That did not work. Try again in a minute, or do it in the ticket view."}
}
