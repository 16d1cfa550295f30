// Package privacy gives people what we know about them, forgets them when
// they ask, and forgets what has been kept long enough.
//
// Decisions: every column of the database is tagged, in tags*.go: whose it is,
// what it tells, whether she gets a copy, what erasure does to it, how long it
// is kept. Copies, erasure and retention are made from the tags, and a column
// without one fails the build, so that nothing is forgotten to be forgotten.
package privacy
