package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// load writes a file and loads it with the variables.
func load(t *testing.T, text string, environ ...string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sidebridge.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, environ)
}

const acme = `
[[slack]]
name = "acme"
team_id = "T1"
bot_token = "xoxb-1"
app_token = "xapp-1"
`

func TestNothingSaidGivesTheDefaults(t *testing.T) {
	got, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.PublicURL = "http://127.0.0.1:8080"
	want.Database.SQLite = filepath.Join("data", "sidebridge.db")
	want.Audit.CheckpointFile = filepath.Join("data", "checkpoints.log")
	want.Audit.CheckpointKeyFile = filepath.Join("data", "checkpoint.key")
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestEveryWorkspaceStartsFromTheDefaults(t *testing.T) {
	c, err := load(t, acme+`
[[slack]]
name = "second"
team_id = "T2"
mode = "http"
bot_token = "xoxb-2"
signing_secrets = ["a", "b"]
posts_per_minute = 60
`)
	if err != nil {
		t.Fatal(err)
	}
	first, second := DefaultSlack("acme"), DefaultSlack("second")
	first.TeamID, second.TeamID = "T1", "T2"
	first.BotToken, first.AppToken = NewSecret("xoxb-1"), NewSecret("xapp-1")
	second.Mode, second.BotToken, second.PostsPerMinute = ModeHTTP, NewSecret("xoxb-2"), 60
	second.SigningSecrets = []Secret{NewSecret("a"), NewSecret("b")}
	if diff := cmp.Diff([]Slack{first, second}, c.Slack); diff != "" {
		t.Errorf("workspaces (-want +got):\n%s", diff)
	}
}

func TestExampleLoadsAsItIs(t *testing.T) {
	c, err := load(t, Example)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Slack) != 0 || len(c.Discord) != 0 {
		t.Errorf("the example connects %v and %v, want nothing", c.Slack, c.Discord)
	}
}

func TestTheGuidesTablesCanBeAppendedToTheExample(t *testing.T) {
	c, err := load(t, Example+acme+"\n[[discord]]\nname = \"acme\"\nguilds = [\"1012345678901234567\"]\ntoken = \"a.b.c\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Slack) != 1 || !c.Slack[0].Enabled || len(c.Discord) != 1 || !c.Discord[0].Enabled {
		t.Errorf("workspaces %v, bots %v", c.Slack, c.Discord)
	}
}

var setting = regexp.MustCompile(`(?m)^#([a-z_]+ = |\[\[)`)

func TestExampleShowsEveryKeyWithItsDefault(t *testing.T) {
	got, err := parse(setting.ReplaceAllString(Example, "$1"))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	workspace := DefaultSlack("acme")
	workspace.SigningSecrets, workspace.AllowBots, workspace.AllowTeams = []Secret{}, []string{}, []string{}
	want.Slack, want.TrustedProxies = []Slack{workspace}, []netip.Prefix{}
	bot := DefaultDiscord("acme")
	bot.Guilds, bot.AllowBots = []string{}, []string{}
	want.Discord = []Discord{bot}
	want.OIDC.Domains, want.OIDC.Scopes, want.OIDC.AdminValues = []string{}, []string{}, []string{}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("the example with every line on (-want +got):\n%s", diff)
	}

	shown := make(map[string]bool)
	section := ""
	for line := range strings.Lines(Example) {
		if name, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(line), "#"), "["); ok {
			section = strings.Trim(name, "[]") + "."
		}
		if key, _, ok := strings.Cut(strings.TrimPrefix(line, "#"), " = "); ok && !strings.Contains(key, " ") {
			shown[section+key] = true
		}
	}
	for _, key := range keysOf(reflect.TypeFor[Config](), "") {
		if !shown[key] {
			t.Errorf("the example does not show the key %s", key)
		}
	}
}

func keysOf(table reflect.Type, prefix string) []string {
	var keys []string
	for i := range table.NumField() {
		f := table.Field(i)
		key, typ := f.Tag.Get("toml"), f.Type
		if typ.Kind() == reflect.Slice && isTable(typ.Elem()) {
			typ = typ.Elem()
		}
		switch {
		case key == "-":
		case isTable(typ):
			keys = append(keys, keysOf(typ, prefix+key+".")...)
		default:
			keys = append(keys, prefix+key)
		}
	}
	return keys
}

