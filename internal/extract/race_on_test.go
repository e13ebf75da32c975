//go:build race

package extract

// The race detector keeps a shadow of all memory: a bound on the data segment
// would end every worker at its start.
const testMemory = -1
