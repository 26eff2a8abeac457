package sso

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Identity is whom the provider vouches for.
type Identity struct {
	Issuer, Subject string
	// Email is the address, and Verified whether the provider says that it has seen
	// that the address is theirs.
	Email    string
	Verified bool
	Name     string

	claims map[string]any
}

// Has reports whether a claim is one of the values, or a list that has one of them.
// A name with dots, such as realm_access.roles, also leads into claims within claims.
func (i Identity) Has(claim string, values []string) bool {
	switch v := lookUp(i.claims, claim).(type) {
	case string:
		return slices.Contains(values, v)
	case []any:
		return slices.ContainsFunc(v, func(item any) bool {
			text, ok := item.(string)
			return ok && slices.Contains(values, text)
		})
	}
	return false
}

// lookUp returns a claim, nil where there is none.
func lookUp(claims map[string]any, name string) any {
	if v, ok := claims[name]; ok {
		return v
	}
	first, rest, ok := strings.Cut(name, ".")
	if inner, isTable := claims[first].(map[string]any); ok && isTable {
		return lookUp(inner, rest)
	}
	return nil
}

// identify reads the identity token, and the user info for what the token lacks.
func (p *Provider) identify(ctx context.Context, d *discovered, token *oauth2.Token, nonce string) (Identity, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Identity{}, untrusted(errors.New("the answer has no identity token"))
	}
	id, err := p.verify(ctx, d, raw)
	if err != nil {
		return Identity{}, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return Identity{}, untrusted(errors.New("the identity token has another nonce"))
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return Identity{}, untrusted(err)
		}
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return Identity{}, untrusted(err)
	}
	// https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, 4 and 5
	if azp, _ := claims["azp"].(string); azp != p.o.ClientID && (azp != "" || len(id.Audience) > 1) {
		return Identity{}, untrusted(fmt.Errorf("the identity token is for %q", azp))
	}
	if err := p.complete(ctx, d, token, id.Subject, claims); err != nil {
		return Identity{}, err
	}
	return newIdentity(id.Issuer, id.Subject, claims), nil
}

// verify checks the signature, the issuer, for whom the token is, and the times.
func (p *Provider) verify(ctx context.Context, d *discovered, raw string) (*oidc.IDToken, error) {
	now := p.o.Now()
	verifier := d.provider.Verifier(&oidc.Config{
		ClientID: p.o.ClientID, Now: func() time.Time { return now.Add(-lateBy) },
	})
	id, err := verifier.Verify(ctx, raw)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		// It comes from the provider at this moment: it cannot have expired on the way.
		return nil, clock(fmt.Errorf("the identity token, issued just now, expired %v ago", now.Sub(expired.Expiry).Round(time.Second)))
	case err != nil && strings.Contains(err.Error(), "nbf"):
		return nil, clock(err)
	case err != nil:
		return nil, verifyFailed(err)
	case id.IssuedAt.After(now.Add(earlyBy)):
		return nil, clock(fmt.Errorf("the identity token was issued in %v", id.IssuedAt.Sub(now).Round(time.Second)))
	}
	return id, nil
}

// complete adds the claims of the user info, when one that is wanted is missing.
// Providers may leave claims out of the token that the scopes asked for:
// https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
func (p *Provider) complete(ctx context.Context, d *discovered, token *oauth2.Token, subject string, claims map[string]any) error {
	missing := func(name string) bool { return lookUp(claims, name) == nil }
	if d.provider.UserInfoEndpoint() == "" || !slices.ContainsFunc(append([]string{"email", "email_verified"}, p.o.Claims...), missing) {
		return nil
	}
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return unreachable(fmt.Errorf("user info: %w", err))
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return untrusted(err)
	}
	// https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
	if info.Subject != subject {
		return untrusted(errors.New("the user info is somebody else's"))
	}
	// An address and whether it is verified belong together: never one from each.
	if missing("email") || missing("email_verified") {
		delete(claims, "email")
		delete(claims, "email_verified")
	}
	for name, v := range more {
		if _, there := claims[name]; !there {
			claims[name] = v
		}
	}
	return nil
}

func newIdentity(issuer, subject string, claims map[string]any) Identity {
	text := func(name string) string { s, _ := claims[name].(string); return strings.TrimSpace(s) }
	i := Identity{Issuer: issuer, Subject: subject, Email: text("email"), Name: text("name"), claims: claims}
	// Some providers send the word instead of the value.
	i.Verified = claims["email_verified"] == true || claims["email_verified"] == "true"
	for _, name := range []string{text("given_name") + " " + text("family_name"), text("preferred_username"), i.Email} {
		if i.Name == "" {
			i.Name = strings.TrimSpace(name)
		}
	}
	return i
}
