package account

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

const longestEmail = 254 // RFC 5321 §4.5.3.1.3, without the angle brackets

// emailKey gives what makes two addresses the same mailbox for us: the part
// before the @ in NFKC and case-folded, the domain in lower-case ASCII. Dots
// and +tags stay: what they mean is up to the domain. The address itself is
// kept and used as typed.
func emailKey(address string) (string, error) {
	at := strings.LastIndex(address, "@")
	if at < 1 || len(address) > longestEmail || !utf8.ValidString(address) {
		return "", errEmail
	}
	// Folding can undo a normal form, so it is taken again.
	local := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(address[:at])))
	if local == "" || strings.ContainsFunc(local, notInLocal) {
		return "", errEmail
	}
	domain, err := idna.Lookup.ToASCII(address[at+1:])
	if err != nil || !isMailDomain(domain) {
		return "", errEmail
	}
	key := local + "@" + strings.ToLower(domain)
	if len(key) > longestEmail || !isMailbox(key) || !isMailbox(address[:at]+"@"+domain) {
		return "", errEmail
	}
	return key, nil
}

// isMailbox wants what a mail can be addressed to without quotes.
func isMailbox(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address && parsed.Name == ""
}

// isMailDomain wants two labels or more, each of 1 to 63 bytes (RFC 1035).
func isMailDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return len(labels) > 1
}

// notInLocal finds what would make two addresses look alike, or one address
// read as two.
func notInLocal(r rune) bool {
	return r == '@' || r == '<' || r == '>' || r == ',' || r == ';' || r == '"' ||
		unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

var errEmail = fault.InvalidField("/email", "email-invalid", "This is not an e-mail address we can write to.")
