package discord

import "sync"

// webhooks are ours, one for each channel. Their tokens are kept in memory only.
type webhooks struct {
	mu sync.Mutex
}

func newWebhooks() *webhooks { return &webhooks{} }
