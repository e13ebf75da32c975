//go:build !race

package extract

const testMemory = 0
