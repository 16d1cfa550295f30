package fault

// Faults that mean the same in every domain.
var (
	// ErrNotFound: not there, or not visible; nobody can tell which.
	ErrNotFound = &Error{Kind: Unknown, Code: "not-found", Detail: "There is no such thing here."}
	// ErrNotAllowed: she sees it, and may not do this to it.
	ErrNotAllowed = &Error{Kind: Forbidden, Code: "not-allowed", Detail: "You can see this, but you may not change it."}
	// ErrStale: changed since the version the change was based on.
	ErrStale = &Error{Kind: Stale, Code: "version-stale", Detail: "It has changed since you read it. Fetch it again, then repeat your change."}
	// ErrIfMatchRequired: a change of a shared object must name its version.
	ErrIfMatchRequired = &Error{Kind: PreconditionRequired, Code: "if-match-required", Detail: "Send the ETag you last read as If-Match."}
	// ErrMembershipRequired: needs access that is paid for or granted.
	ErrMembershipRequired = &Error{Kind: PaymentRequired, Code: "membership-required", Detail: "This needs an active membership. Choose a plan at GET /v1/plans."}
	// ErrCursor: not a cursor of ours, or not for this list, person or day.
	ErrCursor = &Error{
		Kind: Malformed, Code: "cursor-invalid", Detail: "This cursor does not belong to this list or is older than a day. Start again without it.",
		Fields: []Field{{Pointer: "#/query/cursor", Code: "cursor-invalid", Detail: "start again without it"}},
	}
	// ErrInvalid: readable, but some fields need another value; see Field.
	ErrInvalid = &Error{Kind: Invalid, Code: "invalid", Detail: "Some fields need another value."}
)

// InvalidField is ErrInvalid at one place.
func InvalidField(pointer, code, detail string) *Error {
	return ErrInvalid.At(Field{Pointer: pointer, Code: code, Detail: detail})
}
