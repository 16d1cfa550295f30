-- +goose Up
ALTER TABLE stripe_customers DROP CONSTRAINT stripe_customers_pkey;
ALTER TABLE stripe_customers ADD CONSTRAINT stripe_customers_pkey PRIMARY KEY USING INDEX stripe_customers_id_key;
ALTER TABLE stripe_customers DROP CONSTRAINT stripe_customers_stripe_id_key;
