// Package openapi holds the contract in Go: types and the strict server
// interface generated from openapi.yaml. Nothing in it is written by hand but
// this file.
package openapi

//go:generate go tool oapi-codegen -config codegen.yaml ../../openapi.yaml
