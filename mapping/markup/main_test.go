package markup

import (
	"flag"
	"os"
	"testing"
)

// TestMain has generated bodies be the same at each run, unless -rapid.seed asks for
// others: what is new is to be found by fuzzing, and not by a build that fails at times.
func TestMain(m *testing.M) {
	flag.Parse()
	if seed := flag.Lookup("rapid.seed"); seed != nil && seed.Value.String() == "0" {
		if err := seed.Value.Set("20261124"); err != nil {
			panic(err) // unreachable: it is a number
		}
	}
	os.Exit(m.Run())
}
