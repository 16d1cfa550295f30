package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Provider is an OpenID Connect provider as the operator describes it.
type Provider struct {
	Name         string   `json:"name"`          // in addresses and in the database
	Title        string   `json:"title"`         // on the button
	Issuer       string   `json:"issuer"`        // exactly as the provider writes it
	ClientID     string   `json:"client_id"`     // what the provider calls us
	ClientSecret string   `json:"client_secret"` // "" for a public client
	Scopes       []string `json:"scopes"`        // beyond openid; unsaid: email and profile
	// FactorACR and FactorAMR are values of acr and amr that stand for a
	// second factor of ours too. Unsaid, the provider's do not count.
	FactorACR []string `json:"factor_acr"`
	FactorAMR []string `json:"factor_amr"`
}

// String keeps the secret out of %v.
func (p Provider) String() string { return "Provider{" + p.Name + " " + p.Issuer + "}" }

// GoString keeps the secret out of %#v.
func (p Provider) GoString() string { return p.String() }

const mostProviders = 20

// ParseProviders reads a JSON list of providers; "" is none. Without https
// only a provider on this machine is let through, and in production none. The
// error names what is wrong and repeats no secret.
func ParseProviders(text string, production bool) ([]Provider, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var all []Provider
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil {
		return nil, errors.New(`must be a JSON list such as [{"name":"google","title":"Google","issuer":"https://accounts.google.com","client_id":"…","client_secret":"…"}]`)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("must be one JSON list with nothing behind it")
	}
	if len(all) > mostProviders {
		return nil, fmt.Errorf("must name at most %d providers", mostProviders)
	}
	var wrong []error
	names, issuers := map[string]bool{}, map[string]bool{}
	for n := range all {
		p := &all[n]
		if err := p.check(production); err != nil {
			wrong = append(wrong, fmt.Errorf("provider %d: %w", n+1, err))
		}
		if names[p.Name] || issuers[p.Issuer] {
			wrong = append(wrong, fmt.Errorf("provider %d: its name or issuer is there twice", n+1))
		}
		names[p.Name], issuers[p.Issuer] = true, true
		if p.Scopes == nil {
			p.Scopes = []string{"email", "profile"}
		}
	}
	return all, errors.Join(wrong...)
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

func (p Provider) check(production bool) error {
	switch {
	case !nameForm.MatchString(p.Name):
		return errors.New("name must be small letters, digits and hyphens, 32 at most")
	case strings.TrimSpace(p.Title) == "" || len(p.Title) > 80:
		return errors.New("title must say what to write on the button")
	case p.ClientID == "":
		return errors.New("client_id is missing")
	case production && len(p.ClientSecret) < 16:
		return errors.New("client_secret must have at least 16 characters in production")
	case slices.Contains(p.Scopes, "offline_access"):
		return errors.New("scopes must not hold offline_access: nothing is done at the provider in her name")
	}
	u, err := url.Parse(p.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || len(p.Issuer) > 512:
		return errors.New("issuer must be a URL without query and fragment, exactly as the provider writes it")
	case u.Scheme == "https", u.Scheme == "http" && !production && loopback(u):
		return nil
	default:
		return errors.New("issuer must begin with https://")
	}
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}

// trusts reports whether an address that the provider names is as safe as its
// issuer.
func (p Provider) trusts(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || (u.Scheme == "http" && strings.HasPrefix(p.Issuer, "http://") && loopback(u))
}

// factor reports whether what the provider says of how she signed in stands
// for a second factor.
func (p Provider) factor(acr string, amr []string) bool {
	return slices.Contains(p.FactorACR, acr) || slices.ContainsFunc(amr, func(m string) bool { return slices.Contains(p.FactorAMR, m) })
}
