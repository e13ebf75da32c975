// Package confine takes from the process that calls it every right that
// reading a file does not need. What is given up cannot be had back.
package confine

// Report says in short words what is in force, fit to be shown by a doctor.
type Report []string

// Native is a program of this machine, and what it may have.
type Native struct {
	Program string   `json:"program"` // absolute path
	Args    []string `json:"args"`
	Env     []string `json:"env"`
	Read    []string `json:"read"`    // files and folders that it may read besides the system's
	Memory  int64    `json:"memory"`  // greatest data segment, bytes; no bound unless above 0
	Seconds int64    `json:"seconds"` // of processor time
}
