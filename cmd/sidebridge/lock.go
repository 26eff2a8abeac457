package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lock is the hold of one daemon on a data folder.
type lock struct {
	file *os.File
	// name is the daemon's own, the same in every life with this folder: its leases
	// are in this name, so after a crash it need not wait for them to run out.
	name string
}

// lockFolder takes hold of a data folder, or says who has it. The kernel lets go of
// it however the process ends, so that no lock is left behind by a kill -9.
func lockFolder(dir string) (*lock, error) {
	path := filepath.Join(dir, "sidebridge.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("another sidebridge%s uses the data folder %s: stop it first, or give this one another data_dir. "+
			"Several daemons can share a Postgres database, not a SQLite file", holderOf(path), dir), f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the data folder: %w", err), f.Close())
	}
	// The number is for the message above only; the lock does not depend on it.
	if err := errors.Join(f.Truncate(0), writeAt(f, fmt.Sprintf("%d\n", os.Getpid()))); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the data folder: %w", err), f.Close())
	}
	name, err := daemonName(filepath.Join(dir, "daemon-name"))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &lock{f, name}, nil
}

// daemonName reads the daemon's name from a file, made at the first start.
func daemonName(path string) (string, error) {
	text, err := os.ReadFile(path)
	if name := strings.TrimSpace(string(text)); err == nil && name != "" {
		return name, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the daemon's name: %w", err)
	}
	name := rand.Text()
	if err := os.WriteFile(path, []byte(name+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the daemon's name: %w", err)
	}
	return name, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func holderOf(path string) string {
	text, err := os.ReadFile(path)
	if pid := strings.TrimSpace(string(text)); err == nil && pid != "" {
		return " (process " + pid + ")"
	}
	return ""
}

// release lets go of the folder. The file stays: removing it would let two daemons
// hold two files of the same name.
func (l *lock) release() error { return l.file.Close() }
