package custodian

import (
	"errors"

	"candor"
)

// Rules name what a refusal was decided by. They are stable: doors, tests and
// other custodians rely on them (docs/spec/custodian.md).
const (
	RuleRequestShape   = "request-shape"            // Invalid: not a request
	RuleReceiptForm    = "receipt-form"             // Verification: not a receipt
	RuleSigned         = "checkpoint-signed"        // Verification: signature, origin or quorum
	RuleIncluded       = "record-included"          // Verification: the record is not in the log
	RuleRollback       = "log-rolled-back"          // Verification: older than what was seen, and not shown to be part of it
	RuleFork           = "log-forked"               // Verification: not an extension of what was seen
	RuleHeadMoved      = "head-moved"               // Conflict: ask again from the present Head
	RuleOutcome        = "record-allows"            // Denied: not an outcome that allows
	RuleStale          = "record-fresh"             // Denied: too old
	RuleFuture         = "record-not-from-future"   // Denied: the record's clock is ahead
	RuleClock          = "clock-forward"            // Unavailable: the custodian's clock went back
	RuleTerms          = "terms-consented"          // Denied: terms that the custodian has not agreed to
	RuleCommitment     = "commitment-opens"         // Verification: not this key, or not this requester
	RuleNonceUnspent   = "nonce-unspent"            // Denied: released before
	RuleActNames       = "act-opens-name"           // Denied: such an act does not open such a key
	RuleGrantNeeded    = "grant-shown"              // Denied: no proof of the purpose's approval
	RuleGrantFits      = "grant-fits"               // Denied: another purpose, act or collection
	RuleGrantActive    = "grant-active"             // Denied: refused, revoked or expired
	RuleGrantUnchanged = "grant-unchanged"          // Denied: another approval than was shown first
	RuleCoverage       = "coverage-within-budget"   // Denied: more distinct items than approved
	RuleKeyOpens       = "key-opens"                // Verification: wrapped for another name, origin or custodian
	RulePurposeDay     = "purpose-day-within-limit" // Denied: more items in a day than a purpose may be given
	RulePersonDay      = "person-day-within-limit"  // Denied: more items in a day than a person may be given
	RuleDay            = "day-within-limit"         // Denied: more items in a day than anybody may be given together
	RuleRebuildDay     = "rebuild-day-within-limit" // Denied: more items in a day than may be opened without a purpose
	RuleRecordRestored = "record-after-restore"     // Denied: a record from before the custodian was restored
	RuleGrantRestored  = "grant-after-restore"      // Denied: an approval from before the custodian was restored
	RuleStateDurable   = "state-durable"            // Unavailable: the custodian's disk
)

// refuse makes the error of a rule. Every one says that nothing was released.
func refuse(code candor.Code, rule, format string, args ...any) error {
	e := candor.Errorf(code, format+" The custodian released nothing.", args...)
	e.Rule = rule
	return e
}

// refuseWrap is refuse with a cause.
func refuseWrap(err error, code candor.Code, rule, format string, args ...any) error {
	e := candor.Wrap(err, code, format+" The custodian released nothing.", args...)
	e.Rule = rule
	return e
}

func unavailable(err error, what string) error {
	return refuseWrap(err, candor.Unavailable, RuleStateDurable, "%s. Check the disk, owner and permissions of the custodian's folder, and start it again.", what)
}

// ruleOf returns the rule of an error, for counting and logging.
func ruleOf(err error) string {
	if e, ok := errors.AsType[*candor.Error](err); ok && e.Rule != "" {
		return e.Rule
	}
	return "interrupted"
}
