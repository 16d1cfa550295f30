package stripesandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	_, noCustomer := r.stripe.Customers.Get("cus_none", nil)
	_, wrongKey := connect(r.url, "sk_test_other_key_1234", 0).Customers.Get("cus_none", nil)
	odd := &stripe.CustomerParams{}
	odd.AddExtra("favourite[colour]", "green")
	_, unknown := r.stripe.Customers.New(odd)
	_, noPrice := r.stripe.Subscriptions.New(&stripe.SubscriptionParams{Customer: new("cus_none")})
	text := &stripe.PriceParams{Currency: new("eur"), Product: new("prod_none")}
	text.AddExtra("unit_amount", "ten")
	_, notNumber := r.stripe.Prices.New(text)
	expand := &stripe.CustomerParams{}
	expand.AddExpand("shoes")
	customer := must[*stripe.Customer](t)(r.stripe.Customers.New(nil))
	_, badExpand := r.stripe.Customers.Get(customer.ID, expand)
	for _, tc := range []struct {
		name        string
		err         error
		status      int
		code, param string
	}{
		{"a missing object is resource_missing", noCustomer, 404, "resource_missing", "id"},
		{"another key is refused", wrongKey, 401, "", ""},
		{"an unknown parameter is refused by its name", unknown, 400, "parameter_unknown", "favourite"},
		{"a missing customer is named", noPrice, 404, "resource_missing", "customer"},
		{"a text is not an integer", notNumber, 400, "parameter_invalid_integer", "unit_amount"},
		{"an unknown expansion is refused", badExpand, 400, "", "expand"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := stripeError(t, tc.err)
			if e.HTTPStatusCode != tc.status || string(e.Code) != tc.code || e.Param != tc.param || e.Type != "invalid_request_error" {
				t.Errorf("got %d %q %q %q: %s", e.HTTPStatusCode, e.Code, e.Param, e.Type, e.Msg)
			}
		})
	}
	t.Run("an unknown path is a Stripe error with a request id", func(t *testing.T) {
		t.Parallel()
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/v1/unicorns", nil)
		req.SetBasicAuth(testKey, "")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNotFound || !strings.HasPrefix(res.Header.Get("Request-Id"), "req_") {
			t.Errorf("got %d %q", res.StatusCode, res.Header.Get("Request-Id"))
		}
	})
}

