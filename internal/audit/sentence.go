package audit

import (
	"maps"

	"github.com/google/uuid"
)

// sentence says what an act was to somebody who reads about herself: about is
// for what was done to her account, by whomever; did is for what she did to
// something or somebody else.
type sentence struct{ about, did string }

// unknown is for the acts of another version of this program.
const unknown = "Something was done that this version has no words for."

// sentences are the acts that are recorded, in plain words. One that is
// recorded no more stays for as long as its entries do.
func sentences() map[string]sentence {
	all := deeds()
	maps.Copy(all, ofMoney())
	maps.Copy(all, map[string]sentence{
		"account.change":    {about: "Your name or your time zone was changed."},
		"account.create":    {about: "Your account was made."},
		"account.join":      {about: "You joined the community."},
		"account.restore":   {"Your account was opened to you again.", "You opened somebody's account to her again."},
		"account.suspend":   {"Your account was closed to you.", "You closed somebody's account to her."},
		"community.restore": {"The community was opened to you again.", "You opened the community to somebody again."},
		"community.suspend": {"The community was closed to you.", "You closed the community to somebody."},
		"member.view":       {"One of our administrators looked at what you see, without reading what you write.", "You looked at what somebody sees."},
		"role.grant":        {"You were given a role, or it was given another end.", "You gave somebody a role, or gave it another end."},
		"role.take":         {"A role of yours has ended.", "You ended a role of somebody."},

		"session.begin":      {about: "Somebody signed in to your account."},
		"session.end":        {about: "One of your devices was signed out."},
		"session.prove":      {about: "You proved once more that it is you."},
		"session.reuse":      {about: "A key to one of your sessions was used twice, so the session was ended for safety."},
		"session.revoke-all": {"Your devices were signed out.", "You signed somebody out on all her devices."},

		"email.ask":       {about: "Another e-mail address was asked for."},
		"email.change":    {about: "Your e-mail address was changed."},
		"email.undo":      {about: "The change of your e-mail address was undone."},
		"identity.link":   {about: "Another way to sign in was linked to your account."},
		"identity.unlink": {about: "A way to sign in was taken off your account."},
		"password.change": {about: "Your password was changed."},
		"password.reset":  {about: "Your password was set anew."},

		"factor.add":               {about: "A second factor was added to your account."},
		"factor.guess":             {about: "Wrong codes were typed for your second factor."},
		"factor.recovery-code-use": {about: "One of your recovery codes was used."},
		"factor.recovery-codes":    {about: "New recovery codes were made for your account."},
		"factor.forget":            {about: "What was added of second factors and passkeys while somebody else was in your account was taken off."},
		"factor.remove":            {about: "A second factor was taken off your account."},
		"passkey.rename":           {about: "One of your passkeys was given another name."},
		"passkey.copy":             {about: "One of your passkeys counted backwards, as a copy of it would. If you have not restored a device, remove that passkey."},

		"avatar.remove": {about: "Your picture was taken away."},
		"avatar.set":    {about: "Your picture was changed."},

		"block.add":       {about: "You blocked somebody."},
		"block.remove":    {about: "You took a block back."},
		"erasure.begin":   {about: "The erasure of your account has begun."},
		"erasure.finish":  {about: "Your account was erased."},
		"erasure.plan":    {about: "You asked for your account to be erased."},
		"erasure.undo":    {about: "You took the erasure of your account back."},
		"export.ask":      {about: "You asked for a copy of your data."},
		"export.download": {about: "A copy of your data was downloaded."},
		"profile.change":  {about: "Your profile was changed, or who may see it."},
	})
	return all
}

// ofMoney are the acts about what a member pays or is given.
func ofMoney() map[string]sentence {
	return map[string]sentence{
		"membership.cancel":       {about: "You ended your membership with the period that is paid."},
		"membership.keep":         {about: "You kept your membership after all."},
		"membership.refund":       {"Something you had paid was paid back to you.", "You paid something back to somebody."},
		"membership.change":       {about: "You changed your plan."},
		"membership.change-later": {about: "You planned another plan for the end of the period that is paid."},
		"membership.change-undo":  {about: "You took a planned change of plan back."},
		"membership.move":         {"Your plan was changed by those who look after memberships.", "You changed somebody's plan."},
		"billing.end":             {"What you paid for was ended by those who look after memberships.", "You ended what somebody pays for."},
		"billing.merge":           {"What you paid under another number at Stripe was counted for you.", "You counted a second customer at Stripe for a member."},
		"billing.resync":          {"Your payments were looked up at Stripe for you.", "You looked up a member's payments at Stripe."},

		"grant.give":        {"You were given time in the community without payment.", "You gave somebody time in the community without payment."},
		"grant.extend":      {"Time that you were given has another end.", "You gave somebody's time another end."},
		"grant.end":         {"Something that was open to you without payment was ended.", "You ended what somebody had without payment."},
		"member.graduate":   {"You graduated: the community stays open to you to read.", "You said that somebody graduated."},
		"membership.pause":  {about: "You planned a pause of your membership."},
		"membership.return": {about: "You came back from your pause, or took it back."},
	}
}

