package chat

import (
	"errors"
	"io"

	"github.com/sidebridge/sidebridge/bridge"
)

var (
	errTooLarge = errors.New("the file is larger than the limit")
	errShort    = errors.New("the file broke off")
)

// TooLarge is how a file above the limit is refused.
func TooLarge() error {
	return &bridge.SurfaceError{Class: bridge.Rejected, Code: "too_large", Err: errTooLarge}
}

// File reads a file that a platform serves. It ends with an error, not EOF, when there is
// more than Limit, or less than Want, which the platform said there is; zero is unknown.
type File struct {
	io.ReadCloser
	Want, Limit int64
	got         int64
}

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	f.got += int64(n)
	switch {
	case f.got > f.Limit:
		return 0, TooLarge()
	case errors.Is(err, io.EOF) && f.Want > 0 && f.got < f.Want:
		return n, &bridge.SurfaceError{Class: bridge.Transient, Code: "broken_off", Err: errShort}
	}
	return n, err
}
