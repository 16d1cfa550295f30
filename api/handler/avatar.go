package handler

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
)

const (
	usualSize = 256
	// A block or another audience is in force after so long also where a
	// browser has the picture already.
	pictureCache  = "private, max-age=300"
	pictureName   = `attachment; filename="avatar.jpg"`
	picturePolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
)

// SetAvatar answers PUT /v1/me/avatar.
func (h Profile) SetAvatar(ctx context.Context, in openapi.SetAvatarRequestObject) (openapi.SetAvatarResponseObject, error) {
	file, err := whole(in.Body)
	if err != nil {
		return nil, err
	}
	version, err := h.Profile.SetAvatar(ctx, actor(ctx), file)
	if err != nil {
		return nil, err
	}
	return openapi.SetAvatar200JSONResponse(avatarOut(actor(ctx).ID, version)), nil
}

// whole is a body that the edge has bounded, and most likely in memory.
func whole(body io.Reader) ([]byte, error) {
	if held, ok := body.(interface{ Bytes() []byte }); ok {
		return held.Bytes(), nil
	}
	all, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read a file: %w", err)
	}
	return all, nil
}

// RemoveAvatar answers DELETE /v1/me/avatar.
func (h Profile) RemoveAvatar(ctx context.Context, _ openapi.RemoveAvatarRequestObject) (openapi.RemoveAvatarResponseObject, error) {
	return openapi.RemoveAvatar204Response{}, h.Profile.RemoveAvatar(ctx, actor(ctx))
}

// GetAvatar answers GET /v1/members/{id}/avatar.
func (h Profile) GetAvatar(ctx context.Context, in openapi.GetAvatarRequestObject) (openapi.GetAvatarResponseObject, error) {
	a, err := h.Profile.Avatar(ctx, actor(ctx), in.ID, in.Params.Version)
	if err != nil {
		return nil, err
	}
	size := int(in.Params.Size)
	if size == 0 {
		size = usualSize
	}
	etag := fmt.Sprintf(`"%s-%d"`, a.Version, size)
	if among(in.Params.IfNoneMatch, etag) { // she may see it, so she may know that she has it
		return openapi.GetAvatar304Response{Headers: openapi.GetAvatar304ResponseHeaders{ETag: etag, CacheControl: pictureCache}}, nil
	}
	file, bytes, err := h.Profile.OpenAvatar(ctx, a, size)
	if err != nil {
		return nil, err
	}
	return openapi.GetAvatar200ImageJpegResponse{ // it closes the file
		Body: file, ContentLength: bytes, Headers: openapi.GetAvatar200ResponseHeaders{
			ETag: etag, CacheControl: pictureCache, ContentDisposition: pictureName, ContentSecurityPolicy: picturePolicy,
		},
	}, nil
}

// among finds an ETag in an If-None-Match, which compares weakly (RFC 9110,
// section 13.1.2).
func among(list, etag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == etag {
			return true
		}
	}
	return false
}

// avatarOut says where a picture is; nothing where there is none for her.
func avatarOut(of, version uuid.UUID) openapi.Avatar {
	if version == uuid.Nil {
		return openapi.Avatar{}
	}
	return openapi.Avatar{Version: version, URL: fmt.Sprintf("/v1/members/%s/avatar?version=%s", of, version)}
}
