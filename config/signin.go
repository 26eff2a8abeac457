package config

import (
	"slices"
	"strings"
)

// Who may sign in with a password that is kept here.
const (
	PasswordsAll    = "all"
	PasswordsAdmins = "admins"
	PasswordsNone   = "none"
)

// Who must confirm a password with a code from their phone.
const (
	TwoFactorNone   = "none"
	TwoFactorAdmins = "admins"
	TwoFactorAll    = "all"
)

// What becomes of somebody new whom the OpenID Connect provider vouches for.
const (
	NewPeopleAgent = "agent"
	NewPeopleNone  = "none"
)

// AnyDomain stands for every domain in OIDC.Domains.
const AnyDomain = "*"

// SignIn says how people sign in with passwords that are kept here.
type SignIn struct {
	// Passwords is who may sign in with one: "all", "admins" (others sign in by
	// OIDC, and an admin still gets in when the provider is down) or "none".
	// Default "all". All but "all" need OIDC.
	Passwords string `toml:"passwords"`

	// RequireTwoFactor is who must confirm their password with a code from an
	// app on their phone: "none" (whoever wants to), "admins" or "all". Default
	// "none". Sign-ins by OIDC are the provider's to protect.
	RequireTwoFactor string `toml:"require_two_factor"`
}

// OIDC is an OpenID Connect provider that people sign in with.
type OIDC struct {
	// Issuer is the provider's address, exactly as its discovery document
	// gives it, as in "https://login.example.com/realms/staff". Default empty:
	// there is no such sign-in.
	Issuer string `toml:"issuer"`

	// ClientID is the id under which the provider knows this installation.
	// Needed with Issuer.
	ClientID string `toml:"client_id"`

	// ClientSecret is the secret that goes with ClientID. Empty for a public
	// client, which is protected by PKCE alone.
	ClientSecret Secret `toml:"client_secret"`

	// Name is what the button on the sign-in page calls the provider. Default
	// "single sign-on".
	Name string `toml:"name"`

	// Domains are the domains of e-mail addresses that may sign in, as in
	// ["example.com"]; ["*"] is every address that the provider has verified.
	// Needed with Issuer.
	Domains []string `toml:"domains"`

	// NewPeople is what becomes of somebody who is not in the directory yet:
	// "agent" adds them as one, "none" refuses them until an admin has added
	// them. Default "agent".
	NewPeople string `toml:"new_people"`

	// Scopes are asked for beside openid, profile and email, such as the one
	// that makes the provider tell AdminClaim. Default: none.
	Scopes []string `toml:"scopes"`

	// AdminClaim is the claim that says who is an admin, such as "groups".
	// Whoever has one of AdminValues in it is made admin at their sign-in, and
	// who has not is an agent from then on. Default empty: admins are named
	// on the page People.
	AdminClaim string `toml:"admin_claim"`

	// AdminValues are the values of AdminClaim that make an admin. Needed with
	// AdminClaim.
	AdminValues []string `toml:"admin_values"`
}

// DefaultSignIn returns how people sign in where nothing is said.
func DefaultSignIn() SignIn {
	return SignIn{Passwords: PasswordsAll, RequireTwoFactor: TwoFactorNone}
}

// DefaultOIDC returns a provider that says nothing.
func DefaultOIDC() OIDC {
	return OIDC{Name: "single sign-on", NewPeople: NewPeopleAgent}
}

func (p *problems) signIn(s SignIn, o OIDC) {
	p.oneOf("sign_in.passwords", s.Passwords, PasswordsAll, PasswordsAdmins, PasswordsNone)
	p.oneOf("sign_in.require_two_factor", s.RequireTwoFactor, TwoFactorNone, TwoFactorAdmins, TwoFactorAll)
	if o.Issuer == "" && s.Passwords != PasswordsAll {
		p.add("sign_in.passwords", "set oidc.issuer too: without it nobody else could sign in")
	}
}

func (p *problems) oidc(o OIDC) {
	p.oneOf("oidc.new_people", o.NewPeople, NewPeopleAgent, NewPeopleNone)
	if o.Issuer == "" {
		p.oidcAlone(o)
		return
	}
	if !isHTTPSOrLoopback(o.Issuer) || strings.ContainsAny(o.Issuer, "?#@") {
		p.add("oidc.issuer", "write the provider's whole address with https, as in %q; plain http is accepted for this machine only", "https://login.example.com")
	}
	if strings.Contains(o.Issuer, "/.well-known/") {
		p.add("oidc.issuer", "leave out /.well-known/…: it is added to the address")
	}
	if o.ClientID == "" {
		p.add("oidc.client_id", "set the id that the provider gave this application")
	}
	if strings.TrimSpace(o.Name) == "" {
		p.add("oidc.name", "give the provider a name that people see on the button")
	}
	if len(o.Domains) == 0 {
		p.add("oidc.domains", "name the domains of the addresses that may sign in, as in [%q], or [%q] for everybody whom the provider knows", "example.com", AnyDomain)
	}
	for _, d := range o.Domains {
		if d != AnyDomain && (!strings.Contains(d, ".") || strings.ContainsAny(d, "@*/ ") || strings.HasPrefix(d, ".")) {
			p.add("oidc.domains", "%q is no domain such as %q", d, "example.com")
		}
	}
	p.oidcClaims(o)
}

// oidcAlone refuses keys that have no effect because there is no issuer.
func (p *problems) oidcAlone(o OIDC) {
	if o.ClientID != "" || o.ClientSecret.IsSet() || len(o.Domains) > 0 || o.AdminClaim != "" || len(o.AdminValues) > 0 || len(o.Scopes) > 0 {
		p.add("oidc.issuer", "set it, or remove the other keys of [oidc]")
	}
}

func (p *problems) oidcClaims(o OIDC) {
	if (o.AdminClaim == "") != (len(o.AdminValues) == 0) {
		p.add("oidc.admin_claim", "set admin_claim and admin_values together, or neither")
	}
	if slices.Contains(o.AdminValues, "") {
		p.add("oidc.admin_values", "remove the empty one")
	}
	for _, s := range o.Scopes {
		if s == "" || strings.ContainsAny(s, " \t\"\\") {
			p.add("oidc.scopes", "%q is no scope: write each as a text of its own", s)
		}
	}
}
