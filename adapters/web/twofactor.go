package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/sidebridge/sidebridge/bridge"
)

// What authenticator apps take when nothing else is said, and some take nothing else:
// six digits, SHA-1, 30 seconds. https://datatracker.ietf.org/doc/html/rfc6238
const (
	codePeriod = 30 // seconds
	secretSize = 20 // bytes, as RFC 4226 §4 recommends
)

// How often a code may be tried: one of a million is right, three at a time, so that
// somebody who has the password has one chance in 230 in a day of trying.
const (
	codeBurst = 5
	codeEvery = time.Minute
)

// The codes for who has lost their phone.
const (
	recoveryCodes = 10
	recoverySize  = 16 // characters of base32: 80 random bits
)

var errWrongCode = fmt.Errorf("%w: that code is not right: take the one that the app shows now; if it is refused again, the phone's clock may be wrong", bridge.ErrInvalid)

func newSecret() string {
	b := make([]byte, secretSize)
	rand.Read(b) // never fails (crypto/rand)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

// matchCode returns the time step of which a code is: the present one, or one to
// either side, for a phone whose clock is half a minute off (RFC 6238 §5.2).
func matchCode(secret, code string, now time.Time) (step int64, ok bool) {
	present := now.Unix() / codePeriod
	for _, at := range []int64{present, present - 1, present + 1} {
		want, err := hotp.GenerateCodeCustom(secret, uint64(at), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = at, true
		}
	}
	return step, ok
}

// otpAddress is what a QR code tells an authenticator app.
func otpAddress(secret, email string) (string, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return "", fmt.Errorf("stored second factor: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Sidebridge", AccountName: email, Secret: raw, Period: codePeriod})
	if err != nil {
		return "", fmt.Errorf("second factor: %w", err)
	}
	return key.URL(), nil
}

// qrSVG draws a QR code. It is part of the page, since the page's policy lets no image
// in that has no address, and a picture with an address could be kept by a cache.
func qrSVG(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	const margin = 4 // modules, as ISO/IEC 18004 asks for
	size := code.Bounds().Dx()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="qr" viewBox="0 0 %d %d" role="img" aria-label="QR code with the key that is written below it" shape-rendering="crispEdges">`+
		`<rect width="100%%" height="100%%" fill="#fff"/><path fill="#000" d="`, size+2*margin, size+2*margin)
	for y := range size {
		for x := range size {
			if red, _, _, _ := code.At(x, y).RGBA(); red == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String()), nil // numbers of ours alone
}

// newRecoveryCodes returns codes to write down, and their hashes.
func newRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		c := strings.ToLower(rand.Text()[:recoverySize])
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:12]+"-"+c[12:])
		hashes = append(hashes, hashRecovery(c))
	}
	return codes, hashes
}

// hashRecovery is how a recovery code is stored. It has 80 random bits, so that a plain
// hash cannot be reversed.
func hashRecovery(code string) string {
	sum := sha256.Sum256([]byte("recovery code " + code))
	return hex.EncodeToString(sum[:])
}

// plainCode takes out of a typed code what people and apps put between its characters.
func plainCode(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, typed)
}

// useCode takes a code of a person's app, or one of their recovery codes, each of which
// is good once. It reports whether it was a recovery code.
func (s *Server) useCode(ctx context.Context, person, typed string) (recovery bool, err error) {
	if !s.codes.allow("code " + person) {
		return false, errTooMany
	}
	code := plainCode(typed)
	if len(code) == recoverySize {
		ok, err := s.store.UseRecoveryCode(ctx, person, hashRecovery(code))
		if err == nil && !ok {
			err = fmt.Errorf("%w: that is not one of your recovery codes, or it was used already", bridge.ErrInvalid)
		}
		return true, err
	}
	secret, confirmed, _, err := s.store.TwoFactor(ctx, person)
	if err != nil {
		return false, err
	}
	step, ok := matchCode(secret, code, s.now())
	if !confirmed || !ok {
		return false, errWrongCode
	}
	return false, s.store.UseStep(ctx, person, step)
}
