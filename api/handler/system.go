package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
)

// Check is one thing that must be right before requests can be taken.
type Check struct {
	Name string
	OK   bool
}

// System answers for the process itself.
type System struct {
	Ready func(ctx context.Context) []Check
}

// GetHealth says that the process is alive.
func (h System) GetHealth(context.Context, openapi.GetHealthRequestObject) (openapi.GetHealthResponseObject, error) {
	return openapi.GetHealth200JSONResponse{Status: openapi.HealthStatusOk}, nil
}

// GetReadiness says whether it can take requests, and if not, why.
func (h System) GetReadiness(ctx context.Context, _ openapi.GetReadinessRequestObject) (openapi.GetReadinessResponseObject, error) {
	out := openapi.Health{Status: openapi.HealthStatusOk}
	for _, check := range h.Ready(ctx) {
		out.Checks = append(out.Checks, struct {
			Name string `json:"name"`
			Ok   bool   `json:"ok"`
		}{check.Name, check.OK})
		if !check.OK {
			out.Status = openapi.HealthStatusUnavailable
		}
	}
	if out.Status != openapi.HealthStatusOk {
		return openapi.GetReadiness503JSONResponse(out), nil
	}
	return openapi.GetReadiness200JSONResponse(out), nil
}