func TestLists(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	var made []string
	for range 7 {
		made = append([]string{must[*stripe.Customer](t)(r.stripe.Customers.New(&stripe.CustomerParams{Email: new("x@example.test")})).ID}, made...)
	}
	t.Run("the iterator of stripe-go walks all pages, newest first", func(t *testing.T) {
		params := &stripe.CustomerListParams{Email: new("x@example.test")}
		params.Limit = stripe.Int64(3)
		var got []string
		it := r.stripe.Customers.List(params)
		for it.Next() {
			got = append(got, it.Customer().ID)
		}
		if diff := cmp.Diff(made, got); diff != "" || it.Err() != nil {
			t.Errorf("%v %s", it.Err(), diff)
		}
	})
	t.Run("one page says that there is more, and pages go backwards too", func(t *testing.T) {
		params := &stripe.CustomerListParams{}
		params.Limit, params.Single = stripe.Int64(2), true
		params.EndingBefore = new(made[3])
		list := r.stripe.Customers.List(params).CustomerList()
		if len(list.Data) != 2 || list.Data[0].ID != made[1] || !list.HasMore || list.URL != "/v1/customers" {
			t.Errorf("got %d of %s, more %v", len(list.Data), list.URL, list.HasMore)
		}
	})
	t.Run("created may be a range", func(t *testing.T) {
		params := &stripe.CustomerListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThan: r.box.Now().Add(time.Hour).Unix()}}
		if it := r.stripe.Customers.List(params); it.Next() {
			t.Errorf("found %s in the future", it.Customer().ID)
		}
	})
	t.Run("an impossible limit and a cursor of nobody are refused", func(t *testing.T) {
		params := &stripe.CustomerListParams{}
		params.Limit = stripe.Int64(101)
		it := r.stripe.Customers.List(params)
		if it.Next() || stripeError(t, it.Err()).Param != "limit" {
			t.Errorf("got %v", it.Err())
		}
		params = &stripe.CustomerListParams{}
		params.StartingAfter = new("cus_none")
		it = r.stripe.Customers.List(params)
		if it.Next() || stripeError(t, it.Err()).Param != "starting_after" {
			t.Errorf("got %v", it.Err())
		}
	})
	t.Run("a list expands along data", func(t *testing.T) {
		sub := r.member(r.price(100, "week").ID, "4242424242424242")
		params := &stripe.SubscriptionListParams{Customer: new(sub.Customer.ID), Status: new("all")}
		params.AddExpand("data.customer")
		params.AddExpand("data.default_payment_method")
		it := r.stripe.Subscriptions.List(params)
		if !it.Next() || it.Subscription().Customer.Name != "Ada L" || it.Subscription().DefaultPaymentMethod.Card.Last4 != "4242" {
			t.Errorf("got %+v, %v", it.Subscription(), it.Err())
		}
	})
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	create := func(key, email string) (*stripe.Customer, error) {
		params := &stripe.CustomerParams{Email: new(email)}
		params.SetIdempotencyKey(key)
		return r.stripe.Customers.New(params)
	}
	first := must[*stripe.Customer](t)(create("k1", "a@example.test"))
	again := must[*stripe.Customer](t)(create("k1", "a@example.test"))
	if first.ID != again.ID || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" || first.LastResponse.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("got %s then %s, replayed %q", first.ID, again.ID, again.LastResponse.Header.Get("Idempotent-Replayed"))
	}
	_, err := create("k1", "b@example.test")
	if e := stripeError(t, err); e.Type != stripe.ErrorTypeIdempotency || e.HTTPStatusCode != 400 {
		t.Errorf("other parameters gave %+v", e)
	}
	r.box.Advance(25 * time.Hour)
	if later := must[*stripe.Customer](t)(create("k1", "b@example.test")); later.ID == first.ID {
		t.Error("the key is still known after a day")
	}
}

func TestFormsOfAnyDepth(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	post := func(form url.Values) int {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/customers", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "Bearer "+testKey)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for _, tc := range []struct {
		name string
		form url.Values
		want int
	}{
		{"nested fields and metadata", url.Values{"address[city]": {"Nairobi"}, "metadata[a]": {"1"}}, 200},
		{"empty brackets make a list", url.Values{"preferred_locales[]": {"en", "de"}}, 200},
		{"a value where an object belongs", url.Values{"address": {"Nairobi"}}, 400},
		{"an object where a value belongs", url.Values{"email[a]": {"x@example.test"}}, 400},
		{"both at once", url.Values{"metadata": {"x"}, "metadata[a]": {"1"}}, 400},
		{"words as list positions", url.Values{"preferred_locales[x]": {"en"}}, 400},
		{"very deep", url.Values{"metadata" + strings.Repeat("[a]", 40): {"1"}}, 400},
		{"unbalanced brackets", url.Values{"metadata[a": {"1"}, "[]]": {"2"}}, 400},
	} {
		if got := post(tc.form); got != tc.want {
			t.Errorf("%s: answered %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestOneKeyIsOneEffectUnderLoad(t *testing.T) {
	t.Parallel()
	r := serve(t, stripesandbox.Config{})
	ids := make(chan string, 40)
	for range cap(ids) {
		go func() {
			customer, err := create(r, "same", 0)
			if err != nil {
				ids <- err.Error()
				return
			}
			ids <- customer.ID
		}()
	}
	seen := map[string]bool{}
	for range cap(ids) {
		seen[<-ids] = true
	}
	if len(seen) != 1 || customers(r) != 1 {
		t.Errorf("one key gave %v", seen)
	}
}