func TestEnvironmentOverridesTheFile(t *testing.T) {
	secretFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secretFile, []byte("xoxb-from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, "[[slack]]\nname = \"acme-eu\"\nteam_id = \"T1\"\n",
		"HOME=/root",
		"SIDEBRIDGE_LISTEN=:9000",
		"SIDEBRIDGE_DATA_DIR=/var/lib/sidebridge",
		"SIDEBRIDGE_DATABASE_POSTGRES=postgres://db/x?a=b",
		"SIDEBRIDGE_DESK_REOPEN_ON_REPLY=false",
		"SIDEBRIDGE_CATCHUP_EVERY=90s",
		"SIDEBRIDGE_SLACK_ACME_EU_BOT_TOKEN_FILE="+secretFile,
		"SIDEBRIDGE_SLACK_ACME_EU_APP_TOKEN=xapp-1",
		"SIDEBRIDGE_SLACK_ACME_EU_SIGNING_SECRETS=new, old",
		"SIDEBRIDGE_SLACK_ACME_EU_ALLOW_BOTS=B1",
		"SIDEBRIDGE_SLACK_ACME_EU_HISTORY_PAGE_SIZE=15",
		"SIDEBRIDGE_AUDIT_CHECKPOINT_KEY_FILE=/etc/key",
		"SIDEBRIDGE_TEST_POSTGRES=ignored",
		"SIDEBRIDGE_PORT=tcp://10.0.0.1:80",
	)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Listen, want.DataDir, want.PublicURL = ":9000", "/var/lib/sidebridge", "http://localhost:9000"
	want.Database = Database{SQLite: "/var/lib/sidebridge/sidebridge.db", Postgres: NewSecret("postgres://db/x?a=b")}
	want.Desk.ReopenOnReply = false
	want.CatchUp.Every = 90 * time.Second
	want.Audit.CheckpointFile, want.Audit.CheckpointKeyFile = "/var/lib/sidebridge/checkpoints.log", "/etc/key"
	s := DefaultSlack("acme-eu")
	s.TeamID = "T1"
	s.BotToken, s.AppToken = NewSecret("xoxb-from-file"), NewSecret("xapp-1")
	s.SigningSecrets, s.AllowBots, s.HistoryPageSize = []Secret{NewSecret("new"), NewSecret("old")}, []string{"B1"}, 15
	want.Slack = []Slack{s}
	want.UnusedEnv = []string{"SIDEBRIDGE_PORT"}
	if diff := cmp.Diff(&want, c); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestMistakesAreNamedWithTheirKey(t *testing.T) {
	tests := []struct {
		name, text string
		environ    []string
		want       []string
	}{
		{name: "misspelt key", text: "lisden = 'x'", want: []string{"unknown key lisden"}},
		{name: "misspelt key in a workspace", text: acme + "bot_tokn = 'x'", want: []string{"unknown key slack.bot_tokn"}},
		{name: "unknown table, once", text: "[discrod]\ntoken = 'x'", want: []string{"unknown key discrod:"}},
		{name: "not TOML", text: "listen", want: []string{"line 1"}},
		{name: "a number for a text", text: "\nlisten = 8080", want: []string{`line 2, key listen: this must be a text in quotes, and is a number, as in:  listen = "127.0.0.1:8080"`}},
		{name: "a list for a text", text: "data_dir = ['a']", want: []string{`must be a text in quotes, and is a list, as in:  data_dir = "data"`}},
		{name: "a text for a number", text: acme + "posts_per_minute = 'many'", want: []string{"key slack.posts_per_minute: this must be a whole number, without quotes, and is a text in quotes, as in:  posts_per_minute = 240"}},
		{name: "a text for a bool", text: "desk.reopen_on_reply = 'yes'", want: []string{"must be true or false, without quotes", "reopen_on_reply = true"}},
		{name: "a text for a list", text: "[[discord]]\nguilds = '12'", want: []string{`key discord.guilds: this must be a list of texts in quotes, in [ ], and is a text in quotes, as in:  guilds = ["112233445566778899"]`}},
		{name: "numbers in a list of texts", text: "[[discord]]\nguilds = [12]", want: []string{"must be a list of texts in quotes, in [ ], and is a number"}},
		{name: "a table for a list of tables", text: "[slack]\nname = 'a'", want: []string{"line 1, key slack: this must be a table for each, headed [[slack]], and is one table"}},
		{name: "a value for a table", text: "log = 'info'", want: []string{"must be a table, headed [log], and is a text in quotes"}},
		{name: "an address for a network", text: "trusted_proxies = ['10.0.0.5']", want: []string{`key trusted_proxies: this must be a list of networks`, `["10.0.0.5/32"]`}},
		{name: "no quotes", text: "listen = localhost", want: []string{"line 1, key listen: after = there must be a value", "listen = "}},
		{name: "no closing quote", text: "listen = \"x\n", want: []string{"line 1, key listen: the text has no closing quote"}},
		{name: "twice", text: "listen = ':1'\nlisten = ':2'", want: []string{"line 2, key listen: this key is in the file twice"}},
		{name: "duration without unit", text: "[catchup]\nevery = 15", want: []string{"catchup.every is the number 15: write a unit", `"15s" for seconds`}},
		{name: "duration without unit in notices", text: "[notices]\ngrace = 5", want: []string{"notices.grace is the number 5: write a unit"}},
		{name: "no duration", text: "[catchup]\nevery = 'often'", want: []string{`line 2, key catchup.every: this must be a time with its unit, in quotes, as in:  every = "15m"`}},
		{name: "no port", text: "listen = 'localhost'", want: []string{"listen:", "host:port"}},
		{name: "public_url without scheme", text: "public_url = 'example.com'", want: []string{"public_url:", "https://"}},
		{name: "public_url with path", text: "public_url = 'https://example.com/sidebridge'", want: []string{"public_url:", "host name of its own"}},
		{name: "log level", text: "log.level = 'trace'\nlog.format = 'xml'", want: []string{`log.level: "trace"`, "debug, info, warn, error", `log.format: "xml"`}},
		{name: "no data_dir, no desk name", text: "data_dir = ''\ndesk.name = ' '", want: []string{"data_dir:", "desk.name:"}},
		{name: "DSN", text: "database.postgres = 'localhost'", want: []string{"database.postgres:", "postgres://"}},
		{name: "no database", text: "database.sqlite = ''", want: []string{"set sqlite"}},
		{name: "no checkpoint file", text: "[audit]\ncheckpoint_file = ''\ncheckpoint_key_file = ''\nevery = '1ms'\naccess_log_days = 7", want: []string{"audit.checkpoint_file:", "audit.checkpoint_key_file:", "audit.every:", "audit.access_log_days:"}},
		{name: "metrics on the pages' address", text: "metrics.listen = '127.0.0.1:8080'", want: []string{"metrics.listen:"}},
		{name: "webhook in clear", text: "webhook.url = 'http://example.com/x'", want: []string{"webhook.url: use https", "webhook.secret:", "openssl"}},
		{name: "webhook secret alone", text: "webhook.secret = 'xxxxxxxxxxxxxxxx'", want: []string{"webhook.url:"}},
		{name: "workspace without a name", text: "[[slack]]\nenabled = false", want: []string{"slack[0].name"}},
		{name: "two of one name", text: acme + acme, want: []string{"slack.acme.name: two [[slack]] tables have this name: keep one, or rename one", "slack.acme.team_id: T1 is the workspace acme already"}},
		{name: "an address for a team", text: acme + "[[slack]]\nname = 'b'\nteam_id = 'acme.slack.com'\nbot_token = 'xoxb-2'\napp_token = 'xapp-2'", want: []string{"slack.b.team_id", "T0123ABCD"}},
		{name: "no tokens", text: "[[slack]]\nname = 'a'", want: []string{"slack.a.bot_token: set the bot token", "slack.a.app_token: set the app-level token"}},
		{name: "tokens mixed up", text: "[[slack]]\nname = 'a'\nbot_token = 'xapp-9'\napp_token = 'xoxb-9'", want: []string{"slack.a.bot_token: this is not", "xoxb-", "slack.a.app_token: this is not"}},
		{name: "http without a secret", text: acme + "mode = 'http'", want: []string{"slack.acme.signing_secrets: set"}},
		{name: "empty secret", text: acme + "mode = 'http'\nsigning_secrets = ['']", want: []string{"signing_secrets: remove the empty one"}},
		{name: "three secrets", text: acme + "signing_secrets = ['a', 'b', 'c']", want: []string{"at most two"}},
		{name: "mode, ambiguous, identity", text: acme + "mode = 'rtm'\nambiguous = 'no'\nidentity = 'me'", want: []string{"slack.acme.mode", "slack.acme.ambiguous", "slack.acme.identity"}},
		{name: "limits", text: acme + "history_page_size = 0\nposts_per_minute = 0\nmax_file_bytes = -1\npost_interval = '0s'\ndoubt = '500ms'", want: []string{
			"history_page_size", "posts_per_minute", "max_file_bytes", "post_interval", "doubt",
		}},
		{name: "api_url in clear", text: acme + "api_url = 'http://slack.example.com/api/'", want: []string{"slack.acme.api_url: use https"}},
		{name: "api_url of another scheme", text: acme + "api_url = 'ftp://127.0.0.1/'", want: []string{"slack.acme.api_url"}},
		{name: "api_url without a host", text: acme + "api_url = '127.0.0.1'", want: []string{"slack.acme.api_url"}},
		{name: "variable: misspelt secret", text: "[[slack]]\nname = 'acme'", environ: []string{"SIDEBRIDGE_SLACK_ACME_BOT_TOKN=xoxb-1"}, want: []string{
			"slack.acme.bot_token: set the bot token", "SIDEBRIDGE_SLACK_ACME_BOT_TOKN names no key: correct its spelling",
		}},
		{name: "variable: misspelt beside a wrong one", environ: []string{"SIDEBRIDGE_CATCHUP_EVERY=15", "SIDEBRIDGE_WEBHOOK_SECRT=x"}, want: []string{"SIDEBRIDGE_WEBHOOK_SECRT names no key"}},
		{name: "variable: bool", environ: []string{"SIDEBRIDGE_DESK_REOPEN_ON_REPLY=maybe"}, want: []string{"SIDEBRIDGE_DESK_REOPEN_ON_REPLY", "neither true nor false"}},
		{name: "variable: duration", environ: []string{"SIDEBRIDGE_CATCHUP_EVERY=15"}, want: []string{"SIDEBRIDGE_CATCHUP_EVERY", "15m"}},
		{name: "variable: number", text: acme, environ: []string{"SIDEBRIDGE_SLACK_ACME_POSTS_PER_MINUTE=many"}, want: []string{"POSTS_PER_MINUTE", "whole number"}},
		{name: "variable: no such file", environ: []string{"SIDEBRIDGE_WEBHOOK_SECRET_FILE=/nowhere/x"}, want: []string{"SIDEBRIDGE_WEBHOOK_SECRET_FILE", "/nowhere/x"}},
		{name: "variable: twice", environ: []string{"SIDEBRIDGE_WEBHOOK_SECRET=x", "SIDEBRIDGE_WEBHOOK_SECRET_FILE=/dev/null"}, want: []string{"remove one"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.text, tt.environ...)
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

func TestSimulatorsOnThisMachineAreAccepted(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:9/api/", "http://localhost:9/api/", "http://[::1]:9/api/", "https://slack-gov.com/api/"} {
		if _, err := load(t, acme+"api_url = '"+url+"'"); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestFileThatIsNotThereIsNamed(t *testing.T) {
	if _, err := Load("/nowhere/sidebridge.toml", nil); err == nil || !strings.Contains(err.Error(), "/nowhere/sidebridge.toml") {
		t.Errorf("error %v", err)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	const value = "topsecret"
	c, err := load(t, acme+`
signing_secrets = ["topsecret1"]
[database]
postgres = "postgres://u:topsecret@db/x"
[webhook]
url = "https://hooks.example.com/topsecret?key=topsecret"
secret = "topsecret-topsecret"
`)
	if err != nil {
		t.Fatal(err)
	}
	secret := NewSecret(value)
	shown := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%U", "%t"} {
		shown[verb] = fmt.Sprintf(verb, secret)
		shown["workspace "+verb] = fmt.Sprintf(verb, c.Slack[0])
		shown["pointer "+verb] = fmt.Sprintf(verb, &secret)
	}
	asJSON, err := json.Marshal(struct {
		S Secret
		M map[Secret]int
		C []Slack
	}{secret, map[Secret]int{secret: 1}, c.Slack})
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(asJSON)
	var log strings.Builder
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("started", "secret", secret, "slack", c.Slack)
	}
	shown["log"] = log.String()
	if shown["redacted"], err = c.Redacted(); err != nil {
		t.Fatal(err)
	}
	for how, text := range shown {
		if strings.Contains(text, value) || strings.Contains(text, "xoxb-1") || strings.Contains(text, fmt.Sprintf("%x", value)) {
			t.Errorf("%s shows a secret: %s", how, text)
		}
	}
	for _, want := range []string{"hooks.example.com", "every = \"15m0s\"", "posts_per_minute = 240", "bot_token = \"[redacted]\""} {
		if !strings.Contains(shown["redacted"], want) {
			t.Errorf("Redacted does not show %s:\n%s", want, shown["redacted"])
		}
	}
	if secret.Reveal() != value || NewSecret("").String() != "" || NewSecret("").IsSet() {
		t.Error("Reveal, String or IsSet is wrong")
	}
}

func TestRedactedKeepsAnAddressThatHidesNothing(t *testing.T) {
	for address, want := range map[string]string{
		"":                            "",
		"https://example.com":         "https://example.com",
		"https://example.com/a":       "https://example.com/[redacted]",
		"https://u:p@example.com":     "https://example.com/[redacted]",
		"https://example.com?token=x": "https://example.com/[redacted]",
		"https://exa mple.com/token":  "[redacted]",
	} {
		if got := redactURL(address); got != want {
			t.Errorf("redactURL(%q) = %q, want %q", address, got, want)
		}
	}
}

func FuzzParseNeverPanicsAndNeverShowsSecrets(f *testing.F) {
	f.Add(Example)
	f.Add(acme)
	f.Add(guild)
	f.Add("[[slack]]\n[[slack]]\nname = 3")
	f.Add("[slack]\nx = 1")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse(text)
		if err != nil {
			return
		}
		c.resolve()
		_ = c.Validate() // any verdict, no panic
		if _, err := c.Redacted(); err != nil {
			t.Errorf("what was read cannot be shown: %v", err)
		}
	})
}
