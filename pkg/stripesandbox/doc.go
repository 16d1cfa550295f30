// Package stripesandbox is a stateful Stripe for development and tests: an
// http.Handler that speaks API version 2023-10-16 to the real stripe-go v76,
// sends signed webhooks, and shows hosted checkout, invoice and portal pages to
// people in a browser.
//
// It keeps its own calendar. Simulated time is the wall clock plus an offset that
// only Advance moves; subscriptions renew, trials end, failed payments are tried
// again and checkout sessions expire as that time passes.
//
// Decisions:
//   - Objects are JSON objects whose fields come from the stripe-go structs, and
//     parameters are checked and typed by the stripe-go parameter structs, so
//     that client and sandbox cannot drift apart.
//   - One mutex guards all state and is never held during a call to the outside.
//   - A renewal invoice is finalised and charged at once; Stripe waits an hour.
//   - A failed renewal is tried again 3, 5 and 7 days after the first failure;
//     after the last the subscription is canceled.
//   - Card 4000000000000341 pays at checkout and fails at every later charge.
//   - What an API call or a page has changed is in the state file before the answer
//     is out, so a crash loses nothing that anybody has seen. While deliveries are
//     paused, as for loading a history, the file follows a few seconds behind.
//   - Each webhook endpoint has one delivery on its way at a time; none waits for
//     another's slow receiver.
//   - It is one package, though a large one: checkout pages, renewals, deliveries
//     and the API change the same objects under the same lock. Apart they would
//     need that lock and those objects exported, and so a promise about them.
//     Its parts can be told by their files: the wire (form, route, list, reply,
//     idempotency), the objects (one file each), time (renew, collect, calendar),
//     webhooks (event, queue, deliver), pages (page, paypage, portalpage,
//     dashboard), control (control, action, fault, spoil) and storage (state,
//     persist, archive, journal).
//   - Signatures and the redelivery schedule use the machine's clock, because
//     receivers compare the signature's timestamp with theirs.
package stripesandbox
