//go:build race

package native

// The race detector keeps a shadow of all memory, for which no bound has room.
const testMemory = -1
