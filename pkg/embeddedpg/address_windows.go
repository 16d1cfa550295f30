package embeddedpg

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

// address is a port of the loopback interface.
type address struct{ port string }

func (a address) query() url.Values {
	return url.Values{"host": {"127.0.0.1"}, "port": {a.port}, "sslmode": {"disable"}}
}

func (a address) settings() map[string]string {
	return map[string]string{"listen_addresses": "127.0.0.1", "port": a.port}
}

func (p place) readAddress() (address, error) {
	text, err := os.ReadFile(p.path("socket"))
	if err != nil {
		return address{}, fmt.Errorf("finding the port: %w", err)
	}
	return address{port: strings.TrimSpace(string(text))}, nil
}

func (p place) makeAddress() (address, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return address{}, fmt.Errorf("finding a free port: %w", err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	if err := os.WriteFile(p.path("socket"), []byte(port+"\n"), 0o600); err != nil {
		return address{}, fmt.Errorf("noting the port: %w", err)
	}
	return address{port: port}, nil
}

func (p place) removeAddress(address) { _ = os.Remove(p.path("socket")) }

type shutdownStep struct {
	signal os.Signal
	wait   time.Duration
}

// shutdownSteps has one: Windows knows no other signal for a child.
func shutdownSteps() []shutdownStep { return []shutdownStep{{os.Kill, 10 * time.Second}} }

func environment(binaries) []string { return append(os.Environ(), "TZ=UTC") }
