package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// asProgram makes the test binary behave as the program itself, so that a test can
// start, and kill, a daemon that is a process of its own. The configuration leaves
// variables with this prefix to tests.
const asProgram = "SIDEBRIDGE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(storetest.Main(m))
}

// command runs the program with a configuration file and returns what it printed.
func command(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code = run(ctx, &program{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs}, args)
	return code, out.String(), errs.String()
}

// must is command for one that has to succeed.
func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	code, out, errs := command(t, stdin, args...)
	if code != 0 {
		t.Fatalf("sidebridge %v: exit code %d\n%s%s", args, code, out, errs)
	}
	return out
}

// configured writes a configuration file for a data folder of its own.
func configured(t *testing.T, more string) (file string) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "sidebridge.toml")
	text := fmt.Sprintf("data_dir = %q\nlisten = \"127.0.0.1:0\"\n%s", filepath.Join(dir, "data"), more)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func loaded(t *testing.T, file string) *config.Config {
	t.Helper()
	cfg, err := config.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestHelpAndUnknownCommands(t *testing.T) {
	if out := must(t, "", "--help"); !strings.Contains(out, "demo") {
		t.Errorf("help does not name the demo:\n%s", out)
	}
	if out := must(t, "", "version"); !strings.HasPrefix(out, "sidebridge ") {
		t.Errorf("version: %q", out)
	}
	if code, _, errs := command(t, "", "sevre"); code == 0 || !strings.Contains(errs, "sevre") {
		t.Errorf("a misspelt command: %d %q", code, errs)
	}
}

func TestConfigurationMistakesAreAllNamed(t *testing.T) {
	file := configured(t, "lissten = \"x\"\n[log]\nlevle = \"y\"\n")
	for _, cmd := range [][]string{{"serve"}, {"migrate"}, {"audit", "verify"}, {"user", "add", "--email", "a@example.com", "--name", "A", "--role", "agent"}} {
		code, _, errs := command(t, "", append(cmd, "--config", file)...)
		if code == 0 || !strings.Contains(errs, "lissten") || !strings.Contains(errs, "log.levle") {
			t.Errorf("%v: %d %q", cmd, code, errs)
		}
	}
	if code, out, _ := command(t, "", "check", "--config", file); code == 0 || !strings.Contains(out, "log.levle") {
		t.Errorf("check: %d %q", code, out)
	}
}

func TestFileInTheWorkingDirectoryIsReadWhereNoneIsNamed(t *testing.T) {
	file := configured(t, "lissten = \"x\"\n")
	t.Chdir(filepath.Dir(file))
	for _, cmd := range [][]string{{"serve"}, {"migrate"}, {"audit", "verify"}} {
		if code, _, errs := command(t, "", cmd...); code == 0 || !strings.Contains(errs, "lissten") {
			t.Errorf("%v: %d %q", cmd, code, errs)
		}
	}
	t.Chdir(filepath.Dir(configured(t, "")))
	if _, out, _ := command(t, "", "check"); !strings.Contains(out, "configuration: sidebridge.toml\n") {
		t.Errorf("check does not name the file:\n%s", out)
	}
	t.Chdir(t.TempDir())
	if _, out, _ := command(t, "", "check"); !strings.Contains(out, "configuration: defaults, no file\n") {
		t.Errorf("check does not say that there is no file:\n%s", out)
	}
}

func TestPrintConfigShowsNoSecret(t *testing.T) {
	file := configured(t, `
[webhook]
url = "https://example.com/hooks/canary-address"
secret = "canary-secret-0123456789"
[[slack]]
name = "acme"
team_id = "T1"
bot_token = "xoxb-canary"
app_token = "xapp-canary"
`)
	out := must(t, "", "serve", "--print-config", "--config", file)
	if strings.Contains(out, "canary") || !strings.Contains(out, "[redacted]") || !strings.Contains(out, `team_id = "T1"`) {
		t.Errorf("printed:\n%s", out)
	}
}

func TestMigrateThenAddPeople(t *testing.T) {
	file := configured(t, "")
	add := func(stdin string, more ...string) (int, string, string) {
		return command(t, stdin, append([]string{"user", "add", "--config", file, "--name", "Ada", "--role", "admin"}, more...)...)
	}
	if code, _, errs := add("", "--email", "ada@example.com"); code == 0 || !strings.Contains(errs, "sidebridge migrate") {
		t.Errorf("without a schema: %d %q", code, errs)
	}
	if out := must(t, "", "migrate", "--config", file); !strings.Contains(out, "from version 0") {
		t.Errorf("migrate: %q", out)
	}
	if out := must(t, "", "migrate", "--config", file); !strings.Contains(out, "already") {
		t.Errorf("migrate again: %q", out)
	}
	code, out, errs := add("", "--email", "ada@example.com")
	if code != 0 || !strings.Contains(out, "Password: ") {
		t.Errorf("with a made password: %d %q %q", code, out, errs)
	}
	code, out, errs = add("my own long password\n", "--email", "bob@example.com", "--password-stdin")
	if code != 0 || strings.Contains(out+errs, "my own") {
		t.Errorf("with a given password: %d %q %q", code, out, errs)
	}
	for _, c := range []struct{ stdin, email, want string }{
		{"", "ada@example.com", "has an account"}, {"", "no address", "no e-mail address"}, {"short\n", "c@example.com", "characters"},
	} {
		args := []string{"--email", c.email}
		if c.stdin != "" {
			args = append(args, "--password-stdin")
		}
		if code, _, errs := add(c.stdin, args...); code == 0 || !strings.Contains(errs, c.want) {
			t.Errorf("%q %q: %d %q", c.email, c.stdin, code, errs)
		}
	}
}

func TestSecondDaemonOnTheSameFolderIsRefused(t *testing.T) {
	file := configured(t, "")
	cfg := loaded(t, file)
	a, err := newApp(t.Context(), cfg, quietLogger(cfg, &program{stderr: io.Discard}))
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []string{"serve", "migrate"} {
		code, _, errs := command(t, "", cmd, "--config", file)
		if code == 0 || !strings.Contains(errs, fmt.Sprintf("process %d", os.Getpid())) {
			t.Errorf("%s beside a daemon: %d %q", cmd, code, errs)
		}
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	must(t, "", "migrate", "--config", file) // the folder is free again
}

func TestNothingIsLeftOpenWhenAStartFails(t *testing.T) {
	file := configured(t, "[metrics]\nlisten = \"256.0.0.1:1\"\n")
	cfg := loaded(t, file)
	for range 2 { // a lock that was kept would show the second time
		_, err := newApp(t.Context(), cfg, quietLogger(cfg, &program{stderr: io.Discard}))
		if err == nil || !strings.Contains(err.Error(), "metrics") {
			t.Fatalf("start: %v", err)
		}
	}
}

func TestCheckNamesWhatIsWrongAndWhatToDo(t *testing.T) {
	file := configured(t, "")
	if out := must(t, "", "check", "--config", file); !strings.Contains(out, "nothing is connected") || strings.Contains(out, "Everything is right") {
		t.Errorf("before the first start:\n%s", out)
	}
	must(t, "", "migrate", "--config", file)
	if out := must(t, "", "check", "--config", file); !strings.Contains(out, "there is no admin yet") {
		t.Errorf("after migrating:\n%s", out)
	}
	cfg := loaded(t, file)
	if err := os.WriteFile(cfg.Database.SQLite, bytes.Repeat([]byte("no database "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ext := range []string{"-wal", "-shm"} {
		if err := os.Remove(cfg.Database.SQLite + ext); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	code, out, _ := command(t, "", "check", "--config", file)
	if code == 0 || !strings.Contains(out, "WRONG  database") || !strings.Contains(out, "→") {
		t.Errorf("with a broken database: %d\n%s", code, out)
	}
}
