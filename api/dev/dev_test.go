package dev

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFreshEmptiesOnlyAFolderOfDevelopment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(letter, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := &run{opt: Options{Dir: dir, Fresh: true}}
	if err := foreign.folder(t.Context()); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want a refusal that names the folder", err)
	}
	if _, err := os.Stat(letter); err != nil {
		t.Errorf("the letter is gone: %v", err)
	}

	ours := &run{opt: Options{Dir: filepath.Join(dir, "ours")}}
	if err := ours.folder(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(ours.opt.Dir, "stripe.json")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second := &run{opt: Options{Dir: ours.opt.Dir, Fresh: true}}
	if err := second.folder(t.Context()); err == nil || !strings.Contains(err.Error(), "another development server") {
		t.Errorf("got %v, want a refusal while the first one runs", err)
	}
	if _, err := os.Stat(old); err != nil {
		t.Errorf("the running one has lost its data: %v", err)
	}
	ours.close()
	if err := second.folder(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.close)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("what was there still is: %v", err)
	}
}

func TestATakenPortIsReplacedAndTheCardSaysSo(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var card strings.Builder
	r := &run{opt: Options{Out: &card}}
	l, err := r.free(t.Context(), taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r.house.API = "http://" + l.Addr().String()
	r.card()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(card.String(), r.house.API) || !strings.Contains(card.String(), "Port "+port+" is taken") {
		t.Errorf("the card does not say so:\n%s", card.String())
	}
}

func TestKeysAreMadeOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secrets.json")
	first, err := loadSecrets(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := loadSecrets(file)
	if err != nil || again != first {
		t.Errorf("other keys the second time (%v)", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("readable by others: %v %v", info.Mode(), err)
	}
}

func TestALiveStripeAccountIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := &run{opt: Options{Out: &strings.Builder{}}}
	r.cfg.StripeSecretKey = "sk_live_0000"
	if err := r.ownStripe(t.Context(), false); err == nil || !strings.Contains(err.Error(), "STRIPE_SECRET_KEY") {
		t.Errorf("got %v, want a refusal that names the setting", err)
	}
}
