package discord

import (
	"os"
	"testing"

	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

func TestMain(m *testing.M) {
	bridgetest.WaitTogether()
	os.Exit(m.Run())
}
