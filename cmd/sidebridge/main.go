// Command sidebridge is the daemon and the tools around it. It is the only place
// that knows everything: app.go wires the store, the surfaces, the relay and the
// pages together, and every command has a file of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/sidebridge/sidebridge/config"
)

// cli is the command line.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the daemon."`
	Demo    demoCmd    `cmd:"" help:"Run the daemon with a simulated Slack, a simulated Discord and sample tickets, to try it in a browser."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema to this program's version, as serve also does."`
	Check   checkCmd   `cmd:"" help:"Check configuration, database, folders and tokens, and say what to do about what is wrong."`
	Audit   auditCmds  `cmd:"" help:"Verify or export audit trails."`
	User    userCmds   `cmd:"" help:"Manage who can sign in."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// configFlag is the flag of every command that reads the configuration.
type configFlag struct {
	Config string `short:"c" placeholder:"FILE" env:"${configEnv}" help:"Configuration file; without one, ${configFile} where it exists, else defaults. Environment variables come on top."`
}

// configEnv names the configuration file where no flag does.
const configEnv = "SIDEBRIDGE_CONFIG"

// configFile is read where nothing names a file and it exists in the working
// directory: a tool must not look at another database than the daemon beside it.
const configFile = "sidebridge.toml"

// file returns the configuration file to read; empty is none.
func (f configFlag) file() string {
	if f.Config != "" {
		return f.Config
	}
	if _, err := os.Stat(configFile); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return configFile // one that cannot be read is an error, not an absence
}

func (f configFlag) load(p *program) (*config.Config, error) {
	var environ []string
	for _, pair := range p.environ {
		if !strings.HasPrefix(pair, configEnv+"=") {
			environ = append(environ, pair)
		}
	}
	return config.Load(f.file(), environ)
}

// program is what a command gets from outside.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
}

func (p *program) print(format string, args ...any) {
	// Nobody can be told that standard output is gone.
	_, _ = fmt.Fprintf(p.stdout, format, args...)
}

// exit is an exit code on its way up; kong asks for one after --help.
type exit int

// errQuiet ends a command that has said itself what is wrong.
var errQuiet = errors.New("")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks the command to stop; from then on a second one kills.
	context.AfterFunc(ctx, stop)
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ()}
	os.Exit(run(ctx, p, os.Args[1:]))
}

// run runs the command that args name and returns its exit code.
func run(ctx context.Context, p *program, args []string) (code int) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case exit:
			code = int(v)
		default:
			panic(v)
		}
	}()
	parser, err := kong.New(&cli{},
		kong.Name("sidebridge"), kong.Description("Carries side conversations between a support desk and team chat."),
		kong.Vars{"configEnv": configEnv, "configFile": configFile}, kong.Writers(p.stdout, p.stderr), kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(p), kong.UsageOnError(),
	)
	if err != nil {
		return p.fail(err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return p.fail(fmt.Errorf("%w (sidebridge --help lists the commands)", err))
	}
	if err := command.Run(); err != nil {
		return p.fail(err)
	}
	return 0
}

func (p *program) fail(err error) int {
	if !errors.Is(err, errQuiet) {
		_, _ = fmt.Fprintf(p.stderr, "sidebridge: %v\n", err)
	}
	return 1
}
