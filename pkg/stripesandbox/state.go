package stripesandbox

import (
	"fmt"
	"maps"
	"time"
)

// state is everything that survives a restart.
type state struct {
	settings

	Objects map[string]object
	Saved   map[string]savedReply
	Journal []Entry
}

// settings is the part of the state that stays small.
type settings struct {
	Offset     time.Duration
	Order      map[string][]string // ids of each kind in order of creation
	Deliveries []*delivery
	Knobs      knobs
	Faults     []*fault
	Sequence   int64
}

func newState() *state {
	return &state{
		settings: settings{Order: map[string][]string{}}, Objects: map[string]object{}, Saved: map[string]savedReply{},
	}
}

// add stores a new object made of the struct's blank fields and the given ones.
func (s *Sandbox) add(prefix, kind string, of any, fields object) object {
	o := blank(of)
	o["id"] = newID(prefix)
	o["object"] = kind
	o["created"] = s.unix()
	o["livemode"] = false
	maps.Copy(o, fields)
	s.state.Objects[o.id()] = o
	s.state.Order[kind] = append(s.state.Order[kind], o.id())
	return o
}

// find returns a live object of one kind, or Stripe's resource_missing.
func (s *Sandbox) find(kind, id, param string) (object, *apiError) {
	if o, ok := s.state.Objects[id]; ok && o.str("object") == kind {
		return o, nil
	}
	return nil, missing(kind, id, param)
}

// findLive is find, but a deleted object counts as missing.
func (s *Sandbox) findLive(kind, id, param string) (object, *apiError) {
	o, err := s.find(kind, id, param)
	if err == nil && o.flag("deleted") {
		return nil, missing(kind, id, param)
	}
	return o, err
}

// all returns the objects of a kind, oldest first, that match keep.
func (s *Sandbox) all(kind string, keep func(object) bool) []object {
	var found []object
	for _, id := range s.state.Order[kind] {
		if o := s.state.Objects[id]; o != nil && (keep == nil || keep(o)) {
			found = append(found, o)
		}
	}
	return found
}

// remove replaces an object by the stub that Stripe returns for deleted ones.
func (s *Sandbox) remove(o object) object {
	stub := object{"id": o.id(), "object": o.str("object"), "deleted": true}
	s.state.Objects[o.id()] = stub
	return stub
}

func missing(kind, id, param string) *apiError {
	return &apiError{
		status: 404, kind: "invalid_request_error", code: "resource_missing", param: param,
		message: fmt.Sprintf("No such %s: '%s'", kind, id),
	}
}
