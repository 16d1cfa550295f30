package apitest_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// gallery is a community in which pictures are shown and looked at.
type gallery struct {
	*apitest.House
	apitest.World
}

func (g gallery) put(t *testing.T, who apitest.Someone, media string, file []byte) apitest.Answer {
	t.Helper()
	return g.Do(t, apitest.Call{
		Method: http.MethodPut, Path: "/v1/me/avatar", Token: who.Token, Raw: file, Header: map[string]string{"Content-Type": media},
	})
}

// shown puts a picture and gives where it is.
func (g gallery) shown(t *testing.T, who apitest.Someone, media string, file []byte) string {
	t.Helper()
	var is struct{ URL string }
	g.put(t, who, media, file).Must(t, http.StatusOK).Into(t, &is)
	return is.URL
}

// look asks for a picture, of which she has etag; "" is none.
func (g gallery) look(t *testing.T, who apitest.Someone, path, etag string) apitest.Answer {
	t.Helper()
	c := apitest.Call{Method: http.MethodGet, Path: path, Token: who.Token}
	if etag != "" {
		c.Header = map[string]string{"If-None-Match": etag}
	}
	return g.Do(t, c)
}

const whereItWas = "canary 52.5200N 13.4050E"

// photo is a JPEG whose EXIF data tell where it was taken.
func photo(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, image.NewRGBA(image.Rect(0, 0, 60, 40)), nil); err != nil {
		t.Fatal(err)
	}
	gps := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x88\x25\x00\x04\x00\x00\x00\x01\x00\x00\x00\x1a\x00\x00\x00\x00" + whereItWas
	file := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(gps)+2))...)
	return append(append(file, gps...), out.Bytes()[2:]...)
}

func TestAPictureIsServedAsAFileAndNothingElse(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	g := gallery{h, h.World(t)}
	path := g.shown(t, g.A, "image/jpeg", photo(t))
	for _, size := range []int{64, 256, 512} {
		a := g.look(t, g.B, path+"&size="+strconv.Itoa(size), "").Must(t, http.StatusOK)
		img, err := jpeg.DecodeConfig(bytes.NewReader(a.Body))
		if err != nil || img.Width != size || img.Height != size || a.Header.Get("Content-Length") != strconv.Itoa(len(a.Body)) {
			t.Errorf("%d: %+v, %v, length %s", size, img, err, a.Header.Get("Content-Length"))
		}
		if bytes.Contains(a.Body, []byte("canary")) || bytes.Contains(a.Body, []byte("Exif")) {
			t.Errorf("%d tells where it was taken", size)
		}
		version := path[len(path)-36:]
		for name, want := range map[string]string{
			"Content-Type": "image/jpeg", "Content-Disposition": `attachment; filename="avatar.jpg"`, "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
			"Cache-Control":           "private, max-age=300", "ETag": `"` + version + "-" + strconv.Itoa(size) + `"`, "Content-Encoding": "",
		} {
			if got := a.Header.Values(name); strings.Join(got, "|") != want {
				t.Errorf("%d: %s is %q, want %q", size, name, got, want)
			}
		}
	}
	usual := g.look(t, g.B, "/v1/members/"+g.A.ID.String()+"/avatar", "").Must(t, http.StatusOK)
	if img, err := jpeg.DecodeConfig(bytes.NewReader(usual.Body)); err != nil || img.Width != 256 {
		t.Errorf("without a size: %+v, %v", img, err)
	}
}

