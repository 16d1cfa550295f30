package embeddedpg

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/xi2/xz"
)

// unpack writes the tar.xz inside a jar to target, all of it or nothing.
func unpack(jar []byte, target string) error {
	zipped, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return err
	}
	for _, file := range zipped.File {
		if strings.HasSuffix(file.Name, ".txz") {
			return unpackInner(file, target)
		}
	}
	return errors.New("the archive holds no binaries")
}

func unpackInner(file *zip.File, target string) error {
	inner, err := file.Open()
	if err != nil {
		return err
	}
	defer inner.Close() //nolint:errcheck // it was only read
	plain, err := xz.NewReader(inner, 0)
	if err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(target), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh) //nolint:errcheck // is gone by then when all went well
	// The user who runs the server may be another one.
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	if err := untar(tar.NewReader(plain), fresh); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	return os.Rename(fresh, target)
}

// untar stays inside dir, whatever names the archive uses.
func untar(entries *tar.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // only a handle
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := writeEntry(root, header, entries); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func writeEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	if header.Typeflag == tar.TypeDir {
		return root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if header.Typeflag == tar.TypeSymlink {
		return root.Symlink(header.Linkname, name)
	}
	if header.Typeflag != tar.TypeReg {
		return nil
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644|header.FileInfo().Mode()&0o111)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
