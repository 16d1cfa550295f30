package handler

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/profile"
)

// Profile serves profiles, the directory and blocks.
type Profile struct{ Profile *profile.Profile }

// GetProfile answers GET /v1/me/profile.
func (h Profile) GetProfile(ctx context.Context, _ openapi.GetProfileRequestObject) (openapi.GetProfileResponseObject, error) {
	mine, err := h.Profile.Mine(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	return openapi.GetProfile200JSONResponse{ProfileJSONResponse: profileWhole(mine)}, nil
}

// UpdateProfile answers PATCH /v1/me/profile.
func (h Profile) UpdateProfile(ctx context.Context, in openapi.UpdateProfileRequestObject) (openapi.UpdateProfileResponseObject, error) {
	b := in.Body
	edit := profile.Edit{
		Listed: b.Listed, Headline: b.Headline, Story: b.Story, Pronouns: b.Pronouns, Skills: b.Skills, Goals: b.Goals, Links: b.Links,
		For: profile.Visibility{
			Headline: profile.Audience(b.Visibility.Headline), Story: profile.Audience(b.Visibility.Story),
			YearsAway: profile.Audience(b.Visibility.YearsAway), Pronouns: profile.Audience(b.Visibility.Pronouns),
			Skills: profile.Audience(b.Visibility.Skills), Goals: profile.Audience(b.Visibility.Goals),
			Links: profile.Audience(b.Visibility.Links), TimeZone: profile.Audience(b.Visibility.TimeZone),
			Avatar: profile.Audience(b.Visibility.Avatar),
		},
	}
	if b.YearsAway.IsSpecified() {
		edit.YearsAway = &profile.Years{}
		if years, err := b.YearsAway.Get(); err == nil {
			n := int64(years)
			edit.YearsAway.To = &n
		}
	}
	changed, err := h.Profile.Change(ctx, actor(ctx), edit, in.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return openapi.UpdateProfile200JSONResponse{ProfileJSONResponse: profileWhole(changed)}, nil
}

// ListDirectory answers GET /v1/members.
func (h Profile) ListDirectory(ctx context.Context, in openapi.ListDirectoryRequestObject) (openapi.ListDirectoryResponseObject, error) {
	q := profile.Query{Q: in.Params.Q, Cohort: in.Params.Cohort, Cursor: in.Params.Cursor, Limit: in.Params.Limit}
	page, next, err := h.Profile.Directory(ctx, actor(ctx), q)
	if err != nil {
		return nil, err
	}
	out := openapi.ListDirectory200JSONResponse{Items: make([]openapi.Member, len(page)), NextCursor: next}
	for n, m := range page {
		out.Items[n] = memberOut(m)
	}
	return out, nil
}

// GetMember answers GET /v1/members/{id}.
func (h Profile) GetMember(ctx context.Context, in openapi.GetMemberRequestObject) (openapi.GetMemberResponseObject, error) {
	m, err := h.Profile.Member(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return openapi.GetMember200JSONResponse(memberOut(m)), nil
}

// ListBlocks answers GET /v1/me/blocks.
func (h Profile) ListBlocks(ctx context.Context, _ openapi.ListBlocksRequestObject) (openapi.ListBlocksResponseObject, error) {
	list, err := h.Profile.Blocks(ctx, actor(ctx))
	if err != nil {
		return nil, err
	}
	out := openapi.ListBlocks200JSONResponse{Items: make([]openapi.Block, len(list))}
	for n, b := range list {
		out.Items[n] = openapi.Block{Member: author(b.ID, b.DisplayName), BlockedAt: b.BlockedAt.UTC()}
	}
	return out, nil
}

// BlockMember answers PUT /v1/me/blocks/{id}.
func (h Profile) BlockMember(ctx context.Context, in openapi.BlockMemberRequestObject) (openapi.BlockMemberResponseObject, error) {
	return openapi.BlockMember204Response{}, h.Profile.Block(ctx, actor(ctx), in.ID)
}

// UnblockMember answers DELETE /v1/me/blocks/{id}.
func (h Profile) UnblockMember(ctx context.Context, in openapi.UnblockMemberRequestObject) (openapi.UnblockMemberResponseObject, error) {
	return openapi.UnblockMember204Response{}, h.Profile.Unblock(ctx, actor(ctx), in.ID)
}

func profileWhole(s profile.Self) openapi.ProfileJSONResponse {
	return openapi.ProfileJSONResponse{
		Body: openapi.Profile{
			Listed: s.Listed, Headline: s.Headline, Story: s.Story, StoryHTML: s.StoryHTML, YearsAway: number(s.YearsAway), Pronouns: s.Pronouns,
			Skills: listed(s.Skills), Goals: listed(s.Goals), Links: listed(s.Links), Avatar: avatarOut(s.UserID, s.Avatar),
			Visibility: openapi.Visibility{
				Headline: openapi.Audience(s.For.Headline), Story: openapi.Audience(s.For.Story), YearsAway: openapi.Audience(s.For.YearsAway),
				Pronouns: openapi.Audience(s.For.Pronouns), Skills: openapi.Audience(s.For.Skills), Goals: openapi.Audience(s.For.Goals),
				Links: openapi.Audience(s.For.Links), TimeZone: openapi.Audience(s.For.TimeZone), Avatar: openapi.Audience(s.For.Avatar),
			},
		},
		Headers: openapi.ProfileResponseHeaders{ETag: s.ETag()},
	}
}

func memberOut(m profile.Member) openapi.Member {
	return openapi.Member{
		ID: m.ID, DisplayName: m.DisplayName, Pronouns: m.Pronouns, Headline: m.Headline, StoryHTML: m.StoryHTML,
		YearsAway: number(m.YearsAway), Skills: m.Skills, Goals: m.Goals, Links: m.Links, TimeZone: m.TimeZone,
		Avatar: avatarOut(m.ID, m.Avatar),
	}
}

// listed is never null in JSON.
func listed(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func number(n *int64) *int {
	if n == nil {
		return nil
	}
	i := int(*n)
	return &i
}
