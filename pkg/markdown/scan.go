package markdown

import (
	"strings"
)

// scan reads src once and turns away what would make the parser slow or its
// output large. It counts generously: what it accepts nests no deeper for the
// parser than it does here, while an odd text may be counted as deeper than it is.
func scan(src string) error {
	if strings.Count(src, "[") > MaxBrackets {
		return ErrTooManyLinks
	}
	var (
		nest  nesting
		table tables
		runs  int
	)
	for line := range strings.Lines(src) {
		line = strings.TrimRight(line, "\r\n")
		if strings.Trim(line, " \t") == "" {
			table.columns, runs = 0, 0
			continue
		}
		if nest.enter(line) > MaxNesting {
			return ErrTooNested
		}
		if table.add(line) > MaxCells {
			return ErrTableTooLarge
		}
		if runs += emphasisRuns(line); runs > MaxRuns {
			return ErrTooMuchEmphasis
		}
	}
	return nil
}

// nesting follows which lists are open inside each level of block quotes.
// Since a quote repeats its markers on every line and a list does not, lists
// are known by the column where their content starts, counted from the content
// of the quote around them.
type nesting struct {
	open [][]int
}

// enter reads the container markers that line starts with and returns how many
// containers may be open at once.
func (n *nesting) enter(line string) int {
	at := cursor{line: line}
	quotes, deepest, origin := 0, 0, 0
	for {
		at.skipSpace()
		if at.take('>') {
			quotes++
			origin = at.column
			if at.peek() == ' ' || at.peek() == '\t' {
				origin++
			}
		} else if start := at.column; at.takeBullet() {
			n.add(quotes, start-origin, at.column-origin+1)
		} else {
			return max(deepest, n.depth(quotes))
		}
		if deepest = max(deepest, n.depth(quotes)); deepest > MaxNesting {
			return deepest
		}
	}
}

// add opens the list item whose marker starts at column start inside a number
// of quotes; it closes the ones that do not reach that far.
func (n *nesting) add(quotes, start, content int) {
	for len(n.open) <= quotes {
		n.open = append(n.open, nil)
	}
	lists := n.open[quotes]
	for len(lists) > 0 && lists[len(lists)-1] > start {
		lists = lists[:len(lists)-1]
	}
	n.open[quotes] = append(lists, content)
}

func (n *nesting) depth(quotes int) int {
	total := quotes
	for i := 0; i <= quotes && i < len(n.open); i++ {
		total += len(n.open[i])
	}
	return total
}

// cursor walks over the start of a line and knows the column, with tab stops
// of four.
type cursor struct {
	line   string
	pos    int
	column int
}

func (c *cursor) peek() byte {
	if c.pos < len(c.line) {
		return c.line[c.pos]
	}
	return 0
}

func (c *cursor) take(b byte) bool {
	if c.pos == len(c.line) || c.line[c.pos] != b {
		return false
	}
	c.pos++
	c.column++
	return true
}

func (c *cursor) skipSpace() {
	for {
		switch c.peek() {
		case ' ':
			c.column++
		case '\t':
			c.column += 4 - c.column%4
		default:
			return
		}
		c.pos++
	}
}

// takeBullet takes a list marker: one of - + *, or digits with . or ), before
// white space or the end of the line.
func (c *cursor) takeBullet() bool {
	rest := c.line[c.pos:]
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	width := digits + 1
	if len(rest) < width || digits > 9 {
		return false
	}
	marks := ".)"
	if digits == 0 {
		marks = "-+*"
	}
	if strings.IndexByte(marks, rest[digits]) < 0 {
		return false
	}
	if len(rest) > width && rest[width] != ' ' && rest[width] != '\t' {
		return false
	}
	c.pos += width
	c.column += width
	return true
}

// tables counts cells. The parser fills every row up to the width of its
// table, so that short lines under a wide head are cells too.
type tables struct {
	columns int // of the widest possible table since the last blank line
	cells   int
}

func (t *tables) add(line string) int {
	if strings.Trim(line, "|-: \t\f\v>") == "" && strings.Contains(line, "|") {
		t.columns = max(t.columns, strings.Count(line, "|")+1)
	}
	// Each escaped pipe in a table costs the parser a walk over all of them.
	t.cells += t.columns + strings.Count(line, `\|`)
	return t.cells
}

// emphasisRuns counts the runs of equal emphasis characters in line.
func emphasisRuns(line string) int {
	n := 0
	var last rune
	for _, r := range line {
		if r != last && (r == '*' || r == '_' || r == '~') {
			n++
		}
		last = r
	}
	return n
}
