# The tap and what it needs of an operating system: the certificates by which
# it knows LiveChat. `make image` builds it.

# The compiler runs on the builder's own platform and compiles for the other.
FROM --platform=$BUILDPLATFORM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags "-s -w" -o /out/tap-livechat ./cmd/tap-livechat

FROM scratch
LABEL org.opencontainers.image.title="tap-livechat" \
      org.opencontainers.image.description="Singer tap for the chats archive of LiveChat" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/tap-livechat /usr/local/bin/tap-livechat
# Nobody in particular: no name, no home, owner of no file. A number, so that
# Kubernetes can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/tap-livechat"]
