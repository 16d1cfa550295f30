package stripesandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// apiError is an error in Stripe's shape.
type apiError struct {
	status      int
	kind        string
	code        string
	declineCode string
	param       string
	message     string
	intent      object
	charge      string
}

// Error makes the message readable to callers inside the package.
func (e *apiError) Error() string { return e.message }

func (e *apiError) body(requestID string) []byte {
	fields := object{"type": e.kind, "message": e.message, "request_log_url": "/_sandbox/journal#" + requestID}
	for key, value := range map[string]string{
		"code": e.code, "decline_code": e.declineCode, "param": e.param, "charge": e.charge,
	} {
		if value != "" {
			fields[key] = value
		}
	}
	if e.intent != nil {
		fields["payment_intent"] = e.intent.public()
	}
	return encode(object{"error": fields})
}

func invalid(param, message string) *apiError {
	return &apiError{status: http.StatusBadRequest, kind: "invalid_request_error", param: param, message: message}
}

func required(param string) *apiError {
	e := invalid(param, "Missing required param: "+param+".")
	e.code = "parameter_missing"
	return e
}

// reply is an API answer before it is written.
type reply struct {
	status   int
	body     []byte
	replayed bool
	key      string
	// header holds what a fault adds, such as Retry-After.
	header map[string]string
}

func failure(e *apiError, requestID string) reply {
	return reply{status: e.status, body: e.body(requestID)}
}

func (a reply) write(w http.ResponseWriter, requestID string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Request-Id", requestID)
	h.Set("Stripe-Version", apiVersion)
	if a.key != "" {
		h.Set("Idempotency-Key", a.key)
	}
	if a.replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	for k, v := range a.header {
		h.Set(k, v)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func encode(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return []byte(`{"error":{"type":"api_error","message":"unencodable object"}}`)
	}
	return b
}
