package stripesandbox_test

import (
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

// The real stripe-go client talks to a sandbox when its backend points there.
func ExampleSandbox() {
	box, err := stripesandbox.New(stripesandbox.Config{SecretKey: "sk_test_sandbox"})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = box.Close() }()
	srv := httptest.NewServer(box)
	defer srv.Close()
	box.SetBaseURL(srv.URL)

	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               new(srv.URL),
		MaxNetworkRetries: stripe.Int64(2),
	})
	api := client.New("sk_test_sandbox", &stripe.Backends{API: backend, Connect: backend, Uploads: backend})

	customer, err := api.Customers.New(&stripe.CustomerParams{Email: new("ada@example.test")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(customer.Email, customer.Livemode)
	// Output: ada@example.test false
}
