# Short names for what there is. `.ci/run` is the truth of what a change must pass;
# nothing is decided here.

LINTER := .cache/golangci-lint

.PHONY: test ci lint bench record picture server

test: ## all tests, as the README says
	go test ./...

ci: ## everything that a change must pass
	.ci/run

lint: $(LINTER) ## the linters alone
	$(LINTER) run ./...

$(LINTER): internal/tools/go.mod internal/tools/go.sum
	go -C internal/tools build -o $(CURDIR)/$(LINTER) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bench: ## every benchmark; one package: make bench PKG=./longrun/coverage
	go test -run '^$$' -bench . $(or $(PKG),./...)

record: ## write anew what tests compare the code with: the API and docs/reference.md
	go test ./internal/archtest -run API -update
	go test ./examples/server -run Reference -update

picture: ## docs/dashboard.png, as Chromium shows a year of data; look at it before it is committed
	go -C internal/e2e test -count=1 -run ThePicture -picture .

server: ## the static binary that the Dockerfile builds
	CGO_ENABLED=0 go build -trimpath -ldflags=-s -o $@ ./examples/server
