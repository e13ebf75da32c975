package candor

import (
	"errors"
	"fmt"
)

// Code says what kind of error it is. The list is closed; each door translates
// it once (to an exit code, an HTTP status, a page).
type Code string

const (
	Invalid      Code = "invalid"      // the request is wrong as it stands
	NotFound     Code = "not_found"    // no such thing, or none that this person may know of
	SignIn       Code = "sign_in"      // who is asking is not known
	Denied       Code = "refused"      // the terms, a role or a budget say no
	Conflict     Code = "conflict"     // it is already so, or somebody else holds it
	TooLarge     Code = "too_large"    // a stated limit was passed
	Unavailable  Code = "unavailable"  // the log, the custodian, a disk did not do its part; nothing was released
	Verification Code = "verification" // something that is signed or hashed does not hold
	NotSupported Code = "unsupported"  // not something this Candor can do
	Internal     Code = "internal"     // a fault of ours
)

// Error is an error that may be shown. Message says what happened, what was
// not done and what to do; it never holds a query, a name or a title that the
// caller did not send. Err is the cause, for logs on this machine only.
type Error struct {
	Code    Code
	Message string
	Err     error
	Rule    string // for Denied: the rule that decided, as the record names it
	At      int    // for a query that is Invalid: the character that is wrong, from 1; 0 if it is none
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error with a message that is fit to be shown.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error around a cause that is not for showing.
func Wrap(err error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// CodeOf returns the code of the first Error in err's chain, Internal when
// there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// PlaceOf returns which character of a query err is about, from 1; 0 if none.
func PlaceOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.At
	}
	return 0
}

// MessageOf returns what may be shown of err.
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
	}
	return "Something went wrong inside Candor. Nothing was released. See the server's own log."
}
