package archtest

// General modules: each is named by the rows that may import it.
const (
	clock     = "github.com/benbjohnson/clock"
	xsync     = "golang.org/x/sync"
	xmod      = "golang.org/x/mod"
	testify   = "github.com/stretchr/testify"
	porcupine = "github.com/anishathalye/porcupine"
)

// sdks are the families of outside packages that an implementation wraps: the
// client itself first, then what its own interface is made of. A row names one
// family, so an implementation has one SDK by construction.
var sdks = map[string][]string{
	"firestore": {
		"cloud.google.com/go/firestore",
		"google.golang.org/api",
		"google.golang.org/genproto",
		"google.golang.org/grpc",
		"google.golang.org/protobuf",
	},
	"sqlite":   {"modernc.org/sqlite"},
	"postgres": {"github.com/jackc/pgx/v5"},
	"telegram": {"github.com/go-telegram/bot"},
	"mail":     {"github.com/wneessen/go-mail"},
	"shoutrrr": {"github.com/nicholas-fedor/shoutrrr"},
	"prometheus": {
		"github.com/prometheus/client_golang",
		"github.com/prometheus/client_model",
		"github.com/prometheus/common",
		"google.golang.org/protobuf",
	},
	"whatsmeow": {
		"go.mau.fi/whatsmeow",
		"go.mau.fi/libsignal",
		"go.mau.fi/util",
		"google.golang.org/protobuf",
	},
}
