// Package slacksim simulates one Slack workspace with one installed app: the
// Web API, the Events API over signed HTTP and over Socket Mode, interactivity,
// files, and the people who write in it. Tests, the demo and the crash provers
// run it on loopback, often in another process than the daemon.
//
// It shares no code with the adapter it tests and imports neither the project
// nor a Slack library, so that a misreading of the protocol cannot hide in both
// ends at once. Where Slack documents a rule the simulator enforces it; where
// Slack is known to be nasty (texts over 4,040 characters become several
// messages, replies to a deleted parent land in the channel, events come twice
// and out of order) it is nasty on purpose; where Slack is silent it takes the
// reading that is harder for a client. Comments name the page a rule is from,
// or say that it is a guess.
//
// A simulator is made with New and mounted with Handler or served with Start.
// Persons made with AddUser post, reply, edit and react; Inject and InjectEvent
// script faults; Arrivals, Thread, Notifications and EventStats are what a test
// compares with the audit trail. WaitFor waits for any change without polling.
// GET / is a plain page on which a newcomer plays the expert.
//
// What is proved against it is proved against a simulation.
package slacksim
