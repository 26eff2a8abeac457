package chat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
)

// NetworkCode is the code of a call that got no answer.
func NetworkCode(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return "timeout"
	}
	return "network"
}

// WithoutAddress takes addresses out of a call's error: that of an upload, a webhook or
// a socket is a key to it.
func WithoutAddress(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}
