-- +goose Up
ALTER TABLE purchases VALIDATE CONSTRAINT purchases_purpose_check;
