package handler

import "github.com/womens-tech-conservatory/conservatory/api/openapi"

// API is every operation. One that is missing is a compile error on the last
// line of this file.
type API struct {
	*Account
	Identity
	Factor
	Invitation
	Profile
	Signin
	Membership
	Grant
	Catalogue
	Gift
	Scholarship
	Billing
	Sponsor
	Cohort
	Forum
	Programme
	Report
	Admin
	Audit
	Privacy
	System
}

var _ openapi.StrictServerInterface = API{}
