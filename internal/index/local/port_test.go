package local_test

import (
	"candor/internal/archive"
	"candor/internal/index/local"
)

var _ archive.Index = (*local.Index)(nil)
