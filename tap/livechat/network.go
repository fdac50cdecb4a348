package livechat

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bundles are the variables that name files of trusted certificates: the common one, and
// those of Python and curl, which other taps use.
var bundles = []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}

// ErrProxy reports an invalid HTTPS_PROXY. net/http would ignore it and connect directly,
// which a proxy is there to prevent.
var ErrProxy = errors.New("HTTPS_PROXY is no address of a proxy")

// Transport returns a transport for the environment, which getenv looks up as [os.Getenv]
// does. It uses the proxy of HTTPS_PROXY. It trusts the system's certificates and those
// of SSL_CERT_FILE, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE. If such a file cannot be used,
// a warning says so: it may be meant for other programs, and a connection that needs it
// fails. The error is ErrProxy. Neither shows the value of a variable.
func Transport(getenv func(string) string) (t *http.Transport, warnings []string, err error) {
	if proxy := cmp.Or(getenv("HTTPS_PROXY"), getenv("https_proxy")); !isProxy(proxy) {
		return nil, nil, ErrProxy
	}
	t = http.DefaultTransport.(*http.Transport).Clone()
	var pool *x509.CertPool
	for _, name := range bundles {
		path := getenv(name)
		if path == "" {
			continue
		}
		if pool == nil {
			if pool, err = x509.SystemCertPool(); err != nil {
				pool = x509.NewCertPool() // a container may have none
			}
		}
		if err := addCertificates(pool, path); err != nil {
			warnings = append(warnings, "the certificates that "+name+" names are not used: "+err.Error())
		}
	}
	if pool != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return t, warnings, nil
}

// isProxy reports whether net/http parses the URL of a proxy, which may lack a scheme, as
// intended: an unescaped # or / in a password ends the host name.
func isProxy(address string) bool {
	if address == "" {
		return true
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "" && u.RawQuery == "" && u.Fragment == "" && strings.Trim(u.Path, "/") == "" &&
		slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}

// addCertificates adds the certificates in a file, or in all files of a folder.
func addCertificates(pool *x509.CertPool, path string) error {
	paths := []string{path}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		paths, err = filepath.Glob(filepath.Join(path, "*"))
	}
	found := false
	for _, path := range paths {
		text, failed := os.ReadFile(path)
		if failed != nil {
			err = failed
			continue
		}
		found = pool.AppendCertsFromPEM(text) || found
	}
	if at, ok := errors.AsType[*os.PathError](err); ok {
		err = at.Err
	}
	if err == nil && !found {
		err = errors.New("there is no certificate in PEM form")
	}
	if found {
		return nil
	}
	return err
}
