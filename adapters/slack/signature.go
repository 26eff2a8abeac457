package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// signatureWindow is how old a signed request may be.
// https://docs.slack.dev/authentication/verifying-requests-from-slack
const signatureWindow = 300 * time.Second

var (
	// errSignature: the request is not signed with a secret of ours. It carries no
	// more than that: slack-go's own check tells the right signature in its error.
	errSignature = errors.New("invalid signature")
	// errClockSkew: the signature is right and its time is not, so one of the two
	// clocks is wrong, or somebody replays.
	errClockSkew = errors.New("clock_skew")
)

// verify checks that Slack signed the body with one of the secrets; there are
// two while a secret is being rotated.
func verify(secrets [][]byte, h http.Header, body []byte, now time.Time) error {
	signature, timestamp := h.Values("X-Slack-Signature"), h.Values("X-Slack-Request-Timestamp")
	if len(signature) != 1 || len(timestamp) != 1 || !digits(timestamp[0]) || len(timestamp[0]) > 12 {
		return errSignature
	}
	ok := false
	for _, secret := range secrets {
		ok = hmac.Equal([]byte(signature[0]), sign(secret, timestamp[0], body)) || ok
	}
	if !ok {
		return errSignature
	}
	sent, err := strconv.ParseInt(timestamp[0], 10, 64)
	if err != nil || now.Sub(time.Unix(sent, 0)).Abs() > signatureWindow {
		return errClockSkew
	}
	return nil
}

func sign(secret []byte, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	return append([]byte("v0="), hex.EncodeToString(mac.Sum(nil))...)
}
