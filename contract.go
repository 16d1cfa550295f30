// Package conservatory holds the contract of the API as it is published.
package conservatory

import _ "embed"

// Contract is openapi.yaml.
//
//go:embed openapi.yaml
var Contract []byte
