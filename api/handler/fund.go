package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/scholarship"
)

// ListFunds answers GET /v1/funds.
func (h Scholarship) ListFunds(ctx context.Context, _ openapi.ListFundsRequestObject) (openapi.ListFundsResponseObject, error) {
	all, err := h.Scholarship.Funds(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.ListFunds200JSONResponse{Items: make([]openapi.Fund, len(all))}
	for i, f := range all {
		out.Items[i] = fundOut(f)
	}
	return out, nil
}

// Donate answers POST /v1/funds/{id}/donations.
func (h Scholarship) Donate(ctx context.Context, r openapi.DonateRequestObject) (openapi.DonateResponseObject, error) {
	p, err := h.Scholarship.Donate(ctx, actor(ctx), r.ID, r.Body.AmountMinor, r.Body.PayItForward)
	if err != nil {
		return nil, err
	}
	return openapi.Donate200JSONResponse(purchaseOut(p)), nil
}

// ListFundAccounts answers GET /v1/admin/funds.
func (h Scholarship) ListFundAccounts(ctx context.Context, _ openapi.ListFundAccountsRequestObject) (openapi.ListFundAccountsResponseObject, error) {
	all, err := h.Scholarship.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.ListFundAccounts200JSONResponse{Items: make([]openapi.FundAccount, len(all))}
	for i, n := range all {
		out.Items[i] = openapi.FundAccount{
			ID: n.ID, Name: n.Name, Description: n.Description, Currency: n.Currency, State: openapi.FundState(n.State), BalanceMinor: n.BalanceMinor,
			GivenMinor: n.GivenMinor, WithdrawnMinor: n.WithdrawnMinor, AwardedMinor: n.AwardedMinor, ReturnedMinor: n.ReturnedMinor,
			UsedMinor: n.UsedMinor, Awards: int(n.Awards), Running: int(n.Running), Converted: int(n.Converted),
		}
	}
	return out, nil
}

// OpenFund answers POST /v1/admin/funds.
func (h Scholarship) OpenFund(ctx context.Context, r openapi.OpenFundRequestObject) (openapi.OpenFundResponseObject, error) {
	f, err := h.Scholarship.OpenFund(ctx, actor(ctx), scholarship.NewFund{Name: r.Body.Name, Description: r.Body.Description, Currency: r.Body.Currency})
	if err != nil {
		return nil, err
	}
	return openapi.OpenFund201JSONResponse(fundOut(f)), nil
}

// ChangeFund answers PUT /v1/admin/funds/{id}.
func (h Scholarship) ChangeFund(ctx context.Context, r openapi.ChangeFundRequestObject) (openapi.ChangeFundResponseObject, error) {
	f, err := h.Scholarship.ChangeFund(ctx, actor(ctx), r.ID, scholarship.NewFund{
		Name: r.Body.Name, Description: r.Body.Description, State: scholarship.FundState(r.Body.State),
	})
	if err != nil {
		return nil, err
	}
	return openapi.ChangeFund200JSONResponse(fundOut(f)), nil
}

// ListFundEntries answers GET /v1/admin/funds/{id}/entries.
func (h Scholarship) ListFundEntries(ctx context.Context, r openapi.ListFundEntriesRequestObject) (openapi.ListFundEntriesResponseObject, error) {
	list := "fund/" + actor(ctx).ID.String() + "/" + r.ID.String()
	var after scholarship.EntryPosition
	if r.Params.Cursor != "" && h.Cursors.Open(list, r.Params.Cursor, &after) != nil {
		return nil, fault.ErrCursor
	}
	page, more, err := h.Scholarship.Entries(ctx, r.ID, after, r.Params.Limit)
	if err != nil {
		return nil, err
	}
	out := openapi.ListFundEntries200JSONResponse{Items: make([]openapi.FundEntry, len(page))}
	for i, e := range page {
		out.Items[i] = entryOut(e)
	}
	if more {
		last := page[len(page)-1]
		out.NextCursor, err = h.Cursors.Seal(list, scholarship.EntryPosition{CreatedAt: last.CreatedAt, ID: last.ID})
	}
	return out, err
}

// MoveFund answers POST /v1/admin/funds/{id}/entries.
func (h Scholarship) MoveFund(ctx context.Context, r openapi.MoveFundRequestObject) (openapi.MoveFundResponseObject, error) {
	e, err := h.Scholarship.Move(ctx, actor(ctx), r.ID, r.Body.AmountMinor, r.Body.Note)
	if err != nil {
		return nil, err
	}
	return openapi.MoveFund201JSONResponse(entryOut(e)), nil
}

func fundOut(f scholarship.Fund) openapi.Fund {
	return openapi.Fund{ID: f.ID, Name: f.Name, Description: f.Description, Currency: f.Currency}
}

func entryOut(e scholarship.Entry) openapi.FundEntry {
	out := openapi.FundEntry{ID: e.ID, Kind: openapi.FundEntryKind(e.Kind), AmountMinor: e.AmountMinor, Note: e.Note, CreatedAt: e.CreatedAt.UTC()}
	if e.PurchaseID != nil {
		out.PurchaseID = *e.PurchaseID
	}
	if e.AwardID != nil {
		out.AwardID = *e.AwardID
	}
	if e.MadeBy != nil {
		out.MadeBy = *e.MadeBy
	}
	return out
}
