# Everything the project is built and tested with. Needs Go; the end-to-end
# tests need Python and PostgreSQL as well, and say so if they are skipped.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT = github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# Tests that need not run a second time, under the race detector: they are long,
# and what runs side by side in them does so in others, too. Those that run in a
# shorter form there ask sourcetest.Race.
LONG = ^Test(Cost|Requests|Grid|WrongValuesAreNotQuoted|EchoedCredentialsAreNotQuoted|MixedUpFilesAreNotQuoted|Batch|BatchCutOff|PlanIsEven|SyncOddAndHostile|SyncParts|SandboxRecordsAreValid|SyncTooLarge|FullPagingServesTheTruth|Stale|V3Stale|DatesInZones|DataIsBelievable|Listed|V3OddAndHostile|Contradictions|DriftRate|TargetGone|Killed|DiskFull|SyncBudgetV3|Unstated|Added|Latency|RandomHistories|EveryZone|NamesInAnotherCase|PagesMove|FirstTotalTooLow|FullDay|CapWhileReading|TotalHidesTheCap|WindowSizes|EmptyOnce|TooLong|Moving|MovingArchive|RequestsWhileChatsEnd|ManyWorkers|EarlyBookmark|SmallRuns|OneAccountBothAPIs|CostIsAnnounced|PlanAnnounces|ListCost|BatchDiskFails|SyncSaysWhatIsRepeated|Lasting|Rate)$$

# What builds the container image: docker, podman or buildah.
ENGINE = docker

.PHONY: build demo test check unit e2e grid kills bench answers docs wheels archives image clean

build: ## the static binary
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/tap-livechat ./cmd/tap-livechat

demo: ## a whole sync of the sandbox
	go run ./cmd/tap-livechat --config examples/sandbox.json

test: check unit e2e ## all tests, those that run for long in a short form

check:
	@test -z "$$(gofmt -l .)" || { echo "not gofmt'ed:"; gofmt -l .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go run $(ACTIONLINT) .github/workflows/ci.yml

unit:
	go test -short -timeout 25m $$(go list ./... | grep -v /e2e)
	go test -race -short -timeout 25m -skip '$(LONG)' ./cmd/tap-livechat ./tap/...

e2e: ## against real targets
	go test -v -count=1 -timeout 28m ./e2e

grid: ## every way the service may behave, in histories of several runs; days of 60,000 chats
	go test ./tap -run TestHistories -grid.seeds 1500 -v -count=1 -timeout 60m
	go test ./cmd/tap-livechat -run TestGrid -grid.seeds 12 -v -count=1 -timeout 60m
	go test ./tap/livechat/... -run FullDay -v -count=1 -timeout 30m

kills: ## runs cut off by signals, targets and full disks, in number
	go test ./cmd/tap-livechat -run 'Killed|Signals|Target|DiskFull' -v -count=1 -timeout 60m

bench: ## the figures of the README
	go run ./cmd/bench
	go run ./cmd/bench -plot docs/scale.svg
	go run ./cmd/bench -way -plot docs/way.svg
	go test -run '^$$' -bench . ./tap

answers: ## from nothing to a page of charts over the sandbox
	examples/dbt/answers.sh

docs: ## the generated parts of the documentation
	UPDATE_DOCS=1 go test -run TestDocs ./cmd/tap-livechat
	go run ./cmd/package hub

wheels: ## for pip, uv and Meltano, into dist
	go run ./cmd/package wheels

archives: ## the binaries with checksums, into dist
	go run ./cmd/package archives

image: build ## tap-livechat:<version>, for the engine here
	version=$$(bin/tap-livechat --version | sed 's/.* v//') && \
	$(ENGINE) build $(IMAGE_FLAGS) --label org.opencontainers.image.version=$$version --tag tap-livechat:$$version .

clean:
	rm -rf bin dist
