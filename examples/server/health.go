package main

import (
	"context"
	"net"
	"net/http"

	"github.com/seed-13dc028d/longwatch/longrun"
)

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
