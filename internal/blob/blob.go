// Package blob is where files lie: copies of data, avatars and whatever else
// is too large for a row.
//
// Decisions: one bucket, named by a URL, so that a folder does for one machine
// and an object store for many; keys are made by us and never by a person; a
// row in the database names each key, so that what is not named is litter; a
// file is whole or not there.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file:///var/lib/conservatory/files
	_ "gocloud.dev/blob/memblob"  // mem://, for tests
	"gocloud.dev/gcerrors"
)

// Store is a bucket. It is safe for concurrent use.
type Store struct{ bucket *blob.Bucket }

// Open names the bucket: file:///absolute/folder, which is made if it is not
// there, or mem:// for one that ends with the process.
func Open(ctx context.Context, url string) (*Store, error) {
	if strings.HasPrefix(url, "file:") {
		sign := "?"
		if strings.Contains(url, "?") {
			sign = "&"
		}
		// The temporary file beside the final one: a rename does not cross file systems.
		url += sign + "create_dir=true&no_tmp_dir=true"
	}
	bucket, err := blob.OpenBucket(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("open the blob store: %w", err)
	}
	return &Store{bucket}, nil
}

// Close gives back what the store holds open.
func (s *Store) Close() error {
	if err := s.bucket.Close(); err != nil {
		return fmt.Errorf("close the blob store: %w", err)
	}
	return nil
}

// Write stores what fill writes, in the place of what was there. When fill
// fails nothing is stored, and the error is fill's.
func (s *Store) Write(ctx context.Context, key, contentType string, fill func(w io.Writer) error) error {
	writing, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(writing, key, &blob.WriterOptions{ContentType: contentType})
	if err != nil {
		return fmt.Errorf("begin the file %s: %w", key, err)
	}
	if err := fill(w); err != nil {
		cancel() // closing a cancelled writer discards what it has
		_ = w.Close()
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("store the file %s: %w", key, err)
	}
	return nil
}

// Read opens a file, which the caller closes, and gives its size. See Missing.
func (s *Store) Read(ctx context.Context, key string) (r io.ReadCloser, size int64, err error) {
	file, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("open the file %s: %w", key, err)
	}
	size = file.Size()
	return file, size, nil
}

// Delete takes a file away. One that is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := s.bucket.Delete(ctx, key); err != nil && !Missing(err) {
		return fmt.Errorf("delete the file %s: %w", key, err)
	}
	return nil
}

// List gives the keys that begin with prefix, in order.
func (s *Store) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	list := s.bucket.List(&blob.ListOptions{Prefix: prefix})
	for {
		entry, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return keys, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list files: %w", err)
		}
		keys = append(keys, entry.Key)
	}
}

// Missing reports whether err says that a file is not there.
func Missing(err error) bool { return gcerrors.Code(err) == gcerrors.NotFound }
