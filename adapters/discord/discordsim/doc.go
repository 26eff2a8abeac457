// Package discordsim simulates Discord for one bot: the REST API v10 with its rate
// limits and the gateway, several guilds with text channels, forums, threads,
// webhooks, reactions, files and interactions, and the people who write in them.
// Tests, the demo and the crash provers run it on loopback, often in another
// process than the daemon.
//
// It shares no code with the adapter it tests and imports neither the project nor a
// Discord library, so that a misreading of the protocol cannot hide in both ends at
// once. Where Discord documents a rule the simulator enforces it; where it is silent
// the simulator takes the reading that is harder for a client. Comments name the page
// a rule is from, or say that it is a guess.
//
// A simulator is made with New and mounted with Handler or served with Start.
// Persons made with AddUser write, edit and react; Inject and InjectEvent script
// faults, and the gateway's own troubles have functions of their own. Arrivals,
// Thread, Notifications and GatewayStats are what a test compares with the audit
// trail. WaitFor waits for any change without polling. GET / is a plain page on which
// a newcomer plays the people; /channels/<guild>/<channel>/<message>, as in Discord's
// own addresses, leads to that message on it.
//
// What is proved against it is proved against a simulation.
package discordsim
