package stripesandbox

import "maps"

// rehearse gives the same call in a sandbox of its own, with a copy of a
// subscription and of what belongs to it: whatever is done there has not
// happened, and nobody is told. Other objects are shared and only read.
func (c *call) rehearse(sub object) (*call, object) {
	s := c.Sandbox
	dry := &Sandbox{
		cfg: s.cfg, wall: s.wall, log: s.log, frozen: s.now(), host: s.host, dice: s.dice,
		encoded: newArchive(), sending: map[string]bool{}, changed: make(chan struct{}),
	}
	dry.cfg.WebhookURL = ""
	dry.state = newState()
	dry.state.Objects = maps.Clone(s.state.Objects)
	for _, id := range []string{sub.id(), sub.str("customer"), sub.str("schedule")} {
		if o := dry.state.Objects[id]; o != nil {
			dry.state.Objects[id] = o.clone()
		}
	}
	return &call{Sandbox: dry, id: c.id, path: c.path, in: c.in.clone()}, dry.state.Objects[sub.id()]
}
