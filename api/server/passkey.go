package server

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// PasskeyDomain is whose passkeys ours are, the RP ID of Web Authentication.
// An address is no domain, and neither is a single word; that is a frontend on
// this machine, whose pages are called localhost.
func (c Config) PasskeyDomain() string {
	if c.PasskeyRPID != "" {
		return c.PasskeyRPID
	}
	u, err := url.Parse(c.FrontendURL)
	if err != nil || !strings.Contains(u.Hostname(), ".") || net.ParseIP(u.Hostname()) != nil {
		return "localhost"
	}
	return strings.ToLower(u.Hostname())
}

// PasskeyOrigins are the pages that may ask for passkeys.
func (c Config) PasskeyOrigins() []string {
	all := slices.Clone(c.FrontendOrigins)
	if u, err := url.Parse(c.FrontendURL); err == nil && u.Host != "" {
		all = append(all, u.Scheme+"://"+u.Host)
	}
	return all
}

// above tells a domain that is the host of an address, or that the host is in.
func above(domain, address string) bool {
	u, err := url.Parse(address)
	if err != nil || domain != strings.ToLower(domain) || strings.Trim(domain, ".") != domain || net.ParseIP(domain) != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host == domain || strings.Contains(domain, ".") && strings.HasSuffix(host, "."+domain)
}
