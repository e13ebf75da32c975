//go:build !linux

package confine

// Apply confines nothing on this system, and says so.
func Apply(int64) (Report, error) {
	return Report{"none: workers are confined on Linux only"}, nil
}
