package main

import "github.com/womens-tech-conservatory/conservatory/api/server"

type doctorCommand struct{}

// Help says when to call it.
func (doctorCommand) Help() string {
	return "Run it where serve will run, with the same environment, before the first start and whenever something is odd. It changes nothing, sends no mail and shows no secret."
}

// Run checks what a deployment needs; its error counts what must be mended.
func (doctorCommand) Run(p *process) error {
	cfg, err := server.ReadConfig(p.environ)
	if err != nil {
		return err
	}
	return server.Doctor(p.ctx, cfg, p.out)
}
