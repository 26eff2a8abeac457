// Package simpage is what the web pages of the simulated chats have in common: who
// waits for a change, how a page is sent, and faces for people. It knows no chat and
// nothing of the daemon: the simulators share no code with what they test.
package simpage
