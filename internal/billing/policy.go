package billing

// What money that goes back means for what is open to a member, in one place:
//
//   - a refund ends nothing by itself, in part or in full, wherever it was made;
//   - an administrator may say that one ends her membership, at once: only the
//     one that completes the return of her last paid invoice;
//   - a refund that fails later has still ended it: it was said so;
//   - an inquiry of a bank, or a dispute that is open, changes nothing: it may be
//     a mistake, and only those who run the community are told;
//   - a dispute that is lost ends the subscription it paid for, with the reason
//     payment_disputed; one that is won leaves everything as it is.

// disputeLost is the status of a dispute after which the money stays gone.
const disputeLost = "lost"

// mayEndAccess says whether a refund may end a membership: it must complete the
// return of the last invoice she paid.
func mayEndAccess(amount, left int64, last bool) bool { return last && amount == left }

// disputeEnds says whether a dispute ends the subscription it is about.
func disputeEnds(status string) bool { return status == disputeLost }
