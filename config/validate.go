package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// problems collects everything that is wrong, so that an admin corrects a
// file once and not key by key.
type problems struct{ list []error }

func (p *problems) add(key, format string, args ...any) {
	p.list = append(p.list, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
}

// Validate returns everything that is wrong with the configuration, each with
// its key and what to do about it.
func (c *Config) Validate() error {
	var p problems
	if c.DataDir == "" {
		p.add("data_dir", "name the folder for the daemon's files")
	}
	p.address("listen", c.Listen)
	if c.PublicURL != "" {
		p.publicURL(c.PublicURL)
	}
	p.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	p.oneOf("log.format", c.Log.Format, "text", "json")
	p.database(c.Database)
	if strings.TrimSpace(c.Desk.Name) == "" {
		p.add("desk.name", "give the desk a name that people see")
	}
	if c.Desk.ManyPeople < 0 {
		p.add("desk.many_people", "write a number of people; 0 asks nobody to confirm")
	}
	p.between("catchup.every", c.CatchUp.Every, time.Second, 24*time.Hour)
	p.audit(c.Audit)
	if c.Metrics.Listen != "" {
		p.address("metrics.listen", c.Metrics.Listen)
		if c.Metrics.Listen == c.Listen {
			p.add("metrics.listen", "use another address than listen: metrics are not for everybody")
		}
	}
	p.webhook(c.Webhook)
	p.signIn(c.SignIn, c.OIDC)
	p.oidc(c.OIDC)
	p.notices(c.Notices)
	p.workspaces(c.Slack)
	p.bots(c.Discord)
	return errors.Join(p.list...)
}

func (p *problems) oneOf(key, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	p.add(key, "%q is none of %s", value, strings.Join(allowed, ", "))
}

func (p *problems) between(key string, value, least, most time.Duration) {
	if value < least || value > most {
		p.add(key, "%v is not between %v and %v; write a unit, as in %q", value, least, most, "90s")
	}
}

func (p *problems) address(key, value string) {
	_, port, err := net.SplitHostPort(value)
	if err != nil || port == "" {
		p.add(key, "%q is not host:port, as in %q or, for every interface, %q", value, "127.0.0.1:8080", ":8080")
	}
}

func (p *problems) publicURL(value string) {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		p.add("public_url", "write the whole address, as in %q", "https://sidebridge.example.com")
		return
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		p.add("public_url", "write only scheme and host: the daemon needs a host name of its own, not a path on another's")
	}
}

func (p *problems) database(d Database) {
	switch dsn := d.Postgres.Reveal(); {
	case dsn == "" && d.SQLite == "":
		p.add("database", "set sqlite to a file or postgres to a DSN")
	case dsn != "" && !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") && !strings.Contains(dsn, "="):
		p.add("database.postgres", "write a DSN, as in %q", "postgres://user:password@host/database?sslmode=require")
	}
}

func (p *problems) audit(a Audit) {
	if a.CheckpointFile == "" {
		p.add("audit.checkpoint_file", "name the file that checkpoints are appended to")
	}
	if a.CheckpointKeyFile == "" {
		p.add("audit.checkpoint_key_file", "name the file of the key that signs checkpoints")
	}
	p.between("audit.every", a.Every, time.Second, 24*time.Hour)
	if a.AccessLogDays != 0 && (a.AccessLogDays < 30 || a.AccessLogDays > 36500) {
		p.add("audit.access_log_days", "%d is not between 30 and 36500; 0 keeps everything", a.AccessLogDays)
	}
}

func (p *problems) webhook(w Webhook) {
	if w.URL == "" {
		if w.Secret.IsSet() {
			p.add("webhook.url", "set it, or remove webhook.secret")
		}
		return
	}
	if !isHTTPSOrLoopback(w.URL) {
		p.add("webhook.url", "use https; plain http is accepted for this machine only")
	}
	if len(w.Secret.Reveal()) < 16 {
		p.add("webhook.secret", "set a secret of at least 16 characters, such as the output of %q", "openssl rand -hex 32")
	}
}

