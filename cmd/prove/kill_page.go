package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
)

var anchor = regexp.MustCompile(`<article class="msg side[^"]*" id="(m[0-9]+)"`)

// pageAnchors returns the ids of the messages on a ticket's page, in the page's order.
func (w *killWorld) pageAnchors(ctx context.Context, t *talk) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/tickets/%d?all=1", w.base, t.id.Ticket), nil)
	if err != nil {
		return nil, err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("page of ticket %d: status %d: %w", t.id.Ticket, resp.StatusCode, err)
	}
	var out []string
	for _, m := range anchor.FindAllSubmatch(page, -1) {
		out = append(out, string(m[1]))
	}
	return out, nil
}

// verify runs the real command on the database.
func (w *killWorld) verify(ctx context.Context, v *verdict) error {
	out, err := exec.CommandContext(ctx, w.binary, "audit", "verify", "--config", w.config).CombinedOutput()
	v.chain = err == nil
	if err != nil {
		v.details = append(v.details, fmt.Sprintf("audit verify: %v: %s", err, out))
	}
	return nil
}
