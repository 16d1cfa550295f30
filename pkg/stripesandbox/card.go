package stripesandbox

import "strings"

// Test card numbers, as in Stripe's documentation.
const (
	cardGood         = "4242424242424242"
	cardDeclined     = "4000000000000002"
	cardFailsLater   = "4000000000000341"
	cardInsufficient = "4000000000009995"
	cardNeedsAuth    = "4000002500003155"
	cardAlwaysAuth   = "4000002760003184" // at every payment
	cardRefundSlow   = "4000000000007726" // a refund is pending for days, then succeeds
	cardRefundFails  = "4000000000005126" // a refund succeeds, and fails days later
	cardDisputed     = "4000000000000259" // pays, and is disputed as fraudulent
	cardInquiry      = "4000000000001976" // pays, and the bank asks what it was
)

// testCard is one row of the list shown on hosted pages.
type testCard struct{ Number, Effect string }

func testCards() []testCard {
	return []testCard{
		{cardGood, "pays"},
		{cardDeclined, "is declined"},
		{cardInsufficient, "is declined: insufficient funds"},
		{cardFailsLater, "pays now, fails at every later charge"},
		{cardNeedsAuth, "asks for authentication"},
		{cardAlwaysAuth, "asks for authentication at every payment"},
		{cardRefundSlow, "pays; a refund is pending for three days"},
		{cardRefundFails, "pays; a refund fails after three days"},
		{cardDisputed, "pays, and is disputed"},
		{cardInquiry, "pays, and the bank inquires"},
		{accountUS, "a bank account (USD): the money comes after three days"},
		{accountUSEmpty, "a bank account (USD): the money never comes"},
	}
}

// cardNumber reads a card number, a pm_card_… or a tok_… test token.
func cardNumber(given string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(given, "pm_card_"), "tok_")
	switch name {
	case "visa", "us":
		return cardGood
	case "mastercard":
		return "5555555555554444"
	case "amex":
		return "378282246310005"
	case "chargeCustomerFail":
		return cardFailsLater
	case "chargeDeclined", "visa_chargeDeclined":
		return cardDeclined
	case "chargeDeclinedInsufficientFunds", "visa_chargeDeclinedInsufficientFunds":
		return cardInsufficient
	case "authenticationRequired", "threeDSecure2Required", "authenticationRequiredOnSetup":
		return cardNeedsAuth
	case "pendingRefund":
		return cardRefundSlow
	case "refundFail":
		return cardRefundFails
	case "createDispute":
		return cardDisputed
	case "createDisputeInquiry":
		return cardInquiry
	}
	return strings.NewReplacer(" ", "", "-", "").Replace(given)
}

func isToken(id string) bool {
	return strings.HasPrefix(id, "pm_card_") || strings.HasPrefix(id, "tok_")
}

func knownCard(number string) bool {
	switch number {
	case cardGood, cardDeclined, cardFailsLater, cardInsufficient, cardNeedsAuth,
		cardRefundSlow, cardRefundFails, cardDisputed, cardInquiry, cardAlwaysAuth,
		"5555555555554444", "378282246310005", "4000056655665556", "4000000000000069", "4000000000000127":
		return true
	}
	return false
}

func brandOf(number string) string {
	switch number[0] {
	case '5':
		return "mastercard"
	case '3':
		return "amex"
	}
	return "visa"
}

// verdict is what the card network says to a charge.
type verdict struct {
	code, decline, message string
	needsAuth              bool
}

func (v verdict) ok() bool { return v.code == "" }

// judge decides a charge. atCheckout is true while the buyer is present on a
// checkout page; authenticated is true once she has proved who she is.
func judge(number string, atCheckout, authenticated bool) verdict {
	declined := verdict{code: "card_declined", decline: "generic_decline", message: "Your card was declined."}
	switch number {
	case cardDeclined:
		return declined
	case cardInsufficient:
		declined.decline, declined.message = "insufficient_funds", "Your card has insufficient funds."
		return declined
	case cardFailsLater:
		if !atCheckout {
			return declined
		}
	case "4000000000000069":
		return verdict{code: "expired_card", decline: "expired_card", message: "Your card has expired."}
	case "4000000000000127":
		return verdict{code: "incorrect_cvc", decline: "incorrect_cvc", message: "Your card's security code is incorrect."}
	case cardNeedsAuth, cardAlwaysAuth:
		if !authenticated {
			return verdict{
				code: "authentication_required", decline: "authentication_required", needsAuth: true,
				message: "Your card was declined. This transaction requires authentication.",
			}
		}
	}
	return verdict{}
}

func (v verdict) error() *apiError {
	return &apiError{status: 402, kind: "card_error", code: v.code, declineCode: v.decline, message: v.message}
}

func unknownCard(param string) *apiError {
	return &apiError{
		status: 402, kind: "card_error", code: "incorrect_number", param: param,
		message: "Your card number is incorrect. Use a test card such as " + cardGood + ".",
	}
}
