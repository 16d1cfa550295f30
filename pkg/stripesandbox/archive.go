package stripesandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// How many of the newest events and journal entries the state file keeps. Older
// ones are there until the sandbox is closed.
const (
	keptEvents  = 2000
	keptEntries = 2000
)

// archive holds the JSON of what does not change any more: it is most of the
// state, and encoding it again for every save would be most of the work.
type archive struct {
	events  map[string]archived
	entries [][]byte // as many as the journal has had so far
	replies map[string][]byte
	size    int // of the last file
}

// archived is an encoded event. Only its pending_webhooks ever changes.
type archived struct {
	pending int64
	text    []byte
}

func newArchive() archive {
	return archive{events: map[string]archived{}, replies: map[string][]byte{}}
}

// encodeState writes the state as one JSON object, as load reads it.
func (s *Sandbox) encodeState() ([]byte, error) {
	small := s.state.settings
	small.Order = maps.Clone(small.Order)
	if old := s.oldEvents(); old > 0 {
		small.Order["event"] = small.Order["event"][old:]
	}
	rest, err := json.Marshal(small)
	if err != nil {
		return nil, fmt.Errorf("its settings: %w", err)
	}
	out := append(make([]byte, 0, s.encoded.size+s.encoded.size/8), `{"Objects":{`...)
	for _, ids := range small.Order {
		for _, id := range ids {
			out = append(appendText(out, id), ':')
			out = append(s.appendObject(out, id, s.state.Objects[id]), ',')
		}
	}
	out = append(closeList(out), `},"Saved":{`...)
	for key, reply := range s.state.Saved {
		text, err := s.encoded.reply(key, reply)
		if err != nil {
			return nil, err
		}
		out = append(append(append(appendText(out, key), ':'), text...), ',')
	}
	out = append(closeList(out), `},"Journal":[`...)
	entries, err := s.encoded.journal(s.state.Journal)
	if err != nil {
		return nil, err
	}
	for _, text := range entries {
		out = append(append(out, text...), ',')
	}
	out = append(append(closeList(out), `],`...), rest[1:]...)
	s.encoded.size = len(out)
	return out, nil
}

// closeList takes the comma after the last member away.
func closeList(out []byte) []byte {
	if out[len(out)-1] == ',' {
		return out[:len(out)-1]
	}
	return out
}

// oldEvents returns how many of the oldest events the file does not keep: all
// but the newest, up to the first that has still to be delivered.
func (s *Sandbox) oldEvents() int {
	ids := s.state.Order["event"]
	old := len(ids) - keptEvents
	if old <= 0 {
		return 0
	}
	waiting := map[string]bool{}
	for _, d := range s.state.Deliveries {
		if !d.over() {
			waiting[d.Event] = true
		}
	}
	if first := slices.IndexFunc(ids[:old], func(id string) bool { return waiting[id] }); first >= 0 {
		return first
	}
	return old
}

func (s *Sandbox) appendObject(out []byte, id string, o object) []byte {
	if o.str("object") != "event" {
		return appendJSON(out, o)
	}
	kept, ok := s.encoded.events[id]
	if pending := o.num("pending_webhooks"); !ok || kept.pending != pending {
		kept = archived{pending: pending, text: appendJSON(nil, o)}
		s.encoded.events[id] = kept
	}
	return append(out, kept.text...)
}

func (a *archive) reply(key string, reply savedReply) ([]byte, error) {
	text, ok := a.replies[key]
	if ok {
		return text, nil
	}
	text, err := json.Marshal(reply)
	if err != nil {
		return nil, fmt.Errorf("the answer to the idempotency key %s: %w", key, err)
	}
	a.replies[key] = text
	return text, nil
}

// journal returns the newest entries, encoded.
func (a *archive) journal(entries []Entry) ([][]byte, error) {
	for _, e := range entries[len(a.entries):] {
		text, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("entry %d of the journal: %w", e.Sequence, err)
		}
		a.entries = append(a.entries, text)
	}
	from := max(0, len(a.entries)-keptEntries)
	clear(a.entries[:from])
	return a.entries[from:], nil
}

// appendJSON writes what an object holds, its own keys included, in any order.
func appendJSON(out []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, v)
	case int64:
		return strconv.AppendInt(out, v, 10)
	case string:
		return appendText(out, v)
	case object:
		out = append(out, '{')
		for key, e := range v {
			out = append(appendText(out, key), ':')
			out = append(appendJSON(out, e), ',')
		}
		return append(closeList(out), '}')
	case []any:
		out = append(out, '[')
		for _, e := range v {
			out = append(appendJSON(out, e), ',')
		}
		return append(closeList(out), ']')
	}
	return append(out, encode(v)...)
}

// appendText writes a JSON string; most are plain and need no look at each rune.
func appendText(out []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(out, encode(text)...)
		}
	}
	return append(append(append(out, '"'), text...), '"')
}
