// Package bridgetest has what tests of the bridge are made of, as small real
// implementations rather than mocks.
//
// Memory is the log and its tables in memory, on the real decisions. Chat is a
// chat platform with people in it, Surface the adapter for it. Faults is the
// script of what goes wrong at which outside step, Life a process that can die
// there. World puts them together and starts daemons on them.
//
// RunSurface is the suite that every surface's adapter passes, RunScenario plays
// a scenario that a person can read (bridge/testdata/*.txtar).
package bridgetest
