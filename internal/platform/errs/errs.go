// Package errs says what kind of failure a verb met, in words a person can act on.
//
// A verb returns an *Error (or wraps one); package endpoint turns its kind into an HTTP status and a Matrix
// error code by one table. An error that carries no *Error is a fault of ours: it is answered as Internal,
// its text goes to the log and never to the caller.
package errs

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what went wrong, from the caller's point of view.
type Kind uint8

// The kinds, each with the status it is answered by.
const (
	Internal        Kind = iota // 500: our fault
	Invalid                     // 400: the request cannot be understood or breaks a rule of form
	Unauthenticated             // 401: no or no valid credentials, or more of them are needed
	Forbidden                   // 403: understood, and refused
	NotFound                    // 404: no such thing, or none that this caller may know of
	Unrecognized                // 404 or 405: no such endpoint
	Conflict                    // 409: the state of things has moved on
	TooLarge                    // 413: over a limit
	Limited                     // 429: too many requests; RetryAfter says when
	Unavailable                 // 503: cannot be done just now; RetryAfter says when
	NotAllowed                  // 405: this thing cannot be changed here; the server manages it
)

// Error is a failure that can be told to the caller.
type Error struct {
	Kind    Kind
	Code    string         // the Matrix error code; empty: the default of Kind
	Message string         // fit for a user; holds no content and no identifier of a patient
	Retry   time.Duration  // for Limited and Unavailable: when to try again
	Fields  map[string]any // further members of the error's JSON, such as soft_logout or the stages of an authentication
	Cause   error          // for the log only
}

// Error gives the message, with the cause for the log.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New makes an error of a kind with a Matrix code (empty: the default of the kind).
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// BadJSON says that the body is JSON of the wrong shape (M_BAD_JSON).
func BadJSON(format string, args ...any) *Error { return New(Invalid, "M_BAD_JSON", format, args...) }

// BadParam says that a parameter has a wrong value (M_INVALID_PARAM).
func BadParam(format string, args ...any) *Error {
	return New(Invalid, "M_INVALID_PARAM", format, args...)
}

// Missing says that a parameter is missing (M_MISSING_PARAM).
func Missing(format string, args ...any) *Error {
	return New(Invalid, "M_MISSING_PARAM", format, args...)
}

// Forbid says that the caller may not do this (M_FORBIDDEN).
func Forbid(format string, args ...any) *Error {
	return New(Forbidden, "M_FORBIDDEN", format, args...)
}

// Absent says that there is no such thing, or none that the caller may know of (M_NOT_FOUND).
func Absent(format string, args ...any) *Error {
	return New(NotFound, "M_NOT_FOUND", format, args...)
}

// Busy says that the request cannot be served just now and when to try again; cause goes to the log.
func Busy(retry time.Duration, cause error, format string, args ...any) *Error {
	e := New(Unavailable, "M_UNKNOWN", format, args...)
	e.Retry, e.Cause = retry, cause
	return e
}

// Of gives the kind of an error: that of the first *Error in its chain, or Internal.
func Of(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && Of(err) == kind }
