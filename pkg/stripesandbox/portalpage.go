package stripesandbox

import (
	"net/http"
)

// portalView is what the customer portal shows.
type portalView struct {
	Action, ReturnURL, Card, Error string
	Subscriptions                  []portalSubscription
	Invoices                       []portalInvoice
	MayCancel, MayChangeCard       bool
	Cards                          []testCard
}

type portalSubscription struct {
	ID, Name, Status string
	Amount           int64
	Currency, Every  string
	PeriodEnd        int64
	Ending           bool
}

type portalInvoice struct {
	Number, Status, Link, Currency string
	Total, Created                 int64
}

func (s *Sandbox) portalPage(r *http.Request, id string) screen {
	session, e := s.find("billing_portal.session", id, "id")
	if e != nil {
		return s.render(http.StatusNotFound, "message.html", notice{Title: "Customer portal", Text: "This portal session does not exist."})
	}
	customer, e := s.findLive("customer", session.str("customer"), "customer")
	if e != nil {
		return s.render(http.StatusGone, "message.html", notice{Title: "Customer portal", Text: "The customer does not exist any more."})
	}
	features := s.state.Objects[session.str("configuration")].sub("features")
	if r.Method == http.MethodPost {
		if e := s.portalAction(r, customer, features); e != nil {
			view := s.portalView(session, customer, features)
			view.Error = e.message
			return s.render(e.status, "portal.html", view)
		}
		return redirect("/portal/" + id)
	}
	return s.render(http.StatusOK, "portal.html", s.portalView(session, customer, features))
}

func (s *Sandbox) portalAction(r *http.Request, customer, features object) *apiError {
	action := r.PostFormValue("action")
	if action == "card" {
		if !features.sub("payment_method_update").flag("enabled") {
			return invalid("", "The card cannot be changed here.")
		}
		number := cardNumber(r.PostFormValue("card"))
		if !knownCard(number) {
			return unknownCard("card")
		}
		if v := judge(number, true, true); !v.ok() {
			return v.error()
		}
		_, e := s.replaceCard(customer, number, r.PostFormValue("name"))
		return e
	}
	sub, e := s.find("subscription", r.PostFormValue("subscription"), "subscription")
	if e != nil || sub.str("customer") != customer.id() || ended(sub) {
		return missing("subscription", r.PostFormValue("subscription"), "subscription")
	}
	cancel := features.sub("subscription_cancel")
	switch {
	case !cancel.flag("enabled"):
		return invalid("", "The subscription cannot be canceled here.")
	case action == "cancel" && cancel.str("mode") == "immediately":
		s.endSubscription(sub, "cancellation_requested")
		return nil
	case action != "cancel" && action != "resume":
		return invalid("action", "Choose cancel, resume or card.")
	}
	c := &call{Sandbox: s, in: object{"cancel_at_period_end": action == "cancel"}}
	before := sub.clone()
	c.scheduleEnd(sub)
	s.emitUpdate("customer.subscription.updated", sub, before)
	return nil
}

func (s *Sandbox) portalView(session, customer, features object) portalView {
	v := portalView{
		Action: "/portal/" + session.id(), ReturnURL: session.str("return_url"), Cards: testCards(),
		MayCancel:     features.sub("subscription_cancel").flag("enabled"),
		MayChangeCard: features.sub("payment_method_update").flag("enabled"),
	}
	for _, sub := range s.subscriptionsOf(customer.id()) {
		price := sub.rows("items")[0].sub("price")
		v.Subscriptions = append(v.Subscriptions, portalSubscription{
			ID: sub.id(), Name: s.productName(price), Status: sub.str("status"), Amount: subscriptionAmount(sub), Currency: sub.str("currency"),
			Every: every(price.sub("recurring")), PeriodEnd: sub.num("current_period_end"), Ending: sub["cancel_at"] != nil,
		})
		if method := s.defaultMethod(object{"customer": customer.id(), "subscription": sub.id()}); method != nil {
			v.Card = method.sub("card").str("brand") + " ending in " + method.sub("card").str("last4")
		}
	}
	if features.sub("invoice_history").flag("enabled") {
		for _, inv := range s.all("invoice", func(o object) bool { return o.str("customer") == customer.id() }) {
			v.Invoices = append(v.Invoices, portalInvoice{
				inv.str("number"), inv.str("status"), "/invoice/" + inv.id(), inv.str("currency"), inv.num("total"), inv.num("created"),
			})
		}
	}
	return v
}
