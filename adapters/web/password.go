package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/sidebridge/sidebridge/bridge"
)

// The cost of a hash: OWASP's password storage cheat sheet names 19 MiB, two
// passes and one lane as a minimum for argon2id.
const (
	hashMemory = 19 << 10 // KiB
	hashTime   = 2
	hashLanes  = 1
	hashSalt   = 16
	hashSize   = 32
)

// The lengths a password may have, in characters.
const (
	minPassword = 10
	maxPassword = 200
)

// HashPassword returns an argon2id hash in the usual form $argon2id$v=19$….
func HashPassword(password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return "", fmt.Errorf("%w: a password has %d to %d characters", bridge.ErrInvalid, minPassword, maxPassword)
	}
	salt := make([]byte, hashSalt)
	rand.Read(salt) // never fails (crypto/rand)
	return encodeHash(salt, argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashLanes, hashSize)), nil
}

func encodeHash(salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashLanes, b64(salt), b64(sum))
}

var errHash = errors.New("stored password hash cannot be read")

// checkPassword reports whether the password has that hash. An empty hash is
// nobody's, and costs as much time as any other, so that the time of an answer
// does not tell which addresses have accounts.
func checkPassword(hash, password string) (bool, error) {
	if hash == "" {
		hash = encodeHash(make([]byte, hashSalt), make([]byte, hashSize))
	}
	if len(password) > 4*maxPassword {
		password = ""
	}
	var version, memory, passes, lanes int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil {
		return false, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || version != argon2.Version || len(want) == 0 ||
		memory < 8 || memory > 1<<20 || passes < 1 || passes > 64 || lanes < 1 || lanes > 64 {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), uint8(lanes), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// stampOf names a password's hash in a session, so that a new password ends the
// sessions that were begun with the old one.
func stampOf(hash string) string {
	sum := sha256.Sum256([]byte("session " + hash))
	return hex.EncodeToString(sum[:8])
}
