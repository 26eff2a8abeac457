package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const provider = `
[oidc]
issuer = "https://login.example.com/realms/staff"
client_id = "sidebridge"
client_secret = "topsecret-of-the-client"
domains = ["example.com"]
`

func TestSignInByAProviderIsReadAndItsSecretIsNotShown(t *testing.T) {
	c, err := load(t, provider+`
name = "Example Login"
new_people = "none"
scopes = ["groups"]
admin_claim = "groups"
admin_values = ["desk-admins"]
[sign_in]
passwords = "admins"
require_two_factor = "admins"
`, "SIDEBRIDGE_OIDC_CLIENT_ID=from-the-environment")
	if err != nil {
		t.Fatal(err)
	}
	want := OIDC{
		Issuer: "https://login.example.com/realms/staff", ClientID: "from-the-environment", ClientSecret: NewSecret("topsecret-of-the-client"),
		Name: "Example Login", Domains: []string{"example.com"}, NewPeople: NewPeopleNone, Scopes: []string{"groups"},
		AdminClaim: "groups", AdminValues: []string{"desk-admins"},
	}
	if diff := cmp.Diff(want, c.OIDC); diff != "" {
		t.Errorf("oidc (-want +got):\n%s", diff)
	}
	if want := (SignIn{Passwords: PasswordsAdmins, RequireTwoFactor: TwoFactorAdmins}); c.SignIn != want {
		t.Errorf("sign_in is %+v", c.SignIn)
	}
	text, err := c.Redacted()
	if err != nil || strings.Contains(text, "topsecret") || !strings.Contains(text, `issuer = "https://login.example.com/realms/staff"`) {
		t.Errorf("shown as %v:\n%s", err, text)
	}
}

func TestSignInThatCannotWorkIsRefused(t *testing.T) {
	const who = "client_id = 'x'\ndomains = ['*']\n"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"words":               {"[sign_in]\npasswords = 'some'\nrequire_two_factor = 'yes'", []string{"sign_in.passwords", "sign_in.require_two_factor"}},
		"nobody can sign in":  {"[sign_in]\npasswords = 'none'", []string{"sign_in.passwords: set oidc.issuer"}},
		"no issuer":           {"[oidc]\nclient_id = 'x'", []string{"oidc.issuer: set it"}},
		"issuer alone":        {"[oidc]\nissuer = 'https://login.example.com'\nname = ' '", []string{"oidc.client_id", "oidc.domains", "oidc.name"}},
		"issuer in clear":     {"[oidc]\nissuer = 'http://login.example.com'\n" + who, []string{"oidc.issuer", "https"}},
		"issuer with a query": {"[oidc]\nissuer = 'https://login.example.com/?a=b'\n" + who, []string{"oidc.issuer"}},
		"discovery address":   {"[oidc]\nissuer = 'https://login.example.com/.well-known/openid-configuration'\n" + who, []string{"oidc.issuer: leave out"}},
		"domains":             {"[oidc]\nissuer = 'https://l.example.com'\nclient_id = 'x'\ndomains = ['@example.com', '*.example.com', 'localhost']", []string{`"@example.com"`, `"*.example.com"`, `"localhost"`}},
		"claim alone":         {"[oidc]\nissuer = 'https://l.example.com'\nadmin_claim = 'groups'\n" + who, []string{"oidc.admin_claim"}},
		"empty value":         {"[oidc]\nissuer = 'https://l.example.com'\nadmin_claim = 'groups'\nadmin_values = ['']\n" + who, []string{"oidc.admin_values"}},
		"scopes":              {"[oidc]\nissuer = 'https://l.example.com'\nscopes = ['a b']\n" + who, []string{"oidc.scopes"}},
		"new people":          {"[oidc]\nnew_people = 'admin'", []string{"oidc.new_people"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tt.text)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q:\n%v", want, err)
				}
			}
		})
	}
}