// deeds are those of the acts that are done to nobody's account, though perhaps to
// a thing of hers.
func deeds() map[string]sentence {
	return map[string]sentence{
		"discount.give":           {"You were given a discount.", "You gave somebody a discount."},
		"offer.close":             {did: "You ended an offer."},
		"offer.make":              {did: "You made an offer."},
		"plan.add":                {did: "You made a plan."},
		"plan.change":             {did: "You changed a plan, or what it is open to."},
		"price.archive":           {did: "You took a price off the offer."},
		"price.offer":             {did: "You put a price on offer."},
		"application.read":        {"Your application for a scholarship was read by who decides.", "You read an application for a scholarship."},
		"application.decide":      {"Your application for a scholarship was answered.", "You answered an application for a scholarship."},
		"fund.award":              {"A fund pays for months of yours.", "You awarded months from a fund."},
		"fund.change":             {did: "You changed a fund."},
		"fund.deposit":            {did: "You put money into a fund."},
		"fund.open":               {did: "You opened a fund."},
		"fund.withdrawal":         {did: "You took money out of a fund."},
		"sponsorship.accept":      {did: "You took a seat that a sponsor pays for."},
		"sponsorship.change":      {did: "You changed a sponsorship."},
		"sponsorship.contact":     {did: "You let somebody speak for a sponsorship."},
		"sponsorship.contact-end": {did: "You took from somebody that she speaks for a sponsorship."},
		"sponsorship.end":         {did: "You ended a sponsorship."},
		"sponsorship.invite":      {did: "You invited somebody to a seat of a sponsorship."},
		"sponsorship.leave":       {did: "You gave back a seat that a sponsor pays for."},
		"sponsorship.open":        {did: "You opened a sponsorship."},
		"gift.redeem":             {did: "You accepted a gift."},
		"gift.withdraw":           {"A gift that you had bought was taken back.", "You took a gift back."},
		"invitation.accept":       {did: "You accepted an invitation."},
		"invitation.make":         {did: "You made an invitation."},
		"invitation.resend":       {"An invitation of yours was sent once more.", "You sent an invitation once more."},
		"invitation.revoke":       {"An invitation of yours was taken back.", "You took an invitation back."},
		"post.delete":             {"A post of yours was deleted by somebody who looks after its space.", "You deleted a post of somebody."},
		"topic.delete":            {"A topic of yours was deleted by somebody who looks after its space.", "You deleted a topic."},
		"topic.rename":            {"A topic of yours was renamed by somebody who looks after its space.", "You renamed a topic."},

		"billing.replay":       {did: "You had events of Stripe applied once more."},
		"billing.flag-clear":   {did: "You noted that you have looked at a flag about payments."},
		"audit.export":         {did: "You exported the audit log."},
		"audit.forget":         {did: "Entries of the audit log that were older than two years were deleted."},
		"signing-key.announce": {did: "A key that access tokens are signed with was made."},
		"signing-key.forget":   {did: "A key that access tokens were signed with was forgotten."},
		"signing-key.hasten":   {did: "A new key for access tokens was brought forward."},
	}
}

// Says tells in a plain sentence what an entry is to the person it is shown
// to: who else acted is not in it.
func (r Recorded) Says(reader uuid.UUID) string {
	s := sentences()[r.Action]
	first, second := s.did, s.about
	if r.SubjectID == reader || r.TargetKind == "user" && r.TargetID == reader.String() {
		first, second = second, first
	}
	switch {
	case first != "":
		return first
	case second != "":
		return second
	}
	return unknown
}

// namesPeople are the keys of a detail that may hold the id of a person: in the
// entries of an earlier version, and in what was looked for in the log.
func namesPeople() []string { return []string{"author_id", "actor_id", "target_id", "about"} }

// DetailFor is the detail as it may be shown to the person it is shown to:
// without the ids of others.
func (r Recorded) DetailFor(reader uuid.UUID) map[string]string {
	d := maps.Clone(r.Detail)
	for _, key := range namesPeople() {
		if d[key] != reader.String() {
			delete(d, key)
		}
	}
	return d
}
