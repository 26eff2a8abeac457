package storetest

// FindServer is findServer, for the test of a machine without Postgres.
var FindServer = findServer
