package billing

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// event is what we read of an event: enough to know whom it is about. What
// happened is fetched anew.
type event struct {
	ID         string
	Type       string
	APIVersion string
	Livemode   bool
	Created    time.Time
	Customer   string
	Session    string // of checkout.session events
	Object     string // what it is about; an invoice that is to come has no id
	Charge     string // of events about a refund, dispute or warning, which name no customer
	Claim      claim
	// Subscription is what came of the session.
	Subscription string
}

// claim is what an object at Stripe says of itself: that it came out of a
// checkout of ours. It is believed only when our records say so too.
type claim struct {
	UserID     uuid.UUID
	CheckoutID uuid.UUID
	PurchaseID uuid.UUID
}

func (c claim) none() bool { return c.UserID == uuid.Nil }

// claimOf reads a claim; reference is the client reference of a session.
func claimOf(metadata map[string]string, reference string) claim {
	user := metadata[metaUser]
	if user == "" {
		user = reference
	}
	userID, err1 := uuid.Parse(user)
	checkoutID, err2 := uuid.Parse(metadata[metaCheckout])
	if err1 != nil {
		return claim{}
	}
	if err2 != nil {
		checkoutID = uuid.Nil
	}
	purchaseID, _ := uuid.Parse(metadata[metaPurchase]) // uuid.Nil: none
	return claim{userID, checkoutID, purchaseID}
}

// envelope is the JSON of an event.
type envelope struct {
	ID         string `json:"id"`
	Object     string `json:"object"`
	Type       string `json:"type"`
	APIVersion string `json:"api_version"`
	Livemode   bool   `json:"livemode"`
	Created    int64  `json:"created"`
	Data       struct {
		Object struct {
			ID                  string            `json:"id"`
			Object              string            `json:"object"`
			Customer            json.RawMessage   `json:"customer"`
			Charge              json.RawMessage   `json:"charge,omitempty"`
			Metadata            map[string]string `json:"metadata"`
			ClientReferenceID   string            `json:"client_reference_id"`
			Subscription        json.RawMessage   `json:"subscription,omitempty"`
			SubscriptionDetails struct {
				Metadata map[string]string `json:"metadata"`
			} `json:"subscription_details"`
		} `json:"object"`
		Before struct {
			Customer json.RawMessage `json:"customer,omitempty"`
		} `json:"previous_attributes"`
	} `json:"data"`
}

// readEvent reads an event, or fails when it is none.
func readEvent(payload []byte) (event, error) {
	var in envelope
	if err := json.Unmarshal(payload, &in); err != nil {
		return event{}, fmt.Errorf("read an event: %w", err)
	}
	if in.ID == "" || in.Type == "" || in.Object != "event" {
		return event{}, errors.New("read an event: id, type or object is missing")
	}
	o := in.Data.Object
	if who := in.Data.Before.Customer; idIn(o.Customer) == "" && len(who) > 0 {
		o.Customer = who // what was taken from her is not hers any more
	}
	e := event{
		ID: in.ID, Object: o.ID, Type: in.Type, APIVersion: in.APIVersion, Livemode: in.Livemode, Created: time.Unix(in.Created, 0).UTC(),
		Customer: idIn(o.Customer), Claim: claimOf(o.Metadata, o.ClientReferenceID),
	}
	switch o.Object {
	case "customer":
		e.Customer = o.ID
	case "checkout.session":
		e.Session, e.Subscription = o.ID, idIn(o.Subscription)
	case "refund", "dispute", "radar.early_fraud_warning":
		e.Charge = idIn(o.Charge)
	case "invoice":
		if e.Claim.none() {
			e.Claim = claimOf(o.SubscriptionDetails.Metadata, "")
		}
	}
	return e, nil
}

// bare is the JSON of an event with no more than readEvent takes from it: what
// Stripe says after somebody has left us has her name in it once more.
func (e event) bare() string {
	var out envelope
	out.ID, out.Object, out.Type, out.APIVersion, out.Livemode, out.Created = e.ID, "event", e.Type, e.APIVersion, e.Livemode, e.Created.Unix()
	o := &out.Data.Object
	o.Customer, _ = json.Marshal(e.Customer) // a string cannot fail
	if e.Session != "" {
		o.ID, o.Object = e.Session, "checkout.session"
		o.Subscription, _ = json.Marshal(e.Subscription) // nor can this
	}
	if e.Charge != "" {
		o.Object = "refund"
		o.Charge, _ = json.Marshal(e.Charge) // nor this
	}
	if !e.Claim.none() {
		o.Metadata = map[string]string{metaUser: e.Claim.UserID.String(), metaCheckout: e.Claim.CheckoutID.String()}
		if e.Claim.PurchaseID != uuid.Nil {
			o.Metadata[metaPurchase] = e.Claim.PurchaseID.String()
		}
	}
	text, _ := json.Marshal(out)
	return string(text)
}

// idIn reads what is either an id or the whole object.
func idIn(raw json.RawMessage) string {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return id
	}
	var whole struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &whole) // absent or null: nothing
	return whole.ID
}

// known reports whether a type of event changes anything here.
func known(kind string) bool {
	_, ok := appliers()[kind]
	return ok
}

// eventTypes are the types that matter, in order.
func eventTypes() []string { return slices.Sorted(maps.Keys(appliers())) }
