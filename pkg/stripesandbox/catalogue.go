package stripesandbox

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

func catalogueRoutes() []route {
	return []route{
		{"POST", "/v1/products", stripe.ProductParams{}, createProduct},
		{"GET", "/v1/products", stripe.ProductListParams{}, listProducts},
		{"GET", "/v1/products/{id}", stripe.ProductParams{}, retrieve("product")},
		{"POST", "/v1/products/{id}", stripe.ProductParams{}, updateProduct},
		{"DELETE", "/v1/products/{id}", stripe.ProductParams{}, deleteProduct},
		{"POST", "/v1/prices", stripe.PriceParams{}, createPrice},
		{"GET", "/v1/prices", stripe.PriceListParams{}, listPrices},
		{"GET", "/v1/prices/{id}", stripe.PriceParams{}, retrieve("price")},
		{"POST", "/v1/prices/{id}", stripe.PriceParams{}, updatePrice},
	}
}

func createProduct(c *call) (object, *apiError) {
	if c.in.str("name") == "" {
		return nil, required("name")
	}
	if id := c.in.str("id"); id != "" && c.state.Objects[id] != nil {
		e := invalid("id", "Product already exists.")
		e.code = "resource_already_exists"
		return nil, e
	}
	product := c.newProduct(c.in)
	if data := c.in.sub("default_price_data"); data != nil {
		data["product"] = product.id()
		price, e := c.newPrice(data)
		if e != nil {
			return nil, e
		}
		product["default_price"] = price.id()
	}
	return product, nil
}

func productFields() []string {
	return []string{"active", "default_price", "description", "images", "name", "shippable", "statement_descriptor", "tax_code", "unit_label", "url", "features"}
}

func (s *Sandbox) newProduct(in object) object {
	fields := object{"active": true, "type": "service", "updated": s.unix()}
	fields.copyFrom(in, productFields()...)
	fields.mergeMetadata(in)
	product := s.add("prod_", "product", stripe.Product{}, fields)
	if id := in.str("id"); id != "" {
		s.rename(product, id)
	}
	s.emit("product.created", product)
	return product
}

// rename gives a new object the id its creator chose.
func (s *Sandbox) rename(o object, id string) {
	kind := o.str("object")
	delete(s.state.Objects, o.id())
	s.state.Order[kind][len(s.state.Order[kind])-1] = id
	o["id"] = id
	s.state.Objects[id] = o
}

func listProducts(c *call) (object, *apiError) {
	ids := c.in.list("ids")
	return c.page("product", func(o object) bool { return len(ids) == 0 || slices.Contains(ids, any(o.id())) }, "active", "url")
}

func updateProduct(c *call) (object, *apiError) {
	product, e := c.findLive("product", c.id, "id")
	if e != nil {
		return nil, e
	}
	c.change(product, "product.updated", func() {
		product.copyFrom(c.in, productFields()...)
		product.mergeMetadata(c.in)
		product["updated"] = c.unix()
	})
	return product, nil
}

func deleteProduct(c *call) (object, *apiError) {
	product, e := c.findLive("product", c.id, "id")
	if e != nil {
		return nil, e
	}
	if len(c.all("price", func(o object) bool { return o.str("product") == c.id })) > 0 {
		return nil, invalid("", "This product cannot be deleted because it has one or more user-created prices.")
	}
	c.emit("product.deleted", product)
	return c.remove(product), nil
}

func createPrice(c *call) (object, *apiError) {
	if data := c.in.sub("product_data"); data != nil && c.in.str("product") == "" {
		if data.str("name") == "" {
			return nil, required("product_data[name]")
		}
		c.in["product"] = c.newProduct(data).id()
	}
	if c.in.str("product") == "" {
		return nil, required("product")
	}
	if _, e := c.findLive("product", c.in.str("product"), "product"); e != nil {
		return nil, e
	}
	return c.newPrice(c.in)
}

// newPrice checks and stores a price; its product must exist.
func (s *Sandbox) newPrice(in object) (object, *apiError) {
	currency := strings.ToLower(in.str("currency"))
	if currency == "" {
		return nil, required("currency")
	}
	decimal := in.str("unit_amount_decimal")
	if !in.has("unit_amount") && decimal == "" {
		return nil, required("unit_amount")
	}
	amount := in.num("unit_amount")
	if decimal != "" {
		f, _ := strconv.ParseFloat(decimal, 64)
		amount = int64(f + 0.5)
	} else {
		decimal = strconv.FormatInt(amount, 10)
	}
	if amount < 0 {
		return nil, invalid("unit_amount", "Invalid non-negative integer")
	}
	fields := object{
		"active": true, "billing_scheme": "per_unit", "currency": currency, "type": "one_time",
		"tax_behavior": "unspecified", "unit_amount": amount, "unit_amount_decimal": decimal,
	}
	if recurring := in.sub("recurring"); recurring != nil {
		if e := checkInterval(recurring); e != nil {
			return nil, e
		}
		fields["type"] = "recurring"
		fields["recurring"] = object{
			"interval": recurring.str("interval"), "interval_count": max(1, recurring.num("interval_count")),
			"usage_type": "licensed", "aggregate_usage": nil, "trial_period_days": recurring["trial_period_days"], "meter": nil,
		}
	}
	fields.copyFrom(in, "active", "lookup_key", "nickname", "product", "tax_behavior")
	fields.mergeMetadata(in)
	if e := s.claimLookupKey(in, nil); e != nil {
		return nil, e
	}
	price := s.add("price_", "price", stripe.Price{}, fields)
	s.emit("price.created", price)
	return price, nil
}

func checkInterval(recurring object) *apiError {
	switch recurring.str("interval") {
	case "day", "week", "month", "year":
		return nil
	}
	return invalid("recurring[interval]", "Invalid recurring[interval]: must be one of day, month, week, or year")
}

// claimLookupKey frees a lookup key when asked to, and refuses a taken one.
func (s *Sandbox) claimLookupKey(in, self object) *apiError {
	key := in.str("lookup_key")
	if key == "" {
		return nil
	}
	for _, other := range s.all("price", func(o object) bool { return o.str("lookup_key") == key }) {
		switch {
		case self != nil && other.id() == self.id():
		case in.flag("transfer_lookup_key"):
			s.change(other, "price.updated", func() { other["lookup_key"] = nil })
		default:
			return invalid("lookup_key", "A price (`"+other.id()+"`) already uses that lookup key.")
		}
	}
	return nil
}

func listPrices(c *call) (object, *apiError) {
	keys := c.in.list("lookup_keys")
	interval := c.in.sub("recurring").str("interval")
	return c.page("price", func(o object) bool {
		return (len(keys) == 0 || slices.Contains(keys, o["lookup_key"])) &&
			(interval == "" || o.sub("recurring").str("interval") == interval)
	}, "active", "currency", "product", "type")
}

func updatePrice(c *call) (object, *apiError) {
	price, e := c.find("price", c.id, "price")
	if e != nil {
		return nil, e
	}
	for _, fixed := range []string{"currency", "unit_amount", "unit_amount_decimal", "recurring", "product"} {
		if c.in.has(fixed) {
			return nil, invalid(fixed, "Received unknown parameter: "+fixed+". A price's amount and interval cannot be changed; create another price.")
		}
	}
	if e := c.claimLookupKey(c.in, price); e != nil {
		return nil, e
	}
	c.change(price, "price.updated", func() {
		price.copyFrom(c.in, "active", "lookup_key", "nickname", "tax_behavior")
		price.mergeMetadata(c.in)
	})
	return price, nil
}
