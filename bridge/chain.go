package bridge

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// chainDomain separates these hashes from every other use of SHA-256.
const chainDomain = "sidebridge/entry/1"

// saltSize makes a commitment to a short text impossible to guess (RFC 4086 §8.3: 128 bits).
const saltSize = 16

// Seal fixes an entry: it encodes facts and words, commits to the words under a
// fresh salt, and chains the entry to its predecessor's hash (nil for seq 1).
func Seal(e *Entry, prev []byte) error {
	var err error
	if e.Envelope, err = json.Marshal(e.Facts); err != nil {
		return fmt.Errorf("envelope: %w", err)
	}
	if !e.Words.isZero() {
		if e.Content, err = json.Marshal(e.Words); err != nil {
			return fmt.Errorf("content: %w", err)
		}
		e.Salt = make([]byte, saltSize)
		rand.Read(e.Salt) // never fails (crypto/rand)
		e.Commitment = Commit(e.Salt, e.Content)
	}
	e.Hash = ChainHash(e, prev)
	return nil
}

// Commit returns SHA-256(salt ‖ content). Erasing both leaves a chain that still verifies.
func Commit(salt, content []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(content)
	return h.Sum(nil)
}

// ChainHash returns the hash that e must have after a predecessor with hash prev:
// SHA-256 over the domain, ticket, seq, time, kind, envelope, commitment and prev,
// every variable part behind its length.
func ChainHash(e *Entry, prev []byte) []byte {
	b := make([]byte, 0, 256+len(e.Envelope))
	b = appendPart(b, []byte(chainDomain))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Ticket))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(Micros(e.At)))
	b = appendPart(b, []byte(e.Kind))
	b = appendPart(b, e.Envelope)
	b = appendPart(b, e.Commitment)
	b = appendPart(b, prev)
	sum := sha256.Sum256(b)
	return sum[:]
}

func appendPart(b, part []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
	return append(b, part...)
}
