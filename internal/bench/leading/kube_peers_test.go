//go:build peers

package leading

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	coordination "k8s.io/api/coordination/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	typed "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const kubeName = "client-go v0.37.2 leaderelection"

// kubeAPI serves leases as an API server does, from memory: an update must name the
// version that it replaces. client-go's own fake does not ask for that.
type kubeAPI struct {
	mu      sync.Mutex
	leases  map[string]*coordination.Lease
	version int
}

func serveKube(tb testing.TB) string {
	tb.Helper()
	server := httptest.NewServer(&kubeAPI{leases: map[string]*coordination.Lease{}})
	tb.Cleanup(server.Close)
	return server.URL
}

func (k *kubeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var sent coordination.Lease
	name := path.Base(r.URL.Path)
	if r.Method != http.MethodGet {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			refuse(w, http.StatusBadRequest, meta.StatusReasonBadRequest)
			return
		}
		name = sent.Name
	}
	kept, found := k.leases[name]
	switch r.Method {
	case http.MethodPost:
		if found {
			refuse(w, http.StatusConflict, meta.StatusReasonAlreadyExists)
			return
		}
	case http.MethodPut:
		if !found || sent.ResourceVersion != kept.ResourceVersion {
			refuse(w, http.StatusConflict, meta.StatusReasonConflict)
			return
		}
	default:
		if !found {
			refuse(w, http.StatusNotFound, meta.StatusReasonNotFound)
			return
		}
		reply(w, http.StatusOK, kept)
		return
	}
	k.version++
	sent.ResourceVersion = strconv.Itoa(k.version)
	k.leases[name] = &sent
	reply(w, http.StatusOK, &sent)
}

func refuse(w http.ResponseWriter, code int, reason meta.StatusReason) {
	reply(w, code, &meta.Status{
		TypeMeta: meta.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   meta.StatusFailure, Code: int32(code), Reason: reason, //nolint:gosec // three digits
	})
}

func reply(w http.ResponseWriter, code int, body any) {
	if l, ok := body.(*coordination.Lease); ok {
		l.TypeMeta = meta.TypeMeta{Kind: "Lease", APIVersion: "coordination.k8s.io/v1"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func leaseLock(addr, who string) (*resourcelock.LeaseLock, error) {
	inJSON := rest.ContentConfig{ContentType: "application/json", AcceptContentTypes: "application/json"}
	client, err := typed.NewForConfig(&rest.Config{Host: addr, QPS: -1, ContentConfig: inJSON})
	if err != nil {
		return nil, err
	}
	return &resourcelock.LeaseLock{
		LeaseMeta: meta.ObjectMeta{Namespace: "default", Name: "leader"}, Client: client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: who},
	}, nil
}

// joinKube has client-go's defaults of 15, 10 and 2 s, by five.
func joinKube(ctx context.Context, addr, who string) (func() error, error) {
	l, err := leaseLock(addr, who)
	if err != nil {
		return nil, err
	}
	return run(ctx, func(ctx context.Context, led func()) error {
		e, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: l, LeaseDuration: lease, RenewDeadline: lease * 10 / 15, RetryPeriod: lease * 2 / 15,
			ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { led() }, OnStoppedLeading: func() {},
			},
		})
		if err != nil {
			return err
		}
		e.Run(ctx)
		return nil
	})
}

// The API server refuses what a real one does, or the comparison would be with a lock
// that is none.
func TestTheAPIServerTakesAnUpdateOfOneVersionOnce(t *testing.T) {
	t.Parallel()
	addr := serveKube(t)
	a, err := leaseLock(addr, "a")
	require.NoError(t, err)
	b, err := leaseLock(addr, "b")
	require.NoError(t, err)
	record := resourcelock.LeaderElectionRecord{HolderIdentity: "a", LeaseDurationSeconds: 3}
	_, _, err = a.Get(t.Context())
	require.Error(t, err)
	require.NoError(t, a.Create(t.Context(), record))
	require.Error(t, b.Create(t.Context(), record))
	_, _, err = b.Get(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Update(t.Context(), record))
	require.Error(t, b.Update(t.Context(), record), "it has read an older version")
}
