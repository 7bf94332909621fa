package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// healthcheck is the program with -healthcheck: it asks the server that the same
// environment has started. What it asks is /livez and not /readyz, since whoever
// restarts what is unhealthy would take the beats that wait for a store from it.
func healthcheck(ctx context.Context, environment map[string]string, out io.Writer) int {
	c, err := readConfig(environment, false)
	if err != nil {
		misconfigured(out, err)
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	addr, err := net.ResolveTCPAddr("tcp", c.Addr)
	if err == nil {
		var status longrun.HostStatus
		status, err = answers(ctx, http.DefaultClient, addr)
		if err == nil && status.Healthy {
			return 0
		}
	}
	if err == nil {
		err = errors.New("/livez does not answer 200")
	}
	fmt.Fprintln(out, "unhealthy:", err)
	return 1
}

// answers asks this server's own /livez.
func answers(ctx context.Context, client *http.Client, addr net.Addr) (longrun.HostStatus, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(addr)+"/livez", nil)
	if err != nil {
		return longrun.HostStatus{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return longrun.HostStatus{}, err
	}
	defer response.Body.Close()
	return longrun.HostStatus{Healthy: response.StatusCode == http.StatusOK}, nil
}
