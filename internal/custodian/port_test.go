package custodian_test

import (
	"candor/internal/archive"
	"candor/internal/custodian"
)

var _ archive.Custodian = (*custodian.Custodian)(nil)
