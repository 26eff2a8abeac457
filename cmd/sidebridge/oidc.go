package main

import (
	"context"
	"errors"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/adapters/web/sso"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

// ssoOf returns the OpenID Connect provider of the configuration, nil when there is none.
func ssoOf(cfg *config.Config) (*web.SSO, error) {
	o := cfg.OIDC
	if o.Issuer == "" {
		return nil, nil
	}
	options := sso.Options{
		Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(),
		Redirect: cfg.PublicURL + web.CallbackPath, Scopes: o.Scopes,
	}
	if o.AdminClaim != "" {
		options.Claims = []string{o.AdminClaim}
	}
	p, err := sso.New(options)
	if err != nil {
		return nil, wrapf(err, "sign-in by OpenID Connect")
	}
	s := &web.SSO{Provider: p, Name: o.Name, Domains: o.Domains, AdminClaim: o.AdminClaim, AdminValues: o.AdminValues}
	if o.NewPeople == config.NewPeopleAgent {
		s.NewPeople = bridge.RoleAgent
	}
	return s, nil
}

// checkSSO asks the provider for its endpoints, as the first sign-in does.
func checkSSO(ctx context.Context, r *report, cfg *config.Config) {
	s, err := ssoOf(cfg)
	if err == nil && s == nil {
		return
	}
	if err == nil {
		err = s.Provider.Check(ctx)
	}
	remedy := "Check oidc.issuer, and that this machine reaches it."
	var failed *sso.Error
	if errors.As(err, &failed) && failed.Reason == sso.Setup {
		remedy = failed.Remedy
	}
	if err != nil {
		r.bad("oidc", err.Error(), remedy)
		return
	}
	r.good("oidc", cfg.OIDC.Issuer+"; register "+cfg.PublicURL+web.CallbackPath+" there as the redirect address")
}
