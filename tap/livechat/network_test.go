package livechat

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// env looks up variables of a list, in which no name comes twice.
func env(environ ...string) func(string) string {
	values := make(map[string]string)
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

// Each variable that names certificates is read; without it the connection fails.
func TestTransportCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of clients that do not trust it
	server.StartTLS()
	defer server.Close()
	folder := t.TempDir()
	file := filepath.Join(folder, "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	none := filepath.Join(folder, "readme.txt")
	for path, text := range map[string][]byte{file: certificate, none: []byte("no certificate")} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		environ string
		trusted bool
		warning string
	}{
		{"X=1", false, ""},
		{"SSL_CERT_FILE=" + file, true, ""},
		{"REQUESTS_CA_BUNDLE=" + file, true, ""},
		{"REQUESTS_CA_BUNDLE=" + folder, true, ""},
		{"CURL_CA_BUNDLE=" + file, true, ""},
		{"CURL_CA_BUNDLE=", false, ""},
		{"CURL_CA_BUNDLE=" + none, false, "the certificates that CURL_CA_BUNDLE names are not used: there is no certificate in PEM form"},
		{"REQUESTS_CA_BUNDLE=" + filepath.Join(folder, "nowhere.pem"), false, "the certificates that REQUESTS_CA_BUNDLE names are not used: no such file or directory"},
		{"SSL_CERT_FILE=" + none + " REQUESTS_CA_BUNDLE=" + file, true, "the certificates that SSL_CERT_FILE names are not used: there is no certificate in PEM form"},
	} {
		t.Run(strings.ReplaceAll(test.environ, folder, ""), func(t *testing.T) {
			transport, warnings, err := Transport(env(strings.Fields(test.environ)...))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(warnings, "\n"); got != test.warning {
				t.Errorf("warnings %q, want %q", got, test.warning)
			}
			defer transport.CloseIdleConnections()
			c, err := New(Options{BaseURL: server.URL, Transport: transport})
			if err != nil {
				t.Fatal(err)
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.http.Do(request)
			if (err == nil) != test.trusted {
				t.Errorf("trusted: %t, error %v", test.trusted, err)
			}
			if resp != nil {
				resp.Body.Close()
			}
		})
	}
}

// A proxy that cannot be read is refused, not passed over.
func TestTransportProxy(t *testing.T) {
	for address, good := range map[string]bool{
		"": true, "http://svc:pw@127.0.0.1:8433": true, "proxy.example:3128": true, "proxy.example": true, "https://proxy.example/": true,
		"socks5://proxy.example:1080": true, "http://svc:p%25ss@proxy.example": true, "svc:p%25ss@proxy.example:80": true,
		"http://svc:p%ss@127.0.0.1:8433": false, "http://svc:p#ss@proxy.example": false, "http://svc:1#ss@proxy.example": false,
		"http://svc:1/ss@proxy.example": false, "http://svc:1?ss@proxy.example": false, "http://": false, "ftp://proxy.example": false,
		"http://proxy.example:port": false, "http://proxy example": false,
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
			_, _, err := Transport(env(name + "=" + address))
			if (err == nil) != good || err != nil && !errors.Is(err, ErrProxy) {
				t.Errorf("%s=%s: %v", name, address, err)
			}
		}
	}
	if _, _, err := Transport(env("https_proxy=http://a:%@b", "HTTPS_PROXY=http://proxy.example")); err != nil {
		t.Error(err) // the one in upper case wins
	}
}
