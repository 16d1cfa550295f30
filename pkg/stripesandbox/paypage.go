package stripesandbox

import (
	"net/http"
)

// payView is what the checkout and invoice pages show.
type payView struct {
	Title      string
	Action     string
	Lines      []payLine
	Total      int64
	Currency   string
	Trial      string
	AskEmail   bool
	NeedsCard  bool
	CancelURL  string
	Error      string
	Challenge  bool // the bank asks for authentication
	Card, Name string
	Email      string
	Cards      []testCard
}

type payLine struct {
	Product  string
	Quantity int64
	Amount   int64
	Every    string
}

func readPurchase(r *http.Request) purchase {
	p := purchase{Card: r.PostFormValue("card"), Name: r.PostFormValue("name"), Email: r.PostFormValue("email")}
	if answer := r.PostFormValue("authenticate"); answer != "" {
		yes := answer == "yes"
		p.Authenticate = &yes
	}
	return p
}

func (s *Sandbox) payPage(r *http.Request, id string) screen {
	session, e := s.find("checkout.session", id, "id")
	if e != nil {
		return s.render(http.StatusNotFound, "message.html", notice{Title: "Checkout", Text: "This checkout session does not exist."})
	}
	switch session.str("status") {
	case "complete":
		if r.Method == http.MethodPost {
			return redirect(successURL(session))
		}
		return s.render(http.StatusOK, "message.html", notice{"Checkout", "This checkout session is complete.", successURL(session), "Continue"})
	case "expired":
		return s.render(http.StatusGone, "message.html", notice{"Checkout", "This checkout session has expired.", session.str("cancel_url"), "Go back"})
	}
	view := s.sessionView(session)
	if r.Method != http.MethodPost {
		return s.render(http.StatusOK, "pay.html", view)
	}
	p := readPurchase(r)
	if e := s.buy(session, p); e != nil {
		view.refuse(e, p)
		return s.render(e.status, "pay.html", view)
	}
	return redirect(successURL(session))
}

// refuse shows the form again with what went wrong, or the bank's question.
func (v *payView) refuse(e *apiError, p purchase) {
	v.Card, v.Name, v.Email = p.Card, p.Name, p.Email
	if e.code == "authentication_required" && p.Authenticate == nil {
		v.Challenge = true
		return
	}
	v.Error = e.message
}

func (s *Sandbox) sessionView(session object) payView {
	v := payView{
		Title: "Checkout", Action: "/pay/" + session.id(), Total: session.num("amount_total"), Currency: session.str("currency"),
		CancelURL: session.str("cancel_url"), Cards: testCards(),
		AskEmail: session.str("customer") == "" && session.str("customer_email") == "",
	}
	v.NeedsCard = v.Total > 0 || session.str("mode") == "setup" || session.str("payment_method_collection") != "if_required"
	for _, line := range session.rows("_line_items") {
		v.Lines = append(v.Lines, payLine{
			line.str("description"), line.num("quantity"), line.num("amount_total"), every(line.sub("price").sub("recurring")),
		})
	}
	data := session.sub("_subscription_data")
	if days := data.num("trial_period_days"); days > 0 {
		v.Trial = "Free until " + date(s.unix()+86400*days)
	} else if end := data.num("trial_end"); end > 0 {
		v.Trial = "Free until " + date(end)
	}
	return v
}

// serveInvoice is the hosted invoice page.
func (s *Sandbox) invoicePage(r *http.Request, id string) screen {
	inv, e := s.find("invoice", id, "id")
	if e != nil {
		return s.render(http.StatusNotFound, "message.html", notice{Title: "Invoice", Text: "This invoice does not exist."})
	}
	view := payView{
		Title: "Invoice " + inv.str("number"), Action: "/invoice/" + inv.id(), Total: inv.num("amount_remaining"), Currency: inv.str("currency"),
		NeedsCard: true, Cards: testCards(),
	}
	for _, line := range inv.rows("lines") {
		view.Lines = append(view.Lines, payLine{line.str("description"), line.num("quantity"), line.num("amount"), ""})
	}
	paid := notice{Title: view.Title, Text: "This invoice is " + inv.str("status") + ": " + money(inv.num("amount_paid"), inv.str("currency")) + "."}
	if inv.str("status") != "open" {
		return s.render(http.StatusOK, "message.html", paid)
	}
	if r.Method != http.MethodPost {
		return s.render(http.StatusOK, "pay.html", view)
	}
	p := readPurchase(r)
	if p.Card == "" {
		view.refuse(unknownCard("card"), p)
		return s.render(http.StatusPaymentRequired, "pay.html", view)
	}
	if e := s.payOnPage(inv, p); e != nil {
		view.refuse(e, p)
		return s.render(e.status, "pay.html", view)
	}
	return redirect(view.Action)
}
