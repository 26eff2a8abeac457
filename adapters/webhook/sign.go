package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// The headers of a request.
const (
	HeaderTimestamp = "X-Sidebridge-Timestamp"
	HeaderSignature = "X-Sidebridge-Signature"
	HeaderKey       = "Idempotency-Key"
)

// Sign returns the signature of a body sent at a time given in Unix seconds, as
// the header has it.
func Sign(secret []byte, timestamp string, body []byte) string {
	return "v1=" + hex.EncodeToString(mac(secret, timestamp+".", body))
}

// mac is HMAC-SHA256 over a prefix and data. Prefixes keep signatures of requests,
// which begin with a digit, and of addresses apart.
func mac(secret []byte, prefix string, data []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(prefix))
	m.Write(data)
	return m.Sum(nil)
}
