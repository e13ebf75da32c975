// Package confine takes from the process that calls it every right that
// reading a file does not need. What is given up cannot be had back.
package confine

// Report says in short words what is in force, fit to be shown by a doctor.
type Report []string
