package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"strings"

	"tap-livechat/tap/about"
)

// packWheel makes a wheel without a line of Python in it: pip and uv copy what
// is under .data/scripts to the environment's bin (Scripts on Windows).
func packWheel(r release, p platform, binary []byte) (string, []byte, error) {
	base := "tap_livechat-" + r.version // a name in a wheel has no hyphen
	info := base + ".dist-info/"
	w := wheel{release: r}
	w.zip = zip.NewWriter(&w.out)
	w.add(base+".data/scripts/"+p.program(), 0o755, binary)
	w.add(info+"METADATA", 0o644, metadata(r))
	w.add(info+"WHEEL", 0o644, wheelFile(r, p))
	w.add(info+"licenses/LICENSE", 0o644, r.license)
	w.addRecord(info + "RECORD")
	if w.err == nil {
		w.err = w.zip.Close()
	}
	return base + "-py3-none-" + strings.Join(p.tags, ".") + ".whl", w.out.Bytes(), w.err
}

// wheel is one being written; it keeps its first error.
type wheel struct {
	release release
	out     bytes.Buffer
	zip     *zip.Writer
	record  bytes.Buffer
	err     error
}

func (w *wheel) add(name string, mode fs.FileMode, data []byte) {
	sum := sha256.Sum256(data)
	fmt.Fprintf(&w.record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(data))
	w.write(name, mode, data)
}

// addRecord lists all files; of itself it can know neither hash nor size.
func (w *wheel) addRecord(name string) {
	fmt.Fprintf(&w.record, "%s,,\n", name)
	w.write(name, 0o644, w.record.Bytes())
}

func (w *wheel) write(name string, mode fs.FileMode, data []byte) {
	if w.err != nil {
		return
	}
	w.err = zipFile(w.zip, w.release, name, mode, data)
}

// zipFile adds a file. The mode matters: pip installs a script as it finds it,
// so that without the x bits nobody could run it.
func zipFile(z *zip.Writer, r release, name string, mode fs.FileMode, data []byte) error {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: r.time}
	header.SetMode(mode)
	f, err := z.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return err
}

// metadata is the core metadata, as a package index shows it. Its long text is
// the page of --about, which needs no link into a repository.
func metadata(r release) []byte {
	info := about.New(r.version, about.Streams())
	return fmt.Appendf(nil, `Metadata-Version: 2.4
Name: tap-livechat
Version: %s
Summary: %s
Keywords: singer,tap,meltano,livechat,elt,etl
License-Expression: Apache-2.0
License-File: LICENSE
Classifier: Environment :: Console
Classifier: Intended Audience :: Developers
Classifier: Programming Language :: Other
Classifier: Topic :: Database
Requires-Python: >=3.7
Description-Content-Type: text/markdown

%s`, info.Version, info.Description, info.Markdown())
}

// wheelFile describes the file itself. The tags are those of its name, one a line.
func wheelFile(r release, p platform) []byte {
	b := fmt.Appendf(nil, "Wheel-Version: 1.0\nGenerator: tap-livechat (%s)\nRoot-Is-Purelib: false\n", r.version)
	for _, tag := range p.tags {
		b = fmt.Appendf(b, "Tag: py3-none-%s\n", tag)
	}
	return b
}
