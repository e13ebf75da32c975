package archive

// SampleOf draws a sample of indexes.
var SampleOf = sample

// ThreadOf names a message's conversation.
var ThreadOf = threadOf

// Pieces divides a page for a translator.
var Pieces = pieces
