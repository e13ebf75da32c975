package archive

// SampleOf draws a sample of indexes.
var SampleOf = sample
