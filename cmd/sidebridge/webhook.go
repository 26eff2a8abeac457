package main

import (
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/adapters/webhook"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

// addWebhook adds the webhook for customer replies, when there is one.
func (a *app) addWebhook() error {
	if a.cfg.Webhook.URL == "" {
		return nil
	}
	o := webhookOptions(a.cfg)
	o.OpenFile = a.store.OpenBlob
	hook, err := webhook.New(o)
	if err != nil {
		return fmt.Errorf("customer webhook: %w", err)
	}
	// Repeating is harmless, so there is no doubt to wait for; and tickets, which all
	// have the same place, are no channel that counts posts.
	a.addRelay(bridge.Port{Surface: hook, Workspace: webhook.Workspace, PerChannel: 8}, bridge.RelayOptions{Doubt: time.Nanosecond})
	a.probers[webhook.Surface] = hook
	a.routes = append(a.routes, route{webhook.FilesPattern, hook.FilesHandler()})
	return nil
}

func webhookOptions(cfg *config.Config) webhook.Options {
	return webhook.Options{
		URL: cfg.Webhook.URL, Secret: cfg.Webhook.Secret.Reveal(), PublicURL: cfg.PublicURL, Agent: "Sidebridge/" + version(),
		AllowPrivate: cfg.Webhook.AllowPrivate,
	}
}