func TestWhoHasAPictureNeedsItOnceAndSeesItNoLongerThanSheMay(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	g := gallery{h, h.World(t)}
	path, ofB := g.shown(t, g.A, "image/png", apitest.Picture(t)), g.shown(t, g.B, "image/png", apitest.Picture(t))
	etag := g.look(t, g.B, path, "").Must(t, http.StatusOK).Header.Get("ETag")

	t.Run("she is told that she has it", func(t *testing.T) {
		for _, has := range []string{etag, "W/" + etag, `"another", ` + etag, `"another",W/` + etag + `,"third"`, "*"} {
			a := g.look(t, g.B, path, has)
			if a.Status != http.StatusNotModified || len(a.Body) > 0 || a.Header.Get("ETag") != etag || a.Header.Get("Cache-Control") != "private, max-age=300" {
				t.Errorf("%s: %d, %v", has, a.Status, a.Header)
			}
		}
	})
	t.Run("and gets what she has not", func(t *testing.T) {
		for _, has := range []string{`"another"`, strings.Trim(etag, `"`), strings.Replace(etag, "-256", "-512", 1)} {
			g.look(t, g.B, path, has).Must(t, http.StatusOK)
		}
	})
	t.Run("what was replaced is gone, also for who has it", func(t *testing.T) {
		next := g.shown(t, g.A, "image/png", apitest.Picture(t))
		for _, has := range []string{"", etag, "*"} {
			g.look(t, g.B, path, has).Must(t, http.StatusNotFound)
		}
		path = next
		etag = g.look(t, g.B, path, etag).Must(t, http.StatusOK).Header.Get("ETag")
	})
	t.Run("after a block the two are not there for each other, whatever they have", func(t *testing.T) {
		theirs := g.look(t, g.A, ofB, "").Must(t, http.StatusOK).Header.Get("ETag")
		h.Do(t, apitest.Call{Method: http.MethodPut, Path: "/v1/me/blocks/" + g.B.ID.String(), Token: g.A.Token}).Must(t, http.StatusNoContent)
		nobody := g.look(t, g.B, "/v1/members/"+uuid.NewString()+"/avatar", "*").Must(t, http.StatusNotFound)
		for _, has := range []string{"", etag, theirs, "*"} {
			for _, a := range []apitest.Answer{g.look(t, g.B, path, has), g.look(t, g.A, ofB, has)} {
				if a.Status != http.StatusNotFound || a.Code() != nobody.Code() || a.Header.Get("ETag") != "" {
					t.Errorf("%q: %d %s", has, a.Status, a.Body)
				}
			}
		}
		g.look(t, g.A, path, etag).Must(t, http.StatusNotModified)
	})
}

func TestWhatIsNoPictureIsSaidSo(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	g := gallery{h, h.World(t)}
	picture := apitest.Picture(t)
	lossless := []byte("RIFF\x12\x00\x00\x00WEBPVP8L\x06\x00\x00\x00\x2f\x00\x00\x00\x00\x00")
	for name, c := range map[string]struct {
		media  string
		file   []byte
		status int
		code   string
	}{
		"too many bytes":          {"image/png", append(bytes.Clone(picture), make([]byte, 5<<20)...), http.StatusRequestEntityTooLarge, "body-too-large"},
		"another kind of picture": {"image/svg+xml", []byte("<svg/>"), http.StatusUnsupportedMediaType, "media-type-unsupported"},
		"JSON":                    {"application/json", []byte("{}"), http.StatusUnsupportedMediaType, "media-type-unsupported"},
		"no picture":              {"image/png", []byte("<svg/>"), http.StatusUnprocessableEntity, "avatar-unreadable"},
		"half of one":             {"image/png", picture[:len(picture)/2], http.StatusUnprocessableEntity, "avatar-unreadable"},
		"too many pixels":         {"image/gif", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), http.StatusUnprocessableEntity, "avatar-too-large"},
		"WebP without loss":       {"image/webp", lossless, http.StatusUnprocessableEntity, "avatar-lossless"},
	} {
		if a := g.put(t, g.A, c.media, c.file); a.Status != c.status || a.Code() != c.code {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	g.look(t, g.A, "/v1/members/"+g.A.ID.String()+"/avatar", "").Must(t, http.StatusNotFound)
	// The first bytes decide, whatever it is said to be.
	g.put(t, g.A, "image/webp", picture).Must(t, http.StatusOK)
}
