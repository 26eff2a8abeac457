package storetest_test

import (
	"database/sql"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestMain(m *testing.M) {
	if os.Getenv("STORETEST_CHILD") != "" {
		clusterUntilKilled()
	}
	os.Exit(storetest.Main(m))
}

// clusterUntilKilled is the body of the process that
// TestClusterDiesWithItsProcess kills.
func clusterUntilKilled() {
	c, err := storetest.StartCluster(storetest.Options{})
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	os.Stdout.WriteString(c.DSN("postgres") + "\n")
	select {}
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestPostgresGivesEachCallItsOwnDatabase(t *testing.T) {
	first, second := open(t, storetest.Postgres(t)), open(t, storetest.Postgres(t))
	if _, err := first.Exec(`CREATE TABLE only_here (id bigint)`); err != nil {
		t.Fatal(err)
	}
	var found bool
	const query = `SELECT EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'only_here')`
	if err := second.QueryRow(query).Scan(&found); err != nil {
		t.Fatal(err)
	}
	if found {
		t.Error("a table of one test database is in another")
	}
}

func TestPostgresFromCopiesWhatWasPreparedOnce(t *testing.T) {
	prepared := 0
	prepare := func(dsn string) error {
		prepared++
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.Exec(`CREATE TABLE t (id bigint); INSERT INTO t VALUES (42)`)
		return err
	}
	for range 3 {
		db := open(t, storetest.PostgresFrom(t, "answer", prepare))
		var id int
		if err := db.QueryRow(`SELECT id FROM t`).Scan(&id); err != nil || id != 42 {
			t.Fatalf("copy holds %d, error %v; want 42", id, err)
		}
		if _, err := db.Exec(`UPDATE t SET id = 7`); err != nil {
			t.Fatal(err)
		}
	}
	if prepared != 1 {
		t.Errorf("prepared %d times, want once", prepared)
	}
}

func TestDurableClusterSyncsToDisk(t *testing.T) {
	c, err := storetest.StartCluster(storetest.Options{Durable: true, Settings: map[string]string{"max_connections": "17"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CreateDatabase("bench"); err != nil {
		t.Fatal(err)
	}
	db := open(t, c.DSN("bench"))
	for setting, want := range map[string]string{"fsync": "on", "full_page_writes": "on", "max_connections": "17"} {
		var got string
		if err := db.QueryRow(`SELECT current_setting($1)`, setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, error %v; want %q", setting, got, err, want)
		}
	}
	for range 2 {
		if err := c.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	if err := db.Ping(); err == nil {
		t.Error("a stopped cluster still answers")
	}
}

func TestClusterThatCannotStartSaysWhy(t *testing.T) {
	_, err := storetest.StartCluster(storetest.Options{Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("error %v does not name the setting that the server refused", err)
	}
}

func TestClusterDiesWithItsProcess(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "STORETEST_CHILD=1")
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 512)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatalf("the child started no cluster: %v", err)
	}
	db := open(t, strings.TrimSpace(string(buf[:n])))
	if err := db.Ping(); err != nil {
		t.Fatalf("the child's cluster does not answer: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed, as asked
	deadline, tick := time.After(30*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for db.Ping() == nil {
		select {
		case <-deadline:
			t.Fatal("the cluster still answers half a minute after its process was killed")
		case <-tick.C:
		}
	}
}

func TestServerFromTheEnvironmentIsUsedAndLeftClean(t *testing.T) {
	c, err := storetest.StartCluster(storetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	asURL := c.DSN("postgres")
	u, err := url.Parse(asURL)
	if err != nil {
		t.Fatal(err)
	}
	asPairs := "host=" + u.Query().Get("host") + " user=postgres dbname=postgres sslmode=disable"
	db := open(t, asURL)
	for _, dsn := range []string{asURL, asPairs} {
		child := exec.Command(os.Args[0], "-test.run=^TestPostgres", "-test.count=1", "-test.v")
		child.Env = append(os.Environ(), storetest.EnvPostgres+"="+dsn)
		out, err := child.CombinedOutput()
		if err != nil || strings.Count(string(out), "--- PASS") != 2 {
			t.Errorf("tests on the server of the environment: %v\n%s", err, out)
		}
		var left int
		const query = `SELECT count(*) FROM pg_database WHERE datname LIKE 'sidebridge%'`
		if err := db.QueryRow(query).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left != 0 {
			t.Errorf("%d test databases were left on the server", left)
		}
	}
}

func TestMachineWithoutPostgresIsToldWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := storetest.FindServer(filepath.Join(t.TempDir(), "*", "bin"))
	if err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("error %v does not say what to install", err)
	}
}
