package server

import "github.com/womens-tech-conservatory/conservatory/internal/mail"

// Previews shows every letter of every domain, filled in with invented
// values. A letter that is missing here fails a test.
func (a *App) Previews() ([]mail.Preview, error) {
	var all []mail.Preview
	for _, letters := range []func() ([]mail.Preview, error){
		a.Account.Previews,
		a.Invitation.Previews,
		a.Signin.Previews,
		a.Privacy.Previews,
		a.Admin.Previews,
		a.Grant.Previews,
		a.Gifts.Previews,
		a.Pause.Previews,
		a.Scholarship.Previews,
		a.Sponsors.Previews,
		a.Reminder.Previews,
	} {
		some, err := letters()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
