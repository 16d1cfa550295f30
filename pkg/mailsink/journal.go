package mailsink

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
)

// journal is a file with one JSON document per mail, oldest first.
type journal struct {
	path string
	max  int
	file *os.File
	rows int
}

// openJournal returns the newest mails of the file. Lines that cannot be read,
// such as one that a crash cut off, are left out.
func openJournal(path string, limit int, logger *slog.Logger) (*journal, []Message, error) {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("reading kept mails: %w", err)
	}
	var messages []Message
	for line := range bytes.Lines(old) {
		var m Message
		if err := json.Unmarshal(line, &m); err != nil {
			logger.Warn("a kept mail cannot be read", "file", path, "error", err)
			continue
		}
		messages = append(messages, m)
	}
	messages = messages[max(0, len(messages)-limit):]
	j := &journal{path: path, max: limit}
	if err := j.rewrite(messages); err != nil {
		return nil, nil, err
	}
	return j, messages, nil
}

// rewrite replaces the file, all of it or nothing.
func (j *journal) rewrite(messages []Message) error {
	fresh := j.path + ".new"
	if err := writeAll(fresh, messages); err != nil {
		return fmt.Errorf("keeping mails: %w", err)
	}
	// Windows renames neither an open file nor onto one.
	if err := errors.Join(j.close(), os.Rename(fresh, j.path)); err != nil {
		return fmt.Errorf("keeping mails: %w", err)
	}
	file, err := os.OpenFile(j.path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keeping mails: %w", err)
	}
	j.file, j.rows = file, len(messages)
	return nil
}

func writeAll(path string, messages []Message) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	for _, m := range messages {
		err = errors.Join(err, writeLine(buffered, m))
	}
	return errors.Join(err, buffered.Flush(), file.Close())
}

// add appends a mail; all are those that are to be kept, the new one included.
func (j *journal) add(m Message, all []Message) error {
	if j.file == nil || j.rows >= 2*j.max {
		return j.rewrite(all)
	}
	if err := writeLine(j.file, m); err != nil {
		return fmt.Errorf("keeping a mail: %w", err)
	}
	j.rows++
	return nil
}

func writeLine(w io.Writer, m Message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	file := j.file
	j.file = nil
	return file.Close()
}
