//go:build !race

package native

const testMemory = 256 << 20
