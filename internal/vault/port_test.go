package vault_test

import (
	"candor/internal/archive"
	"candor/internal/vault"
)

var _ archive.Vault = (*vault.Vault)(nil)
