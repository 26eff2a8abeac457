package storetest

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// installHint is what a person without a Postgres server is told.
const installHint = "install the Postgres server binaries (on Debian: apt-get install postgresql, or make setup), " +
	"or set SIDEBRIDGE_TEST_POSTGRES to the DSN of a server where databases may be created"

// debianServers is where Debian and Ubuntu keep the server binaries.
const debianServers = "/usr/lib/postgresql/*/bin"

// startTimeout bounds initdb and the first accepted connection together.
// A loaded two-core machine takes about two seconds.
const startTimeout = 2 * time.Minute

// supervisor is the shell script that owns a cluster's processes and its
// folder. It lives exactly as long as this process holds the write end of its
// pipe, so that no cluster survives a test that was killed.
//
//go:embed supervisor.sh
var supervisor string

// Options says how a throw-away cluster runs.
type Options struct {
	// Durable leaves fsync and full page writes on, as a real installation
	// has them. Benchmarks and crash proofs need it; ordinary tests are
	// several times faster without.
	Durable bool

	// Settings are further server settings, such as
	// {"max_connections": "300"}. They win over the helper's own.
	Settings map[string]string
}

// Cluster is a throw-away Postgres server that listens on a Unix socket in
// a folder of its own. It dies with this process, however this process ends.
type Cluster struct {
	dir   string
	super *exec.Cmd
	alive *os.File // held open while the cluster shall run
	log   *os.File // what initdb and the server print
	ended chan struct{}
}

// StartCluster starts a throw-away Postgres cluster from the machine's own
// server binaries and returns when it accepts connections. A root caller's
// server runs as the user postgres (or nobody), because Postgres refuses root.
func StartCluster(opts Options) (*Cluster, error) {
	bin, err := findServer(debianServers)
	if err != nil {
		return nil, err
	}
	owner, err := serverOwner()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(owner)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, ended: make(chan struct{})}
	if err := c.launch(bin, owner, opts); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.waitReady(); err != nil {
		log := c.logTail()
		return nil, errors.Join(fmt.Errorf("start postgres from %s: %w\n%s", bin, err, log), c.Stop())
	}
	return c, nil
}

// launch starts the supervisor, and the goroutine that notices its end.
func (c *Cluster) launch(bin string, owner *syscall.Credential, opts Options) error {
	watched, alive, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("open the supervisor's pipe: %w", err)
	}
	defer watched.Close()

	// Opened here, the log can still be read when the folder has gone.
	c.log, err = os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return errors.Join(fmt.Errorf("open the cluster's log: %w", err), alive.Close())
	}
	cmd := exec.Command("sh", append([]string{"-c", supervisor, "supervisor", bin, c.dir}, serverArgs(c.dir, opts)...)...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = c.log, c.log
	cmd.ExtraFiles = []*os.File{watched}
	// A group of its own: Ctrl-C reaches the test, which then stops the cluster.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: owner}
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start the cluster's supervisor: %w", err), alive.Close(), c.log.Close())
	}
	c.super, c.alive = cmd, alive
	go func() { // Stop waits for it.
		defer close(c.ended)
		// Its exit status says only that the server was stopped at once.
		_ = cmd.Wait()
	}()
	return nil
}

// serverArgs are the arguments of the postgres process.
func serverArgs(dir string, opts Options) []string {
	settings := map[string]string{
		"listen_addresses":           "",
		"unix_socket_directories":    dir,
		"max_connections":            "200",
		"dynamic_shared_memory_type": "mmap", // containers have a small /dev/shm
		"timezone":                   "UTC",
	}
	if !opts.Durable {
		settings["fsync"] = "off"
		settings["full_page_writes"] = "off"
	}
	for k, v := range opts.Settings {
		settings[k] = v
	}
	args := make([]string, 0, 2*len(settings))
	for k, v := range settings {
		args = append(args, "-c", k+"="+v)
	}
	return args
}

// waitReady returns when the server answers, or an error when it has ended.
func (c *Cluster) waitReady() error {
	db, err := sql.Open("postgres", c.DSN("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.ended:
			return errors.New("the server ended while it started")
		case <-ctx.Done():
			return fmt.Errorf("no connection after %v: %w", startTimeout, err)
		case <-tick.C:
		}
	}
}

// DSN returns the connection URL of one of the cluster's databases. It is
// understood by lib/pq and, as a libpq URL, by psql and pgbench.
func (c *Cluster) DSN(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User("postgres"),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.dir}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// CreateDatabase creates an empty database of that name.
func (c *Cluster) CreateDatabase(name string) error {
	return createDatabase(c.DSN("postgres"), name, "")
}

// Stop ends the server at once, without a last checkpoint, and removes its
// files. Stopping a stopped cluster does nothing.
func (c *Cluster) Stop() error {
	if err := c.alive.Close(); errors.Is(err, os.ErrClosed) {
		return nil
	}
	<-c.ended
	return errors.Join(c.log.Close(), os.RemoveAll(c.dir))
}

// logTail returns the end of the server's log, for an error message.
func (c *Cluster) logTail() string {
	text, err := io.ReadAll(io.NewSectionReader(c.log, 0, 1<<20))
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// createDatabase creates a database on the server of that DSN, as a copy of
// the template database when one is named.
func createDatabase(serverDSN, name, template string) error {
	query := "CREATE DATABASE " + pq.QuoteIdentifier(name)
	if template != "" {
		query += " TEMPLATE " + pq.QuoteIdentifier(template)
	}
	return execOn(serverDSN, query)
}

// dropDatabase removes a database and ends the sessions that still use it.
func dropDatabase(serverDSN, name string) error {
	return execOn(serverDSN, "DROP DATABASE IF EXISTS "+pq.QuoteIdentifier(name)+" WITH (FORCE)")
}

func execOn(dsn, query string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return fmt.Errorf("open the test server: %w", err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

// findServer returns the folder that has initdb and postgres: the one in
// PATH, or else the newest of those that the pattern matches.
func findServer(pattern string) (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		// Debian's PATH may hold a link to initdb alone, without postgres.
		if real, err := filepath.EvalSymlinks(path); err == nil && isServer(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	version := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	sort.Slice(dirs, func(i, j int) bool { return version(dirs[i]) > version(dirs[j]) })
	for _, dir := range dirs {
		if isServer(dir) {
			return dir, nil
		}
	}
	return "", errors.New("no Postgres server on this machine: " + installHint)
}

func isServer(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// serverOwner returns whom the server must run as, nil for the caller.
func serverOwner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("read the ids of user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("postgres refuses to run as root, and there is no user postgres or nobody to run it as")
}

// makeDir creates the cluster's folder with a path short enough for a Unix
// socket in it: the limit is 107 bytes on Linux, 103 on macOS.
func makeDir(owner *syscall.Credential) (string, error) {
	parent := os.TempDir()
	if len(parent) > 40 || owner != nil {
		// A root caller's TMPDIR may be closed to the server's user.
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "sidebridge-pg-")
	if err != nil {
		return "", fmt.Errorf("make the cluster's folder: %w", err)
	}
	if owner == nil {
		return dir, nil
	}
	if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
		return "", errors.Join(fmt.Errorf("give the cluster's folder away: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}