func (p *problems) workspaces(list []Slack) {
	seen := make(map[string]bool)
	teams := make(map[string]string)
	for i, s := range list {
		where := "slack." + s.Name
		if !workspaceName.MatchString(s.Name) {
			where = fmt.Sprintf("slack[%d]", i)
			p.add(where+".name", "%q is not a name of lower-case letters, digits and hyphens", s.Name)
		} else if seen[s.Name] {
			p.add(where+".name", "two [[slack]] tables have this name: keep one, or rename one")
		}
		seen[s.Name] = true
		if other, ok := teams[s.TeamID]; ok && s.TeamID != "" {
			p.add(where+".team_id", "%s is the workspace %s already: keep one of them", s.TeamID, other)
		}
		teams[s.TeamID] = s.Name
		p.workspace(where, s)
	}
}

// workspaceName allows no underscore, so that no two names share an
// environment variable.
var workspaceName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// teamID is what Slack's ids of workspaces look like.
var teamID = regexp.MustCompile(`^T[A-Z0-9]+$`)

func (p *problems) workspace(where string, s Slack) {
	p.oneOf(where+".mode", s.Mode, ModeSocket, ModeHTTP)
	p.oneOf(where+".ambiguous", s.Ambiguous, AmbiguousResend, AmbiguousPark)
	p.oneOf(where+".identity", s.Identity, IdentityApp, IdentityAgent)
	p.between(where+".post_interval", s.PostInterval, time.Millisecond, time.Minute)
	// Slack shows a new post in its listings only after a moment.
	p.between(where+".doubt", s.Doubt, time.Second, 10*time.Minute)
	if s.HistoryPageSize < 1 || s.HistoryPageSize > 999 {
		p.add(where+".history_page_size", "%d is not between 1 and 999", s.HistoryPageSize)
	}
	if s.PostsPerMinute < 1 {
		p.add(where+".posts_per_minute", "%d would send nothing: use 1 or more", s.PostsPerMinute)
	}
	if s.MaxFileBytes < 0 {
		p.add(where+".max_file_bytes", "%d is below 0; 0 carries no files", s.MaxFileBytes)
	}
	if s.APIURL != "" && !isHTTPSOrLoopback(s.APIURL) {
		p.add(where+".api_url", "use https; plain http is accepted for this machine only. Leave it out to talk to Slack")
	}
	if s.Enabled {
		p.slackSecrets(where, s)
	}
}

func (p *problems) slackSecrets(where string, s Slack) {
	if !teamID.MatchString(s.TeamID) {
		p.add(where+".team_id", "%q is not a workspace id such as T0123ABCD, found in the address app.slack.com/client/T…", s.TeamID)
	}
	p.token(where+".bot_token", s.BotToken, "the bot token (OAuth & Permissions page of the app)", "xoxb-", "xoxe.xoxb-")
	switch s.Mode {
	case ModeSocket:
		p.token(where+".app_token", s.AppToken, "the app-level token with connections:write (Basic Information page)", "xapp-")
	case ModeHTTP:
		if len(s.SigningSecrets) == 0 {
			p.add(where+".signing_secrets", "set the signing secret (Basic Information page of the app)")
		}
	}
	if len(s.SigningSecrets) > 2 {
		p.add(where+".signing_secrets", "keep at most two: the present one and, while you rotate, the last")
	}
	for _, secret := range s.SigningSecrets {
		// With an empty key anybody could sign.
		if !secret.IsSet() {
			p.add(where+".signing_secrets", "remove the empty one")
		}
	}
}

// token checks that a token is there and is of the right kind: they are easily
// mixed up. It never prints any of it.
func (p *problems) token(key string, token Secret, what string, prefixes ...string) {
	if !token.IsSet() {
		p.add(key, "set %s%s or enabled = false", what, cmp.Or(orVariable(key), ","))
		return
	}
	for _, prefix := range prefixes {
		if strings.HasPrefix(token.Reveal(), prefix) {
			return
		}
	}
	p.add(key, "this is not %s, which begins with %s", what, prefixes[0])
}

// isHTTPSOrLoopback says whether secrets may travel to that address.
func isHTTPSOrLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	if u.Scheme != "http" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || (err == nil && ip.IsLoopback())
}
